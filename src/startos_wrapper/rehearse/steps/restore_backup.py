"""Restore the backup into empty volumes, and compare. S/backup/restore.rs:303-461, S/install/mod.rs:1064-1069"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from startos_wrapper.files.manifest.duplicity import duplicity_of
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.manifest.wording import shown
from startos_wrapper.rehearse.backup_ignore import Rule, below, rules_of
from startos_wrapper.rehearse.calling import call
from startos_wrapper.rehearse.configuring import configure, first_difference, get_form
from startos_wrapper.rehearse.outcome import Outcome, SkippedError, StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.volumes import Access, Kind, Volume
from startos_wrapper.rehearse.waiting import live_after

_IGNORED = ".backupignore"
_MOST_SHOWN = 10
# What duplicity doesn't save.
_UNSAVED = ["socket"]
_RIGHTS = ("mode", "owner", "group")


def run(rehearsal: Rehearsal) -> None:
    """Wipe the data, restore it, compare it, and bring the service up again as the user does."""
    procedure = rehearsal.package.procedure("backup", "restore")
    if procedure is None or not rehearsal.has_backup:
        raise SkippedError("there is no complete backup")
    rehearsal.service.stop()
    volumes = rehearsal.installed.volumes.of_kind(Kind.DATA)
    before = {each.id: _checksums(rehearsal, each, "before") for each in volumes}
    rules = _rules(rehearsal)
    for each in volumes:
        rehearsal.helper.ask("wipe", volume=each.name)
    rehearsal.progress("restoring")
    outcome = _restore(rehearsal, procedure)
    rehearsal.progress("comparing")
    for each in volumes:
        after = _checksums(rehearsal, each, "after")
        is_lost = _entries(before[each.id]) > 0 and _entries(after) == 0
        _compare(rehearsal, each, is_lost, rules.get(each.id, []), outcome)
    _bring_up(rehearsal)


def _checksums(rehearsal: Rehearsal, volume: Volume, when: str) -> dict[str, Any]:
    found: dict[str, Any] = rehearsal.helper.ask("checksums", volume=volume.name, name=f"{when}-{volume.name}")
    return found


def _rules(rehearsal: Rehearsal) -> Mapping[str, list[Rule]]:
    """Return what the backup leaves out of each volume. Only compat reads a `.backupignore`, from the data folder."""
    create = duplicity_of(rehearsal.package.wrapper.procedures, "create")
    if create is None:
        return {}
    positions = {id: create.position(id) for id in create.mounts}
    top = next((id for id, where in positions.items() if where and where[0] == "."), None)
    volume = rehearsal.installed.volumes.by_id.get(top or "")
    if volume is None:
        return {}
    within = positions[volume.id]
    path = str(PurePosixPath(within[1] if within else ".", _IGNORED))
    rules = rules_of(rehearsal.helper.ask("read", volume=volume.name, path=path) or "")
    return {id: below(rules, where[0]) for id, where in positions.items() if where}


def _restore(rehearsal: Rehearsal, procedure: Procedure) -> Outcome:
    try:
        return call(rehearsal, procedure, access=Access.RESTORE)
    except StepFailedError as error:
        found = duplicity_of(rehearsal.package.wrapper.procedures, "restore")
        if found is None or not found.is_reversed:
            raise
        given = f"{procedure.args[2].text} {procedure.args[3].text}"
        what = f"backup.restore: its arguments are in the wrong order: {given} names the data before the backup"
        place = rehearsal.place(*procedure.path, "args")
        todo = f"Write {procedure.args[3].text} before {procedure.args[2].text}, as in backup.create."
        raise StepFailedError(what, todo=todo, outcome=error.outcome, log=error.log, place=place) from error


def _entries(counted: Mapping[str, Any]) -> int:
    """Return how many files and folders are in a volume, without its root and sockets."""
    kinds: dict[str, int] = counted["kinds"]
    return sum(number for kind, number in kinds.items() if kind not in _UNSAVED) - 1


def _compare(rehearsal: Rehearsal, volume: Volume, is_lost: bool, rules: list[Rule], outcome: Outcome) -> None:
    """Compare a volume with what was in it. Raises: StepFailedError."""
    found = rehearsal.helper.ask(
        "compare", before=f"before-{volume.name}", after=f"after-{volume.name}", ignore=rules, kinds=_UNSAVED
    )
    if not found["count"]:
        return
    differences = found["differences"]
    place = rehearsal.place("backup", "create", "mounts", volume.id)
    log = "\n".join(map(_described, differences[:_MOST_SHOWN]))
    if is_lost:
        what, todo = _why_all_lost(rehearsal, volume)
        raise StepFailedError(what, todo=todo, outcome=outcome, log=log, place=place)
    what = f"backup.restore: {_counted(found['count'])} in the volume {volume.id}: {_described(differences[0])}"
    if _is_dump(rehearsal) and any(not _differs_only_in(each, _RIGHTS) for each in differences):
        rehearsal.warn(f"{what}; that's only right if the backup is a dump", place)
        return
    todo = "Let the restore bring back every file with its content, mode and owner."
    if all(_differs_only_in(each, _RIGHTS) for each in differences):
        todo = "Copy with modes and owners: cp -a, rsync -a or tar with --same-owner."
    raise StepFailedError(what, todo=todo, outcome=outcome, log=log, place=place)


def _why_all_lost(rehearsal: Rehearsal, volume: Volume) -> tuple[str, str]:
    """Return why nothing of a volume comes back, and what to do."""
    create = duplicity_of(rehearsal.package.wrapper.procedures, "create")
    head = f"backup.restore: nothing of the volume {volume.id} comes back"
    for verb in ("create", "restore"):
        procedure = rehearsal.package.procedure("backup", verb)
        if procedure and procedure.kind == "docker" and volume.id not in procedure.mounted:
            return f"{head}: backup.{verb} doesn't mount it", f"Add {volume.id} to the mounts of backup.{verb}."
    if create and create.position(volume.id) is None:
        path = create.mounts[volume.id]
        return (
            f"{head}: backup.create saves {create.folder}, but the volume is at {path}",
            f"Give compat {path}, or a folder that contains it, in backup.create and backup.restore.",
        )
    return head, "Let backup.create save it, and backup.restore bring it back."


def _is_dump(rehearsal: Rehearsal) -> bool:
    """Return whether a program of the package makes the backup, which may be a dump instead of a copy."""
    create = rehearsal.package.procedure("backup", "create")
    return create is not None and create.kind == "docker" and not create.is_on_compat


def _differs_only_in(difference: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    before, after = difference["before"], difference["after"]
    return bool(before and after) and all(before[name] == after[name] for name in before if name not in names)


def _counted(count: int) -> str:
    return "1 file or folder differs" if count == 1 else f"{count} files and folders differ"


def _described(difference: Mapping[str, Any]) -> str:
    """Say what differs in one path."""
    before, after, path = difference["before"], difference["after"], shown(difference["path"])
    if path == ".":
        path = "the volume's root"
    if not after:
        return f"{path} is missing"
    if not before:
        return f"{path} wasn't there before"
    for name in ("kind", *_RIGHTS, "size", "content"):
        old, new = before[name], after[name]
        if old != new:
            if name == "content":
                return f"{path} has another content"
            return (
                f"{path} has the {name} {new:o} instead of {old:o}"
                if name == "mode"
                else (f"{path} has the {name} {new} instead of {old}")
            )
    return f"{path} differs"


def _bring_up(rehearsal: Rehearsal) -> None:
    """Configure, start, and wait until it's healthy. The user has to do the first two. S/install/mod.rs:980"""
    if rehearsal.package.manifest.get("config") is not None and rehearsal.config is not None:
        rehearsal.progress("configuring again")
        rehearsal.is_configured, stored = False, rehearsal.config
        restored = get_form(rehearsal).config
        if restored is None or first_difference(stored, restored, tuple(stored)):
            what = (
                "config.get: after the restore, it returns no config"
                if restored is None
                else (
                    f"config.get: after the restore, it returns another value for "
                    f"`{first_difference(stored, restored, tuple(stored))}`"
                )
            )
            todo = "Keep the config in a volume that backup.create saves."
            raise StepFailedError(what, todo=todo, place=rehearsal.place("config", "get"))
        configure(rehearsal)
    if not rehearsal.is_configured:
        return
    rehearsal.progress("starting again")
    if rehearsal.was_healthy:
        live_after(rehearsal, "after the restore, ")
    else:
        rehearsal.service.start()
        rehearsal.warn("the service wasn't healthy before the backup, so this didn't wait for it")
        rehearsal.service.stop()
