"""What a container wrote outside its volumes, and so loses whenever StartOS starts it again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from startos_wrapper.files.images.image_config import may_be_lost
from startos_wrapper.rehearse.docker import Docker, moment

# Of each run, so many paths are kept.
_MOST = 10_000
_SECONDS = 120
# Where nobody expects anything to stay. Docker writes into /etc and /dev itself.
_PASSING = ("/tmp", "/run", "/var/run", "/var/tmp", "/var/lock", "/dev", "/proc", "/sys")
# Lists files that changed after the container started, when Docker had copied what the image has there.
_LIST = """
import os, sys
start, folder = float(sys.argv[1]), sys.argv[2]
for where, _, names in os.walk(folder):
    for name in names:
        path = os.path.join(where, name)
        if os.lstat(path).st_ctime >= start:
            print(os.path.relpath(path, folder))
"""


@dataclass
class WrittenOutside:
    """Paths of files. `in_volumes` are those where the image declares a VOLUME."""

    in_image: set[str] = field(default_factory=set)
    in_volumes: set[str] = field(default_factory=set)

    def add(self, other: "WrittenOutside") -> None:
        """Add what another run wrote."""
        self.in_image |= other.in_image
        self.in_volumes |= other.in_volumes


def written_outside(docker: Docker, helper: str, container: str, state: Mapping[str, Any]) -> WrittenOutside:
    """Return what an ended container wrote, before it's removed. `state` is what `docker inspect` says of it."""
    done = docker.try_("diff", container, timeout=_SECONDS)
    lines = done.output.decode("utf-8", "replace").splitlines()
    mounts = [mount for mount in state.get("Mounts") or () if isinstance(mount, dict)]
    places = [str(mount.get("Destination")) for mount in mounts]
    changed = {line[2:] for line in lines[:_MOST] if line[:2] in ("A ", "C ")}
    # A folder is listed for each change in it.
    folders = {str(parent) for path in changed for parent in PurePosixPath(path).parents}
    found = WrittenOutside({path for path in changed - folders if is_lost(path) and not _is_in(path, places)})
    for mount in mounts:
        name, place = str(mount.get("Name") or ""), str(mount.get("Destination"))
        if mount.get("Type") == "volume" and not name.startswith(docker.name("")) and is_lost(place):
            found.in_volumes |= _in_volume(docker, helper, name, place, str(state["State"]["StartedAt"]))
    return found


def _in_volume(docker: Docker, helper: str, name: str, place: str, started: str) -> set[str]:
    """Return the files in a volume without a name that changed since the start."""
    mount = f"type=volume,src={name},dst=/seen,readonly"
    options = ("--rm", *docker.labels, "--network", "none", "--mount", mount, "--entrypoint", "python3")
    done = docker.try_("run", *options, helper, "-c", _LIST, str(moment(started)), "/seen", timeout=_SECONDS)
    names = done.output.decode("utf-8", "replace").splitlines()[:_MOST]
    return {path for each in names if is_lost(path := str(PurePosixPath(place, each)))}


def is_lost(path: str) -> bool:
    """Return whether a loss of this path matters: it isn't in a folder for temporary files."""
    return not _is_in(path, _PASSING) and not may_be_lost(path)


def _is_in(path: str, folders: "list[str] | tuple[str, ...]") -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)
