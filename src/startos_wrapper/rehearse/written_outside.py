"""What a container wrote outside its volumes, and so loses whenever StartOS starts it again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from startos_wrapper.files.images.image_config import may_be_lost
from startos_wrapper.files.paths import is_in
from startos_wrapper.rehearse.docker import Docker

# How many paths are kept for each run.
_MOST = 10_000
_SECONDS = 120
# Where nobody expects anything to stay. Docker writes into /etc and /dev itself.
_PASSING = ("/tmp", "/run", "/var/run", "/var/tmp", "/var/lock", "/dev", "/proc", "/sys")
# Lists the files that aren't as Docker made them: it fills a volume without a name with what the image has there.
_COMPARE = """
import os
def known(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            found[os.path.relpath(path, folder)] = (os.lstat(path).st_size, os.lstat(path).st_mtime_ns)
    return found
made = known("/made")
for path, what in sorted(known("/seen").items()):
    if made.get(path) != what:
        print(path)
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
    found = WrittenOutside(
        {path for path in changed - folders if is_lost(path) and not any(is_in(path, place) for place in places)}
    )
    unnamed = _unnamed(docker, mounts)
    if unnamed:
        found.in_volumes = _in_volumes(docker, helper, str(state["Config"]["Image"]), unnamed)
    return found


def _unnamed(docker: Docker, mounts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the volumes that Docker made because of a VOLUME, by their places."""
    volumes = {str(each.get("Destination")): str(each.get("Name")) for each in mounts if each.get("Type") == "volume"}
    return {place: name for place, name in volumes.items() if not name.startswith(docker.name("")) and is_lost(place)}


def _in_volumes(docker: Docker, helper: str, image: str, volumes: Mapping[str, str]) -> set[str]:
    """Return the files that were written into volumes without a name: those that a new container doesn't have."""
    other = docker.name("new")
    docker.try_("create", "--name", other, *docker.labels, "--entrypoint", "none", image, timeout=_SECONDS)
    try:
        mounts = json.loads(docker.output("inspect", "--format", "{{json .Mounts}}", other, timeout=_SECONDS))
        made = _unnamed(docker, mounts)
        return {
            path
            for place, name in volumes.items()
            if place in made
            for path in _differences(docker, helper, name, made[place], place)
        }
    finally:
        docker.try_("rm", "--force", "--volumes", other, timeout=_SECONDS)


def _differences(docker: Docker, helper: str, seen: str, made: str, place: str) -> set[str]:
    mounts = (f"type=volume,src={seen},dst=/seen,readonly", f"type=volume,src={made},dst=/made,readonly")
    options = ["--rm", *docker.labels, "--network", "none", *(word for each in mounts for word in ("--mount", each))]
    done = docker.try_("run", *options, "--entrypoint", "python3", helper, "-c", _COMPARE, timeout=_SECONDS)
    names = done.output.decode("utf-8", "replace").splitlines()[:_MOST]
    return {path for each in names if is_lost(path := str(PurePosixPath(place, each)))}


def is_lost(path: str) -> bool:
    """Return whether a loss of this path matters: it isn't in a folder for temporary files."""
    return not any(is_in(path, folder) for folder in _PASSING) and not may_be_lost(path)
