"""Propose where the data is: volumes, assets, volumes of other packages, and backups."""

from typing import Any

from startos_wrapper.adopt.of_packages.package_facts import PackageFacts
from startos_wrapper.adopt.of_packages.package_parts import Mount, place_text
from startos_wrapper.adopt.propose.proposal import Answer, Proposal


def volumes(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the volumes and assets, in the order of their mounts."""
    found: dict[str, dict[str, Any]] = {"volumes": {}, "assets": {}}
    places: dict[str, list[str]] = {"volumes": [], "assets": []}
    for mount in facts.mounts:
        if mount.kind == "dependency":
            continue
        name = "volumes" if mount.kind == "volume" else "assets"
        id = mount.volume if mount.kind == "volume" else (mount.subpath or "").strip("/")
        place = place_text(mount.place)
        why = _not_expressed(mount, found[name].get(id))
        if why:
            proposal.leave(name, id, f"{place}: {why}")
            continue
        found[name][id] = mount.mountpoint
        places[name].append(place)
    for gap in (gap for daemon in facts.daemons if facts.is_main(daemon) for gap in daemon.gaps):
        if gap.answer in ("volumes", "pointers"):
            proposal.leave(gap.answer, place_text(gap.place), gap.why)
    for id, declared in facts.volumes.items():
        if id not in found["volumes"]:
            # The service's container doesn't mount it, or no answer can express how.
            found["volumes"][id] = None
            places["volumes"].append(place_text(declared))
    for name, answer in found.items():
        proposal.answers[name] = Answer(answer, tuple(places[name]))


def _not_expressed(mount: Mount, other: str | None) -> str:
    """Return why no answer can express a mount, or an empty text."""
    if not mount.certain:
        return "it's only mounted under a condition"
    if other is not None:
        return f"it's also mounted at {other}, and an answer has one path for each"
    if mount.kind == "assets":
        return "" if mount.subpath else "all of assets/ is mounted, and an answer mounts a folder in it"
    if mount.subpath is not None:
        return f"only {mount.subpath} of the volume is mounted at {mount.mountpoint}, and an answer mounts all of it"
    return "it's read-only, and an answer can't express that" if mount.readonly else ""


def pointers(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the mounted volumes of other packages."""
    found: dict[str, Any] = {}
    places: list[str] = []
    optional = {each.id for each in facts.dependencies if each.optional}
    for mount in facts.mounts:
        if mount.kind != "dependency" or mount.package is None:
            continue
        place = place_text(mount.place)
        id = mount.package if mount.package not in found else f"{mount.package}-{mount.volume}"
        if id in found or id in proposal.values["volumes"]:
            id = f"{mount.package}-{len(found) + 1}"
        if not mount.certain:
            # For an optional dependency, the template mounts it whenever that's installed.
            why = "it's only mounted under a condition"
            proposal.leave("pointers", id, f"{place}: {why}" + _while_installed(mount.package in optional))
        found[id] = {
            "package": mount.package,
            "volume": mount.volume,
            "path": mount.subpath or "/",
            "readonly": mount.readonly,
            "mount": mount.mountpoint,
        }
        places.append(place)
    if found:
        proposal.answers["pointers"] = Answer(found, tuple(places))


def _while_installed(optional: bool) -> str:
    return (
        ", and the template's is that the package is installed" if optional else ", and the template always mounts it"
    )


def backup(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose what is backed up."""
    backups = facts.backups
    if backups is None:
        return
    entry: dict[str, Any] = {}
    place = place_text(backups.place)
    known = proposal.values["volumes"]
    for id in backups.volumes:
        if id not in known:
            proposal.leave("backup", f"volumes.{id}", f"{place}: the answer volumes doesn't have it")
    kept = [id for id in backups.volumes if id in known]
    if set(kept) != {*known}:
        entry["volumes"] = kept
    if backups.exclude:
        entry["exclude"] = list(backups.exclude)
    for name, dump in backups.dumps.items():
        if dump.get("imageId") != (facts.image.id if facts.image else None):
            proposal.leave(
                "backup",
                name,
                f"{place}: the dump needs the image {dump.get('imageId')}, and the template has one image",
            )
        else:
            proposal.leave("backup", name, f"{place}: its password isn't one of the template's secrets")
    if entry:
        proposal.answers["backup"] = Answer(entry, (place,))
