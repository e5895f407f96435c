"""Read the images in a tar that `docker save` or BuildKit wrote, or in an OCI layout inside a tar.

https://github.com/moby/moby/blob/v28.0.0/image/tarexport (manifest.json, in both of its layouts) and
https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md (index.json). Of the tar, only the headers, the
JSON files and the layers that are asked for are read.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageConfig, ImageError, NoConfigError
from startos_wrapper.files.images.layer import Budget, read_layer, unpacked_size
from startos_wrapper.files.source import TooLargeError
from startos_wrapper.files.tar import Extent, NotFoundError, content, index, opened

_DIGEST = re.compile(r"(sha256|sha512):([0-9a-f]{64,128})")
_MOST_IMAGES, _MOST_LAYERS = 100, 512
_UNKNOWN = "unknown"  # the platform of an attestation, which is no image


@dataclass(frozen=True)
class StoredImage:
    """An image in a tar: its config, its tags, and where its layers are."""

    file: Path
    config: ImageConfig
    tags: tuple[str, ...]
    layers: tuple[Extent, ...]

    def files(self, budget: Budget) -> FileTree:
        """Read the layers.

        Raises: ImageError if they're damaged, TooLargeError if the budget is used up, UnknownCompressionError,
        UnreadableError.
        """
        tree = FileTree()
        with opened(self.file) as handle:
            if handle is None:
                raise ImageError("isn't a regular file")
            # Fail now rather than after most of the work. The layers may lie, so they're measured as well.
            Budget(budget.compressed, 0).take(compressed=sum(unpacked_size(handle, layer) for layer in self.layers))
            for layer in self.layers:
                tree.add(read_layer(handle, layer, budget))
        return tree


class _Tar:
    """The members of an open tar."""

    def __init__(self, handle: int, path: Path) -> None:
        self._handle, self._path = handle, path
        self.members = index(handle)

    def extent(self, name: str) -> Extent:
        """Return where a member's content is. Raises: ImageError if it isn't there."""
        name = posixpath.normpath(name)
        found = self.members.get(_bytes(name))
        if found and found.link:
            # `docker save` wrote a link for a layer that the tar already had.
            folder = "" if found.link in self.members else posixpath.dirname(name)
            name = posixpath.normpath(posixpath.join(folder, found.link.decode("utf-8", "replace")))
            found = self.members.get(_bytes(name))
        if found is None or found.link:
            raise ImageError(f"is incomplete: it contains no {name}")
        return found

    def json(self, name: str) -> Any:
        """Return the content of a JSON file. Raises: ImageError, TooLargeError."""
        data = content(self._handle, self._path.name, name, self.extent(name))
        try:
            return json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise ImageError(f"has a {name} that isn't valid JSON") from error

    def blob(self, descriptor: Any) -> str:
        """Return the name of the member that a descriptor of the OCI layout points to. Raises: ImageError."""
        digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
        match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
        if match is None:
            raise ImageError("has an index.json with an image that has no digest")
        return f"blobs/{match[1]}/{match[2]}"

    def image(self, config: str, tags: tuple[str, ...], layers: list[str]) -> StoredImage:
        if len(layers) > _MOST_LAYERS:
            raise TooLargeError(f"an image with more than {_MOST_LAYERS} layers")
        found = ImageConfig.of(self.json(config))
        return StoredImage(self._path, found, tags, tuple(map(self.extent, layers)))


def read_images(path: Path) -> list[StoredImage]:
    """Return the images in a tar: those of manifest.json, or without it those of index.json.

    Raises: ImageError, TooLargeError, and UnreadableError.
    """
    with opened(path) as handle:
        if handle is None:
            raise ImageError("isn't a regular file")
        try:
            tar = _Tar(handle, path)
        except NotFoundError as error:
            raise ImageError(str(error)) from error
        if b"manifest.json" in tar.members:
            return list(_docker_images(tar))
        if b"index.json" in tar.members:
            return list(_oci_images(tar))
    raise ImageError("contains no image: it has neither manifest.json nor index.json")


def _docker_images(tar: _Tar) -> Iterator[StoredImage]:
    listed = tar.json("manifest.json")
    if not isinstance(listed, list) or len(listed) > _MOST_IMAGES:
        raise ImageError("has a manifest.json that isn't a list of images")
    for entry in listed:
        config, layers, tags = (_get(entry, name) for name in ("Config", "Layers", "RepoTags"))
        if not isinstance(config, str) or not _is_texts(layers or []) or not _is_texts(tags or []):
            raise NoConfigError("has a manifest.json with an image that has no config or layers")
        yield tar.image(config, tuple(tags or ()), layers or [])


def _oci_images(tar: _Tar) -> Iterator[StoredImage]:
    waiting = _manifests(tar.json("index.json"))
    for number, descriptor in enumerate(waiting):
        if number >= _MOST_IMAGES:
            raise TooLargeError(f"a tar with more than {_MOST_IMAGES} images")
        if _get(_get(descriptor, "platform"), "architecture") == _UNKNOWN:
            continue
        manifest = tar.json(tar.blob(descriptor))
        if _get(manifest, "manifests") is not None:
            # An index for several platforms. Docker's own tars have one inside index.json.
            waiting += _manifests(manifest)
            continue
        layers = _get(manifest, "layers")
        if not isinstance(layers, list):
            raise ImageError("has an image without a list of layers")
        tag = _get(_get(descriptor, "annotations"), "io.containerd.image.name")
        tags = (tag,) if isinstance(tag, str) else ()
        yield tar.image(tar.blob(_get(manifest, "config")), tags, [tar.blob(layer) for layer in layers])


def _manifests(index: Any) -> list[Any]:
    listed = _get(index, "manifests")
    if not isinstance(listed, list):
        raise ImageError("has an index.json that isn't a list of images")
    return list(listed)


def _get(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, dict) else None


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "replace")
