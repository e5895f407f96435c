"""Propose what the main container consists of and runs: the image, the command, oneshots and health."""

from startos_wrapper.adopt.of_packages.package_facts import PackageFacts
from startos_wrapper.adopt.of_packages.package_parts import Daemon, Gap, Ready, place_text, written
from startos_wrapper.adopt.propose.entrypoint_answers import entrypoint
from startos_wrapper.adopt.propose.image_answers import image
from startos_wrapper.adopt.propose.proposal import Answer, Proposal, fits, places_of
from startos_wrapper.adopt.read import Found
from startos_wrapper.files.typescript.expression import Value

# From the SDK: lib/mainFn/index.ts and HealthDaemon.ts.
_USUAL_TIMEOUT, _USUAL_GRACE = 60_000, 10_000
# Options of `exec` that other answers are for, or that say the same by default.
_KNOWN_OPTIONS = {"command", "env", "sigtermTimeout", "user", "runAsInit"}
_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]")


def base(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the image of the main daemon: a published one, or what its Dockerfile builds on."""
    chosen = facts.image
    if chosen is None or (chosen.tag is None and chosen.dockerfile is None):
        proposal.leave("base", "", f"{facts.place('images')}: which image the service runs in isn't written out")
        proposal.answers["base"] = Answer("image")
        _guess(facts, proposal, "")
        return
    for id, other in facts.images.items():
        if other is not chosen:
            proposal.leave("images", id, f"{place_text(other.place)}: the template has one image")
    if chosen.tag is None:
        if facts.dockerfile is None:
            file = chosen.dockerfile or "Dockerfile"
            proposal.leave("base", "", f"{place_text(chosen.place)}: {file} can't be read, so the base is a guess")
        image(facts, proposal)
        if proposal.answers["base"].value == "image" and "upstream_image" not in proposal.answers:
            _guess(facts, proposal, "")
        return
    place = place_text(chosen.place)
    proposal.answers["base"] = Answer("image", (place,))
    if fits("image", chosen.tag) and fits("pinned_image", chosen.tag):
        proposal.answers["upstream_image"] = Answer(chosen.tag, (place,))
    else:
        _guess(facts, proposal, f"{place}: {chosen.tag} isn't pinned to a tag or digest")


def _guess(facts: PackageFacts, proposal: Proposal, why: str) -> None:
    """Propose an image by the service's name, because this answer is required."""
    guess = f"{facts.manifest['id']}:{facts.upstream_version}"
    if fits("image", guess) and fits("pinned_image", guess):
        proposal.answers["upstream_image"] = Answer(guess)
        proposal.leave("upstream_image", "", f"{why or 'no pinned image is written out'}, so {guess} is a guess")


def container(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose how the main container starts and stops."""
    main = facts.main
    entry: dict[str, object] = {}
    published = facts.image is not None and facts.image.tag is not None
    if published and main is not None and main.entrypoint:
        entry["as-is"] = True
        if main.command:
            entry["args"] = list(main.command)
        user = main.options.get("user")
        if user is not None and user.text is not None:
            entry["user"] = user.text
    if facts.flag("hardwareAcceleration"):
        entry["gpu-acceleration"] = True
    if entry:
        proposal.answers["container"] = Answer(entry, (place_text(main.place),) if main else ())
    if main is None:
        return
    _timeout(main, proposal)
    for name, value in main.options.items():
        if name not in _KNOWN_OPTIONS or (name == "user" and not entry.get("as-is")):
            proposal.leave("container", name, _unknown(value))
    nvidia = facts.fields.get("images", facts.image.id, "nvidiaContainer") if facts.image else None
    if nvidia is not None and nvidia.value is True:
        proposal.leave("container", "nvidiaContainer", _unknown(nvidia))


def _unknown(value: Value) -> str:
    return f"{place_text(value.place)}: no answer can express it"


def _timeout(main: Daemon, proposal: Proposal) -> None:
    value = main.options.get("sigtermTimeout")
    number = value.number if value else _USUAL_TIMEOUT
    if number is None or number % 1000 or number <= 0:
        if value is not None:
            proposal.leave("sigterm_timeout", "", f"{place_text(value.place)}: not in whole seconds: {written(value)}")
        return
    places = (place_text(value.place),) if value else ()
    proposal.answers["sigterm_timeout"] = Answer(f"{int(number) // 1000}s", places)


def program(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the commands and the environment."""
    environment: dict[str, Found] = {}
    same, other = _by_image(facts)
    for daemon in same:
        for gap in daemon.gaps:
            if gap.answer not in ("health_check", "volumes", "pointers"):
                proposal.leave(gap.answer, gap.item, gap.reason)
    for daemon in other:
        what = f"the {daemon.kind} runs in the image {daemon.image or 'that main.ts chooses'}"
        proposal.leave("run", daemon.id, f"{place_text(daemon.place)}: {what}")
    if facts.main is not None:
        for name, (text, place) in facts.main.environment.items():
            environment[name] = Found(text, place.file, place.line)
    if not proposal.values.get("container", {}).get("as-is"):
        _run(facts, same, proposal)
    if environment:
        found = {name: each.value for name, each in environment.items()}
        known = proposal.answers["environment"].value if "environment" in proposal.answers else {}
        proposal.answers["environment"] = Answer({**known, **found}, places_of(environment.values()))


def _by_image(facts: PackageFacts) -> tuple[list[Daemon], list[Daemon]]:
    """Return the daemons and oneshots of the main image, and those of other images."""
    started = [each for each in facts.daemons if each.kind != "health check"]
    same = [each for each in started if facts.is_main(each)]
    return same, [each for each in started if each not in same and each.kind == "daemon"]


def _run(facts: PackageFacts, same: list[Daemon], proposal: Proposal) -> None:
    daemons = [each for each in same if each.kind == "daemon"]
    words = [each for each in daemons if each.certain and each.command and not each.entrypoint]
    for each in daemons:
        if not each.certain:
            proposal.leave("run", each.id, f"{place_text(each.place)}: it's only started under a condition")
    if words and (facts.entrypoint is None or all(each.is_prepared for each in words)):
        commands = [each.shell for each in words]
        kept = [command for command in commands if fits("command", command)]
        if kept:
            proposal.answers["run"] = Answer(kept, tuple(place_text(each.place) for each in words))
        for each, command in zip(words, commands, strict=True):
            if command not in kept:
                proposal.leave("run", each.id, f"{place_text(each.place)}: no answer can express this command")
        return
    entrypoint(facts, proposal)


def oneshots(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the commands that run before the service, in the same image."""
    found: dict[str, str] = {}
    places: list[str] = []
    needed = _needed(facts)
    same, _ = _by_image(facts)
    for each in same:
        if each.kind != "oneshot":
            continue
        place = place_text(each.place)
        why = _not_expressed(each, each.id in needed)
        if why:
            proposal.leave("oneshots", each.id, f"{place}: {why}")
            continue
        found[each.id] = each.shell
        places.append(place)
    for each in facts.daemons:
        if each.kind == "oneshot" and each not in same:
            proposal.leave("oneshots", each.id, f"{place_text(each.place)}: it doesn't run in the service's image")
    if found:
        proposal.answers["oneshots"] = Answer(found, tuple(places))


def _needed(facts: PackageFacts) -> set[str]:
    """Return the ids of everything that the main daemon waits for."""
    by_id = {each.id: each for each in facts.daemons}
    waiting, found = list(facts.main.requires if facts.main else ()), set[str]()
    while waiting:
        id = waiting.pop()
        if id not in found:
            found.add(id)
            waiting += by_id[id].requires if id in by_id else ()
    return found


def _not_expressed(each: Daemon, needed: bool) -> str:
    """Return why no answer can express a oneshot, or an empty text."""
    if not each.certain:
        return "it's only started under a condition"
    if each.entrypoint or not each.command:
        return "it's a function, or a command that isn't written out"
    if not needed:
        return "it runs after the service started"
    other = [name for name in each.options if name not in ("command", "sigtermTimeout")]
    return f"no answer can express its {', '.join(other)}" if other else ""


def health(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the health check of the main daemon, or another one if that daemon only has to run."""
    checked = _checked(facts)
    for each in facts.daemons:
        if each.kind == "health check" and each is not checked:
            proposal.leave("health_checks", each.id, f"{place_text(each.place)}: it's a function in TypeScript")
    ready = checked.ready if checked else None
    if checked is None or ready is None:
        return
    place = place_text(ready.place)
    options = {"grace": (ready.grace if ready.grace is not None else _USUAL_GRACE) // 1000}
    ports = [interface.port for interface in facts.interfaces]
    first = proposal.values.get("ui_port") or next(iter(ports), None)
    gap = next((each for each in checked.gaps if each.answer == "health_check"), None)
    kind, why = _kind(ready, first, gap)
    if why:
        proposal.leave("health_check", "", why)
    path = _page(ready)
    if kind == "http" and path not in ("", "/"):
        options = {"path": path, **options}  # type: ignore[dict-item]
    proposal.answers["health_check"] = Answer(kind, (place,))
    if kind in ("http", "tcp") and options["grace"] > 0:
        proposal.answers["health_options"] = Answer(options, (place,))


def _checked(facts: PackageFacts) -> Daemon | None:
    """Return the daemon or health check whose check the answers describe."""
    main = facts.main
    if main is None or main.ready is None or main.ready.checked_port or main.gaps or main.ready.displayed:
        return main
    checks = (each for each in facts.daemons if each.kind == "health check" and each.certain)
    return next((each for each in checks if each.ready and each.ready.checked_port), main)


def _kind(ready: Ready, first: int | None, gap: Gap | None) -> tuple[str, str]:
    """Return the kind of the health check, and why it says less than the package's, if it does."""
    place = place_text(ready.place)
    if gap is not None:
        return "process" if ready.displayed else "none", gap.reason
    if ready.checked_port is None:
        return "process" if ready.displayed else "none", ""
    if not ready.displayed:
        return "none", f"{place}: it isn't shown to people, and no answer checks a port without that"
    if ready.checked_port != first:
        return "process", f"{place}: it checks another port than the first interface's"
    if ready.url is None:
        return "tcp", ""
    host = ready.url.partition("://")[2].partition("/")[0].rpartition(":")[0] or ready.url.partition("://")[2]
    if not ready.url.startswith("http://") or host.partition("/")[0] not in _LOCAL:
        return "process", f"{place}: no answer can check {ready.url}"
    return "http", ""


def _page(ready: Ready) -> str:
    rest = (ready.url or "").partition("://")[2]
    return "/" + rest.partition("/")[2] if "/" in rest else ""
