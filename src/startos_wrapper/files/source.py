"""Text files of a wrapper. Only regular files up to a maximum size are read."""

import os
import re
import stat
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# The largest manifest of 114 real wrappers has 27 kB.
LARGEST = 1024 * 1024

_LINE_END = re.compile(r"\r\n|\r|\n")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class TooLargeError(Exception):
    """A file is too large. The message contains its name."""


class UnreadableError(Exception):
    """A file exists but can't be read as text. The message says why, without the file's name."""


@dataclass(frozen=True, order=True)
class Place:
    """The place of a finding: relative path, line and column (from 1), and length in characters.

    Folders, and files without lines, use line 1 and column 1.
    """

    file: str
    line: int = 1
    column: int = 1
    length: int = 1


@dataclass(frozen=True)
class Edit:
    """Replace the characters from `start` up to `end` of a file's text with `text`."""

    file: str
    start: int
    end: int
    text: str


class Source:
    """A text file: its path in the wrapper, its bytes, and its text with the original line endings but without BOM."""

    def __init__(self, file: str, data: bytes) -> None:
        """Decode `data` as UTF-8, or as UTF-16 if it has such a byte order mark. Raises: UnreadableError."""
        self.file = file
        self.data = data
        self.bom, self.encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", "utf-8"))
        try:
            self.text = data[len(self.bom) :].decode(self.encoding)
        except UnicodeDecodeError as error:
            raise UnreadableError(f"byte {len(self.bom) + error.start} is not {self.encoding.upper()}") from error

    def encode(self, text: str) -> bytes:
        """Encode a text like this file."""
        return self.bom + text.encode(self.encoding)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines without line endings."""
        return _LINE_END.split(self.text)

    def place(self, start: int, end: int | None = None) -> Place:
        """Return the place of the characters from `start` to `end`, up to the end of the line at most.

        The end of the file is the end of its last line with text: no editor shows a line after the final line break.
        """
        if start >= len(self.text):
            start = len(self.text.rstrip())
        line = bisect_right(self._starts, start)
        column = start - self._starts[line - 1] + 1
        rest = len(self.lines[line - 1]) - column + 1
        return Place(self.file, line, column, max(1, min((start + 1 if end is None else end) - start, rest)))

    def line_place(self, number: int) -> Place:
        """Return the place of line `number` (from 1) without its indentation."""
        text = self.lines[number - 1]
        indent = len(text) - len(text.lstrip())
        return Place(self.file, number, indent + 1, max(1, len(text.strip())))

    def offset(self, line: int, column: int = 1) -> int:
        """Return the offset of a line and column (from 1)."""
        return self._starts[line - 1] + column - 1

    def edit(self, start: int, end: int, text: str) -> Edit:
        """Return the edit that replaces the characters from `start` to `end`."""
        return Edit(self.file, start, end, text)


def read_bytes(path: Path, limit: int = LARGEST) -> bytes | None:
    """Return the content of a regular file, or None if it doesn't exist or isn't a regular file.

    Never wait for a device or a pipe. Raises: TooLargeError if the file has more than `limit` bytes, UnreadableError if
    it can't be read.
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
