"""Rules about backups that StartOS starts, but that lose data: what compat is given, and what it does with it."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.procedures import in_container
from startos_wrapper.data import load
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.compat_home import hides_home
from startos_wrapper.files.manifest.duplicity import duplicity_of
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.paths import is_in, related
from startos_wrapper.files.source import Edit, Source
from startos_wrapper.files.wrapper import Wrapper

# Where the template mounts data in compat's container.
_USUAL = "/mnt/data"


@checks("W528", startos="0.3.5")
def outside_of_the_backup(wrapper: Wrapper) -> Iterator[Finding]:
    """Find data that is mounted for duplicity, but isn't in the only folder that duplicity saves."""
    for verb, done in (("create", "saves"), ("restore", "restores")):
        backup = duplicity_of(wrapper.procedures, verb)
        for name, path in backup.mounts.items() if backup else ():
            assert backup is not None
            where = backup.position(name)
            # Unrelated paths altogether are wrong arguments, which W526 reports.
            if wrapper.volumes.get(name) != "data" or not any(map(backup.position, backup.mounts)):
                continue
            place = wrapper.at(backup.procedure.mounts.fields[name])
            head = f"{backup.procedure.name} only {done} {backup.folder}, "
            if where is None:
                what = f"{head}which doesn't contain the volume {name} at {path}"
                yield Finding("W528", place, what, "mount all data below one folder, and give compat that folder")
            elif where[1] != ".":
                what = f"{head}which is just a part of the volume {name} at {path}"
                yield Finding("W528", place, what, f"mount it at {backup.folder} if you need the rest")


@checks("W530", startos="0.3.5")
def hidden_by_a_mount(wrapper: Wrapper) -> Iterator[Finding]:
    """Find mounts that hide a system image's programs, or compat's home from duplicity. S/backup/mod.rs:98-189"""
    for procedure in in_container(wrapper):
        if not procedure.node.is_true("system"):
            continue
        for name, path in procedure.mounted.items():
            node = procedure.mounts.fields[name]
            if str(PurePosixPath(path)) in load("folders")["hidden_by_mount"]:
                what = f"{procedure.name} mounts {name} at {path}, which hides the programs of StartOS's image"
                yield Finding("W530", wrapper.at(node), what, f"mount it at {_USUAL}")
            elif hides_home(path) and _runs_duplicity(wrapper, procedure):
                effect = "creates no backup" if procedure.path[1] == "create" else "leaves its own files in the data"
                what = f"{procedure.name} mounts {name} at {path}, which hides compat's home, so duplicity {effect}"
                todo = f"mount it at {_USUAL} in backup.create and backup.restore, and give compat that path"
                yield Finding("W530", wrapper.at(node), what, todo, _moved(wrapper, procedure))


def _runs_duplicity(wrapper: Wrapper, procedure: Procedure) -> bool:
    """Return whether a procedure is a backup by duplicity in the compat image, e.g. in a script of an assets volume."""
    if procedure.path[0] != "backup" or not procedure.is_on_compat:
        return False
    entrypoint = procedure.node.get("entrypoint")
    program = PurePosixPath(entrypoint.text or "" if entrypoint else "")
    folders = {PurePosixPath(path): name for name, path in procedure.mounted.items()}
    scripts = (
        wrapper.readable(str(PurePosixPath(wrapper.asset("assets"), folders[folder], program.relative_to(folder))))
        for folder in program.parents
        if wrapper.volumes.get(folders.get(folder, "")) == "assets"
    )
    return any(arg.value == "duplicity" for arg in procedure.args) or any(
        "duplicity" in script.text for script in scripts if script
    )


def _moved(wrapper: Wrapper, procedure: Procedure) -> tuple[Edit, ...]:
    """Return the edits that move the folder of a duplicity procedure, and the volumes in it, to the usual path.

    Only paths below it are in a backup, so backups go on, even if only one of both procedures is edited.
    """
    backup, source = duplicity_of(wrapper.procedures, procedure.path[1]), wrapper.manifest_source
    if backup is None or source is None or not hides_home(backup.folder):
        return ()
    nodes = [backup.data, *(procedure.mounts.fields[name] for name in backup.mounts)]
    edits = [_below_usual(source, node, backup.folder) for node in nodes]
    return tuple(edit for edit in edits if edit) if all(edits) else ()


def _below_usual(source: Source, node: Node, folder: str) -> Edit | None:
    """Return the edit that moves a path from a folder to the usual one, or None if it's elsewhere or written oddly."""
    path, written = node.text or "", source.text[node.start : node.end]
    quote = written[:1] if written[:1] in ("'", '"') else ""
    if not is_in(path, folder) or written != f"{quote}{path}{quote}":
        return None
    moved = PurePosixPath(_USUAL, PurePosixPath(path).relative_to(folder))
    return source.edit(node.start, node.end, f"{quote}{moved}{quote}")


@checks("W533", startos="0.3.5")
def restored_elsewhere(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a restore that puts data elsewhere than where the backup took it from, or that can't read the backup."""
    sides = {verb: duplicity_of(wrapper.procedures, verb) for verb in ("create", "restore")}
    create, restore = sides["create"], sides["restore"]
    if create and restore:
        for name in (name for name in restore.mounts if name in create.mounts):
            before, after = create.position(name), restore.position(name)
            if before and after and before != after:
                what = (
                    f"backup.restore has the volume {name} at {restore.mounts[name]} in {restore.folder}, but "
                    f"backup.create at {create.mounts[name]} in {create.folder}, so its files end up elsewhere"
                )
                yield Finding("W533", wrapper.at(restore.procedure.mounts.fields[name]), what, "use the same paths")
    for other in wrapper.procedures:
        verb = other.path[-1]
        if other.path[0] == "backup" and other.kind == "script" and (create or restore):
            able = "can't read what duplicity wrote" if verb == "restore" else "doesn't write what duplicity can read"
            todo = "use a script in both procedures, or duplicity in both"
            yield Finding("W533", wrapper.at(other.node.get("type")), f"{other.name} is a script, which {able}", todo)


@checks("W532", startos="0.3.5")
def restored_into_foreign_volumes(wrapper: Wrapper) -> Iterator[Finding]:
    """Find volumes of a restore by duplicity that are read-only, or that belong to another service."""
    restore = duplicity_of(wrapper.procedures, "restore")
    for name, path in restore.mounts.items() if restore else ():
        assert restore is not None
        kind, volume = wrapper.volumes.get(name), wrapper.manifest.get("volumes", name)
        if kind not in ("assets", "certificate", "pointer") or volume is None or not related(path, restore.folder):
            continue
        writable = kind == "pointer" and not volume.is_true("readonly")
        effect = "overwrites the data of another service" if writable else "stops, because the volume is read-only"
        what = f"backup.restore has the volume {name} in {restore.folder}, where duplicity {effect}"
        todo = f"remove {name} from backup.create and backup.restore, or mount it outside of {restore.folder}"
        yield Finding("W532", wrapper.at(restore.procedure.mounts.fields[name]), what, todo)
