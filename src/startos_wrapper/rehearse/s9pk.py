"""Unpack a .s9pk of StartOS 0.3 into a folder that looks like a wrapper's. S/s9pk/header.rs, S/s9pk/builder.rs

Lengths and positions in the file are only believed up to the file's size. Nothing is compressed, so the folder is no
larger than the file. The signature isn't checked.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import LARGEST, UnreadableError
from startos_wrapper.files.tar import Extent, NotFoundError, opened, padded
from startos_wrapper.files.tar_stream import Entry, Part, entries

_MAGIC, _VERSION = b";;", 1
# Magic, version, public key, signature, and the length of the table of contents. S/s9pk/header.rs:28-34
_HEAD, _LENGTH_AT = 103, 99
_SECTIONS = ("manifest", "license", "instructions", "icon", "docker_images", "assets")
_LONGEST_TABLE = 64 * 1024
# Assets of real packages are a few files.
_MOST_MEMBERS = 100_000
_LARGEST_LIST = 64 * 1024
_CHUNK = 1024 * 1024
_LIST = "multiarch.cbor"
_ICON_TYPE = re.compile(r"[A-Za-z0-9]{1,8}")
_TAR = re.compile(r"([A-Za-z0-9_-]+)\.tar")


class _BrokenError(Exception):
    """The file isn't a valid package. The message completes a sentence that begins with its name."""


class _BrokenTarError(_BrokenError):
    """A section isn't a tar."""


@contextmanager
def unpacked(file: Path) -> Iterator[Path]:
    """Provide a temporary folder with the content of a package. Raises: CannotError if the package is broken."""
    with tempfile.TemporaryDirectory(prefix="startos-wrapper-") as name:
        folder = Path(name)
        try:
            with opened(file) as handle:
                if handle is None:
                    raise _BrokenError("isn't a regular file")
                _unpack(handle, folder)
        except (_BrokenError, UnreadableError) as error:
            raise CannotError(f"{file}: {error}") from error
        yield folder


def _unpack(handle: int, folder: Path) -> None:
    sections = _sections(handle)
    manifest = _manifest(handle, sections["manifest"])
    assets = manifest.get("assets")
    icon = _icon(assets.get("icon") if isinstance(assets, dict) else None)
    images = _unpack_images(handle, sections["docker_images"], folder)
    # Under our own names. Those in the manifest can lead out of the folder.
    names = {"license": "LICENSE.md", "instructions": "INSTRUCTIONS.md", "icon": icon}
    for section, name in names.items():
        _copy(handle, sections[section], folder / name)
    _unpack_assets(handle, sections["assets"], folder / "assets")
    scripts = sections.get("scripts")
    if scripts and scripts.length:
        (folder / "scripts").mkdir()
        _copy(handle, scripts, folder / "scripts" / "embassy.js")
    manifest["assets"] = {**names, "docker-images": images, "assets": "assets", "scripts": "scripts"}
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


# --- The file --------------------------------------------------------------------------------------------------------


def _sections(handle: int) -> dict[str, Extent]:
    """Return where each section is."""
    head = os.pread(handle, _HEAD, 0)
    if not head.startswith(_MAGIC):
        raise _BrokenError("isn't a .s9pk: it doesn't begin like one")
    if len(head) > 2 and head[2] != _VERSION:
        raise _BrokenError(f"is a .s9pk of version {head[2]}, but StartOS 0.3 only reads version {_VERSION}")
    length = int.from_bytes(head[_LENGTH_AT:], "big")
    table = os.pread(handle, min(length, _LONGEST_TABLE), _HEAD)
    if len(head) < _HEAD or len(table) < length:
        raise _BrokenError("is truncated: its table of contents is incomplete")
    found = dict(_table(table))
    missing = [name for name in _SECTIONS if name not in found]
    if missing:
        raise _BrokenError(f"has no section {missing[0]}")
    size = os.fstat(handle).st_size
    for name, extent in found.items():
        if extent.start + extent.length > size:
            end = extent.start + extent.length
            raise _BrokenError(f"is truncated: the section {name} ends at byte {end}, but the file has {size}")
    return found


def _table(table: bytes) -> Iterator[tuple[str, Extent]]:
    at = 0
    while at < len(table):
        start = at + 1 + table[at]
        numbers = table[start : start + 16]
        if len(numbers) < 16:
            raise _BrokenError("has a damaged table of contents")
        label = table[at + 1 : start].decode("ascii", "replace")
        yield label, Extent(int.from_bytes(numbers[:8], "big"), int.from_bytes(numbers[8:], "big"))
        at = start + 16


def _manifest(handle: int, extent: Extent) -> dict[str, Any]:
    """Return the manifest as JSON values."""
    if extent.length > LARGEST:
        raise _BrokenError(f"has a manifest that is larger than {LARGEST // 1024} KiB")
    found = _cbor(os.pread(handle, extent.length, extent.start), "manifest")
    try:
        # CBOR has more types than JSON.
        found = json.loads(json.dumps(found, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise _BrokenError("has a manifest with values that JSON doesn't have") from error
    if not isinstance(found, dict):
        raise _BrokenError("has a manifest that isn't a mapping")
    return found


def _cbor(data: bytes, what: str) -> Any:
    import cbor2  # Only packages need it.

    try:
        return cbor2.loads(data)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise _BrokenError(f"has a {what} that isn't valid CBOR") from error


def _icon(name: Any) -> str:
    """Return the name of the icon, with the type that StartOS accepts. S/s9pk/manifest.rs:148-153"""
    kind = PurePosixPath(name).suffix[1:] if isinstance(name, str) else "png"
    return f"icon.{kind if _ICON_TYPE.fullmatch(kind) else 'png'}"


# --- Tars in the file ------------------------------------------------------------------------------------------------


def _unpack_images(handle: int, extent: Extent, folder: Path) -> str:
    """Write the tars of images, and return where they are. S/s9pk/docker.rs:29-82

    Without a list of processors, the section is one tar for all of them.
    """
    listed: Any = None
    tars: dict[str, Extent] = {}
    try:
        for entry, start in _members(handle, extent, "images"):
            if entry.path == _LIST and listed is None:
                if entry.length > _LARGEST_LIST:
                    raise _BrokenError(f"has a {_LIST} that is too large")
                listed = _cbor(os.pread(handle, entry.length, start), _LIST)
            elif _TAR.fullmatch(entry.path) and entry.kind in b"0\0":
                tars.setdefault(entry.path, Extent(start, entry.length))
    except _BrokenTarError:
        if listed is not None:
            raise
    if listed is None:
        _copy(handle, extent, folder / "image.tar")
        return "image.tar"
    available = listed.get("available") if isinstance(listed, dict) else None
    if not isinstance(available, (list, set, frozenset, tuple)):
        raise _BrokenError(f"has a {_LIST} without a list of processors")
    (folder / "docker-images").mkdir()
    for name, where in tars.items():
        if name.removesuffix(".tar") in available:
            _copy(handle, where, folder / "docker-images" / name)
    return "docker-images"


def _unpack_assets(handle: int, extent: Extent, folder: Path) -> None:
    """Write the folders of the assets volumes. The packer only writes files and folders. S/s9pk/mod.rs:152-173"""
    folder.mkdir()
    for entry, start in _members(handle, extent, "assets"):
        path = PurePosixPath(entry.path)
        if path.is_absolute() or ".." in path.parts or "\0" in entry.path:
            raise _BrokenError(f"has assets with the path {_shown(entry.path)}, which leads out of their folder")
        target = folder / path
        try:
            if entry.kind == b"5":
                target.mkdir(parents=True, exist_ok=True)
                # The owner's rights are needed to write into it, and to remove it.
                target.chmod((entry.mode & 0o777) | 0o700)
            elif entry.kind in b"0\0":
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(handle, Extent(start, entry.length), target)
                target.chmod((entry.mode & 0o777) | 0o400)
            else:
                raise _BrokenError(f"has assets with {_shown(entry.path)}, which is neither a file nor a folder")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise _BrokenError(f"has assets with {_shown(entry.path)}, which can't be written: {reason}") from error


def _members(handle: int, extent: Extent, what: str) -> Iterator[tuple[Entry, int]]:
    """Yield the members of a tar, and where their content begins."""
    left = _MOST_MEMBERS

    def count() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise _BrokenError(f"has {what} with more than {_MOST_MEMBERS} files")

    part = Part(handle, extent)
    try:
        for entry in entries(part, count):
            start = part.at
            if not part.has(entry.length):
                raise _BrokenError(f"is truncated: its {what} end within {_shown(entry.path)}")
            yield entry, start
            part.at = start + padded(entry.length)
    except NotFoundError as error:
        raise _BrokenTarError(f"has {what} in a tar that {error}") from error


def _copy(handle: int, extent: Extent, target: Path) -> None:
    at, end = extent.start, extent.start + extent.length
    # An existing file is replaced, so that no link is followed.
    target.unlink(missing_ok=True)
    with target.open("xb") as written:
        while at < end and (data := os.pread(handle, min(_CHUNK, end - at), at)):
            written.write(data)
            at += len(data)


def _shown(path: str) -> str:
    return json.dumps(path[:100])
