"""Read the members of a layer: a tar, compressed or not, with long names. Only the beginnings of programs are read."""

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from startos_wrapper.files.images.elf import MAGIC
from startos_wrapper.files.images.image_config import ImageError
from startos_wrapper.files.source import TooLargeError
from startos_wrapper.files.tar import Extent, NotFoundError, compression, padded
from startos_wrapper.files.tar_stream import Entry, Part, Stream, entries

_CHUNK = 1024 * 1024
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


class _Compressed:
    """The content of a part of a file that is compressed with gzip."""

    def __init__(self, part: Part, budget: Budget) -> None:
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
    plain = Part(handle, extent)
    stream = _Compressed(plain, budget) if method else plain
    try:
        yield from _members(stream, budget)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ImageError("has a layer that is damaged or truncated") from error


def _members(stream: Stream, budget: Budget) -> Iterator[Member]:
    try:
        for entry in entries(stream, lambda: budget.take(members=1)):
            yield Member(entry.path, entry.kind, entry.mode, entry.link, _head(stream, entry, budget))
    except NotFoundError as error:
        raise ImageError(f"has a layer that {error}") from error


def _head(stream: Stream, entry: Entry, budget: Budget) -> bytes:
    """Read a member's content, and return its beginning if it's a program or a script."""
    if not entry.mode & 0o111 or entry.kind not in b"0\0":
        stream.skip(padded(entry.length))
        return b""
    start = stream.read(min(entry.length, _HEAD))
    stream.skip(padded(entry.length) - len(start))
    if not start.startswith((MAGIC, b"#!")):
        return b""
    kept = start if start.startswith(MAGIC) else start[:256]
    budget.take(heads=len(kept))
    return kept
