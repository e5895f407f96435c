"""Propose the dependencies."""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts

_SCRIPT = {"type": "script"}


def dependencies(facts: Facts, proposal: Proposal) -> None:
    """Propose the services that this service depends on."""
    found = {}
    for id, given in (facts.manifest.get("dependencies") or {}).items():
        requirement = given["requirement"]
        entry = {"version": given["version"], "requirement": requirement["type"]}
        if requirement["type"] != "required":
            entry["how"] = requirement["how"]
        if given.get("description"):
            entry["description"] = given["description"]
        if given.get("config"):
            entry["config"] = _config(given["config"])
        found[id] = entry
    if found:
        proposal.answers["dependencies"] = Answer(found, tuple(facts.place("dependencies", id) for id in found))


def _config(given: Mapping[str, Any]) -> Any:
    if all(given[step] == _SCRIPT for step in ("check", "auto-configure")):
        return "script"
    return {step: given[step] for step in ("check", "auto-configure")}
