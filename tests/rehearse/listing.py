"""What is on an engine, to see what rehearsals leave."""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from tests.images.engine import Engine

_LISTED = (
    ("ps", "--all", "--format", "{{.Names}}"),
    ("network", "ls", "--format", "{{.Name}}"),
    ("volume", "ls", "--format", "{{.Name}}"),
    ("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"),
)
# The images that all rehearsals share, which stay. The first rehearsal on an engine builds them.
_SHARED = ("startos-wrapper/compat:", "startos-wrapper/service-0.4:")
_DOCKERFILES = [
    files(package).joinpath("Dockerfile")
    for package in ("startos_wrapper.rehearse.inside", "startos_wrapper.rehearse.startos04.in_container")
]


@dataclass
class Listing:
    """The names of everything on an engine. The rehearsals whose locks are in `cache` are ours."""

    engine: Engine
    cache: Path
    ids: set[str] = field(default_factory=set)

    def names(self) -> set[str]:
        """Return the names of all containers, networks, volumes and images, except for those that stay and their bases."""
        found = [name for words in _LISTED for name in self.engine.docker(*words).stdout.split()]
        return {name for name in found if not name.startswith(_SHARED)} - _bases()

    @contextmanager
    def nothing_left(self) -> Iterator[None]:
        """Expect that nothing stays of the rehearsals inside."""
        before, is_over = self.names(), threading.Event()
        watching = threading.Thread(target=self._watch, args=(is_over,))
        watching.start()
        try:
            yield
        finally:
            is_over.set()
            watching.join()
        assert self.ids, "no rehearsal ran"
        assert not (left := self.left()), left
        # Other sessions may use a shared engine.
        more = self.names() - before
        assert "TEST_ENGINE" in os.environ or not more, more

    def left(self) -> set[str]:
        """Return what is there of our rehearsals."""
        self._note()
        names = {name for name in self.names() if any(id in name for id in self.ids)}
        return names | {path.name for path in self._locks()}

    def _locks(self) -> list[Path]:
        return list(self.cache.rglob("*.lock"))

    def _note(self) -> None:
        self.ids |= {path.stem for path in self._locks()}

    def _watch(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self._note()
            time.sleep(0.1)


def _bases() -> set[str]:
    """Return the images on which the shared ones are built. Docker's own builder keeps them, and BuildKit doesn't."""
    return {name for file in _DOCKERFILES for name in re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE)}
