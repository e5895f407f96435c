"""Propose the volumes and their mount points in the main container."""

from typing import Any

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts


def volumes(facts: Facts, proposal: Proposal) -> None:
    """Propose an answer for each type of volume."""
    mounts = facts.manifest["main"].get("mounts") or {}
    found: dict[str, dict[str, Any]] = {"volumes": {}, "assets": {}, "pointers": {}, "certificates": {}}
    places: dict[str, list[str]] = {}
    # The order of the mounts decides which volume is mounted inside another.
    order = {id: at for at, id in enumerate(mounts)}
    declared = facts.manifest["volumes"]
    for id in sorted(declared, key=lambda id: order.get(id, len(order))):
        volume, mount = declared[id], mounts.get(id)
        match volume["type"]:
            case "data":
                name, entry = "volumes", mount
            case "assets":
                name, entry = "assets", mount
            case "pointer":
                keys = {"package": "package-id", "volume": "volume-id", "path": "path", "readonly": "readonly"}
                name, entry = "pointers", {key: volume[given] for key, given in keys.items()} | {"mount": mount}
            case "certificate":
                name, entry = "certificates", {"interface": volume["interface-id"], "mount": mount}
            case _:
                continue
        found[name][id] = entry
        places.setdefault(name, []).append(facts.place("volumes", id))
    for name, entries in found.items():
        proposal.answers[name] = Answer(entries, tuple(places.get(name, [])))
