"""The image that stands in for StartOS's image compat, and in which `rehearse` works inside volumes."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from importlib.resources import files

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker, bounded

_REPOSITORY = "startos-wrapper/compat"
_PACKAGE = "startos_wrapper.rehearse.inside"
# Debian's servers may be slow.
_PATIENCE = 1800
# The builder must put the image into the engine, and for its own processor.
_NOT_OURS = ("BUILDX_BUILDER", "DOCKER_DEFAULT_PLATFORM")


def compat_image(docker: Docker, say: Callable[[str], None] = lambda _: None) -> str:
    """Return the tag of the image, which is built if the engine doesn't have it. Later rehearsals use it again.

    Raises: CannotError if it can't be built, e.g. without a network.
    """
    context = _context()
    tag = f"{_REPOSITORY}:{hashlib.sha256(context).hexdigest()[:12]}"
    if docker.try_("image", "inspect", "--format", "{{.Id}}", tag, timeout=60).code == 0:
        return tag
    say("building the image compat from Debian's packages, once: a minute or two")
    kept = {name: os.environ.pop(name) for name in _NOT_OURS if name in os.environ}
    try:
        done = bounded(docker.command("build", "--quiet", "--tag", tag, "-"), context, _PATIENCE)
    finally:
        os.environ.update(kept)
    if done.code == 0:
        return tag
    lines = [line for line in done.errors.decode("utf-8", "replace").splitlines() if line.strip()]
    raise CannotError(
        "can't build the image compat, which takes the place of StartOS's own. The first rehearsal needs a network for"
        " the image debian:bookworm-slim and its packages. Docker said:",
        *(f"  {line}" for line in lines[-5:]),
    )


def _context() -> bytes:
    """Return the build context as a tar, the same bytes for the same files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in _members():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


def _members() -> Iterator[tuple[str, bytes]]:
    folder = files(_PACKAGE)
    yield "Dockerfile", folder.joinpath("Dockerfile").read_bytes()
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".py"):
            yield f"{_PACKAGE.replace('.', '/')}/{file.name}", file.read_bytes()
