"""The keys of a service that say what its container runs, listens on, stores and is told."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from startos_wrapper.files.compose.command_words import read_command, read_health
from startos_wrapper.files.compose.compose_model import Build, Extends, Granted, KeyAt, Node, Service, Text, Variable
from startos_wrapper.files.compose.env_file_entries import EnvFolder, read_env_files
from startos_wrapper.files.compose.mount_entries import read_mounts
from startos_wrapper.files.compose.port_entries import read_ports
from startos_wrapper.files.compose.reading import Reading

T = TypeVar("T")


def read_service(reading: Reading, folder: EnvFolder, key: KeyAt) -> Service:
    """Return a service. Raises: ComposeError."""
    what = f"services.{key.name}"
    if key.node.kind != "map":
        raise reading.error(key.line, f"{what} must be a mapping")
    keys = key.node.fields

    def at(name: str, read: Callable[[Reading, Node, str], T]) -> T | None:
        found = keys.get(name)
        if found is None or found.node.kind == "null":
            return None
        # The line of the key, because a mapping begins at its first key.
        return read(reading, replace(found.node, line=found.line), f"{what}.{name}")

    return Service(
        key.name,
        key.line,
        keys,
        image=at("image", Reading.text),
        build=at("build", _build),
        command=at("command", read_command),
        entrypoint=at("entrypoint", read_command),
        health=at("healthcheck", read_health),
        extends=at("extends", _extends),
        ports=at("ports", read_ports) or [],
        expose=at("expose", read_ports) or [],
        mounts=at("volumes", read_mounts) or [],
        environment=at("environment", _environment) or [],
        env_files=at("env_file", partial(read_env_files, folder)) or [],
        depends_on=at("depends_on", _depends_on) or {},
        links=at("links", _links) or [],
        labels=at("labels", _labels) or {},
        profiles=at("profiles", _names) or [],
        secrets=at("secrets", partial(_granted, "/run/secrets/")) or [],
        configs=at("configs", partial(_granted, "/")) or [],
    )


def _build(reading: Reading, node: Node, what: str) -> Build:
    if node.text:
        return Build(node.text.best, "", "", {}, node.line)
    reading.fields(node, what)

    def text(name: str) -> str:
        found = node.get(name)
        return reading.text(found, f"{what}.{name}").best if found else ""

    args = node.get("args")
    given = {name: value for name, value, _ in reading.pairs(args, f"{what}.args")} if args else {}
    inline = node.get("dockerfile_inline") is not None
    return Build(text("context") or ".", text("dockerfile"), text("target"), given, node.line, inline)


def _extends(reading: Reading, node: Node, what: str) -> Extends:
    if node.text:
        return Extends(node.text.value, "", node.line)
    fields = reading.fields(node, what)
    service, file = (
        reading.text(fields[name].node, what).value if name in fields else "" for name in ("service", "file")
    )
    return Extends(service, file, node.line)


def _environment(reading: Reading, node: Node, what: str) -> list[Variable]:
    """Return the variables, the last one of each name. One without a value gets it from `.env`."""
    found: dict[str, Variable] = {}
    for name, value, line in reading.pairs(node, what):
        passed = value is None
        if passed and name in reading.interpolation.values:
            value = Text("", reading.interpolation.values[name], line, used=(name,))
        found[name] = Variable(name, value, line, reading.file, passed)
    return list(found.values())


def _depends_on(reading: Reading, node: Node, what: str) -> dict[str, str]:
    if node.kind == "list":
        return dict.fromkeys(_names(reading, node, what), "service_started")
    if node.kind != "map":
        raise reading.error(node.line, f"{what} must be a mapping or a list")
    conditions = {}
    for name, key in node.fields.items():
        condition = key.node.get_text("condition")
        conditions[name] = condition.value if condition else "service_started"
    return conditions


def _names(reading: Reading, node: Node, what: str) -> list[str]:
    return [text.value for text in reading.texts(node, what)]


def _links(reading: Reading, node: Node, what: str) -> list[str]:
    """Return the services without their aliases."""
    return [name.partition(":")[0] for name in _names(reading, node, what)]


def _labels(reading: Reading, node: Node, what: str) -> dict[str, Text]:
    return {name: value or Text("", "", line) for name, value, line in reading.pairs(node, what)}


def _granted(folder: str, reading: Reading, node: Node, what: str) -> list[Granted]:
    """Return the secrets or configs of a service. A relative target is in `folder`."""
    found = []
    for item in reading.items(node, what):
        entry = f"each item of {what}"
        source = reading.text(item, entry) if item.kind != "map" else item.get_text("source")
        if source is None:
            raise reading.error(item.line, f"{entry} needs a source")
        target = item.get_text("target") or replace(source, line=item.line)
        path = target.value if target.value.startswith("/") else folder + target.value
        found.append(Granted(source.value, path, item.line))
    return found
