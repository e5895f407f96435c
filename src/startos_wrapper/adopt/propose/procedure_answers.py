"""Propose what the OS runs: the main container, config, properties, migrations, health checks and actions."""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.adopt.nearness import is_templates
from startos_wrapper.adopt.propose.proposal import Answer, Proposal, fits
from startos_wrapper.adopt.read import Facts

# The container engine's default if the manifest has no timeout.
_USUAL_TIMEOUT = "10s"
_NOT_STOPPED = "it runs in the service's container, which doesn't exist while the service is stopped"


def container(facts: Facts, proposal: Proposal) -> None:
    """Propose how the main container is started and stopped."""
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


def config(facts: Facts, proposal: Proposal) -> None:
    """Propose what handles config, properties and migrations."""
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
    if proposal.values["config"] != "none":
        script = facts.wrapper.readable("settings.sh")
        # Without the template's script, the wrapper has an entrypoint or a service that reads the file.
        proposal.answers["settings"] = Answer("variables" if script and is_templates(script.text) else "file")


def health_checks(facts: Facts, proposal: Proposal) -> None:
    """Propose the health checks."""
    checks = {}
    for id, given in facts.manifest["health-checks"].items():
        entry = {key: given[key] for key in ("name", "success-message") if given.get(key)}
        if given.get("timeout"):
            proposal.leave("health_checks", f"{id}.timeout", "no answer can set the timeout of a health check")
        if (procedure := _procedure(given)) is None:
            proposal.leave("health_checks", id, "it runs in a different image")
        else:
            checks[id] = entry | procedure
    places = tuple(facts.place("health-checks", id) for id in facts.manifest["health-checks"])
    if checks:
        proposal.answers["health_checks"] = Answer(checks, places)
    else:
        proposal.answers["health_check"] = Answer("none", places or (facts.place("health-checks"),))


def _procedure(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how a script or a program in the main image is run, as part of an answer, or None for other procedures."""
    if given["type"] == "script":
        return None if given.get("args") else {"type": "script"}
    if given["image"] != "main" or given.get("system") or given.get("shm-size-mb") or given.get("gpu-acceleration"):
        return None
    entry: dict[str, Any] = {"entrypoint": given["entrypoint"]}
    if given.get("args"):
        entry["args"] = given["args"]
    entry["inject"] = bool(given.get("inject"))
    entry["io-format"] = given.get("io-format")
    # The OS mounts nothing into a container that already runs.
    if given.get("mounts") and not entry["inject"]:
        entry["mounts"] = given["mounts"]
    return entry


def actions(facts: Facts, proposal: Proposal) -> None:
    """Propose the actions."""
    found: dict[str, Any] = {}
    for id, given in (facts.manifest.get("actions") or {}).items():
        if (procedure := _procedure(given["implementation"])) is None:
            proposal.leave("actions", id, "it runs in a different image")
            continue
        entry = {key: given[key] for key in ("name", "description", "warning") if given.get(key)}
        statuses = given["allowed-statuses"]
        if procedure.get("inject") and "running" in statuses and "stopped" in statuses:
            proposal.leave("actions", f"{id}.allowed-statuses.stopped", _NOT_STOPPED)
            statuses = ["running"]
        entry["allowed-statuses"] = statuses
        if given.get("input-spec"):
            entry["input-spec"] = given["input-spec"]
        found[id] = entry | procedure
    checks = proposal.values.get("health_checks", {})
    scripts = [item.get("entrypoint", "") for item in [*found.values(), *checks.values()]]
    scripts = [script for script in scripts if fits("own_script", script)]
    if scripts:
        # Otherwise the wrapper's own Dockerfile copies them from another folder.
        in_bin = all(facts.wrapper.is_file(f"bin/{script}") for script in scripts)
        proposal.answers["script_source"] = Answer("bin" if in_bin else "elsewhere")
    if found:
        proposal.answers["actions"] = Answer(found, tuple(facts.place("actions", id) for id in found))
