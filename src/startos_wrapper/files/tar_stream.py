"""Read the members of a tar from its beginning to its end, with long names and links."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from startos_wrapper.files.tar import BLOCK, Extent, Header, NotFoundError, header, padded

# PATH_MAX of Linux is 4096. A pax header also has times and extended attributes.
_LONGEST_NAME = 64 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A member: its path, type flag, mode, link, and the length of its content."""

    path: str
    kind: bytes
    mode: int
    link: str
    length: int


class Stream(Protocol):
    """Something to read from, from its beginning to its end."""

    def read(self, length: int, /) -> bytes:
        """Return the next bytes, fewer at the end."""

    def skip(self, length: int, /) -> None:
        """Go on after as many bytes."""


class Part:
    """A part of an open file. `at` is the offset in the file."""

    def __init__(self, handle: int, extent: Extent) -> None:
        """Begin at the beginning of the part."""
        self._handle, self.at, self._end = handle, extent.start, extent.start + extent.length

    def read(self, length: int = -1, /) -> bytes:
        """Return the next bytes, all of them by default."""
        left = self._end - self.at
        data = os.pread(self._handle, left if length < 0 else max(0, min(length, left)), self.at)
        self.at += len(data)
        return data

    def skip(self, length: int, /) -> None:
        """Go on after as many bytes."""
        self.at += length

    def has(self, length: int) -> bool:
        """Return whether the part still has as many bytes."""
        return length <= self._end - self.at


def entries(stream: Stream, count: Callable[[], None]) -> Iterator[Entry]:
    """Yield the members of an uncompressed tar. Call `count` for each header.

    Read or skip `padded(entry.length)` bytes of each member before you ask for the next. Raises: NotFoundError if the
    tar is damaged.
    """
    # What extra headers say about the next member.
    name = link = None
    length: int | None = None
    while block := stream.read(BLOCK):
        if not any(block):
            return
        found = header(block) if len(block) == BLOCK else None
        if found is None:
            raise NotFoundError("is damaged or truncated")
        count()
        if found.kind == b"L":
            name = _long(stream, found).rstrip(b"\0")
        elif found.kind == b"K":
            link = _long(stream, found).rstrip(b"\0")
        elif found.kind == b"x":
            records = _pax(_long(stream, found))
            name, link = records.get(b"path", name), records.get(b"linkpath", link)
            size = records.get(b"size", b"")
            length = int(size) if size.isdigit() and len(size) < 20 else length
        elif found.kind == b"g":
            stream.skip(padded(found.length))
        else:
            path, target = _text(found.name if name is None else name), _text(found.link if link is None else link)
            here = found.length if length is None else length
            # A link has no content, although its header may have a length. POSIX, pax, "ustar Interchange Format"
            yield Entry(path, found.kind, found.mode, target, 0 if found.kind in b"123456" else here)
            name = link = length = None


def _long(stream: Stream, found: Header) -> bytes:
    if found.length > _LONGEST_NAME:
        raise NotFoundError("has a file whose name is too long")
    return stream.read(padded(found.length))[: found.length]


def _pax(data: bytes) -> dict[bytes, bytes]:
    """Read the records of a pax header, `LENGTH NAME=VALUE` and a line break each."""
    records = {}
    while data:
        size, _, _ = data.partition(b" ")
        length = int(size) if size.isdigit() and len(size) < 8 else 0
        if length <= len(size) or length > len(data):
            break
        name, _, value = data[len(size) + 1 : length - 1].partition(b"=")
        records[name], data = value, data[length:]
    return records


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
