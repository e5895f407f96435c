"""Publish debian:bookworm-slim, on which `rehearse` builds its image compat, to the tests' registry.

.ci/slim makes it with Debian's own tools. Unlike the public image, it holds the packages that compat installs, and apt
fetches from there.
"""

from tests.images.engine import CURRENT, STORAGE, Engine

NAME = "library/debian:bookworm-slim"
TAR = CURRENT / "slim" / "slim.tar"


def publish(engine: Engine) -> None:
    """Push the image to the engine's registry, unless it already has it."""
    mark = STORAGE / "published" / "library_debian"
    wanted = str(TAR.resolve())
    if mark.exists() and mark.read_text() == wanted:
        return
    name = f"{engine.registry}/{NAME}"
    engine.docker("import", "--change", 'CMD ["bash"]', str(TAR), name)
    engine.docker("push", name)
    engine.docker("rmi", name)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(wanted)
