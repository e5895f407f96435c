"""A plan of everything that `adopt` writes and reports, complete before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import MANIFESTS, Wrapper


@dataclass(frozen=True)
class Note:
    """A change in a file, or something left to do: `todo` is what the author has to do, empty if it's done.

    `line` is the line before the change, or 0 for the whole file.
    """

    part: str
    file: str
    line: int
    what: str
    todo: str = ""

    def __str__(self) -> str:
        """Return the note as one line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}" + (f"; {self.todo}" if self.todo else "")


@dataclass
class Plan:
    """The current wrapper, the template's files, and the planned changes.

    `files` has new contents by path, or None for a file to remove. `arches` are the architectures in the answers.
    """

    wrapper: Wrapper
    rendered: Mapping[str, str]
    arches: tuple[str, ...] = ()
    files: dict[str, bytes | None] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    # The author's Dockerfile after the changes, or None if the build uses no Dockerfile.
    dockerfile: Dockerfile | None = None
    _noted: set[Note] = field(default_factory=set)

    def note(self, part: str, file: str, line: int, what: str, todo: str = "") -> None:
        """Add a note."""
        note = Note(part, file, line, what, todo)
        if note not in self._noted:
            self._noted.add(note)
            self.notes.append(note)

    def source(self, file: str) -> Source | None:
        """Return a file of the current wrapper, or None if it doesn't exist or isn't text."""
        return self.wrapper.readable(file)

    def leave_out_what_is_there(self) -> None:
        """Remove files from the plan that are already as planned."""
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
    """The wrapper after a plan's files are written."""

    def __init__(self, plan: Plan) -> None:
        """Use a plan that no longer changes."""
        super().__init__(plan.wrapper.root)
        self._files = plan.files

    def source(self, file: str) -> Source | None:
        """Return a planned or unchanged file, or None if it doesn't exist or will be removed."""
        if file not in self._files:
            return super().source(file)
        data = self._files[file]
        return None if data is None else Source(file, data)

    def is_file(self, file: str) -> bool:
        """Return whether there is a regular file, following symlinks."""
        return self._files[file] is not None if file in self._files else super().is_file(file)

    @cached_property
    def manifest_file(self) -> str | None:
        """The name of the manifest that the packer uses, or None."""
        return next((name for name in MANIFESTS if self.is_file(name)), None)
