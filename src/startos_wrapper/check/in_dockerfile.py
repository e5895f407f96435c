"""Helpers that the rules about the Dockerfile share."""

import re
from collections.abc import Iterable, Iterator

from startos_wrapper.check.registry import Finding, Fix
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.terminal import shorten

# How image tags and URLs name processor architectures.
ARCHITECTURE = r"(?:amd64|x86[-_]64|arm64(?:v8)?|aarch64|arm32v[67]|armv[67]\w?|armhf|i386|(?<=linux[-_])arm)"
ARCHITECTURES = re.compile(rf"(?:^|[-._]){ARCHITECTURE}(?=[-._]|$)")


def model(wrapper: Wrapper) -> Dockerfile:
    """Return the wrapper's Dockerfile, or an empty one if it has no Dockerfile."""
    return dockerfile_of(wrapper) or Dockerfile(Source("Dockerfile", b""))


def runs(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    """Yield the RUN instructions."""
    return (instruction for instruction in instructions if instruction.name == "RUN")


def finding(
    code: str, dockerfile: Dockerfile, word: Word, what: str, todo: str, fixes: tuple[Fix, ...] = ()
) -> Finding:
    """Return a finding at a word of the Dockerfile."""
    return Finding(code, dockerfile.source.place(word.start, word.end), what, todo, fixes)


def short(text: str) -> str:
    """Shorten a text for a message."""
    return shorten(text, 100)
