"""Compare two manifests value by value, as StartOS understands them.

Some keys are ignored, because they don't affect the service or because the template always sets them itself:
`release-notes`, `build`, `eos-version`, `assets.docker-images`, and all keys that StartOS doesn't read. Values that are
StartOS's defaults count as missing. The order of mappings and whitespace around text don't matter.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from startos_wrapper.files.wrapper import DEFAULT_ASSETS

# The keys and indexes that lead to a value. For a set of words, the last key is the word itself.
Path = tuple[str, ...]
Leaves = dict[Path, Any]

_TEXTS = (
    "id", "title", "version", "license", "wrapper-repo", "upstream-repo", "support-site", "marketing-site",
    "donation-url",
)  # fmt: skip
_ASSETS = ("license", "instructions", "icon", "assets", "scripts")
_ALERTS = ("install", "uninstall", "restore", "start", "stop")
_DOCKER = ("image", "entrypoint", "system", "args", "inject", "mounts", "io-format", "shm-size-mb", "gpu-acceleration")
# Ignored for injected procedures, because their container already exists. procedure/docker.rs:757-771
_NOT_INJECTED = ("system", "mounts", "gpu-acceleration")
_VOLUMES = {
    "data": ("type",),
    "assets": ("type",),
    "pointer": ("type", "package-id", "volume-id", "path"),
    "certificate": ("type", "interface-id"),
}


@dataclass(frozen=True)
class Difference:
    """A value that differs between two manifests. None means that it's missing."""

    path: Path
    original: Any
    rendered: Any

    @property
    def name(self) -> str:
        """The path, joined with dots."""
        return ".".join(self.path)

    @property
    def contradicts(self) -> bool:
        """Whether the rendered manifest has another value, instead of none."""
        return self.rendered is not None


@dataclass(frozen=True)
class Comparison:
    """How much of the original manifest the rendered one reproduces: the paths of equal values, and the differences."""

    same: list[Path]
    differences: list[Difference]


def compare(original: Mapping[str, Any], rendered: Mapping[str, Any]) -> Comparison:
    """Compare two manifests that StartOS can read."""
    before, after = leaves(original), leaves(rendered)
    # The answers always list the architectures of the images. If the original doesn't, that's not a difference.
    silent = ("hardware-requirements", "arch")
    if not any(path[:2] == silent for path in before):
        after = {path: value for path, value in after.items() if path[:2] != silent}
    return compare_leaves(before, after)


def compare_leaves(before: Leaves, after: Leaves) -> Comparison:
    """Compare the values of two manifests or packages."""
    same = {path: None for path, value in before.items() if path in after and after[path] == value}
    paths = dict.fromkeys([*before, *after])
    different = [Difference(path, before.get(path), after.get(path)) for path in paths if path not in same]
    return Comparison(list(same), different)


def leaves(manifest: Mapping[str, Any]) -> Leaves:
    """Return every scalar of a manifest that StartOS uses, by its path."""
    return dict(_leaves(manifest))


def _leaves(manifest: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for name in _TEXTS:
        yield from _scalars((name,), manifest.get(name))
    for name in ("short", "long"):
        yield from _scalars(("description", name), manifest["description"].get(name))
    assets = _map(manifest, "assets")
    for name in _ASSETS:
        default = DEFAULT_ASSETS[name]
        if (given := assets.get(name) or default) != default or name in ("license", "instructions", "icon"):
            yield ("assets", name), given
    alerts = _map(manifest, "alerts")
    for name in _ALERTS:
        yield from _scalars(("alerts", name), alerts.get(name))
    yield from _procedures(manifest)
    for id, volume in _map(manifest, "volumes").items():
        kind = volume["type"]
        yield from _picked(("volumes", id), volume, _VOLUMES.get(kind, ("type",)))
        if kind == "pointer":
            yield ("volumes", id, "readonly"), volume["readonly"]
    for id, interface in _map(manifest, "interfaces").items():
        yield from _interface(("interfaces", id), interface)
    for id, dependency in _map(manifest, "dependencies").items():
        yield from _dependency(("dependencies", id), dependency)
    hardware = _map(manifest, "hardware-requirements")
    yield from _picked(("hardware-requirements",), hardware, ("device", "ram"))
    yield from _words(("hardware-requirements", "arch"), hardware.get("arch"))
    yield from _scalars(("replaces",), manifest.get("replaces"))


def _procedures(manifest: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield from _procedure(("main",), manifest["main"], ("sigterm-timeout",))
    for id, check in _map(manifest, "health-checks").items():
        yield from _picked(("health-checks", id), check, ("name", "success-message", "timeout"))
        yield from _procedure(("health-checks", id), check)
    for name in ("config", "backup"):
        for step, procedure in _map(manifest, name).items():
            if step in ("get", "set", "create", "restore"):
                yield from _procedure((name, step), procedure)
    if manifest.get("properties"):
        yield from _procedure(("properties",), manifest["properties"])
    migrations = _map(manifest, "migrations")
    for direction in ("from", "to"):
        for versions, procedure in _map(migrations, direction).items():
            yield from _procedure(("migrations", direction, versions), procedure)
    for id, action in _map(manifest, "actions").items():
        yield from _picked(("actions", id), action, ("name", "description", "warning", "input-spec"))
        yield from _words(("actions", id, "allowed-statuses"), action.get("allowed-statuses"))
        yield from _procedure(("actions", id, "implementation"), action["implementation"])


def _procedure(path: Path, given: Mapping[str, Any], more: tuple[str, ...] = ()) -> Iterator[tuple[Path, Any]]:
    yield (*path, "type"), given["type"]
    if given["type"] != "docker":
        yield from _scalars((*path, "args"), given.get("args"))
        return
    heeded = [key for key in (*_DOCKER, *more) if not (given.get("inject") and key in _NOT_INJECTED)]
    yield from _picked(path, given, heeded)


def _interface(path: Path, given: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield from _picked(path, given, ("name", "description", "tor-config"))
    yield (*path, "ui"), given["ui"]
    yield from _words((*path, "protocols"), given["protocols"])
    for port, target in _map(given, "lan-config").items():
        yield (*path, "lan-config", port, "ssl"), target["ssl"]
        # `mapping` is its old name. core/startos/src/net/interface.rs
        yield (*path, "lan-config", port, "internal"), target.get("internal", target.get("mapping"))


def _dependency(path: Path, given: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield from _picked(path, given, ("version", "description"))
    requirement = given["requirement"]
    yield (*path, "requirement", "type"), requirement["type"]
    if requirement["type"] != "required":
        yield from _scalars((*path, "requirement", "how"), requirement.get("how"))
    for step, procedure in _map(given, "config").items():
        yield from _procedure((*path, "config", step), procedure)


def _picked(path: Path, given: Mapping[str, Any], keys: Iterable[str]) -> Iterator[tuple[Path, Any]]:
    for key in keys:
        yield from _scalars((*path, key), given.get(key))


def _scalars(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield all scalars except the OS's defaults: null, false, and empty texts, lists and mappings."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _scalars((*path, str(key)), inner)
    elif isinstance(value, list):
        # An item of a list counts even if it's empty.
        for index, inner in enumerate(value):
            here = (*path, str(index))
            yield from _scalars(here, inner) if isinstance(inner, (Mapping, list)) else ((here, inner),)
    elif isinstance(value, str):
        if text := value.strip():
            yield path, text
    elif value is not None and value is not False:
        yield path, value


def _words(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    for word in value or ():
        yield (*path, str(word)), True


def _map(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = given.get(key)
    return value if isinstance(value, Mapping) else {}
