"""Read single members of tars and the beginning of packages, without reading the whole file.

Written by hand because `tarfile` puts no limit on the headers it reads, and doesn't say why a file isn't a tar.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from startos_wrapper.files.source import TooLargeError, UnreadableError

BLOCK = 512
# An image has a few hundred members: two for each layer, or one for each blob.
_MOST_MEMBERS = 10_000
_LARGEST_MEMBER = 1024 * 1024
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}


class NotFoundError(Exception):
    """A tar doesn't contain the member. The message completes a sentence that begins with the tar's name."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a member. Long names and links, which have a separate header, are cut off."""

    name: bytes
    kind: bytes
    mode: int
    length: int
    link: bytes


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the content of a member is in its tar. `link` is the other member that it stands for, or empty."""

    start: int
    length: int
    link: bytes = b""


def head(path: Path, length: int) -> tuple[bytes, int] | None:
    """Return the first `length` bytes of a regular file and its size, or None if there is no such file.

    Raises: UnreadableError.
    """
    with opened(path) as handle:
        return None if handle is None else (os.pread(handle, length, 0), os.fstat(handle).st_size)


def member(path: Path, name: str, inside: str | None = None) -> bytes:
    """Return the content of the first member `name` of an uncompressed tar, which is the one that StartOS reads.

    With `inside`, look in the tar that is a member of the tar at `path`. Of all other members, only the headers are
    read. Raises: NotFoundError, UnreadableError, and TooLargeError if the tar has too many members or the member is too
    large.
    """
    with opened(path) as handle:
        if handle is None:
            raise NotFoundError("isn't a regular file")
        begin, end = 0, os.fstat(handle).st_size
        if inside is not None:
            outer = _members(handle, 0, end)
            begin, end = next(
                ((start, start + found.length) for found, start in outer if found.name == inside.encode()), (end, end)
            )
        is_oci = False
        for found, start in _members(handle, begin, end):
            if found.name == name.encode():
                return content(handle, path.name, name, Extent(start, found.length))
            is_oci = is_oci or found.name == b"oci-layout"
    raise NotFoundError(f"contains an image in the OCI layout, without {name}" if is_oci else f"contains no {name}")


def names(path: Path) -> list[str]:
    """Return the names of all members of an uncompressed tar, or none if the file doesn't exist.

    Raises: NotFoundError if it isn't a tar, UnreadableError, TooLargeError if it has too many members.
    """
    with opened(path) as handle:
        if handle is None:
            return []
        return [found.name.decode(errors="replace") for found, _ in members(handle)]


def content(handle: int, file: str, name: str, extent: Extent) -> bytes:
    """Return the content of the member `name`. Raises: TooLargeError."""
    if extent.length > _LARGEST_MEMBER:
        raise TooLargeError(f"{file}: {name} is larger than {_LARGEST_MEMBER // 1024} KiB")
    return os.pread(handle, extent.length, extent.start)


def index(handle: int) -> dict[bytes, Extent]:
    """Return where the members of an uncompressed tar are. If two have the same name, the first one counts.

    Raises: NotFoundError, TooLargeError.
    """
    found: dict[bytes, Extent] = {}
    for member, start in members(handle):
        link = member.link if member.kind in b"12" else b""
        found.setdefault(member.name, Extent(start, member.length, link))
    return found


def members(handle: int) -> Iterator[tuple[Header, int]]:
    """Yield the header of each member of an uncompressed tar, and the offset of its content.

    Raises: NotFoundError, TooLargeError.
    """
    return _members(handle, 0, os.fstat(handle).st_size)


@contextmanager
def opened(path: Path) -> Iterator[int | None]:
    """Open a regular file, or yield None if there is no such file. Never wait for a device or a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    except (OSError, ValueError) as error:
        raise UnreadableError(getattr(error, "strerror", None) or str(error)) from error
    try:
        yield handle if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    finally:
        os.close(handle)


def _members(handle: int, begin: int, size: int) -> Iterator[tuple[Header, int]]:
    """Yield the header and the offset of each member of a tar that ends at `size`.

    Raises: NotFoundError, TooLargeError.
    """
    position = begin
    for _ in range(_MOST_MEMBERS):
        block = os.pread(handle, BLOCK, position) if position <= size else b""
        if position == size > begin or (len(block) == BLOCK and not any(block)):
            return
        found = header(block) if len(block) == BLOCK else None
        if found is None:
            raise NotFoundError(_instead(block) if position == begin else "is damaged or truncated")
        yield found, position + BLOCK
        position += BLOCK + padded(found.length)
    raise TooLargeError(f"a tar with more than {_MOST_MEMBERS} members")


def padded(length: int) -> int:
    """Return how much space a content of this length takes in a tar."""
    return (length + BLOCK - 1) // BLOCK * BLOCK


def compression(start: bytes) -> str | None:
    """Return the name of the program that compressed a file with these first bytes, or None if none did."""
    return next((name for magic, name in _COMPRESSED.items() if start.startswith(magic)), None)


def _instead(start: bytes) -> str:
    """Describe a file that begins with `start` and isn't a tar."""
    if not start:
        return "is empty"
    method = compression(start)
    return f"is compressed with {method}" if method else "isn't a tar"


def header(block: bytes) -> Header | None:
    """Read a header, or return None if its checksum or a number is wrong."""
    checksum, length = _number(block[148:156]), _number(block[124:136])
    if length is None or checksum != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        return None
    return Header(
        _name(block), block[156:157], _number(block[100:108]) or 0, length, block[157:257].partition(b"\0")[0]
    )


def _number(digits: bytes) -> int | None:
    """Parse a number in a header: octal digits, or binary if the first bit is set (GNU, above 8 GiB)."""
    if digits[0] & 0x80:
        return int.from_bytes(bytes([digits[0] & 0x7F]) + digits[1:], "big")
    text = digits.partition(b"\0")[0].strip()
    return int(text, 8) if text.isdigit() and not set(text) & set(b"89") else None


def _name(header: bytes) -> bytes:
    name, prefix = header[:100].partition(b"\0")[0], header[345:500].partition(b"\0")[0]
    return prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name
