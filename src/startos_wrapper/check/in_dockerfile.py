"""What the rules about the Dockerfile share: the model that they check, findings in it, how an image is named."""

import re
from collections.abc import Iterable, Iterator

from startos_wrapper.check.registry import Finding, Fix
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper

# The names of processors in tags and addresses.
ARCHITECTURE = r"(?:amd64|x86[-_]64|arm64(?:v8)?|aarch64|arm32v[67]|armv[67]\w?|armhf|i386|(?<=linux[-_])arm)"
ARCHITECTURES = re.compile(rf"(?:^|[-._]){ARCHITECTURE}(?=[-._]|$)")


def model(wrapper: Wrapper) -> Dockerfile:
    """Return the wrapper's Dockerfile, or one without instructions where there is none."""
    return dockerfile_of(wrapper) or Dockerfile(Source("Dockerfile", b""))


def runs(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    """Yield the RUNs among some instructions."""
    return (instruction for instruction in instructions if instruction.name == "RUN")


def finding(
    code: str, dockerfile: Dockerfile, word: Word, what: str, todo: str, fixes: tuple[Fix, ...] = ()
) -> Finding:
    """Return a finding at a word of the Dockerfile."""
    return Finding(code, dockerfile.source.place(word.start, word.end), what, todo, fixes)


def short(text: str) -> str:
    """Return a text, cut for a message."""
    return text if len(text) <= 100 else f"{text[:97]}..."
