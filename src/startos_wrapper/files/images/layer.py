"""Read the members of a layer: a tar, compressed or not, with long names. Only the beginnings of programs are read."""

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from startos_wrapper.files.images.elf import MAGIC
from startos_wrapper.files.images.image_config import ImageError
from startos_wrapper.files.source import TooLargeError
from startos_wrapper.files.tar import BLOCK, Extent, Header, compression, header, padded

_CHUNK = 1024 * 1024
# PATH_MAX of Linux is 4096. A pax header also has times and extended attributes.
_LONGEST_NAME = 64 * 1024
# As far as the program headers and the name of the loader go, or a shebang.
_HEAD = 1024


class UnknownCompressionError(Exception):
    """A layer is compressed in a way that we can't read. The message names it."""


@dataclass
class Budget:
    """How much may still be read of an image, so that a hostile one can't take minutes."""

    compressed: int
    members: int
    heads: int = 32 * 1024 * 1024

    def take(self, *, compressed: int = 0, members: int = 0, heads: int = 0) -> None:
        """Take some of it. Raises: TooLargeError."""
        self.compressed, self.members, self.heads = (
            self.compressed - compressed,
            self.members - members,
            self.heads - heads,
        )
        if min(self.compressed, self.members, self.heads) < 0:
            raise TooLargeError("the image is too large to look at its files")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a layer: its path, type flag, mode, link, and the beginning of a program."""

    path: str
    kind: bytes
    mode: int
    link: str
    head: bytes


class _Stream(Protocol):
    def read(self, length: int, /) -> bytes: ...

    def skip(self, length: int, /) -> None: ...


class _Plain:
    """A part of a file."""

    def __init__(self, handle: int, extent: Extent) -> None:
        self._handle, self._at, self._end = handle, extent.start, extent.start + extent.length

    def read(self, length: int = -1, /) -> bytes:
        left = self._end - self._at
        data = os.pread(self._handle, left if length < 0 else max(0, min(length, left)), self._at)
        self._at += len(data)
        return data

    def skip(self, length: int, /) -> None:
        self._at += length


class _Compressed:
    """The content of a part of a file that is compressed with gzip."""

    def __init__(self, part: _Plain, budget: Budget) -> None:
        self._file, self._budget = gzip.GzipFile(fileobj=part, mode="rb"), budget  # type: ignore[call-overload]

    def read(self, length: int, /) -> bytes:
        self._budget.take(compressed=length)
        data: bytes = self._file.read(length)
        return data

    def skip(self, length: int, /) -> None:
        while length > 0 and (read := self.read(min(length, _CHUNK))):
            length -= len(read)


def unpacked_size(handle: int, layer: Extent) -> int:
    """Return how much there is to decompress, as a layer itself says. RFC 1952, ISIZE"""
    is_gzip = compression(os.pread(handle, min(2, layer.length), layer.start)) == "gzip"
    end = layer.start + layer.length
    return int.from_bytes(os.pread(handle, 4, end - 4), "little") if is_gzip and layer.length > 18 else 0


def read_layer(handle: int, extent: Extent, budget: Budget) -> Iterator[Member]:
    """Yield the members of a layer.

    Raises: ImageError if it's damaged, TooLargeError if the budget is used up, UnknownCompressionError.
    """
    method = compression(os.pread(handle, min(5, extent.length), extent.start))
    if method not in (None, "gzip"):
        raise UnknownCompressionError(method)
    plain = _Plain(handle, extent)
    stream = _Compressed(plain, budget) if method else plain
    try:
        yield from _members(stream, budget)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ImageError("has a layer that is damaged or truncated") from error


def _members(stream: _Stream, budget: Budget) -> Iterator[Member]:
    # What headers of their own say about the next member.
    name = link = None
    length: int | None = None
    while block := stream.read(BLOCK):
        if not any(block):
            return
        found = header(block) if len(block) == BLOCK else None
        if found is None:
            raise ImageError("has a layer that is damaged or truncated")
        budget.take(members=1)
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
            size_here = found.length if length is None else length
            yield Member(
                _text(found.name if name is None else name),
                found.kind,
                found.mode,
                _text(found.link if link is None else link),
                _head(stream, found, size_here, budget),
            )
            name = link = length = None


def _head(stream: _Stream, found: Header, length: int, budget: Budget) -> bytes:
    """Read a member's content, and return its beginning if it's a program or a script."""
    # A hard link has no content, although its header may have a length. POSIX, pax, "ustar Interchange Format"
    length = 0 if found.kind in b"123456" else length
    if not found.mode & 0o111 or found.kind not in b"0\0":
        stream.skip(padded(length))
        return b""
    start = stream.read(min(length, _HEAD))
    stream.skip(padded(length) - len(start))
    if not start.startswith((MAGIC, b"#!")):
        return b""
    kept = start if start.startswith(MAGIC) else start[:256]
    budget.take(heads=len(kept))
    return kept


def _long(stream: _Stream, found: Header) -> bytes:
    if found.length > _LONGEST_NAME:
        raise ImageError("has a layer with a file whose name is too long")
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
