"""The values of a package that StartOS or people see, by their path, to compare two packages.

Ids that only the package's own code uses don't matter: the main container's image and daemon are called `main`, and
daemons in it count by their command. Release notes and translations aren't compared.
"""

from collections.abc import Iterator
from typing import Any

from startos_wrapper.adopt.of_packages.declarations import english
from startos_wrapper.adopt.of_packages.package_facts import FIELDS, PackageFacts
from startos_wrapper.adopt.of_packages.package_parts import Daemon, Interface
from startos_wrapper.files.typescript.expression import Value

Path = tuple[str, ...]

UNKNOWN = "(not written out)"
_FIELDS = ("path", "username", "masked")
# Of the SDK, in milliseconds.
_USUAL_TIMEOUT = 60_000


def values(facts: PackageFacts) -> dict[Path, Any]:
    """Return the values of a package by their paths, with `UNKNOWN` for what isn't written out."""
    return {path: UNKNOWN if value is None else value for path, value in _values(facts)}


def _values(facts: PackageFacts) -> Iterator[tuple[Path, Any]]:
    yield ("version",), facts.manifest.get("version")
    for key, name in FIELDS.items():
        if facts.manifest.get(key) or facts.fields.get(name):
            yield (name,), facts.manifest.get(key)
    for name in ("short", "long"):
        yield ("description", name), facts.manifest["description"][name].strip() or None
    for id in facts.volumes:
        yield ("volumes", id), True
    if facts.flag("hardwareAcceleration"):
        yield ("hardwareAcceleration",), True
    for image in facts.images.values():
        is_main = image is facts.image
        yield ("images", "main" if is_main else image.id), image.tag or "built"
        for arch in image.arches:
            yield ("arches", arch) if is_main else ("images", image.id, arch), True
    for daemon in facts.daemons:
        yield from _daemon(facts, daemon)
    for interface in facts.interfaces:
        yield from _interface(interface)
    yield from _dependencies(facts)
    yield from _backups(facts)
    for gap in facts.gaps:
        if gap.answer in ("interfaces", "backup", "arches", "upstream_image") and not gap.item:
            yield (gap.answer, f"{gap.place.file}:{gap.place.line}"), None


def _daemon(facts: PackageFacts, daemon: Daemon) -> Iterator[tuple[Path, Any]]:
    where = "main" if facts.is_main(daemon) else daemon.image or daemon.id
    for mount in daemon.mounts:
        source = "/".join(filter(None, (mount.package, mount.volume, mount.subpath))) or "assets"
        kind = "assets" if mount.kind == "assets" else "pointers" if mount.package else "mounts"
        yield (kind, where, mount.mountpoint), source + (" (read-only)" if mount.readonly and kind != "assets" else "")
    for gap in daemon.gaps:
        if gap.answer in ("volumes", "pointers"):
            yield ("mounts", where, f"{gap.place.file}:{gap.place.line}"), None
    if daemon.kind == "health check":
        ready = daemon.ready
        yield ("health checks", daemon.id), (ready.url or ready.port) if ready else None
        return
    name = "main" if daemon is facts.main else daemon.id
    yield ("oneshots" if daemon.kind == "oneshot" else "daemons", name), _command(facts, daemon)
    if daemon is facts.main:
        for variable, text in {
            **dict(found.value for found in facts.environment),
            **{name: text for name, (text, _) in daemon.environment.items()},
        }.items():
            yield ("environment", variable), text
        for gap in daemon.gaps:
            if gap.answer == "environment":
                yield ("environment", gap.item or "*"), None
        timeout = daemon.options.get("sigtermTimeout")
        yield ("sigtermTimeout",), timeout.number if timeout else _USUAL_TIMEOUT
        if daemon.ready is not None:
            yield ("ready",), (daemon.ready.url or "").replace("//127.0.0.1", "//localhost") or daemon.ready.port


def _command(facts: PackageFacts, daemon: Daemon) -> str | None:
    """Return what a daemon runs: through a script of the package, the command that the script starts."""
    text = daemon.shell
    if daemon is facts.main and not daemon.is_prepared and facts.entrypoint is not None and len(facts.commands) == 1:
        return str(facts.commands[0].value)
    return f"entrypoint {text}".strip() if daemon.entrypoint else text or None


def _interface(each: Interface) -> Iterator[tuple[Path, Any]]:
    here = ("interfaces", each.id)
    protocol, external, tls = (each.binding.get(name) for name in ("protocol", "preferredExternalPort", "addSsl"))
    yield (*here, "port"), each.port
    yield (*here, "host"), each.host or None
    yield (*here, "protocol"), (protocol.text if protocol else "none")
    if external is not None or tls is not None:
        yield (*here, "external"), external.number if external else None
    if tls is not None:
        inner = tls.get("preferredExternalPort")
        yield (*here, "tls"), inner.number if inner else True
    for name in ("name", "description"):
        yield (*here, name), english(each.fields.get(name))
    kind = each.fields.get("type")
    yield (*here, "type"), kind.text if kind else None
    for name in _FIELDS:
        value = each.fields.get(name)
        if value is not None and not (value.kind in ("text", "boolean") and not value.value):
            yield (*here, name), value.value if value.kind in ("text", "boolean") else None
    scheme = each.fields.get("schemeOverride")
    if scheme is not None:
        yield (*here, "scheme"), _written_out(scheme)
    query = each.fields.get("query")
    for name, value in query.fields.items() if query else ():
        yield (*here, "query", name), value.text


def _written_out(value: Value) -> str | None:
    return str(value.plain()) if value.is_known else None


def _dependencies(facts: PackageFacts) -> Iterator[tuple[Path, Any]]:
    for each in facts.dependencies:
        here = ("dependencies", each.id)
        yield (*here, "optional"), each.optional
        yield (*here, "description"), each.description.strip() or None
        yield (*here, "kind"), each.kind
        yield (*here, "versionRange"), each.range
        for id in each.health_checks:
            yield (*here, "healthChecks", id), True


def _backups(facts: PackageFacts) -> Iterator[tuple[Path, Any]]:
    if facts.backups is None:
        return
    for id in facts.backups.volumes:
        yield ("backup", "volumes", id), True
    for pattern in facts.backups.exclude:
        yield ("backup", "exclude", pattern), True
    for name in facts.backups.dumps:
        yield ("backup", name), True
