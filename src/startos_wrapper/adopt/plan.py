"""All that adopting writes and says of it, gathered before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import MANIFESTS, Wrapper


@dataclass(frozen=True)
class Note:
    """Something about a file that was or is to be changed: `todo` is what the author has to do, nothing if it is done.

    `line` is that of the file as it was before, 0 for all of it.
    """

    part: str
    file: str
    line: int
    what: str
    todo: str = ""

    def __str__(self) -> str:
        """Return it as one line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}" + (f"; {self.todo}" if self.todo else "")


@dataclass
class Plan:
    """The wrapper as it is, the template's files, and what comes of them.

    `files` are new contents by path, None for a file to be removed. `arches` are the processors of the answers.
    """

    wrapper: Wrapper
    rendered: Mapping[str, str]
    arches: tuple[str, ...] = ()
    files: dict[str, bytes | None] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    # The author's Dockerfile as it will be, None without one that the build takes.
    dockerfile: Dockerfile | None = None

    def note(self, part: str, file: str, line: int, what: str, todo: str = "") -> None:
        """Add a note."""
        note = Note(part, file, line, what, todo)
        if note not in self.notes:
            self.notes.append(note)

    def source(self, file: str) -> Source | None:
        """Return a text file of the wrapper as it is; None if there is none or it is no text."""
        return self.wrapper.readable(file)

    def leave_out_what_is_there(self) -> None:
        """Leave out the files that are as planned already."""
        self.files = {path: data for path, data in self.files.items() if self._differs(path, data)}

    def _differs(self, file: str, data: bytes | None) -> bool:
        path = self.wrapper.root / file
        if data is None:
            return path.exists() or path.is_symlink()
        try:
            return path.is_symlink() or path.read_bytes() != data
        except OSError:
            return True


class PlannedWrapper(Wrapper):
    """The wrapper as it is once a plan's files are written."""

    def __init__(self, plan: Plan) -> None:
        """Take the plan, which must not change any more."""
        super().__init__(plan.wrapper.root)
        self._files = plan.files

    def source(self, file: str) -> Source | None:
        """Return a planned file, or one that stays; None where there is none or it is to be removed."""
        if file not in self._files:
            return super().source(file)
        data = self._files[file]
        return None if data is None else Source(file, data)

    def is_file(self, file: str) -> bool:
        """Say whether there is a regular file, links followed."""
        return self._files[file] is not None if file in self._files else super().is_file(file)

    @cached_property
    def manifest_file(self) -> str | None:
        """The name of the manifest that the packer takes, None if there is none."""
        return next((name for name in MANIFESTS if self.is_file(name)), None)
