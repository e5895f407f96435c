"""Read an image from a tar."""

import re
import shlex
from pathlib import Path

from startos_wrapper.errors import CannotError, RefusedError
from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageError
from startos_wrapper.files.images.image_tar import StoredImage, read_images
from startos_wrapper.files.images.layer import Budget, UnknownCompressionError
from startos_wrapper.files.source import TooLargeError, UnreadableError
from startos_wrapper.upstream_image.choice import chosen, differences, is_pinned
from startos_wrapper.upstream_image.seen import Seen

# The user waits for this image only. It takes half a minute.
_MOST_BYTES, _MOST_MEMBERS = 8 * 1024**3, 1_000_000


def read_saved(path: Path) -> Seen:
    """Return what a tar says about an image. Raises: CommandError."""
    if path.is_dir():
        raise RefusedError(f"{path}: is a folder; for an OCI layout, pass a tar of it: tar -cf image.tar -C {path} .")
    try:
        images = read_images(path)
        if not images:
            raise RefusedError(f"{path}: contains no image")
        image = chosen(images, _processor)
        tree, unread = _files(image)
    except ImageError as error:
        raise RefusedError(f"{path} {error}; {_todo(path, str(error))}") from error
    except TooLargeError as error:
        # The members of the tar are named after its file.
        what = str(error).removeprefix(f"{path.name}: ")
        raise RefusedError(f"{path}: {what}; is it an image that `docker save` wrote?") from error
    except UnreadableError as error:
        raise CannotError(f"{path}: {error}") from error
    same = {each.config.platform: each for each in images if each.tags == image.tags}
    # An image of a wrapper isn't an upstream image.
    pinned = max(filter(_is_upstream, image.tags), key=_exactness, default=None)
    name = pinned or next(iter(image.tags), path.name)
    notes = [f"The image is also named {tag}." for tag in image.tags if tag != name]
    if len(images) > len(same):
        notes.append(f"The tar contains {len(images)} images. This is {name if image.tags else 'the first'}.")
    return Seen(
        name=name,
        source=str(path),
        config=image.config,
        platforms=image.platforms or (image.config.platform,),
        is_complete=bool(image.platforms),
        pinned=pinned,
        tree=tree,
        unread=unread,
        notes=(*notes, *differences(image.config, [each.config for each in same.values()])),
    )


def _processor(image: StoredImage) -> str | None:
    return image.config.processor


def _is_upstream(tag: str) -> bool:
    return is_pinned(tag) and not tag.startswith("start9/")


def _exactness(tag: str) -> int:
    """Return how many numbers a tag has: nginx:1.27.3 is more exact than nginx:1."""
    return len(re.findall(r"\d+", tag.rpartition(":")[2]))


def _todo(path: Path, fault: str) -> str:
    compressed = re.fullmatch(r"is compressed with (\w+)", fault)
    if compressed:
        # All of these programs have this option.
        return f"unpack it: {compressed[1]} -dc {shlex.quote(str(path))} >image.tar"
    return "save the image again with `docker save --output FILE IMAGE`"


def _files(image: StoredImage) -> tuple[FileTree | None, str]:
    """Return the files of an image, or None and the reason why we don't know them. Raises: ImageError."""
    if not image.config.is_linux:
        return None, "The files of the image weren't read, because it isn't for Linux."
    try:
        return image.files(Budget(_MOST_BYTES, _MOST_MEMBERS)), ""
    except UnknownCompressionError as error:
        return None, f"The files of the image weren't read, because a layer is compressed with {error}."
    except TooLargeError as error:
        return None, f"The files of the image weren't read: {error}."
