"""Stand in for a StartOS server that creates and restores backups, with the real duplicity.

The container is `container.sh`, and its `compat` is the one that `rehearse` uses. Only root can mount volumes and change
owners.
"""

import hashlib
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from startos_wrapper.rehearse import inside
from tests.support.limits import HUNG
from tests.support.tools import absent, require

HERE = Path(__file__).parent
COMPAT = """#!/bin/sh
PYTHONPATH=/usr/local/bin/lib exec python3 -B -m startos_wrapper.rehearse.inside.compat_program "$@"
"""
Manifest = dict[str, Any]
# Path -> type, mode, owner, group, and content, target or nothing.
State = dict[str, tuple[str, int, int, int, str]]


@dataclass
class Server:
    """The volumes of one service, the package's assets, and the backup drive."""

    folder: Path

    def __post_init__(self) -> None:
        for program in ("duplicity", "unshare", "chroot"):
            require(program)
        if os.geteuid():
            absent("only root can mount the volumes")
        for name in ("root", "tools", "BACKUP"):
            (self.folder / name).mkdir()
        compat = self.folder / "tools" / "compat"
        compat.write_text(COMPAT)
        compat.chmod(0o755)
        package = Path(inside.__file__).parent
        shutil.copytree(package, self.folder / "tools" / "lib" / "startos_wrapper" / "rehearse" / package.name)

    @property
    def backup(self) -> Path:
        """The backup drive."""
        return self.folder / "BACKUP"

    def volume(self, id: str) -> Path:
        """Return the folder of a volume, which the OS creates if it's missing. S/procedure/docker.rs:689-692"""
        folder = self.folder / "volumes" / id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run(self, manifest: Manifest, step: str) -> subprocess.CompletedProcess[str]:
        """Run `backup.create` or `backup.restore` of a manifest as the OS does.

        It mounts data read-only to create a backup, and the backup read-only to restore one. S/backup/mod.rs:98-189,
        S/backup/restore.rs:375-445
        """
        procedure = manifest["backup"][step]
        assert (procedure["type"], procedure["image"], procedure["system"]) == ("docker", "compat", True)
        lines = []
        for id, target in procedure["mounts"].items():
            source = self.backup if id == "BACKUP" else self.volume(id)
            writable = step == ("create" if id == "BACKUP" else "restore")
            if id != "BACKUP" and manifest["volumes"][id]["type"] == "assets":
                writable = False
            lines.append(f"{'rw' if writable else 'ro'} {source} {target}\n")
        mounts = self.folder / "mounts"
        mounts.write_text("".join(lines))
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "sh", HERE / "container.sh", self.folder / "root",
             self.folder / "tools", mounts, procedure["entrypoint"], *procedure.get("args", [])],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HUNG,
        )  # fmt: skip

    def create(self, manifest: Manifest) -> None:
        """Create a backup, which must succeed and must not change the data."""
        self._succeed(manifest, "create")

    def restore(self, manifest: Manifest) -> State:
        """Install the service again with empty volumes, restore the backup, and return what came back."""
        for id, volume in manifest["volumes"].items():
            if volume["type"] == "data":
                shutil.rmtree(self.volume(id))
                self.volume(id)
        self._succeed(manifest, "restore")
        return self.state()

    def _succeed(self, manifest: Manifest, step: str) -> None:
        done = self.run(manifest, step)
        assert done.returncode == 0, done.stdout

    def state(self) -> State:
        """Return all that's in the volumes, and the modes and owners of the volumes themselves."""
        top = self.folder / "volumes"
        return {str(path.relative_to(top)): _entry(path) for path in sorted(top.rglob("*"))}


def _entry(path: Path) -> tuple[str, int, int, int, str]:
    status = path.lstat()
    content = ""
    if path.is_symlink():
        content = str(path.readlink())
    elif path.is_file():
        content = f"{int(status.st_mtime)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return stat.filemode(status.st_mode)[0], stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, content
