"""Read an image from a tar."""

from pathlib import Path

from startos_wrapper.data import pattern, processors
from startos_wrapper.errors import CannotError, RefusedError
from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageError
from startos_wrapper.files.images.image_tar import StoredImage, read_images
from startos_wrapper.files.images.layer import Budget, UnknownCompressionError
from startos_wrapper.files.source import TooLargeError, UnreadableError
from startos_wrapper.image.seen import Seen

# The user waits for this image only. It takes half a minute.
_MOST_BYTES, _MOST_MEMBERS = 8 * 1024**3, 1_000_000


def read_saved(path: Path) -> Seen:
    """Return what a tar says about an image. Raises: CommandError."""
    try:
        images = read_images(path)
        if not images:
            raise RefusedError(f"{path}: contains no image")
        image = _chosen(images)
        tree, unread = _files(image)
    except ImageError as error:
        raise RefusedError(f"{path} {error}; save the image again with `docker save --output FILE IMAGE`") from error
    except TooLargeError as error:
        raise RefusedError(f"{path}: {error}") from error
    except UnreadableError as error:
        raise CannotError(f"{path}: {error}") from error
    tag = next(iter(image.tags), "")
    notes = [] if len(images) == 1 else [f"The tar contains {len(images)} images. This is {tag or 'the first'}."]
    is_pinned = pattern("image").fullmatch(tag) and pattern("pinned_image").fullmatch(tag)
    return Seen(
        name=tag or path.name,
        source=str(path),
        config=image.config,
        platforms=(image.config.platform,),
        is_complete=False,
        # An image of a wrapper isn't an upstream image.
        pinned=tag if is_pinned and not tag.startswith("start9/") else None,
        tree=tree,
        unread=unread,
        notes=tuple(notes),
    )


def _chosen(images: list[StoredImage]) -> StoredImage:
    """Return the first image for a processor that StartOS runs on, or the first one."""
    known = (image for image in images if image.config.processor in processors())
    return next(known, images[0])


def _files(image: StoredImage) -> tuple[FileTree | None, str]:
    """Return the files of an image, or None and the reason why we don't know them. Raises: ImageError."""
    try:
        return image.files(Budget(_MOST_BYTES, _MOST_MEMBERS)), ""
    except UnknownCompressionError as error:
        return None, f"The files of the image weren't read, because a layer is compressed with {error}."
    except TooLargeError as error:
        return None, f"The files of the image weren't read: {error}."
