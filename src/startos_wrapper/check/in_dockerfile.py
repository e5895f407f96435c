"""Helpers that the rules about the Dockerfile share."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from startos_wrapper.check.registry import Finding, Fix
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile, expand
from startos_wrapper.files.fetched import is_remote
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


def copies(instructions: list[Instruction]) -> Iterator[tuple[Instruction, list[Word], Word]]:
    """Yield each COPY and ADD that copies from the build context, with its sources and its destination."""
    for instruction in instructions:
        if instruction.taken:
            sources = [word for word in instruction.taken if not word.text.startswith("<<")]
            yield instruction, sources, instruction.words[-1]


def copied_paths(dockerfile: Dockerfile) -> Iterator[tuple[Instruction, Word, str]]:
    """Yield the sources of COPY and ADD that are a single known path. Docker accepts a pattern that matches no file."""
    for instruction, sources, _ in copies(dockerfile.built):
        for word in sources if "parents" not in instruction.flags else []:
            text = expand(word.text, instruction.values)
            if text and not is_remote(text) and not re.search(r"[*?\[\\]", text):
                path = posixpath.normpath("/" + text).lstrip("/")
                if path and path.split("/")[0] != ".git":
                    yield instruction, word, path
