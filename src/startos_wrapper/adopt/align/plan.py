"""What aligning changes and says, gathered before anything is written."""

from dataclasses import dataclass, field

from startos_wrapper.files.dockerfile import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper


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
        return f"{place}: {self.what}" + (f": {self.todo}" if self.todo else "")


@dataclass
class Plan:
    """The wrapper as it is, the template's files, and what comes of them.

    `files` are new contents by path, None for a file to be removed. `arches` are the processors of the answers.
    """

    wrapper: Wrapper
    rendered: dict[str, str]
    arches: tuple[str, ...]
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
