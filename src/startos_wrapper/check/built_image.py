"""The images in docker-images, for the rules that compare them with the manifest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from startos_wrapper.check.image_tars import Tar, loaded_tars
from startos_wrapper.data import processors
from startos_wrapper.files.images.image_config import ImageConfig, ImageError, NoConfigError
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.source import TooLargeError, UnreadableError
from startos_wrapper.files.wrapper import Wrapper

# Without a built image, a check needs none of the modules that read one. Importing them would take a tenth of its time.
if TYPE_CHECKING:
    from startos_wrapper.files.images.file_tree import FileTree
    from startos_wrapper.files.images.image_tar import StoredImage

# The files of a larger image aren't checked. `make size` already fails above 100 MB.
_MOST_BYTES, _MOST_MEMBERS = 512 * 1024**2, 100_000


@dataclass(frozen=True)
class BuiltImage:
    """An image that StartOS loads: its tar, its id in the manifest, and the processor of the servers that load it.

    `tree` is None if its files are unknown.
    """

    file: str
    id: str
    processor: str | None
    config: ImageConfig
    tree: "FileTree | None"

    def is_of(self, procedure: Procedure) -> bool:
        """Return whether a procedure runs in this image."""
        image = procedure.node.get("image")
        return (
            procedure.kind == "docker"
            and not procedure.node.is_true("system")
            and bool(image and image.text == self.id)
        )


@dataclass(frozen=True)
class _Read:
    images: tuple[BuiltImage, ...]
    damaged: tuple[tuple[str, str], ...]


def built_images(wrapper: Wrapper) -> Sequence[BuiltImage]:
    """Return the images that can be read."""
    return _read(wrapper).images


def damaged_images(wrapper: Wrapper) -> Sequence[tuple[str, str]]:
    """Return the tars that no container engine can load, and what is wrong with them."""
    return _read(wrapper).damaged


def named(files: Sequence[str]) -> str:
    """Return the names of tars for a message."""
    return " and ".join(dict.fromkeys(PurePosixPath(file).name for file in files))


@lru_cache(maxsize=1)
def _read(wrapper: Wrapper) -> _Read:
    # Without a valid tag, no procedure runs in an image of the tar.
    tars = [tar for tar in loaded_tars(wrapper) if tar.tags]
    if not tars:
        return _Read((), ())
    from startos_wrapper.files.images.image_tar import read_images

    images: list[BuiltImage] = []
    damaged: list[tuple[str, str]] = []
    for tar in tars:
        try:
            images += [found for stored in read_images(wrapper.root / tar.name) for found in _built(tar, stored)]
        except NoConfigError:
            # Nothing to compare with.
            continue
        except ImageError as error:
            damaged.append((tar.file, str(error)))
        except (TooLargeError, UnreadableError):
            continue
    return _Read(tuple(images), tuple(damaged))


def _built(tar: Tar, stored: "StoredImage") -> list[BuiltImage]:
    """Return an image under each of its ids. Raises: ImageError, UnreadableError."""
    from startos_wrapper.files.images.layer import Budget, UnknownCompressionError

    tree: FileTree | None = None
    if stored.layers:
        try:
            tree = stored.files(Budget(_MOST_BYTES, _MOST_MEMBERS))
        except (TooLargeError, UnknownCompressionError):
            tree = None
    stem = PurePosixPath(tar.name).stem
    processor = stem if stem in processors() else None
    ids = dict.fromkeys(tag.image for tag in tar.tags if tag.text in stored.tags)
    return [BuiltImage(tar.file, id, processor, stored.config, tree) for id in ids]
