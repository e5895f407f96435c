"""Read the images in a tar that `docker save` or BuildKit wrote, or in an OCI layout inside a tar.

https://github.com/moby/moby/blob/v28.0.0/image/tarexport (manifest.json, in both of its layouts). Of the tar, only the
headers, the JSON files and the layers that are asked for are read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageConfig, ImageError, NoConfigError
from startos_wrapper.files.images.layer import Budget, Member, read_layer, unpacked_size
from startos_wrapper.files.images.members import IncompleteError, Members, get, is_texts
from startos_wrapper.files.images.oci_index import MOST_IMAGES, Group, groups, platforms_by_config
from startos_wrapper.files.source import TooLargeError
from startos_wrapper.files.tar import Extent, NotFoundError, opened
from startos_wrapper.terminal import well_formed

_MOST_LAYERS = 512


@dataclass(frozen=True)
class StoredImage:
    """An image in a tar: its config, its tags, where its layers are, and all platforms that it exists for, if known."""

    file: Path
    config: ImageConfig
    tags: tuple[str, ...]
    layers: tuple[Extent, ...]
    platforms: tuple[str, ...] = ()

    def files(self, budget: Budget, keep: Callable[[Member], bool] | None = None) -> FileTree:
        """Read the layers, or only the members of them that are to be kept.

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
                tree.add(filter(keep, read_layer(handle, layer, budget)))
        return tree


def read_images(path: Path) -> list[StoredImage]:
    """Return the images in a tar: those of manifest.json, or without it those of index.json.

    Raises: ImageError, TooLargeError, and UnreadableError.
    """
    with opened(path) as handle:
        if handle is None:
            raise ImageError("isn't a regular file")
        try:
            members = Members(handle, path.name)
        except NotFoundError as error:
            raise ImageError(str(error)) from error
        if "manifest.json" in members:
            return list(_docker_images(members, path))
        if "index.json" in members:
            return [image for group in groups(members) for image in _oci_images(members, path, group)]
        if "etc" in members or "etc/passwd" in members:
            raise ImageError("contains the files of a container and no image, as `docker export` writes them")
    raise ImageError("contains no image: it has neither manifest.json nor index.json")


def _docker_images(members: Members, path: Path) -> Iterator[StoredImage]:
    listed = members.json("manifest.json")
    if not isinstance(listed, list) or len(listed) > MOST_IMAGES:
        raise ImageError("has a manifest.json that isn't a list of images")
    known = platforms_by_config(members)
    for entry in listed:
        config, layers, tags = (get(entry, name) for name in ("Config", "Layers", "RepoTags"))
        if not isinstance(config, str) or not is_texts(layers or []) or not is_texts(tags or []):
            raise NoConfigError("has a manifest.json with an image that has no config or layers")
        found = ImageConfig.of(members.json(config))
        yield StoredImage(
            path,
            found,
            tuple(map(well_formed, tags or ())),
            _layers(members, found, layers or []),
            known.get(config, ()),
        )


def _oci_images(members: Members, path: Path, group: Group) -> list[StoredImage]:
    """Return the image for each platform that the tar has. Raises: ImageError if it has none of them."""
    found: list[StoredImage] = []
    fault: IncompleteError | None = None
    for manifest in group.manifests:
        try:
            config = ImageConfig.of(members.blob_json(manifest.config(members)))
            layers = _layers(members, config, manifest.layers(members))
            found.append(StoredImage(path, config, group.tags, layers, group.platforms))
        except IncompleteError as error:
            # Docker lists all platforms of an image, but only saves what it has pulled.
            fault = fault or error
    if fault and not found:
        raise fault
    return found


def _layers(members: Members, config: ImageConfig, names: list[str]) -> tuple[Extent, ...]:
    """Return where the layers are. Those of an image for another system may have to be fetched from elsewhere."""
    if len(names) > _MOST_LAYERS:
        raise TooLargeError(f"an image with more than {_MOST_LAYERS} layers")
    return tuple(map(members.extent, names)) if config.is_linux else ()
