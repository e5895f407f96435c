"""Quote what needs a person in a manifest of StartOS 0.3.5, and all of its stanzas."""

from collections.abc import Iterator
from dataclasses import dataclass

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.migrate.quote import Quote, quote_node

_WEB_PORTS = ("80", "443")
_OPTIONAL = ("opt-in", "opt-out")
_WHOLE_VOLUME = ("", "/")
_ASSETS = ("license", "icon", "instructions")
# StartOS 0.3.5 has these images for every service.
_OWN_SYSTEM_IMAGE = "compat"


@dataclass(frozen=True)
class Stanza:
    """A top-level key of a manifest and all of its lines, with the comments above it."""

    name: str
    line: int
    lines: list[str]


def stanzas(wrapper: Wrapper) -> list[Stanza]:
    """Return the stanzas of a manifest, which have all lines of the file, in order. In TOML or JSON, it's only one."""
    source, keys = wrapper.manifest_source, wrapper.manifest.keys
    if source is None:
        return []
    starts = sorted((source.place(key.start).line, name) for name, key in keys.items())
    if len({line for line, _ in starts}) < len(starts) or not (wrapper.manifest_file or "").endswith(".yaml"):
        return [Stanza("", 1, source.lines)]
    found: list[Stanza] = []
    begins = [_above(source, line, starts[at - 1][0] if at else 0) if at else 1 for at, (line, _) in enumerate(starts)]
    for (_, name), first, after in zip(starts, begins, [*begins[1:], len(source.lines) + 1], strict=True):
        found.append(Stanza(name, first, source.lines[first - 1 : after - 1]))
    return found


def _above(source: Source, line: int, least: int) -> int:
    """Return the first line of the comments right above a line."""
    while line - 1 > least and source.lines[line - 2].startswith("#"):
        line -= 1
    return line


def manifest_quotes(wrapper: Wrapper) -> Iterator[Quote]:
    """Yield what needs a person in the manifest."""
    if wrapper.manifest_source is None:
        return
    page = _Page(wrapper, wrapper.manifest_source)
    yield from page.interfaces()
    yield from page.volumes()
    yield from page.dependencies()
    yield from page.procedures()
    for name in ("alerts",):
        yield from page.children("alert", name)
    yield from page.main()
    yield from page.documents()


class _Page:
    """A manifest whose parts are quoted."""

    def __init__(self, wrapper: Wrapper, source: Source) -> None:
        self.wrapper, self.source = wrapper, source

    def _quoted(self, subject: str, *path: str, note: str = "") -> Iterator[Quote]:
        """Yield the value at a path, unless it's missing or null."""
        parent = self.wrapper.manifest.get(*path[:-1]) if path[1:] else self.wrapper.manifest
        node = parent.get(path[-1]) if parent else None
        if parent and node:
            yield quote_node(subject, self.source, parent.keys.get(path[-1]), node, note or ".".join(path))

    def _each(self, *path: str) -> list[tuple[str, Node]]:
        node = self.wrapper.manifest.get(*path)
        return list(node.fields.items()) if node else []

    def children(self, subject: str, name: str) -> Iterator[Quote]:
        """Yield each value of a stanza."""
        for key, _ in self._each(name):
            yield from self._quoted(subject, name, key)

    def interfaces(self) -> Iterator[Quote]:
        """Yield the external ports that aren't those of web pages."""
        for name, _ in self._each("interfaces"):
            for place in (("tor-config", "port-mapping"), ("lan-config",)):
                for port, _ in self._each("interfaces", name, *place):
                    if port not in _WEB_PORTS:
                        yield from self._quoted("external-port", "interfaces", name, *place, port)

    def volumes(self) -> Iterator[Quote]:
        """Yield certificates, and pointers to a part of another service's volume."""
        for name, volume in self._each("volumes"):
            kind, path = volume.get("type"), volume.get("path")
            if kind and kind.text == "certificate":
                yield from self._quoted("certificate", "volumes", name)
            elif kind and kind.text == "pointer" and (path.text if path else "/") not in _WHOLE_VOLUME:
                yield from self._quoted("pointer", "volumes", name)

    def dependencies(self) -> Iterator[Quote]:
        """Yield what StartOS 0.4 can't say of a dependency."""
        for name, dependency in self._each("dependencies"):
            yield from self._quoted("dependency-config", "dependencies", name, "config")
            if dependency.is_true("critical"):
                yield from self._quoted("dependency-critical", "dependencies", name, "critical")
            kind = dependency.get("requirement", "type")
            if kind and kind.text in _OPTIONAL:
                yield from self._quoted("dependency-optional", "dependencies", name, "requirement", "type")
            yield from self._quoted("dependency-how", "dependencies", name, "requirement", "how")

    def procedures(self) -> Iterator[Quote]:
        """Yield the procedures that aren't a command in the service's image, or do more than the template's."""
        for procedure in self.wrapper.procedures:
            if subject := _subject(procedure):
                yield from self._quoted(subject, *procedure.path)
            if procedure.path[0] != "config" and not procedure.is_on_compat and procedure.node.get("io-format"):
                yield from self._quoted("io-format", *procedure.path, "io-format")

    def main(self) -> Iterator[Quote]:
        """Yield the settings of the container that StartOS 0.4 doesn't have."""
        for procedure in self.wrapper.procedures:
            yield from self._quoted("shm-size", *procedure.path, "shm-size-mb")
        arches = self.wrapper.manifest.get("hardware-requirements", "arch")
        if arches and "armv7" in arches.texts():
            yield from self._quoted("armv7", "hardware-requirements", "arch")

    def documents(self) -> Iterator[Quote]:
        """Yield the documents that StartOS 0.4 doesn't find by their names."""
        for name in _ASSETS:
            node = self.wrapper.manifest.get("assets", name)
            if node and node.text and not is_found(name, node.text):
                yield from self._quoted("other-file", "assets", name)


def is_found(name: str, path: str) -> bool:
    """Return whether StartOS 0.4 finds a document at its path. start-technologies, start-core/src/s9pk/v2/pack.rs"""
    stem, _, _ = path.lower().rpartition(".")
    return path == "instructions.md" if name == "instructions" else (stem or path.lower()) == name


def _subject(procedure: Procedure) -> str | None:
    """Return what a procedure is to a person, or None if the template writes it for StartOS 0.4, too."""
    stanza, kind = procedure.path[0], procedure.kind
    is_script = kind == "script"
    match stanza:
        case "health-checks":
            return "health-script" if is_script else "health-code"
        case "config":
            return "config-script" if is_script else None if procedure.is_on_compat else "config-procedure"
        case "properties":
            return None if procedure.is_on_compat else "properties"
        case "backup":
            return None if _is_usual_backup(procedure) else "backup"
        case "migrations":
            return None if procedure.is_on_compat else "migration"
        case "actions":
            return "action-script" if is_script else "other-image" if procedure.node.is_true("system") else None
        case _:
            return None


def _is_usual_backup(procedure: Procedure) -> bool:
    return procedure.is_on_compat and any(item.text == "duplicity" for item in procedure.args)
