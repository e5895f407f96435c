"""Propose the interfaces and the port of the web UI."""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts

_NOT_ON_LAN = "StartOS 0.3.5 rejects a LAN interface without the protocol http"


def interfaces(facts: Facts, proposal: Proposal) -> None:
    """Propose the interfaces and the port of the first one with a UI."""
    found = {id: _interface(given) for id, given in facts.manifest["interfaces"].items()}
    for id, entry in found.items():
        if "http" not in entry["protocols"] and "tor" in entry and entry.pop("lan", None):
            proposal.leave("interfaces", f"{id}.lan-config", _NOT_ON_LAN)
    port, place = _ui_port(facts, found)
    proposal.answers["ui_port"] = Answer(port, (place,) if place else ())
    places = tuple(facts.place("interfaces", id) for id in found)
    proposal.answers["interfaces"] = Answer(found, places)


def _interface(given: Mapping[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": given["name"], "description": given["description"]}
    tor = {
        _port(port): _port(inner) for port, inner in ((given.get("tor-config") or {}).get("port-mapping") or {}).items()
    }
    lan = {
        _port(port): {"ssl": target["ssl"], "internal": target.get("internal", target.get("mapping"))}
        for port, target in (given.get("lan-config") or {}).items()
    }
    inside = next(iter(tor.values()), None)
    web = "http" in given["protocols"]
    usual = ({80 if web else inside: inside}, {443: {"ssl": True, "internal": inside}} if web else {})
    if inside and (tor, lan) == usual:
        entry["port"] = inside
    else:
        entry |= {"tor": tor} if tor else {}
        entry |= {"lan": lan} if lan else {}
    return entry | {"ui": given["ui"], "protocols": list(dict.fromkeys(given["protocols"]))}


def _port(value: Any) -> Any:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else value


def _ui_port(facts: Facts, interfaces: Mapping[str, Any]) -> tuple[int, str | None]:
    """Return the port in the container of the first interface with a UI, or 0, and the place where it was read."""
    for id, entry in interfaces.items():
        if entry["ui"]:
            lan = [target["internal"] for target in entry.get("lan", {}).values()]
            ports = [entry["port"]] if "port" in entry else [*lan, *entry.get("tor", {}).values()]
            if ports and isinstance(ports[0], int):
                return ports[0], facts.place("interfaces", id)
    return 0, None
