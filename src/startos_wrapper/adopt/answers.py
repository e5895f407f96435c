"""From what a wrapper's files say to the answers that describe it, each with the place where it was read.

Nothing is checked here that the template's own validators check: `fit` asks them, and leaves out what they refuse.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.adopt import backup
from startos_wrapper.adopt.read import Facts, Found, repository
from startos_wrapper.adopt.render import Asked, RefusedAnswerError, Template
from startos_wrapper.data import load, pattern

_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/([^/?#]+)/[^/?#]+", re.I)
_SITES = ("support-site", "marketing-site", "donation-url")
_USUAL_FILES = {"license": "LICENSE", "icon": "icon.png", "instructions": "instructions.md"}
# What the container tool waits when the manifest does not say.
_USUAL_TIMEOUT = "10s"
_SCRIPT = {"type": "script"}
_NOT_STOPPED = "it runs in the service's container, and there is none while the service is stopped"
_NOT_ON_LAN = "StartOS 0.3.5 refuses an interface on the LAN without the protocol http"
# More items than a manifest has; each takes a round.
_MOST_ROUNDS = 200


@dataclass(frozen=True)
class Answer:
    """An answer and where it was read; no place where it follows from nothing in the wrapper."""

    value: Any
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """Something that no answer says: which answer could not, and why."""

    answer: str
    item: str
    reason: str


@dataclass
class Proposal:
    """The answers that describe a wrapper, and what of it they leave out."""

    answers: dict[str, Answer] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """The answers alone."""
        return {name: answer.value for name, answer in self.answers.items()}

    def leave(self, name: str, item: str, reason: str) -> None:
        """Note that an answer cannot say something."""
        if not any((left.answer, left.item) == (name, item) for left in self.left):
            self.left.append(Left(name, item, reason))


class NotAnsweredError(Exception):
    """The template has no answers for this wrapper; the text says which one it refuses, and why."""


def propose(facts: Facts) -> Proposal:
    """Return the answers for a wrapper."""
    proposal = Proposal({"advanced": Answer(True)})
    for part in (
        _names, _licence, _volumes, _interfaces, _config, _container, _health, _actions, _dependencies, _backup,
        _image, _entrypoint, _files, _plumbing,
    ):  # fmt: skip
        part(facts, proposal)
    return proposal


def fit(proposal: Proposal, template: Template) -> Asked:
    """Return all answers, with those left out that a validator refuses. Raises NotAnsweredError."""
    # An answer to which this template has no question would be lost without a word.
    for name in list(proposal.answers):
        if name not in template.questions:
            del proposal.answers[name]
    for _ in range(_MOST_ROUNDS):
        try:
            return template.ask(proposal.values)
        except RefusedAnswerError as error:
            _leave_out(proposal, error)
    raise NotAnsweredError("the template refuses more answers than can be left out")


def _leave_out(proposal: Proposal, error: RefusedAnswerError) -> None:
    """Take what a validator refuses out of an answer: the items that it names, else the whole answer."""
    answer = proposal.answers.get(error.name)
    if answer is None or error.name in ("service_id", "title", "version", "short_description", "advanced"):
        raise NotAnsweredError(str(error)) from error
    items: dict[str, str] = {}
    for fault in error.fault.split("; "):
        item, colon, _ = fault.partition(":")
        item = item.partition(".")[0].strip('"')
        if colon and isinstance(answer.value, dict) and item in answer.value:
            items.setdefault(item, fault)
    if items:
        kept = {name: value for name, value in answer.value.items() if name not in items}
        proposal.answers[error.name] = Answer(kept, answer.places)
        for item, fault in items.items():
            proposal.leave(error.name, item, fault)
        return
    proposal.leave(error.name, "", error.fault)
    if isinstance(answer.value, dict) and answer.value:
        # The default might say something that the wrapper does not.
        proposal.answers[error.name] = Answer({})
    elif answer.value == {} or error.name == "config":
        if error.name in ("volumes", "assets") and proposal.values.get("config") != "none":
            proposal.answers["config"] = Answer("none")
            for name in ("properties", "migrations"):
                if proposal.values.get(name) in ("as-config", "compat"):
                    proposal.answers[name] = Answer("none")
        else:
            raise NotAnsweredError(str(error)) from error
    else:
        del proposal.answers[error.name]


# ---- Leaving out what would say something else than the wrapper does ---------------------------------------------


def weaken(proposal: Proposal, path: tuple[str, ...], said: str) -> bool:
    """Leave out the answer, or the item of it, that makes the manifest say something else at `path`.

    Returns whether there was something to leave out.
    """
    name, item = _source(path)
    answer = proposal.answers.get(name)
    if answer is None:
        return False
    if isinstance(answer.value, dict) and item in answer.value:
        value = answer.value[item]
        if name == "dependencies" and path[2] == "config" and "config" in value:
            value = {key: inner for key, inner in value.items() if key != "config"}
            proposal.answers[name] = Answer({**answer.value, item: value}, answer.places)
        else:
            kept = {key: inner for key, inner in answer.value.items() if key != item}
            proposal.answers[name] = Answer(kept, answer.places)
            if name == "health_checks" and not kept:
                proposal.answers["health_check"] = Answer("none")
    elif name in ("config", "properties", "migrations") and answer.value != "none":
        proposal.answers[name] = Answer("none", answer.places)
        for other in ("properties", "migrations") if name == "config" else ():
            if proposal.answers[other].value == "as-config":
                proposal.answers[other] = Answer(answer.value, proposal.answers[other].places)
    else:
        return False
    proposal.leave(name, ".".join(path), said)
    return True


def concerns(left: Left, path: tuple[str, ...]) -> bool:
    """Say whether what was left out is why a leaf of the manifest is not as it was."""
    if not left.item or f".{left.item}." not in f".{'.'.join(path)}.":
        return False
    answer = _source(path)[0]
    return left.answer == answer or (answer == "volumes" and left.answer in ("assets", "pointers", "certificates"))


def _source(path: tuple[str, ...]) -> tuple[str, str]:
    """Return the answer that a leaf of the manifest comes from, and its item."""
    names = {"health-checks": "health_checks", "main": "container"}
    return names.get(path[0], path[0]), path[1] if len(path) > 1 else ""


# ---- The service -------------------------------------------------------------------------------------------------


def _names(facts: Facts, proposal: Proposal) -> None:
    manifest, answers = facts.manifest, proposal.answers
    for name, key in (
        ("service_id", "id"), ("title", "title"), ("version", "version"), ("wrapper_repo", "wrapper-repo"),
        ("upstream_repo", "upstream-repo"), *((site.replace("-", "_"), site) for site in _SITES),
    ):  # fmt: skip
        if manifest.get(key):
            answers[name] = Answer(manifest[key], (facts.place(key),))
    for name in ("short", "long"):
        text = manifest["description"][name]
        answers[f"{name}_description"] = Answer(
            text.strip() if name == "short" else text, (facts.place("description", name),)
        )
    if match := _GITHUB.match(manifest["wrapper-repo"]):
        answers["github_user"] = Answer(match[1], (facts.place("wrapper-repo"),))
    alerts = {key: text for key, text in (manifest.get("alerts") or {}).items() if text}
    known = {key: text for key, text in alerts.items() if key in ("install", "uninstall", "restore", "start", "stop")}
    if known:
        answers["alerts"] = Answer(known, (facts.place("alerts"),))


def _licence(facts: Facts, proposal: Proposal) -> None:
    licence, place = facts.manifest["license"].strip(), (facts.place("license"),)
    if licence in load("grammar")["license_choices"] and licence != "other":
        proposal.answers["license"] = Answer(licence, place)
    else:
        proposal.answers["license"] = Answer("other", place)
        proposal.answers["license_name"] = Answer(licence, place)
    if facts.holder:
        proposal.answers["user_name"] = Answer(facts.holder.value, (facts.holder.place,))


# ---- Volumes and interfaces --------------------------------------------------------------------------------------


def _volumes(facts: Facts, proposal: Proposal) -> None:
    mounts = facts.manifest["main"].get("mounts") or {}
    found: dict[str, dict[str, Any]] = {"volumes": {}, "assets": {}, "pointers": {}, "certificates": {}}
    places: dict[str, list[str]] = {}
    # The order in which they are mounted decides which one is inside another.
    order = {id: at for at, id in enumerate(mounts)}
    volumes = facts.manifest["volumes"]
    for id in sorted(volumes, key=lambda id: order.get(id, len(order))):
        volume, mount = volumes[id], mounts.get(id)
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


def _interfaces(facts: Facts, proposal: Proposal) -> None:
    interfaces = {id: _interface(given) for id, given in facts.manifest["interfaces"].items()}
    for id, entry in interfaces.items():
        if "http" not in entry["protocols"] and "tor" in entry and entry.pop("lan", None):
            proposal.leave("interfaces", f"{id}.lan-config", _NOT_ON_LAN)
    port, place = _ui_port(facts, interfaces)
    proposal.answers["ui_port"] = Answer(port, (place,) if place else ())
    places = tuple(facts.place("interfaces", id) for id in interfaces)
    proposal.answers["interfaces"] = Answer(interfaces, places)


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
    """Return the port inside the container of the first user interface, 0 where there is none."""
    for id, entry in interfaces.items():
        if entry["ui"]:
            lan = [target["internal"] for target in entry.get("lan", {}).values()]
            ports = [entry["port"]] if "port" in entry else [*lan, *entry.get("tor", {}).values()]
            if ports and isinstance(ports[0], int):
                return ports[0], facts.place("interfaces", id)
    return 0, None


# ---- Procedures --------------------------------------------------------------------------------------------------


def _container(facts: Facts, proposal: Proposal) -> None:
    main, entry = facts.manifest["main"], {}
    for key, usual in (
        ("entrypoint", "docker_entrypoint.sh"), ("args", []), ("io-format", None), ("gpu-acceleration", False),
        ("shm-size-mb", None),
    ):  # fmt: skip
        if main.get(key, usual) not in (usual, None):
            entry[key] = main[key]
    if entry:
        proposal.answers["container"] = Answer(entry, tuple(facts.place("main", key) for key in entry))
    timeout = main.get("sigterm-timeout") or _USUAL_TIMEOUT
    proposal.answers["sigterm_timeout"] = Answer(timeout, (facts.place("main", "sigterm-timeout"),))


def _config(facts: Facts, proposal: Proposal) -> None:
    manifest = facts.manifest
    given = {
        "config": (manifest.get("config") or {}).get("get"),
        "properties": manifest.get("properties"),
        "migrations": next(iter(((manifest.get("migrations") or {}).get("from") or {}).values()), None),
    }
    for name, procedure in given.items():
        kind = "none"
        if procedure and procedure["type"] == "script":
            kind = "script"
        elif procedure and procedure.get("image") == "compat" and procedure.get("system"):
            kind = "compat"
        if name != "config" and kind == proposal.values["config"]:
            kind = "as-config"
        proposal.answers[name] = Answer(kind, (facts.place(name),) if procedure else ())


def _health(facts: Facts, proposal: Proposal) -> None:
    checks = {}
    for id, given in facts.manifest["health-checks"].items():
        entry = {key: given[key] for key in ("name", "success-message") if given.get(key)}
        if given.get("timeout"):
            proposal.leave("health_checks", f"{id}.timeout", "no answer says how long a check may take")
        if (procedure := _procedure(given)) is None:
            proposal.leave("health_checks", id, "it runs in an image of its own")
        else:
            checks[id] = entry | procedure
    places = tuple(facts.place("health-checks", id) for id in facts.manifest["health-checks"])
    if checks:
        proposal.answers["health_checks"] = Answer(checks, places)
    else:
        proposal.answers["health_check"] = Answer("none", places or (facts.place("health-checks"),))


def _procedure(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the part of an answer that says how a script or a program in the image of main is run; None for others."""
    if given["type"] == "script":
        return None if given.get("args") else dict(_SCRIPT)
    if given["image"] != "main" or given.get("system") or given.get("shm-size-mb") or given.get("gpu-acceleration"):
        return None
    entry: dict[str, Any] = {"entrypoint": given["entrypoint"]}
    if given.get("args"):
        entry["args"] = given["args"]
    entry["inject"] = bool(given.get("inject"))
    entry["io-format"] = given.get("io-format")
    # In a container that runs already, the OS mounts nothing.
    if given.get("mounts") and not entry["inject"]:
        entry["mounts"] = given["mounts"]
    return entry


def _actions(facts: Facts, proposal: Proposal) -> None:
    actions: dict[str, Any] = {}
    for id, given in (facts.manifest.get("actions") or {}).items():
        if (procedure := _procedure(given["implementation"])) is None:
            proposal.leave("actions", id, "it runs in an image of its own")
            continue
        entry = {key: given[key] for key in ("name", "description", "warning") if given.get(key)}
        statuses = given["allowed-statuses"]
        if procedure.get("inject") and "running" in statuses and "stopped" in statuses:
            proposal.leave("actions", f"{id}.allowed-statuses.stopped", _NOT_STOPPED)
            statuses = ["running"]
        entry["allowed-statuses"] = statuses
        if given.get("input-spec"):
            entry["input-spec"] = given["input-spec"]
        actions[id] = entry | procedure
    if actions:
        proposal.answers["actions"] = Answer(actions, tuple(facts.place("actions", id) for id in actions))


def _dependencies(facts: Facts, proposal: Proposal) -> None:
    found = {}
    for id, given in (facts.manifest.get("dependencies") or {}).items():
        requirement = given["requirement"]
        entry = {"version": given["version"], "requirement": requirement["type"]}
        if requirement["type"] != "required":
            entry["how"] = requirement["how"]
        if given.get("description"):
            entry["description"] = given["description"]
        if given.get("config"):
            entry["config"] = _dependency_config(given["config"])
        found[id] = entry
    if found:
        proposal.answers["dependencies"] = Answer(found, tuple(facts.place("dependencies", id) for id in found))


def _dependency_config(given: Mapping[str, Any]) -> Any:
    if all(given[step] == _SCRIPT for step in ("check", "auto-configure")):
        return "script"
    return {step: given[step] for step in ("check", "auto-configure")}


def _backup(facts: Facts, proposal: Proposal) -> None:
    entry = backup.answer(facts.manifest, proposal.values["volumes"])
    for id in backup.not_saved(facts.manifest, entry):
        proposal.leave("backup", f"mounts.{id}", f"compat saves {entry['root']}, and this volume is not inside")
    if entry:
        proposal.answers["backup"] = Answer(entry, (facts.place("backup"),))


# ---- The image ---------------------------------------------------------------------------------------------------


def _image(facts: Facts, proposal: Proposal) -> None:
    """Say what the image is built on, as the template would: a compiled program, plain Alpine, or an upstream image."""
    runtime = facts.runtime
    if runtime and repository(runtime.value) == "alpine":
        for base, names in (("golang", ("golang",)), ("rust", ("rust", "rust-musl-cross"))):
            if (compiler := facts.compiler(names)) and _fits("git_url", facts.manifest["upstream-repo"]):
                _compiled(proposal, base, compiler, facts.submodule(names))
                break
        else:
            proposal.answers["base"] = Answer("alpine", (runtime.place,))
        if _is_pinned(runtime.value):
            proposal.answers["runtime_image"] = Answer(runtime.value, (runtime.place,))
    else:
        _upstream_image(facts, proposal, runtime)
    if packages := [package for package in facts.packages if _fits("apk_package", package.value)]:
        proposal.answers["packages"] = Answer(
            [package.value for package in packages if package.value != "tini"], _places(packages)
        )
    copied = [
        found
        for found in facts.copies
        if _is_pinned(found.value[0]) and all(_fits("path", path) for path in found.value[1:])
    ]
    copies: dict[str, dict[str, str]] = {}
    for image, there, here in (found.value for found in copied):
        copies.setdefault(image, {})[there] = here
    if copies:
        proposal.answers["copies"] = Answer(copies, _places(copied))


def _compiled(proposal: Proposal, base: str, compiler: Found, submodule: Found | None) -> None:
    proposal.answers["base"] = Answer(base, (compiler.place,))
    if submodule:
        proposal.answers["source"] = Answer("submodule", (submodule.place,))
        proposal.answers["submodule"] = Answer(submodule.value, (submodule.place,))
    else:
        proposal.answers["source"] = Answer("upstream")
    if _is_pinned(compiler.value):
        proposal.answers["build_image"] = Answer(compiler.value, (compiler.place,))


def _upstream_image(facts: Facts, proposal: Proposal, runtime: Found | None) -> None:
    places = (runtime.place,) if runtime else ()
    proposal.answers["base"] = Answer("image", places)
    image = runtime.value if runtime and runtime.value != "scratch" else ""
    name = image.partition("@")[0]
    name = name.removesuffix(":" + name.rpartition("/")[2].partition(":")[2])
    version = ".".join(facts.manifest["version"].split(".")[:3])
    for candidate in (image, f"{name}:{version}", f"{facts.manifest['id']}:{version}"):
        if _is_pinned(candidate):
            proposal.answers["upstream_image"] = Answer(candidate, places if candidate == image else ())
            if candidate != image:
                what = (
                    f"{image} is not pinned by a tag or a digest" if image else "no Dockerfile names an image below it"
                )
                proposal.leave("upstream_image", "", f"{what}; {candidate} is a guess")
            return


def _is_pinned(image: str) -> bool:
    return _fits("image", image) and _fits("pinned_image", image)


def _fits(name: str, text: str) -> bool:
    return pattern(name).fullmatch(text) is not None


def _entrypoint(facts: Facts, proposal: Proposal) -> None:
    """Say what the entrypoint does, as far as it does what the template's does."""
    answers, id = proposal.answers, facts.manifest["id"]
    commands = [command for command in facts.commands if _fits("command", command.value)]
    if commands:
        run = [command.value for command in commands]
        answers["run"] = Answer(run, _places(commands))
    if answers["base"].value == "alpine" and (not commands or answers["run"].value == [id]):
        # The template's own starter would be meant.
        answers["run"] = Answer([f"/usr/local/bin/{id}"], answers["run"].places if commands else ())
    exported = [found for found in facts.environment if found.value[0] not in load("grammar")["shell_variables"]]
    if exported:
        answers["environment"] = Answer(dict(found.value for found in exported), _places(exported))
    if facts.directories:
        folders = [folder for folder in facts.directories if _fits("path", folder.value)]
        answers["directories"] = Answer([folder.value for folder in folders], _places(folders))


# ---- Files -------------------------------------------------------------------------------------------------------


def _files(facts: Facts, proposal: Proposal) -> None:
    """Say where the licence, the icon and the instructions lie, if not where the template has them."""
    files = {name: facts.wrapper.asset(name) for name in _USUAL_FILES}
    other = {name: path for name, path in files.items() if path != _USUAL_FILES[name]}
    if other:
        proposal.answers["files"] = Answer(other, tuple(facts.place("assets", name) for name in other))


def _plumbing(facts: Facts, proposal: Proposal) -> None:
    answers = proposal.answers
    if facts.arches:
        known = [arch for arch in load("grammar")["arches"] if arch in facts.arches.value]
        if known:
            answers["arches"] = Answer(known, (facts.arches.place,))
    answers["ci"] = Answer(
        "github" if facts.has_workflows else "none", (".github/workflows",) if facts.has_workflows else ()
    )
    renovate = facts.has_renovate
    answers["updates"] = Answer("renovate" if renovate else "none", (renovate,) if renovate else ())


def _places(found: list[Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.place for each in found))
