"""A `docker` that records its arguments and its input, and answers as told, for tests without an engine."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_PROGRAM = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
data = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
number = len(list(folder.glob("call-*")))
(folder / f"call-{{number}}").write_text(json.dumps(words))
(folder / f"input-{{number}}").write_bytes(data)
for start, answer in json.loads((folder / "answers").read_text()):
    if words[: len(start)] == start:
        sys.stdout.write(answer)
        break
"""


@dataclass
class FakeDocker:
    """The calls so far, and what the fake answers."""

    folder: Path

    def answer(self, **answers: str) -> None:
        """Print a text for the commands that begin with some words, e.g. `network_ls="name"`."""
        given = [(name.split("_"), text) for name, text in answers.items()]
        (self.folder / "answers").write_text(json.dumps(given))

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call."""
        paths = sorted(self.folder.glob("call-*"), key=lambda path: int(path.name[5:]))
        return [json.loads(path.read_text()) for path in paths]

    @property
    def last_input(self) -> bytes:
        """The input of the last call."""
        return (self.folder / f"input-{len(self.calls) - 1}").read_bytes()


@contextmanager
def fake_docker(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    """Put the fake first on the PATH."""
    folder.mkdir()
    program = folder / "docker"
    program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    fake = FakeDocker(folder)
    fake.answer()
    yield fake
