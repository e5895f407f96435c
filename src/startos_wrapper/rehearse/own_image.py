"""Build one of the command's own images once, and reuse it in later rehearsals."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker, bounded

# Debian's servers may be slow.
_PATIENCE = 1800
# The builder must put the image into the engine, and for its own processor.
_NOT_OURS = ("BUILDX_BUILDER", "DOCKER_DEFAULT_PLATFORM")
_LAST_LINES = 5


def own_image(docker: Docker, repository: str, files: Iterable[tuple[str, bytes]], say: Callable[[], None]) -> str:
    """Return the tag of an image that is built from these files, by their names. `say` is called before a build.

    Raises: CannotError with the last lines that Docker printed.
    """
    context = _context(files)
    tag = f"{repository}:{hashlib.sha256(context).hexdigest()[:12]}"
    if docker.try_("image", "inspect", "--format", "{{.Id}}", tag, timeout=60).code == 0:
        return tag
    say()
    kept = {name: os.environ.pop(name) for name in _NOT_OURS if name in os.environ}
    try:
        done = bounded(docker.command("build", "--quiet", "--tag", tag, "-"), context, _PATIENCE)
    finally:
        os.environ.update(kept)
    if done.code == 0:
        return tag
    lines = [line for line in done.errors.decode("utf-8", "replace").splitlines() if line.strip()]
    raise CannotError("Docker said:", *(f"  {line}" for line in lines[-_LAST_LINES:]))


def _context(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the build context as a tar, the same bytes for the same files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()
