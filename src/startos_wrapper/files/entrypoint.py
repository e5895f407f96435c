"""The script that StartOS starts as the service: its file, its shell, and how it's started."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from startos_wrapper.files.builds import build_context, shipped_instructions
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import Command, NotUnderstoodError, Script
from startos_wrapper.files.source import Source
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.terminal import shorten

# Programs that run another program and pass signals on to it, so it isn't process 1.
INITS = {"tini", "tini-static", "dumb-init", "catatonit", "with-contenv", "execlineb", "s6-setuidgid"}
# Those of them that are made to be process 1 and only run another program.
SMALL_INITS = INITS - {"with-contenv", "execlineb", "s6-setuidgid"}
_SHELLS = {"sh", "bash", "dash", "ash"}
# Options of these programs that take a value.
INIT_OPTIONS_WITH_VALUE = {"-p", "-e", "-r", "-o", "--rewrite"}
_SPEAKING = {"", ":", "echo", "exit", "printf", "return", "true"}


@dataclass
class Entrypoint:
    """The script of main: its text, its shell, and how it's started."""

    source: Source
    shell: str | None
    is_process_one: bool
    is_run_itself: bool
    stops_on_failure: bool

    @cached_property
    def script(self) -> Script:
        """Return the commands, or none if the script can't be parsed."""
        try:
            return read_script(self.source.text)
        except NotUnderstoodError:
            return Script()

    @property
    def last(self) -> Command | None:
        """Return the last command that the script itself waits for, apart from echo and the like."""
        return next(filter(_in_foreground, reversed(self.script.commands)), None)

    def short(self, command: Command) -> str:
        """Shorten the text of a command for a message."""
        return shorten(self.source.text[command.start : command.end].split("\n")[0].rstrip("\\ \r"), 50)


def _in_foreground(command: Command) -> bool:
    outside = command.function is None and not command.child and not command.background
    return outside and command.name not in _SPEAKING


@lru_cache(maxsize=1)
def entrypoint_of(wrapper: Wrapper) -> Entrypoint | None:
    """Return the shell script that main runs, or None if it runs something else or isn't in the wrapper."""
    main = next((each for each in wrapper.procedures if each.path == ("main",)), None)
    entrypoint = main.node.get("entrypoint") if main else None
    if main is None or main.kind != "docker" or main.node.is_true("system") or not entrypoint or not entrypoint.text:
        return None
    words = [entrypoint.text, *(arg.text or "" for arg in main.args)]
    before, words = _without_starters(words)
    source = script_file(wrapper, words[0]) if words else None
    if source is None:
        return None
    starter, shell, options = _shebang(source)
    by_shell = next((PurePosixPath(word).name for word in before if PurePosixPath(word).name in _SHELLS), None)
    if shell is None and (source.text.startswith("#!") or not (by_shell or source.file.endswith(".sh"))):
        return None
    inits = any(PurePosixPath(word).name in INITS for word in before) or starter
    return Entrypoint(source, by_shell or shell, not inits, by_shell is None, "e" in options)


def _without_starters(words: list[str]) -> tuple[list[str], list[str]]:
    """Split the command of the container into tini, sh and their options, and the program with its arguments."""
    at = 0
    while at < len(words) and PurePosixPath(words[at]).name in INITS | _SHELLS:
        is_shell = PurePosixPath(words[at]).name in _SHELLS
        at += 1
        while at < len(words) and words[at].startswith("-"):
            if is_shell and "c" in words[at]:
                return words, []
            at += 2 if words[at] in INIT_OPTIONS_WITH_VALUE else 1
    return words[:at], words[at:]


def _shebang(source: Source) -> tuple[bool, str | None, str]:
    """Return whether the first line names a program that passes signals on, and its shell and options."""
    if not source.text.startswith("#!"):
        return False, None, ""
    words = source.lines[0][2:].split()
    names = [PurePosixPath(word).name for word in words]
    shell = next((name for name in names if name in _SHELLS), None)
    return any(name in INITS for name in names), shell, "".join(word for word in words if word.startswith("-"))


def script_file(wrapper: Wrapper, path: str) -> Source | None:
    """Return the file of the wrapper that the Dockerfile copies to `path`, or that has the same name."""
    name = PurePosixPath(path).name
    if not name:
        return None
    for candidate in (*(file for _, _, file in copies_as(wrapper, name)), name):
        file = str(PurePosixPath(candidate.lstrip("/")))
        if ".." not in file and wrapper.is_file(file):
            return wrapper.readable(file)
    return None


def copies_as(wrapper: Wrapper, name: str) -> Iterator[tuple[Instruction, Word, str]]:
    """Yield possible sources of `name` in the image: the COPY or ADD, its word, and the path in the wrapper."""
    context = build_context(wrapper)
    for instruction in shipped_instructions(wrapper):
        for word in instruction.taken:
            if PurePosixPath(instruction.words[-1].text).name == name and len(instruction.taken) == 1:
                yield instruction, word, f"{context}/{word.text}"
            if word.text.endswith(name):
                yield instruction, word, f"{context}/{word.text}"
            yield instruction, word, f"{context}/{word.text}/{name}"
