"""Propose the answer `backup`: how a wrapper saves and restores its data."""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts
from startos_wrapper.files.manifest.compat_home import hides_home
from startos_wrapper.files.paths import is_in

_DRIVE = "BACKUP"


def backup(facts: Facts, proposal: Proposal) -> None:
    """Propose how the data is saved and restored, if it's not the template's default."""
    entry = _answer(facts.manifest, proposal.values["volumes"])
    for id in _not_saved(facts.manifest, entry):
        proposal.leave(
            "backup", f"mounts.{id}", f"compat only saves {entry['root']}, which doesn't contain this volume"
        )
    if entry:
        proposal.answers["backup"] = Answer(entry, (facts.place("backup"),))


def _answer(manifest: Mapping[str, Any], volumes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer for a manifest, empty for the template's default or if no answer can express it.

    `volumes` is the answer of that name: the data volumes and their mount points in the main container.
    """
    create, restore = (manifest["backup"][step] for step in ("create", "restore"))
    if create["type"] == restore["type"] == "script":
        return {"type": "script"}
    if not (_on_compat(create) and _on_compat(restore)):
        return {}
    formats = {"io-format": create["io-format"]} if create.get("io-format") else {}
    if create["entrypoint"] == restore["entrypoint"] == "compat":
        return _duplicity(create, volumes) | formats
    return _programs(create, restore) | formats


def _on_compat(procedure: Mapping[str, Any]) -> bool:
    return procedure["type"] == "docker" and procedure["image"] == "compat" and bool(procedure.get("system"))


def _duplicity(create: Mapping[str, Any], volumes: Mapping[str, Any]) -> dict[str, Any]:
    mounts = _mounts(create)
    root = _root(create, mounts)
    if root is None:
        return {}
    mounts = {id: path for id, path in mounts.items() if is_in(path, root)} or mounts
    if mounts.keys() == volumes.keys() and list(mounts.values()) == [root]:
        return {} if root == "/mnt/data" or hides_home(root) else {"root": root}
    return {"root": root, "mounts": mounts}


def _not_saved(manifest: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    """Return the volumes that the wrapper mounts for duplicity, but that are outside of the folder that it saves."""
    return [
        id
        for id, path in _mounts(manifest["backup"]["create"]).items()
        if "root" in entry and not is_in(path, entry["root"])
    ]


def _root(create: Mapping[str, Any], mounts: Mapping[str, str]) -> str | None:
    """Return the folder that is saved: the argument that is or contains a data mount, or else the first mount."""
    for argument in reversed(create.get("args") or []):
        if any(is_in(path, argument) for path in mounts.values()):
            return str(argument)
    return next(iter(mounts.values()), None)


def _programs(create: Mapping[str, Any], restore: Mapping[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"entrypoint": create["entrypoint"]}
    if restore["entrypoint"] != create["entrypoint"]:
        entry["restore-entrypoint"] = restore["entrypoint"]
    for step, procedure in (("create", create), ("restore", restore)):
        if procedure.get("args"):
            entry[f"{step}-args"] = procedure["args"]
    return entry | {"mounts": _mounts(create) | _mounts(restore)}


def _mounts(procedure: Mapping[str, Any]) -> dict[str, str]:
    return {id: path for id, path in (procedure.get("mounts") or {}).items() if id != _DRIVE}
