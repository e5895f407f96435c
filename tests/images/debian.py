"""Publish debian:bookworm-slim and debian:trixie-slim, on which `rehearse` builds its images, to the tests' registry.

.ci/slim makes them with Debian's own tools. Unlike the public images, they hold the packages that `rehearse` installs,
and apt fetches from there.
"""

from tests.images.engine import CURRENT, STORAGE, Engine

# The names, and the files in the folder that .ci/engine fills.
IMAGES = {"library/debian:bookworm-slim": "slim.tar", "library/debian:trixie-slim": "trixie.tar"}


def publish(engine: Engine) -> None:
    """Push the images to the engine's registry, unless it already has them."""
    for image, file in IMAGES.items():
        _publish(engine, image, file)


def _publish(engine: Engine, image: str, file: str) -> None:
    tar = CURRENT / "slim" / file
    mark = STORAGE / "published" / image.partition(":")[0].replace("/", "_")
    if file != "slim.tar":
        mark = mark.with_name(f"{mark.name}_{tar.stem}")
    wanted = str(tar.resolve())
    if mark.exists() and mark.read_text() == wanted:
        return
    name = f"{engine.registry}/{image}"
    engine.docker("import", "--change", 'CMD ["bash"]', str(tar), name)
    engine.docker("push", name)
    engine.docker("rmi", name)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(wanted)
