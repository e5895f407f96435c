"""Read single members of tars and the beginning of packages, without reading the whole file.

Written by hand because `tarfile` puts no limit on the headers it reads, and doesn't say why a file isn't a tar.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from startos_wrapper.files.source import TooLargeError, UnreadableError

_BLOCK = 512
# An image has a few hundred members: two for each layer, or one for each blob.
_MOST_MEMBERS = 10_000
_LARGEST_MEMBER = 1024 * 1024
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}


class NotFoundError(Exception):
    """A tar doesn't contain the member. The message completes a sentence that begins with the tar's name."""


def head(path: Path, length: int) -> tuple[bytes, int] | None:
    """Return the first `length` bytes of a regular file and its size, or None if there is no such file.

    Raises: UnreadableError.
    """
    with _opened(path) as handle:
        return None if handle is None else (os.pread(handle, length, 0), os.fstat(handle).st_size)


def member(path: Path, name: str) -> bytes:
    """Return the content of the first member `name` of an uncompressed tar, which is the one that StartOS reads.

    Of all other members, only the headers are read. Raises: NotFoundError, UnreadableError, and TooLargeError if the
    tar has too many members or the member is too large.
    """
    with _opened(path) as handle:
        if handle is None:
            raise NotFoundError("isn't a regular file")
        size = os.fstat(handle).st_size
        is_oci = False
        for header, start, length in _members(handle, size):
            found = _name(header)
            if found == name.encode():
                if length > _LARGEST_MEMBER:
                    raise TooLargeError(f"{path.name}: {name} is larger than {_LARGEST_MEMBER // 1024} KiB")
                return os.pread(handle, length, start)
            is_oci = is_oci or found == b"oci-layout"
    raise NotFoundError(f"contains an image in the OCI layout, without {name}" if is_oci else f"contains no {name}")


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
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


def _members(handle: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the header, offset and length of each member of a tar. Raises: NotFoundError, TooLargeError."""
    position = 0
    for _ in range(_MOST_MEMBERS):
        header = os.pread(handle, _BLOCK, position) if position <= size else b""
        if position == size > 0 or (len(header) == _BLOCK and not any(header)):
            return
        length = _length(header) if len(header) == _BLOCK else None
        if length is None:
            raise NotFoundError(_instead(header) if position == 0 else "is damaged or truncated")
        yield header, position + _BLOCK, length
        position += _BLOCK + (length + _BLOCK - 1) // _BLOCK * _BLOCK
    raise TooLargeError(f"a tar with more than {_MOST_MEMBERS} members")


def _instead(start: bytes) -> str:
    """Describe a file that begins with `start` and isn't a tar."""
    if not start:
        return "is empty"
    method = next((name for magic, name in _COMPRESSED.items() if start.startswith(magic)), None)
    return f"is compressed with {method}" if method else "isn't a tar"


def _length(header: bytes) -> int | None:
    """Return the length from a header, or None if its checksum or a number is wrong."""
    checksum, length = _number(header[148:156]), _number(header[124:136])
    if checksum != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        return None
    return length


def _number(digits: bytes) -> int | None:
    """Parse a number in a header: octal digits, or binary if the first bit is set (GNU, above 8 GiB)."""
    if digits[0] & 0x80:
        return int.from_bytes(bytes([digits[0] & 0x7F]) + digits[1:], "big")
    text = digits.partition(b"\0")[0].strip()
    return int(text, 8) if text.isdigit() and not set(text) & set(b"89") else None


def _name(header: bytes) -> bytes:
    """Return the name of a member. Long names, which have a separate header, are cut off."""
    name, prefix = header[:100].partition(b"\0")[0], header[345:500].partition(b"\0")[0]
    return prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name
