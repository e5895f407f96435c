"""Which image of several is shown, by which name it's always the same one, and whether StartOS can run it."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from startos_wrapper.data import pattern, processors
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.images.image_config import ImageConfig, processor_of

_T = TypeVar("_T")


def chosen(images: Sequence[_T], processor: Callable[[_T], str | None]) -> _T:
    """Return the first image for the first processor that StartOS runs on, or else the first image."""
    known = ((arch, image) for arch in processors() for image in images if processor(image) == arch)
    return next(known, (None, images[0]))[1]


def is_pinned(name: str) -> bool:
    """Return whether a name always means the same image."""
    return bool(pattern("image").fullmatch(name) and pattern("pinned_image").fullmatch(name))


def differences(shown: ImageConfig, others: Iterable[ImageConfig]) -> list[str]:
    """Return a note for each other processor whose image needs other answers."""
    differing = {each.processor for each in others if each.processor and _answers(each) != _answers(shown)}
    return [f"For {arch}, the image's config differs from the one above." for arch in sorted(differing)]


def _answers(config: ImageConfig) -> tuple[object, ...]:
    return (config.entrypoint, config.cmd, config.volumes, config.exposed, config.user, config.signal)


def require_processor(name: str, platforms: Sequence[str]) -> None:
    """Raise RefusedError if StartOS runs on none of the platforms of an image. An empty one is unknown."""
    if "" in platforms or any(map(processor_of, platforms)):
        return
    # An image for Windows lists a platform for each version.
    listed = ", ".join(dict.fromkeys(platforms))
    ours = ", ".join(each.platform for each in processors().values())
    raise RefusedError(
        f"{name}: this image is for {listed}, and StartOS only runs images for {ours}; choose another image or tag"
    )
