"""Create a backup twice, with the service stopped and its data read-only. S/manager/mod.rs:263-304"""

from typing import Any

from startos_wrapper.files.manifest.compat_home import hides_home
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.manifest.wording import shown
from startos_wrapper.rehearse.calling import call, failure, is_readonly_error
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.volumes import BACKUP, Access, Kind

# eCryptfs encrypts the names on the drive, which makes them longer. S/disk/mount/filesystem/ecryptfs.rs:26
_LONGEST_NAME = 143
# FAT and network drives have none of these.
_SPECIAL = {"link": "symbolic links", "pipe": "pipes", "socket": "sockets", "device": "devices"}


def run(rehearsal: Rehearsal) -> None:
    """Run backup.create as StartOS does, and again over the first backup, as StartOS does each time."""
    procedure = rehearsal.package.procedure("backup", "create")
    if procedure is None:
        raise SkippedError("the manifest has no backup")
    was_started = rehearsal.service.is_started
    if was_started:
        rehearsal.service.stop()
    try:
        has_data = any(_checksums(rehearsal, each.name)["kinds"].get("file") for each in _data(rehearsal))
        if not has_data and not rehearsal.was_started:
            raise SkippedError("the service never started, so it wrote nothing that a backup could save")
        rehearsal.progress("the first one")
        _create(rehearsal, procedure)
        _look_at_backup(rehearsal, has_data)
        rehearsal.progress("a second one over it")
        try:
            _create(rehearsal, procedure)
        except StepFailedError as error:
            error.args = (f"{error}; the first backup worked, the second over it doesn't",)
            raise
        rehearsal.has_backup = True
    finally:
        if was_started:
            rehearsal.service.start()


def _data(rehearsal: Rehearsal) -> list[Any]:
    return rehearsal.installed.volumes.of_kind(Kind.DATA)


def _checksums(rehearsal: Rehearsal, volume: str) -> dict[str, Any]:
    found: dict[str, Any] = rehearsal.helper.ask("checksums", volume=volume, name=f"backup-of-{volume}")
    return found


def _create(rehearsal: Rehearsal, procedure: Procedure) -> None:
    try:
        call(rehearsal, procedure, access=Access.BACKUP)
    except StepFailedError as error:
        if error.outcome is None:
            raise
        hidden = [(name, path) for name, path in procedure.mounted.items() if hides_home(path)]
        if procedure.is_on_compat and hidden:
            name, path = hidden[0]
            what = f"it mounts {name} at {path}, read-only, where duplicity keeps its own files"
            todo = f"Mount {name} at /mnt/data in backup.create and backup.restore, and give compat that path."
            place = rehearsal.place(*procedure.path, "mounts", name)
            raise StepFailedError(
                f"backup.create: {what}", todo=todo, outcome=error.outcome, log=error.log, place=place
            ) from error
        if is_readonly_error(error.outcome):
            known = failure(rehearsal, procedure, error.outcome)
            what = f"it writes into {_written(procedure, error.log)}, but StartOS mounts data read-only during a backup"
            raise StepFailedError(
                f"backup.create: {what}",
                todo="Write into the BACKUP volume only, also temporary files such as dumps.",
                outcome=error.outcome,
                log=error.log,
                place=known.place,
            ) from error
        raise


def _written(procedure: Procedure, log: str) -> str:
    """Return the volume whose mount point an error names."""
    mounts = {name: path for name, path in procedure.mounted.items() if name != BACKUP}
    named = [name for name, path in sorted(mounts.items(), key=lambda each: -len(each[1])) if path in log]
    return f"the volume {named[0]} at {mounts[named[0]]}" if named else "a data volume"


def _look_at_backup(rehearsal: Rehearsal, has_data: bool) -> None:
    """Look at what's in the backup. Raises: StepFailedError if it's empty."""
    place = rehearsal.place("backup", "create")
    found = _checksums(rehearsal, rehearsal.installed.volumes.by_id[BACKUP].name)
    if not found["kinds"].get("file"):
        if not has_data:
            rehearsal.warn("the service wrote no data yet, so the backup is empty", place)
            return
        procedure = rehearsal.package.procedure("backup", "create")
        is_mounted = procedure is None or procedure.kind == "script" or BACKUP in procedure.mounted
        what = "it writes nothing into BACKUP" if is_mounted else "it doesn't mount BACKUP, so the backup is empty"
        todo = "Copy the data to the mount point of BACKUP." if is_mounted else "Add BACKUP to its mounts."
        raise StepFailedError(f"backup.create: {what}", todo=todo, place=place)
    longest = found["longest"]
    if len(longest.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        what = f"the name {shown(longest)} in the backup has more than {_LONGEST_NAME} bytes, too many for a drive"
        rehearsal.warn(what, place)
    special = [word for kind, word in _SPECIAL.items() if found["kinds"].get(kind)]
    if special:
        rehearsal.warn(f"the backup has {' and '.join(special)}, which not every drive can hold", place)
