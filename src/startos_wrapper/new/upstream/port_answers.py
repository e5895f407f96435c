"""The web UI's port and the other interfaces, from ports, labels, health checks and what the image exposes."""

from typing import Any

from startos_wrapper.data import load, pattern
from startos_wrapper.files.compose import Keys, Port, Service
from startos_wrapper.new.upstream.draft import Draft, free_name
from startos_wrapper.new.upstream.facts import PortFact
from startos_wrapper.new.upstream.web_port import USUAL, choose, is_web, label_port, probe

# Longer ranges are for calls and file transfers, which need an address for each port.
_LONGEST_RANGE = 10
# Ports that have a name, and what to say about them.
_NAMES = {22: "ssh", 25: "smtp", 53: "dns", 587: "smtp-submission", 993: "imaps", 1883: "mqtt", 5222: "xmpp",
          6667: "irc", 8332: "rpc", 8333: "peer", 8448: "federation", 9735: "peer", 10009: "grpc", 22000: "sync",
          50001: "electrum", 18080: "peer", 18081: "rpc", 25565: "minecraft", 64738: "mumble", 9418: "git"}  # fmt: skip


def propose_ports(draft: Draft) -> None:
    """Propose `ui_port` and, if the service has more ports, `interfaces`."""
    service = draft.service
    published = list(_published(draft, service)) if service else []
    ui = _ui_port(draft, service, [port for _, port in published])
    # The user knows better, and the interfaces have to agree.
    given = draft.given.get("ui_port")
    ui = given if isinstance(given, int) else ui
    others, in_range = [], set[int]()
    for path, port in published:
        if port.target is None:
            draft.leave(
                "decide",
                f"ports: {port.text.raw}",
                "port",
                port.line,
                _unknown(port),
                "pass the port in the container: -d ui_port=PORT",
                path,
            )
        elif port.protocol == "udp":
            _refuse_udp(draft, port, path)
        elif port.last_target and port.last_target - port.target >= _LONGEST_RANGE:
            draft.leave(
                "by_hand",
                f"ports: {port.target}-{port.last_target}",
                "port",
                port.line,
                "too many ports for an interface each",
                "list those that people need in interfaces",
                path,
            )
        else:
            numbers = range(port.target, (port.last_target or port.target) + 1)
            others += [(number, draft.place(port.line)) for number in numbers if number != ui]
            in_range |= set(numbers) if len(numbers) > 1 else set()
            if ui in numbers:
                draft.answer("ui_port", ui, [draft.place(port.line)], path)
    others += _stated_interfaces(draft, ui)
    others = list({number: (number, place) for number, place in reversed(others)}.values())[::-1]
    if ui is None and others and all(not is_web(number) for number, _ in others):
        # Nothing here is for browsers.
        ui = 0
        draft.answer("ui_port", 0, [place for _, place in others])
    if others:
        _interfaces(
            draft, ui or 0, others, {port.target: path for path, port in published if port.protocol != "udp"}, in_range
        )
    if ui is None:
        where = draft.place(service.line) if service else draft.here
        draft.leave(
            "decide",
            "ui_port",
            "open",
            where,
            "the source doesn't say which port the web UI listens on",
            "-d ui_port=PORT, the port in the container, or 0 if there's no web UI",
        )
    _path(draft, ui or 0)
    draft.proposal.ports = _listed(draft, ui, published)


def _published(draft: Draft, service: Service) -> list[tuple[Keys, Port]]:
    return list(draft.entries("ports", service.ports))


def _ui_port(draft: Draft, service: Service | None, ports: list[Port]) -> int | None:
    """Return the port of the web UI, and propose it if something other than `ports` says so."""
    stated = next((fact for fact in draft.stated if fact.name == "ui_port" and fact.value is not None), None)
    if stated:
        draft.answer("ui_port", stated.value, stated.places)
        return int(stated.value)
    if service is None:
        return _exposed(draft)
    label = label_port(service)
    if label:
        number, line, name = label
        draft.answer("ui_port", number, [draft.place(line)])
        _claim_label(draft, service, name)
        return number
    asked = probe(service)
    found = choose([port for port in ports if port.target], asked)
    if found is not None:
        return found.target
    if asked and asked.is_web and not asked.has_tls and not any(port.target for port in ports):
        draft.answer("ui_port", asked.port, [draft.place(service.health.line if service.health else service.line)])
        return asked.port
    if any(port.target and port.protocol == "tcp" for port in ports):
        return None
    exposed = choose([port for port in service.expose if port.target], asked)
    if exposed:
        paths = [path for path, port in draft.entries("expose", service.expose) if port is exposed]
        draft.answer("ui_port", exposed.target, [draft.place(exposed.line)], *paths)
        return exposed.target
    return _exposed(draft)


def _exposed(draft: Draft) -> int | None:
    """Return the web port of those that the image or its Dockerfile exposes, and propose it."""
    facts = [fact for fact in draft.all("port") if fact.value.protocol == "tcp" and is_web(fact.value.number)]
    plain = [fact for fact in facts if fact.value.number not in (443, 8443)] or facts
    best = sorted(plain, key=lambda fact: USUAL.index(fact.value.number) if fact.value.number in USUAL else len(USUAL))
    if not best:
        return None
    draft.answer("ui_port", best[0].value.number, best[0].places)
    return int(best[0].value.number)


def _stated_interfaces(draft: Draft, ui: int | None) -> list[tuple[int, str]]:
    found = []
    for fact in draft.all("interface_port") + ([] if draft.service else draft.all("port")):
        port: PortFact = fact.value
        if port.protocol == "udp":
            said = draft.release.said("udp")
            draft.leave(said.list, f"port {port.number}/udp", "port", fact.place, said.why, said.todo)
        elif port.number != ui:
            found.append((port.number, fact.place))
    return found


def _refuse_udp(draft: Draft, port: Port, path: Keys) -> None:
    last = f"-{port.last_target}" if port.last_target and port.last_target != port.target else ""
    said = draft.release.said("udp")
    draft.leave(said.list, f"port {port.target}{last}/udp", "port", port.line, said.why, said.todo, path)


def _unknown(port: Port) -> str:
    names = ", ".join(dict.fromkeys(port.text.unset))
    return f"{names} has no value" if names else "it's no port"


def _claim_label(draft: Draft, service: Service, name: str) -> None:
    for key in ("labels", "environment"):
        node = service.keys[key].node if key in service.keys else None
        if node is None:
            continue
        if name in node.fields:
            draft.claims.take(draft.path(key, name), "answers.ui_port")
        for number, item in enumerate(node.items):
            if item.text and item.text.raw.partition("=")[0].strip() == name:
                draft.claims.take(draft.path(key, number), "answers.ui_port")


def _interfaces(
    draft: Draft, ui: int, others: list[tuple[int, str]], paths: dict[int | None, Keys], in_range: set[int]
) -> None:
    """Propose an interface for the page, and one for each other port. Those in a range are alike."""
    found = {}
    if ui:
        found["main"] = _main(ui)
    known = load("ports")["no_web"]
    for number, place in others:
        name = free_name(_NAMES.get(number, "port"), found)
        said = known.get(number, "")
        web = not said and number in USUAL and number not in in_range
        entry = {
            "name": said.removeprefix("the ") or f"Port {number}",
            "description": f"Port {number}, for {said}." if said else f"Port {number} of the service.",
            "protocols": ["tcp", "http"] if web else ["tcp"],
            "port": number,
        }
        found[name] = entry
        draft.answer("interfaces", found, [place])
        draft.item("interfaces", name, place, paths.get(number))


def _path(draft: Draft, ui: int) -> None:
    """Propose the path of the page that an app store opens, if the release of StartOS can."""
    fact = draft.fact("ui_path")
    if fact is None:
        return
    if ui and draft.release.has_ui_path and pattern("url_path").fullmatch(fact.value):
        found = draft.value("interfaces")
        draft.answer("interfaces", {"main": {**_main(ui), "path": fact.value}, **_without_main(found)}, fact.places)
        draft.item("interfaces", "main", fact.place)
        return
    said = draft.release.said("ui_path")
    draft.leave(said.list, f"path {fact.value}", "store", fact.place, said.why, said.todo)


def _main(ui: int) -> dict[str, object]:
    return {"name": "Web UI", "description": "The web pages of the service.", "ui": True, "port": ui}


def _without_main(interfaces: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in interfaces.items() if name != "main"}


def _listed(draft: Draft, ui: int | None, published: list[tuple[Keys, Port]]) -> list[str]:
    found = [f"{ui}/tcp"] if ui else []
    for _, port in published:
        if port.target:
            last = f"-{port.last_target}" if port.last_target and port.last_target != port.target else ""
            found.append(f"{port.target}{last}/{port.protocol}")
    found += [f"{fact.value.number}/{fact.value.protocol}" for fact in draft.all("port") if not draft.service]
    return list(dict.fromkeys(found))
