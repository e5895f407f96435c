"""Rules about mounts and backups that StartOS accepts, but that don't work."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.procedures import in_container
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.paths import related
from startos_wrapper.files.wrapper import Wrapper

_BACKUPS: dict[tuple[str, ...], str] = {("backup", "create"): "create", ("backup", "restore"): "restore"}


@checks("W512", startos="0.3.5")
def backup_mounted_elsewhere(wrapper: Wrapper) -> Iterator[Finding]:
    """Find BACKUP outside of backup: verify accepts it, but it isn't mounted. S/procedure/docker.rs:683-703"""
    for procedure in in_container(wrapper):
        if procedure.path not in _BACKUPS and "BACKUP" in procedure.mounts.keys:
            what = f"{procedure.name} mounts BACKUP, which only exists while a backup is created or restored"
            yield Finding("W512", wrapper.at(procedure.mounts.keys["BACKUP"]), what, "remove the mount")


@checks("W518", startos="0.3.5")
def never_mounted(wrapper: Wrapper) -> Iterator[Finding]:
    """Find volumes that no procedure mounts, except assets volumes, which scripts can read without a mount."""
    if not wrapper.procedures:
        return
    used = {name for procedure in wrapper.procedures for name in procedure.mounted}
    for name, kind in wrapper.volumes.items():
        if kind in ("data", "pointer", "certificate") and name not in used:
            what = f"No procedure mounts the volume {name}"
            yield Finding("W518", wrapper.at_key("volumes", name), what, "mount it in main, or remove it")


@checks("W519", startos="0.3.5")
def not_backed_up(wrapper: Wrapper) -> Iterator[Finding]:
    """Find data volumes that aren't in a backup. Scripts aren't checked, because they don't need mounts."""
    for procedure in in_container(wrapper):
        verb = _BACKUPS.get(procedure.path)
        for name, kind in wrapper.volumes.items() if verb else ():
            if kind == "data" and name not in procedure.mounts.fields:
                lost = "isn't in the backup" if verb == "create" else "isn't restored"
                what = f"The data volume {name} {lost}, because {procedure.name} doesn't mount it"
                key = procedure.node.keys.get("mounts")
                place = wrapper.at(key) if key else wrapper.at_key(*procedure.path)
                yield Finding("W519", place, what, f"mount {name} in backup.{verb} and make the command include it")


@checks("W520", "W526", startos="0.3.5")
def duplicity(wrapper: Wrapper) -> Iterator[Finding]:
    """Check `duplicity create|restore BACKUP DATA`, as the compat image expects it. system-images/compat/src/main.rs"""
    for procedure in in_container(wrapper):
        verb, args = _BACKUPS.get(procedure.path), procedure.args
        image = procedure.node.get("image")
        if not verb or not args or args[0].value != "duplicity" or image is None or image.text != "compat":
            continue
        mounts = procedure.mounted
        backup = mounts.pop("BACKUP", "")
        texts = [arg.text or "" for arg in args]
        if len(texts) == 4 and texts[1] == verb and _at_backup(texts[2], backup) and _in_data(texts[3], mounts):
            continue
        if len(texts) == 4 and texts[1] == verb and _at_backup(texts[3], backup) and _in_data(texts[2], mounts):
            yield _reversed(wrapper, procedure, args)
        else:
            what = f"{procedure.name}: the image compat expects the arguments `duplicity {verb} BACKUP DATA`"
            todo = f"write duplicity, {verb}, {backup or 'the mount point of BACKUP'}, the mount point of the data"
            yield Finding("W526", wrapper.at(args[0]), what, todo)


def _at_backup(path: str, backup: str) -> bool:
    return bool(backup) and PurePosixPath(path) == PurePosixPath(backup)


def _in_data(path: str, mounts: dict[str, str]) -> bool:
    return any(related(path, mount) for mount in mounts.values())


def _reversed(wrapper: Wrapper, procedure: Procedure, args: list[Node]) -> Finding:
    source = wrapper.manifest_source
    assert source is not None  # the nodes come from it
    first, second = ((arg.start, arg.end) for arg in args[2:4])
    fixes = (
        source.edit(*first, source.text[second[0] : second[1]]),
        source.edit(*second, source.text[first[0] : first[1]]),
    )
    what = f"{procedure.name} has the data before the backup, but compat expects the path of the backup first"
    return Finding("W520", wrapper.at(args[2]), what, f"write {args[3].text} before {args[2].text}", fixes)


@checks("W524", "W525", startos="0.3.5")
def mount_paths(wrapper: Wrapper) -> Iterator[Finding]:
    """Find relative mount points, which the container engine rejects, and two mounts with the same mount point."""
    for procedure in in_container(wrapper):
        taken: dict[PurePosixPath, str] = {}
        for name, path in procedure.mounted.items():
            node = procedure.mounts.fields[name]
            if not path.startswith("/"):
                where = path or "an empty path"
                what = (
                    f"{procedure.name} mounts {name} at {where}, which isn't absolute, so the container doesn't start"
                )
                yield Finding("W524", wrapper.at(node), what, f"write /{path}")
            elif (other := taken.setdefault(PurePosixPath(path), name)) != name:
                what = f"{procedure.name} mounts {name} where {other} is already mounted, so one hides the other"
                yield Finding("W525", wrapper.at(node), what, "choose another path for one of them")
