"""Backups by duplicity in compat, the system image that most wrappers use for backups."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.paths import is_in


@dataclass(frozen=True)
class Duplicity:
    """A backup procedure that runs compat's duplicity: its data folder, and the mount point of each volume.

    `is_reversed` says that its arguments name the data before the drive.
    """

    procedure: Procedure
    data: Node
    mounts: dict[str, str]
    is_reversed: bool

    @property
    def folder(self) -> str:
        """Return the path of the data folder."""
        return self.data.text or ""

    def position(self, volume: str) -> tuple[str, str] | None:
        """Return where a volume is in the backup, and which folder of it, or None if the backup doesn't include it."""
        path = PurePosixPath(self.mounts[volume])
        if is_in(str(path), self.folder):
            return str(path.relative_to(self.folder)), "."
        if is_in(self.folder, str(path)):
            return ".", str(PurePosixPath(self.folder).relative_to(path))
        return None


def duplicity_of(procedures: list[Procedure], verb: str) -> Duplicity | None:
    """Return the procedure `backup.<verb>` if it runs duplicity in the compat image, even with reversed arguments."""
    procedure = next((each for each in procedures if each.path == ("backup", verb)), None)
    if procedure is None or procedure.kind != "docker" or not procedure.is_on_compat or len(procedure.args) != 4:
        return None
    entrypoint, args = procedure.node.get("entrypoint"), procedure.args
    mounts = procedure.mounted
    backup = PurePosixPath(mounts.pop("BACKUP", ""))
    if entrypoint is None or PurePosixPath(entrypoint.text or "").name != "compat" or args[0].value != "duplicity":
        return None
    for drive, data in ((args[2], args[3]), (args[3], args[2])):
        if data.text and PurePosixPath(drive.text or "") == backup:
            return Duplicity(procedure, data, mounts, drive is args[3])
    return None
