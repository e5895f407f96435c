"""Which rehearsals run on this machine, and removing what killed ones left."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from startos_wrapper.errors import CannotError
from startos_wrapper.interrupts import uninterrupted
from startos_wrapper.rehearse.docker import Docker

_SUFFIX = ".lock"


def folder() -> Path:
    """Return the folder with a file for each rehearsal, which is locked while the rehearsal runs."""
    from platformdirs import user_cache_path

    return user_cache_path("startos-wrapper") / "rehearsals"


@contextmanager
def new_run() -> Iterator[Docker]:
    """Provide a new id, after removing what dead runs left. At the end, remove everything that has this id.

    Raises: CannotError if Docker doesn't run, or if something can't be removed.
    """
    engine = _engine()
    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotError(f"{place}: can't be created ({error.strerror})") from error
    _bury(place, engine)
    docker = Docker(secrets.token_hex(4))
    path = place / f"{docker.run}{_SUFFIX}"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(engine)
        lock.flush()
        try:
            yield docker
        finally:
            with uninterrupted():
                _remove(docker, path)


def _engine() -> str:
    """Return the id of the engine. Raises: CannotError if there is none."""
    docker = Docker("")
    # Without an engine, `docker info` of Docker 20.10 only says that the format is wrong.
    docker.version("{{.Server.Version}}")
    return docker.output("info", "--format", "{{.ID}}", timeout=60)


def _remove(docker: Docker, path: Path) -> None:
    left = docker.remove_all()
    if left:
        more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
        raise CannotError(f"can't remove the {left[0]}{more}; the next rehearsal tries again")
    path.unlink(missing_ok=True)


def _bury(place: Path, engine: str) -> None:
    """Remove what runs left that were killed. Only those of this user on this machine are known."""
    for path in sorted(place.glob(f"*{_SUFFIX}")):
        with suppress(OSError), path.open() as lock:
            # A file that was just created may not be locked yet, but is still empty.
            if _is_free(lock) and lock.read() == engine:
                _remove(Docker(path.stem), path)


def _is_free(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
