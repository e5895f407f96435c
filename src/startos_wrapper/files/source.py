"""Text files of a wrapper, read with care: nothing but regular files, none too large, none changed."""

import os
import re
import stat
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# The largest manifest among 114 real wrappers has 27 kB.
LARGEST = 1024 * 1024

_LINE_END = re.compile(r"\r\n|\r|\n")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class TooLargeError(Exception):
    """A file is larger than `LARGEST`; the text names it."""


class UnreadableError(Exception):
    """A file that is there cannot be read as text; the text says why, without the file's name."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a finding points: a file of the wrapper by its relative path, line and column from 1, length in characters.

    A folder, or a file that has no lines, has line 1 and column 1.
    """

    file: str
    line: int = 1
    column: int = 1
    length: int = 1


@dataclass(frozen=True)
class Edit:
    """Replace the characters from `start` up to `end` of a file's text by `text`."""

    file: str
    start: int
    end: int
    text: str


class Source:
    """A text file: its path inside the wrapper, its bytes, and its text as it stands (line ends kept, no BOM)."""

    def __init__(self, file: str, data: bytes) -> None:
        """Decode `data`: UTF-8, or UTF-16 where a byte order mark says so. Raises UnreadableError."""
        self.file = file
        self.data = data
        self.bom, self.encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", "utf-8"))
        try:
            self.text = data[len(self.bom) :].decode(self.encoding)
        except UnicodeDecodeError as error:
            raise UnreadableError(f"byte {len(self.bom) + error.start} is not {self.encoding.upper()}") from error

    def encode(self, text: str) -> bytes:
        """Return the bytes of this file with another text."""
        return self.bom + text.encode(self.encoding)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return _LINE_END.split(self.text)

    def place(self, start: int, end: int | None = None) -> Place:
        """Return the place of the characters from `start` to `end`, cut at the end of the line."""
        line = bisect_right(self._starts, start)
        column = start - self._starts[line - 1] + 1
        rest = len(self.lines[line - 1]) - column + 1
        return Place(self.file, line, column, max(1, min((start + 1 if end is None else end) - start, rest)))

    def line_place(self, number: int) -> Place:
        """Return the place of all of line `number` (from 1) but its indentation."""
        text = self.lines[number - 1]
        indent = len(text) - len(text.lstrip())
        return Place(self.file, number, indent + 1, max(1, len(text.strip())))

    def offset(self, line: int, column: int = 1) -> int:
        """Return where in the text line and column (from 1) are."""
        return self._starts[line - 1] + column - 1

    def edit(self, start: int, end: int, text: str) -> Edit:
        """Return the edit that replaces the characters from `start` to `end`."""
        return Edit(self.file, start, end, text)


def read_bytes(path: Path, limit: int = LARGEST) -> bytes | None:
    """Return the content of a regular file, or None when there is no such file.

    A device or pipe is never opened for long, and counts as no file. Raises TooLargeError above `limit` bytes and
    UnreadableError when the file may not be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise UnreadableError(getattr(error, "strerror", None) or str(error)) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLargeError(f"{path.name} is larger than {limit // 1024} KiB, too large to check")
    return data
