"""Propose what can be reached from outside, and what the service reaches: interfaces and dependencies."""

from typing import Any

from startos_wrapper.adopt.of_packages.declarations import english
from startos_wrapper.adopt.of_packages.package_facts import PackageFacts
from startos_wrapper.adopt.of_packages.package_parts import Interface, place_text, written
from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.files.typescript.expression import Value

# The ports of the SDK for http: start-core's interfaces/Host.ts.
_USUAL_PORTS = (80, 443)
_TYPES = ("ui", "api", "p2p")


def interfaces(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the interfaces, and the port of the first one with a UI."""
    found: dict[str, Any] = {}
    places: list[str] = []
    for each in facts.interfaces:
        place = place_text(each.place)
        if not each.certain:
            proposal.leave("interfaces", each.id, f"{place}: it's only there under a condition, or several times")
            continue
        found[each.id] = _InterfaceAnswer(each, proposal).entry()
        places.append(place)
    ui = next((each for each in facts.interfaces if each.id in found and found[each.id]["ui"]), None)
    proposal.answers["ui_port"] = Answer(ui.port if ui else 0, (place_text(ui.place),) if ui else ())
    proposal.answers["interfaces"] = Answer(found, tuple(places))


class _InterfaceAnswer:
    """The entry of the answer `interfaces` for an interface. What it leaves out is recorded in the proposal."""

    def __init__(self, interface: Interface, proposal: Proposal) -> None:
        self._interface = interface
        self._proposal = proposal

    def _leave(self, name: str, value: Value | None, why: str) -> None:
        place = value.place if value else self._interface.place
        self._proposal.leave("interfaces", f"{self._interface.id}.{name}", f"{place_text(place)}: {why}")

    def entry(self) -> dict[str, Any]:
        each, fields = self._interface, self._interface.fields
        entry: dict[str, Any] = {}
        for name in ("name", "description"):
            value = fields.get(name)
            text = english(value)
            if text is None:
                self._leave(name, value, "it isn't written out" + (f": {written(value)}" if value else ""))
            entry[name] = text or each.id
        kind = fields.get("type")
        if kind is None or kind.text not in _TYPES:
            self._leave("type", kind, "it isn't written out")
        entry["ui"] = each.is_ui
        if kind is not None and kind.text == "p2p":
            entry["type"] = "p2p"
        entry["port"] = each.port
        if each.host and each.host != each.id:
            entry["host"] = each.host
        return entry | self._binding() | self._address()

    def _binding(self) -> dict[str, Any]:
        each = self._interface
        protocol, external, tls = (each.binding.get(name) for name in ("protocol", "preferredExternalPort", "addSsl"))
        web = protocol is not None and protocol.text == "http"
        entry: dict[str, Any] = {"protocols": ["tcp", "http"] if web else ["tcp"]}
        if protocol is not None and not web:
            self._leave("protocol", protocol, f"no answer can express the protocol {written(protocol)}")
        if external is not None:
            usual = _USUAL_PORTS if web else (each.port,)
            if external.number is None:
                self._leave("external", external, f"it isn't written out: {written(external)}")
            elif external.number not in usual:
                entry["external"] = int(external.number)
        if not web and tls is not None:
            entry["tls"] = True
            inner = tls.get("preferredExternalPort")
            if (
                inner is not None
                and inner.number is not None
                and inner.number != (external.number if external else None)
            ):
                self._leave("tls", inner, "an answer has one external port")
        secure = each.binding.get("secure", "ssl")
        if not web and secure is not None and secure.value is True:
            self._leave("secure", secure, "no answer says that the service itself does TLS")
        return entry

    def _address(self) -> dict[str, Any]:
        """Return what the interface's addresses contain."""
        fields, entry = self._interface.fields, dict[str, Any]()
        path, username, masked = (fields.get(name) for name in ("path", "username", "masked"))
        for name, value in (("path", path), ("username", username)):
            if value is not None and value.text is None:
                self._leave(name, value, f"it isn't written out: {written(value)}")
            elif value is not None and value.text:
                entry[name] = value.text
        if masked is not None and masked.value is True:
            entry["masked"] = True
        scheme = fields.get("schemeOverride")
        if scheme is not None:
            names = {each.text for name in ("ssl", "noSsl") if (each := scheme.get(name))}
            if len(names) == 1 and None not in names:
                entry["scheme"] = names.pop()
            else:
                self._leave("schemeOverride", scheme, "an answer has one scheme, with and without TLS")
        query = fields.get("query")
        if query is not None and (query.fields or not query.complete):
            if query.is_known and all(each.text is not None for each in query.fields.values()):
                entry["query"] = query.plain()
            else:
                self._leave("query", query, f"it isn't written out: {written(query)}")
        return entry


def dependencies(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the packages that this one depends on."""
    found: dict[str, Any] = {}
    places: list[str] = []
    for each in facts.dependencies:
        place = place_text(each.place)
        if each.range is None:
            why = "which versions are needed isn't written out in setDependencies"
            proposal.leave("dependencies", each.id, f"{place}: {why}, so * is a guess")
        elif not each.certain:
            why = "it's only needed under a condition, and the template always asks for it"
            proposal.leave("dependencies", f"{each.id}.requirement", f"{place}: {why}")
        entry: dict[str, Any] = {
            "version": each.range or "*",
            "requirement": "opt-in" if each.optional else "required",
        }
        if each.description:
            entry["description"] = each.description
        if each.kind == "exists":
            entry["kind"] = "exists"
        if each.health_checks:
            entry["health-checks"] = list(each.health_checks)
        found[each.id] = entry
        places.append(place)
    if found:
        proposal.answers["dependencies"] = Answer(found, tuple(places))
