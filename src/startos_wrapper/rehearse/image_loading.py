"""Load a package's images into Docker under our own tags, so that no image of the machine is touched."""

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from startos_wrapper.data import processors
from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import TooLargeError, UnreadableError
from startos_wrapper.files.tar import BLOCK, NotFoundError, member, members, opened, padded
from startos_wrapper.rehearse.docker import IMAGES, Docker, end, started
from startos_wrapper.rehearse.package import Package

# The list of images in `docker save`'s format, and the files that name the images in other formats.
_LIST = "manifest.json"
_DROPPED = (b"manifest.json", b"index.json", b"oci-layout", b"repositories")
# Headers that say more about the next member.
_BEFORE = b"xLK"
_CHUNK = 1024 * 1024
_LONGEST_TAG = 128


class NotLoadedError(Exception):
    """StartOS couldn't load a tar. The message is a sentence that begins with the tar's name."""


def engines_processor(docker: Docker) -> str:
    """Return StartOS's name of the processor that the engine runs on. Raises: CannotError."""
    found = docker.version("{{.Server.Os}}/{{.Server.Arch}}")
    system, _, name = found.partition("/")
    known = next((arch for arch, each in processors().items() if system == "linux" and each.docker == name), None)
    if known is None:
        raise CannotError(f"Docker runs on {found}, but StartOS only runs on linux/amd64 and linux/arm64")
    return known


def load(docker: Docker, package: Package, processor: str) -> dict[str, str]:
    """Load the images for a processor. Return our tag of each image by its id in the manifest.

    Only images with the exact tag `start9/PACKAGE/IMAGE:VERSION` have an id. Raises: NotLoadedError, CannotError.
    """
    tar = package.tar(processor)
    if tar is None:
        made, todo = ", ".join(package.tars), package.how_to_build(package.tar_name(processor))
        has = f"it has {made} only" if made else "it has no images"
        raise CannotError(f"{package.path}: {has}, but Docker runs on {processor}; {todo} first")
    try:
        listed, tags = _retagged(docker, package, processor, json.loads(member(tar, _LIST)))
        _stream(docker, tar, json.dumps(listed).encode())
    except NotFoundError as error:
        raise NotLoadedError(f"{tar.name} {error}") from error
    except (ValueError, RecursionError) as error:
        raise NotLoadedError(f"{tar.name} has a {_LIST} that isn't valid JSON") from error
    except (TooLargeError, UnreadableError) as error:
        raise NotLoadedError(f"{tar.name} can't be read: {error}") from error
    return tags


def _retagged(
    docker: Docker, package: Package, processor: str, listed: Any
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the list of images with our tags, and these tags by the images' ids. Raises: NotLoadedError."""
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise NotLoadedError(f"{processor}.tar has a {_LIST} that isn't a list of images")
    tags: dict[str, str] = {}
    for entry in listed:
        mine = []
        for id in _ids(package, entry):
            tags[id] = f"{IMAGES}:{f'{docker.run}-{package.number}-{processor}-{id}'[:_LONGEST_TAG]}"
            mine.append(tags[id])
        entry["RepoTags"] = mine
    # An image without a tag would stay on the machine.
    return [entry for entry in listed if entry["RepoTags"]], tags


def _ids(package: Package, entry: Mapping[str, Any]) -> Iterator[str]:
    given = entry.get("RepoTags")
    for tag in given if isinstance(given, list) else ():
        id = str(tag).rpartition(":")[0].rpartition("/")[2]
        if tag == package.tag(id):
            yield id


def _stream(docker: Docker, tar: Path, listed: bytes) -> None:
    """Send a tar to `docker load` with another list of images. Raises: NotLoadedError, NotFoundError."""
    if listed == b"[]":
        return
    process = started(docker.command("load", "--quiet"), has_input=True)
    assert process.stdin and process.stdout and process.stderr
    try:
        # Docker may end before it has read everything. Its error says why.
        with suppress(BrokenPipeError), process.stdin:
            _copy(tar, process.stdin, listed)
        errors = process.stderr.read().decode("utf-8", "replace").strip()
        process.stdout.read()
        code = process.wait()
    finally:
        end(process)
    if code:
        raise NotLoadedError(
            f"{tar.name} can't be loaded: {errors.splitlines()[-1] if errors else f'exit code {code}'}"
        )


def _copy(tar: Path, target: IO[bytes], listed: bytes) -> None:
    """Write a tar without the files that name its images, and with `listed` as its list of images."""
    with opened(tar) as handle:
        assert handle is not None
        begin = -1
        for found, start in members(handle):
            begin = start - BLOCK if begin < 0 else begin
            if found.kind in _BEFORE:
                continue
            if found.name.removeprefix(b"./") not in _DROPPED:
                _copy_part(handle, target, begin, start + padded(found.length))
            begin = -1
    header = tarfile.TarInfo(_LIST)
    header.size = len(listed)
    with tarfile.open(fileobj=_Ending(target), mode="w|") as end:
        end.addfile(header, io.BytesIO(listed))


class _Ending(io.RawIOBase):
    """Passes on what is written, and stays open."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return self._target.write(data)


def _copy_part(handle: int, target: IO[bytes], start: int, end: int) -> None:
    while start < end and (data := os.pread(handle, min(_CHUNK, end - start), start)):
        target.write(data)
        start += len(data)
