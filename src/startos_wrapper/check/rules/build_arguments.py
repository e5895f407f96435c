"""Rules about the arguments of a build: whether a stage gets those that it uses."""

import re
from collections.abc import Iterator

from startos_wrapper.check.in_dockerfile import finding, model
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.dockerfile.instruction import Instruction, Stage
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper

# Arguments that BuildKit sets, but only for a stage with an ARG for them.
_PLATFORM = re.compile(r"(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)")
# FROM sees other arguments, and the container's shell expands the rest.
_UNEXPANDED = {"FROM", "ARG", "CMD", "ENTRYPOINT", "HEALTHCHECK"}
_USED = re.compile(r"(?<![\\$])\$\{?([A-Za-z_]\w*)")


@checks("W631")
def undeclared_argument(wrapper: Wrapper) -> Iterator[Finding]:
    """Find build arguments that a stage uses, but that it doesn't declare, so that they're empty there."""
    dockerfile = model(wrapper)
    outer = {name for each in _before_stages(dockerfile) for name in _declared(each)}
    told = set()
    for instruction in dockerfile.built:
        if instruction.stage is None or instruction.name in _UNEXPANDED:
            continue
        for match in _USED.finditer(instruction.code):
            name, stage = match[1], instruction.stage
            if (stage.image, name) in told or not (name in outer or _PLATFORM.fullmatch(name)):
                continue
            if name in stage.values or _sets_itself(instruction, name) or _may_be_in_base(stage, name):
                continue
            told.add((stage.image, name))
            start = instruction.start + match.start()
            what = f"${name} is empty here, because this stage has no ARG {name}"
            if name in outer:
                what += ", and one before the first FROM only counts for FROM"
            word = Word(match[0], start, instruction.start + match.end())
            yield finding("W631", dockerfile, word, what, f"write `ARG {name}` in this stage, before this line")


def _may_be_in_base(stage: Stage, name: str) -> bool:
    """Return whether the base image may set a variable of this name, as node does with NODE_VERSION."""
    first = stage.lineage[0]
    return name.lower().partition("_")[0] in (first.base or first.image.text).lower()


def _before_stages(dockerfile: Dockerfile) -> list[Instruction]:
    return [each for each in dockerfile.instructions if each.stage is None and each.name == "ARG"]


def _declared(instruction: Instruction) -> list[str]:
    return [word.text.partition("=")[0] for word in instruction.words]


def _sets_itself(instruction: Instruction, name: str) -> bool:
    """Return whether a RUN may set a variable of this name, has text for another program, or mounts a secret as it."""
    if instruction.name != "RUN":
        return False
    sets = re.search(rf"\b{name}=|\b(?:for|read)\b[^;|&]*\b{name}\b|env={name}\b", instruction.text)
    return (
        bool(sets)
        or bool(instruction.scripts)
        or re.search(rf"'[^']*\$\{{?{name}\b[^']*'", instruction.text) is not None
    )
