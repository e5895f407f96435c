"""The packages of a distribution that a RUN installs."""

from collections.abc import Iterator

from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.shell.calls import Call
from startos_wrapper.files.word import Word

# How each program's subcommand to install is called.
_INSTALLS = {"apk": "add", "apt": "install", "apt-get": "install", "aptitude": "install"}
_INSTALLS |= {"dnf": "install", "microdnf": "install", "yum": "install", "zypper": "install"}
# Their options with a value in the next word.
_WITH_VALUE = {"-t", "--virtual", "-o", "--option", "--target-release", "-X", "--repository", "-c"}
# apk removes these again: the packages for a build.
_FOR_A_WHILE = {"-t", "--virtual"}


def installed(instruction: Instruction) -> Iterator[tuple[str, Word]]:
    """Yield the packages that a RUN installs, each with the program that installs it."""
    for call in instruction.calls if instruction.name == "RUN" else ():
        subcommand = _INSTALLS.get(call.program)
        if subcommand in call.texts:
            for word in _packages(call, subcommand or ""):
                yield call.program, word


def _packages(call: Call, subcommand: str) -> Iterator[Word]:
    if call.program == "apk" and any(text.partition("=")[0] in _FOR_A_WHILE for text in call.texts):
        return
    is_value = False
    for word in call.args[call.texts.index(subcommand) + 1 :]:
        if not is_value and not word.text.startswith("-"):
            yield word
        is_value = not is_value and word.text in _WITH_VALUE
