"""The image that stands in for StartOS's image compat, and in which `rehearse` works inside volumes."""

from collections.abc import Callable, Iterator
from importlib.resources import files

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.own_image import own_image

_REPOSITORY = "startos-wrapper/compat"
_PACKAGE = "startos_wrapper.rehearse.inside"


def compat_image(docker: Docker, say: Callable[[str], None] = lambda _: None) -> str:
    """Return the tag of the image, after building it if the engine doesn't have it. Later rehearsals reuse it.

    Raises: CannotError if it can't be built, e.g. without a network.
    """
    what = "building the image compat from Debian's packages, once: a minute or two"
    try:
        return own_image(docker, _REPOSITORY, _members(), lambda: say(what))
    except CannotError as error:
        raise CannotError(
            "can't build the image compat, which takes the place of StartOS's own. The first rehearsal needs a network"
            f" for the image debian:bookworm-slim and its packages. {error}",
            *error.more,
        ) from error


def _members() -> Iterator[tuple[str, bytes]]:
    folder = files(_PACKAGE)
    yield "Dockerfile", folder.joinpath("Dockerfile").read_bytes()
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".py"):
            yield f"{_PACKAGE.replace('.', '/')}/{file.name}", file.read_bytes()
