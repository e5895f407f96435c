"""Read a manifest as StartOS 0.3.5.1 does: written from the OS's source, independent of this project's own rules.

There are four gates, each a function: what stops the parser, what stops `start-sdk pack`, what stops `start-sdk verify`
and every install, and what passes all of these but doesn't work. A message starts with the path of the fault. The code
in brackets is the OS's rule: P3 is a rule of pack, V17 of verify, I1 of the install.

The parser accepts three oddities that count as faults here: a list instead of an object, a number instead of the word
that selects a variant, and an object with one key instead of a word. Regular expressions and JSON paths are checked
only roughly.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from tests.support.oracle_values import (
    Grammar,
    charset,
    duration,
    find_manifest,
    float_range,
    free,
    identifier,
    matching,
    port,
    read_manifest,
    regex,
    url,
    version,
    version_range,
    volume_id,
    whole_range,
)

__all__ = ["faults", "pack_faults", "parse_faults", "read_manifest", "unknown_keys", "unused", "verify_faults"]

Manifest = dict[str, Any]

# --- Readers of values: each yields the faults and ignored keys at a path ---------------------------------------------


class Found(NamedTuple):
    """A fault at a path, or an unknown key if there is no text."""

    path: str
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.fault}"


Reader = Callable[[Any, str], Iterator[Found]]
TYPES = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}


def _unlike(value: Any, path: str, wanted: str) -> Found:
    return Found(path, f"is {'null' if value is None else TYPES.get(type(value), 'a date')}, not {wanted}")


def _of(*types: type) -> Reader:
    def reader(value: Any, path: str) -> Iterator[Found]:
        if type(value) not in types:
            yield _unlike(value, path, TYPES[types[0]])

    return reader


def _text(grammar: Grammar = free) -> Reader:
    def reader(value: Any, path: str) -> Iterator[Found]:
        if not isinstance(value, str):
            yield _unlike(value, path, "text")
            return
        try:
            grammar(value)
        except ValueError as fault:
            yield Found(path, str(fault))

    return reader


def _word(*words: str) -> Reader:
    return _text(matching("|".join(words) or r"(?!)", f"one of {', '.join(words)}"))


def _whole(limit: int) -> Reader:
    def reader(value: Any, path: str) -> Iterator[Found]:
        if type(value) is not int or not 0 <= value <= limit:
            yield Found(path, f"is not a whole number from 0 to {limit}")

    return reader


def _list(item: Reader) -> Reader:
    """Read a list. The OS doesn't check for unknown keys inside lists."""

    def reader(value: Any, path: str) -> Iterator[Found]:
        if not isinstance(value, list):
            yield _unlike(value, path, "a list")
            return
        for index, each in enumerate(value):
            yield from (found for found in item(each, f"{path}.{index}") if found.fault)

    return reader


def _map(key: Grammar, item: Reader) -> Reader:
    """Read an object with arbitrary keys. A key that the OS writes back differently counts as unknown."""

    def reader(value: Any, path: str) -> Iterator[Found]:
        if not isinstance(value, dict):
            yield _unlike(value, path, "an object")
            return
        for name, each in value.items():
            inside = f"{path}.{name}"
            faults = list(_text(key)(name, inside))
            yield from faults
            if faults or key(name) == name:
                yield from item(each, inside)
            else:
                yield Found(inside)
                yield from (found for found in item(each, inside) if found.fault)

    return reader


def _or_null(reader: Reader) -> Reader:
    return lambda value, path: iter(()) if value is None else reader(value, path)


def _any(_value: Any, _path: str) -> Iterator[Found]:
    yield from ()


class Need(Enum):
    """Whether a field is required, whether it may be null, and whether the OS writes it back."""

    REQUIRED = auto()
    DEFAULT = auto()  # may be absent, but not null
    OPTIONAL = auto()  # may be absent or null
    DROPPED = auto()  # optional, null isn't written back
    RENAMED = auto()  # optional, never written back


NEEDED, DEFAULT, OPTIONAL, DROPPED, RENAMED = Need
Fields = Mapping[str, tuple[Need, Reader]]


@dataclass(frozen=True)
class Struct:
    """A reader for an object with known fields. The word at `tag` selects another struct to read the same object."""

    fields: Fields
    tag: str = ""
    variants: Mapping[str, "Struct"] = field(default_factory=dict)
    rule: Callable[[dict[str, Any]], str] = lambda _: ""

    def __call__(self, value: Any, path: str) -> Iterator[Found]:
        if isinstance(value, dict):
            yield from self._read(value, path, set())
        else:
            yield _unlike(value, path, "an object")

    def _read(self, value: dict[str, Any], path: str, known: Set[str]) -> Iterator[Found]:
        """Read the struct's fields, then those of the selected struct, and finally report unknown keys."""
        for name, (need, reader) in self.fields.items():
            yield from _field(value, path, name, need, reader)
        if fault := self.rule(value):
            yield Found(path, fault)
        known = known | {*self.fields, self.tag}
        if not self.tag:
            yield from (Found(f"{path}.{key}") for key in value if key not in known)
            return
        yield from _field(value, path, self.tag, NEEDED, _word(*self.variants))
        if isinstance(kind := value.get(self.tag), str) and kind in self.variants:
            yield from self.variants[kind]._read(value, path, known)


def _field(value: dict[str, Any], path: str, name: str, need: Need, reader: Reader) -> Iterator[Found]:
    inside = f"{path}.{name}"
    if name not in value:
        if need is NEEDED:
            yield Found(inside, "is missing")
    elif value[name] is not None or need in (NEEDED, DEFAULT):
        yield from reader(value[name], inside)
    if (need is RENAMED and name in value) or (need is DROPPED and value.get(name, "") is None):
        yield Found(inside)


# --- The manifest, field by field ------------------------------------------------------------------------------------

TEXT, BOOLEAN, NUMBER, U64, PORT = _text(), _of(bool), _of(int, float), _whole(2**64 - 1), _text(port)
ID, VOLUME_ID, DURATION, URL = _text(identifier), _text(volume_id), _text(duration), _text(url)
TEXTS = _list(TEXT)

CONTAINER: Fields = {
    "image": (NEEDED, ID), "system": (DEFAULT, BOOLEAN), "mounts": (DEFAULT, _map(volume_id, TEXT)),
    "sigterm-timeout": (OPTIONAL, DURATION), "shm-size-mb": (OPTIONAL, U64), "gpu-acceleration": (DEFAULT, BOOLEAN),
}  # fmt: skip
DOCKER: Fields = {
    **CONTAINER, "entrypoint": (NEEDED, TEXT), "args": (DEFAULT, TEXTS), "inject": (DEFAULT, BOOLEAN),
    "io-format": (OPTIONAL, _word("json", "json-pretty", "yaml", "cbor", "toml", "toml-pretty")),
}  # fmt: skip
PROCEDURE = Struct({}, "type", {"docker": Struct(DOCKER), "script": Struct({"args": (DEFAULT, _list(_any))})})
HEALTH_CHECK = Struct(
    {"name": (NEEDED, TEXT), "success-message": (OPTIONAL, TEXT), "timeout": (OPTIONAL, DURATION)},
    PROCEDURE.tag,
    PROCEDURE.variants,
)
POINTER: Fields = {
    "package-id": (NEEDED, ID), "volume-id": (NEEDED, VOLUME_ID), "path": (NEEDED, TEXT), "readonly": (NEEDED, BOOLEAN),
}  # fmt: skip
VOLUME = Struct({}, "type", {
    "data": Struct({}), "assets": Struct({}), "pointer": Struct(POINTER),
    "certificate": Struct({"interface-id": (NEEDED, ID)}), "backup": Struct({"readonly": (NEEDED, BOOLEAN)}),
})  # fmt: skip


def _internal(lan: dict[str, Any]) -> str:
    return "has no internal port" if lan.get("internal") is None and lan.get("mapping") is None else ""


LAN_PORT = Struct(
    {"ssl": (NEEDED, BOOLEAN), "internal": (OPTIONAL, _whole(65535)), "mapping": (RENAMED, _whole(65535))},
    rule=_internal,
)
INTERFACE = Struct({
    "name": (NEEDED, TEXT), "description": (NEEDED, TEXT), "ui": (NEEDED, BOOLEAN), "protocols": (NEEDED, TEXTS),
    "tor-config": (OPTIONAL, Struct({"port-mapping": (NEEDED, _map(port, PORT))})),
    "lan-config": (OPTIONAL, _map(port, LAN_PORT)),
})  # fmt: skip
HOW = Struct({"how": (NEEDED, TEXT)})
DEPENDENCY = Struct({
    "version": (NEEDED, _text(version_range)),
    "requirement": (NEEDED, Struct({}, "type", {"required": Struct({}), "opt-in": HOW, "opt-out": HOW})),
    "description": (OPTIONAL, TEXT),
    "config": (OPTIONAL, Struct({"check": (NEEDED, PROCEDURE), "auto-configure": (NEEDED, PROCEDURE)})),
})  # fmt: skip

# --- The input-spec of an action -------------------------------------------------------------------------------------


def _input_spec(value: Any, path: str) -> Iterator[Found]:
    yield from _map(free, VALUE_SPEC)(value, path)


def _unique_by(value: Any, path: str) -> Iterator[Found]:
    """Read null, the name of a key, or an object whose last entry is `any` or `all` with a list of these."""
    if isinstance(value, dict):
        names = [name for name in value if name in ("any", "all")]
        if not names or names[0] != list(value)[-1]:
            yield Found(path, "does not end in its first any or all")
        else:
            yield from _list(_unique_by)(value[names[0]], f"{path}.{names[0]}")
            yield from (Found(f"{path}.{name}") for name in list(value)[:-1])
    elif value is not None:
        yield from TEXT(value, path)


def _text_or(struct: Struct) -> Reader:
    return lambda value, path: iter(()) if isinstance(value, str) else struct(value, path)


def _pattern(spec: dict[str, Any]) -> str:
    return "has only one of pattern and pattern-description" if ("pattern" in spec) != (PATTERN in spec) else ""


def _listed(spec: Struct, default: Reader) -> Struct:
    return Struct({"default": (NEEDED, _list(default)), "spec": (NEEDED, spec), "range": (NEEDED, _text(whole_range))})


def _defaulting(spec: Struct, default: tuple[Need, Reader], *, nullable: bool = False) -> Struct:
    fields = {**spec.fields, "default": default, **({"nullable": (NEEDED, BOOLEAN)} if nullable else {})}
    return Struct(fields, rule=spec.rule)


PATTERN = "pattern-description"
GENERATED = _text_or(Struct({"charset": (OPTIONAL, _text(charset)), "len": (NEEDED, U64)}))
UNION_TAG = _text_or(Struct({
    "id": (NEEDED, TEXT), "name": (NEEDED, TEXT), "description": (OPTIONAL, TEXT),
    "variant-names": (NEEDED, _map(free, TEXT)),
}))  # fmt: skip
ENUM = Struct({"values": (NEEDED, TEXTS), "value-names": (DEFAULT, _map(free, TEXT))})
NUMERIC = Struct({
    "range": (OPTIONAL, _text(float_range)), "integral": (DEFAULT, BOOLEAN), "units": (DROPPED, TEXT),
    "placeholder": (DROPPED, NUMBER),
})  # fmt: skip
STRING = Struct({
    "pattern": (DEFAULT, _text(regex)), PATTERN: (DEFAULT, TEXT), "textarea": (DEFAULT, BOOLEAN),
    "copyable": (DEFAULT, BOOLEAN), "masked": (DEFAULT, BOOLEAN), "placeholder": (DEFAULT, TEXT),
}, rule=_pattern)  # fmt: skip
SHOWN: Fields = {"display-as": (OPTIONAL, TEXT), "unique-by": (DEFAULT, _unique_by)}
OBJECT = Struct({**SHOWN, "spec": (NEEDED, _input_spec)})
UNION = _defaulting(
    Struct({**SHOWN, "tag": (NEEDED, UNION_TAG), "variants": (NEEDED, _map(free, _input_spec))}), (NEEDED, TEXT)
)
LISTS = {
    "enum": _listed(ENUM, TEXT), "number": _listed(NUMERIC, _or_null(NUMBER)), "object": _listed(OBJECT, _of(dict)),
    "string": _listed(STRING, _or_null(GENERATED)), "union": _listed(UNION, TEXT),
}  # fmt: skip
OF_INTERFACE = Struct({"package-id": (NEEDED, ID), "interface": (NEEDED, ID)})
OF_CONFIG = Struct({"package-id": (NEEDED, ID), "selector": (NEEDED, TEXT), "multi": (NEEDED, BOOLEAN)})
TARGETS = {"tor-key": OF_INTERFACE, "tor-address": OF_INTERFACE, "lan-address": OF_INTERFACE, "config": OF_CONFIG}
VALUE_SPEC = Struct({"name": (NEEDED, TEXT), "description": (OPTIONAL, TEXT), "warning": (DROPPED, TEXT)}, "type", {
    "boolean": Struct({"default": (NEEDED, BOOLEAN)}),
    "enum": _defaulting(ENUM, (NEEDED, TEXT)),
    "number": _defaulting(NUMERIC, (OPTIONAL, NUMBER), nullable=True),
    "string": _defaulting(STRING, (OPTIONAL, GENERATED), nullable=True),
    "object": OBJECT,
    "union": UNION,
    "list": Struct({}, "subtype", LISTS),
    "pointer": Struct({}, "subtype", {"package": Struct({}, "target", TARGETS), "system": Struct({}, "target")}),
})  # fmt: skip

ACTION = Struct({
    "name": (NEEDED, TEXT), "description": (NEEDED, TEXT), "warning": (OPTIONAL, TEXT),
    "implementation": (NEEDED, PROCEDURE), "allowed-statuses": (NEEDED, _list(_word("running", "stopped"))),
    "input-spec": (DEFAULT, _input_spec),
})  # fmt: skip
MIGRATIONS = _map(version_range, PROCEDURE)


def _optional_texts(*names: str) -> Struct:
    return Struct(dict.fromkeys(names, (OPTIONAL, TEXT)))


MANIFEST = Struct({
    "eos-version": (DEFAULT, _text(version)), "id": (NEEDED, ID), "git-hash": (OPTIONAL, TEXT), "title": (NEEDED, TEXT),
    "version": (NEEDED, _text(version)),
    "description": (NEEDED, Struct({"short": (NEEDED, TEXT), "long": (NEEDED, TEXT)})),
    "assets": (DEFAULT, _optional_texts("license", "instructions", "icon", "docker-images", "assets", "scripts")),
    "build": (OPTIONAL, TEXTS), "release-notes": (NEEDED, TEXT), "license": (NEEDED, TEXT),
    "wrapper-repo": (NEEDED, URL), "upstream-repo": (NEEDED, URL), "support-site": (OPTIONAL, URL),
    "marketing-site": (OPTIONAL, URL), "donation-url": (OPTIONAL, URL),
    "alerts": (DEFAULT, _optional_texts("install", "uninstall", "restore", "start", "stop")),
    "main": (NEEDED, PROCEDURE), "health-checks": (NEEDED, _map(identifier, HEALTH_CHECK)),
    "config": (OPTIONAL, Struct({"get": (NEEDED, PROCEDURE), "set": (NEEDED, PROCEDURE)})),
    "properties": (OPTIONAL, PROCEDURE), "volumes": (NEEDED, _map(volume_id, VOLUME)),
    "interfaces": (NEEDED, _map(identifier, INTERFACE)),
    "backup": (NEEDED, Struct({"create": (NEEDED, PROCEDURE), "restore": (NEEDED, PROCEDURE)})),
    "migrations": (DEFAULT, Struct({"from": (NEEDED, MIGRATIONS), "to": (NEEDED, MIGRATIONS)})),
    "actions": (DEFAULT, _map(identifier, ACTION)), "dependencies": (DEFAULT, _map(identifier, DEPENDENCY)),
    "containers": (OPTIONAL, Struct({"main": (NEEDED, Struct(CONTAINER))})), "replaces": (DEFAULT, TEXTS),
    "hardware-requirements": (DEFAULT, Struct({
        "device": (DEFAULT, _map(free, _text(regex))), "ram": (OPTIONAL, U64), "arch": (OPTIONAL, TEXTS),
    })),
})  # fmt: skip


def parse_faults(manifest: Manifest) -> list[str]:
    """Return all faults that stop the parser, not only the first."""
    return [str(found) for found in MANIFEST(manifest, "") if found.fault]


def unknown_keys(manifest: Manifest) -> list[str]:
    """Return the paths of the keys that the parser ignores or writes back under another name."""
    return [found.path for found in MANIFEST(manifest, "") if not found.fault]


# --- Procedures ------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """A place in the manifest that holds procedures, and how the OS checks them there."""

    path: str
    io: bool = False  # verify requires an io-format
    counted: bool = True  # pack checks here whether a script is needed
    verified: bool = True


PLACES = (
    *map(Place, ("main", "backup.create", "backup.restore")),
    *(Place(path, io=True) for path in ("config.get", "config.set", "properties", "actions.*.implementation")),
    *(Place(path, io=True) for path in ("migrations.from.*", "migrations.to.*")),
    Place("health-checks.*", counted=False),
    *(Place(f"dependencies.*.config.{name}", counted=False, verified=False) for name in ("check", "auto-configure")),
)


class Procedure(NamedTuple):
    """A procedure of a manifest."""

    place: Place
    path: str
    body: dict[str, Any]

    @property
    def is_script(self) -> bool:
        return bool(self.body["type"] == "script")

    @property
    def mounts(self) -> dict[str, str]:
        """The volumes that the OS mounts for it: nothing if it runs inside the main container."""
        mounts: dict[str, str] = {} if self.is_script or self.body.get("inject") else self.body.get("mounts", {})
        return mounts


def _at(value: Any, names: list[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what is at a path in which `*` stands for any key."""
    if not names:
        yield path, value
        return
    for name in list(value) if names[0] == "*" else names[:1]:
        if value.get(name) is not None:
            yield from _at(value[name], names[1:], f"{path}.{name}")


def _procedures(manifest: Manifest) -> list[Procedure]:
    return [Procedure(place, *found) for place in PLACES for found in _at(manifest, place.path.split("."))]


def _volumes(manifest: Manifest, *kinds: str) -> list[str]:
    return [name for name, volume in manifest["volumes"].items() if volume["type"] in kinds]


# --- The gates after the parser: all of them require a manifest that parses ------------------------------------------


def pack_faults(tree: Path) -> list[str]:
    """Return what stops `start-sdk pack` in a wrapper's folder or is missing from the package (P3, P5, P6, V1)."""
    manifest = read_manifest(find_manifest(tree))
    rules = (_files, _asset_folders, _scripts)
    return [fault for rule in rules for fault in rule(tree, manifest.get("assets", {}), manifest)]


def _asset(assets: dict[str, Any], name: str, default: str) -> str:
    return default if assets.get(name) is None else str(assets[name])


def _files(tree: Path, assets: dict[str, Any], _manifest: Manifest) -> Iterator[str]:
    for name, default in (("license", "LICENSE.md"), ("icon", "icon.png"), ("instructions", "INSTRUCTIONS.md")):
        file = _asset(assets, name, default)
        if not (tree / file).is_file():
            yield f".assets.{name}: there is no file {file} (P3)"
        elif name == "icon" and (tree / file).stat().st_size > 102_400:
            yield f".assets.icon: {file} is larger than 100 KiB (V1)"


def _asset_folders(tree: Path, assets: dict[str, Any], manifest: Manifest) -> Iterator[str]:
    folder = _asset(assets, "assets", "assets")
    for volume in _volumes(manifest, "assets"):
        if not (tree / folder / volume).is_dir():
            yield f".volumes.{volume}: there is no folder {folder}/{volume} (P5)"


def _scripts(tree: Path, assets: dict[str, Any], manifest: Manifest) -> Iterator[str]:
    """Check embassy.js. It isn't packed if only a health check or a dependency has a script."""
    present = (tree / _asset(assets, "scripts", "scripts") / "embassy.js").exists()
    scripts = [procedure for procedure in _procedures(manifest) if procedure.is_script]
    if any(procedure.place.counted for procedure in scripts):
        if not present:
            yield ".assets.scripts: there is no embassy.js, which procedures need (P6)"
    elif scripts:
        yield from (
            f"{script.path}: runs embassy.js, which pack then leaves out of the package (P6)" for script in scripts
        )
    elif present:
        yield ".assets.scripts: embassy.js is left out of the package, as no procedure runs it (P6)"


MAIN_IMAGE = frozenset({"main"})


def verify_faults(manifest: Manifest, images: Set[str] = MAIN_IMAGE) -> list[str]:
    """Return what `start-sdk verify` and the install refuse, given the packed images (V7-V11, V14-V19, I1, I3)."""
    procedures = [procedure for procedure in _procedures(manifest) if procedure.place.verified]
    of_procedures = (fault for procedure in procedures for fault in _procedure(procedure, manifest["volumes"], images))
    rules = (_lengths, _interfaces, _main, _replaces, _volume_kinds, _lan, _icon)
    return [*of_procedures, *(fault for rule in rules for fault in rule(manifest))]


def _procedure(procedure: Procedure, volumes: Iterable[str], images: Set[str]) -> Iterator[str]:
    body, path = procedure.body, procedure.path
    if procedure.is_script:
        return
    for volume in body.get("mounts", {}):
        if volume not in volumes and volume != "BACKUP":
            yield f"{path}.mounts.{volume}: no such volume (V8)"
    if body["image"] not in ({"compat", "utils"} if body.get("system") else images):
        yield f"{path}.image: no such {'system image' if body.get('system') else 'image in the package'} (V8)"
    if procedure.place.io and body.get("io-format") is None:
        yield f"{path}.io-format: is missing (V8)"


def _lengths(manifest: Manifest) -> Iterator[str]:
    for name, limit in (("short", 160), ("long", 5000)):
        if len(manifest["description"][name]) > limit:
            yield f".description.{name}: more than {limit} characters (V7)"
    if len(manifest["title"].encode()) > 29:
        yield ".title: more than 29 bytes (V17)"


def _interfaces(manifest: Manifest) -> Iterator[str]:
    for name, interface in manifest["interfaces"].items():
        protocols = set(interface["protocols"])
        if interface.get("tor-config") is not None and "tcp" not in protocols:
            yield f".interfaces.{name}.protocols: no tcp, which tor-config needs (V9)"
        if interface.get("lan-config") is not None and "http" not in protocols:
            yield f".interfaces.{name}.protocols: no http, which lan-config needs (V10)"
        if interface["ui"] and not protocols & {"http", "https"}:
            yield f".interfaces.{name}.protocols: neither http nor https, which ui needs (V11)"


def _main(manifest: Manifest) -> Iterator[str]:
    if manifest["main"]["type"] == "script":
        yield ".main.type: is a script (V14)"
    if manifest.get("containers") is not None:
        yield ".containers: is set (V14, V18)"


def _replaces(manifest: Manifest) -> Iterator[str]:
    replaces = manifest.get("replaces", [])
    if len(replaces) > 9:
        yield ".replaces: more than 9 entries (V15)"
    yield from (f".replaces: {name} has more than 9 bytes (V16)" for name in replaces if len(name.encode()) > 9)


def _volume_kinds(manifest: Manifest) -> Iterator[str]:
    for name in _volumes(manifest, "certificate"):
        if manifest["volumes"][name]["interface-id"] not in manifest["interfaces"]:
            yield f".volumes.{name}.interface-id: no such interface (V19)"
    yield from (f".volumes.{name}.type: backup is the OS's own (V19)" for name in _volumes(manifest, "backup"))


def _lan(manifest: Manifest) -> Iterator[str]:
    for path, ports in _at(manifest, ["interfaces", "*", "lan-config"]):
        for number, lan in ports.items():
            if (int(number), lan["ssl"]) in ((80, True), (443, False)):
                yield f"{path}.{number}.ssl: port 80 is without and 443 with TLS on StartOS (I1)"


def _icon(manifest: Manifest) -> Iterator[str]:
    if manifest.get("assets", {}).get("icon") is None:
        yield ".assets.icon: is not set, so the web interface cannot sideload the package (I3)"


# --- What passes every gate and still doesn't work -------------------------------------------------------------------


def unused(manifest: Manifest) -> list[str]:
    """Return what the OS accepts but ignores or handles badly: volumes, mounts and configs that get lost."""
    procedures = _procedures(manifest)
    of_procedures = (fault for each in procedures for rule in (_mounts, _duplicity, _in_vain) for fault in rule(each))
    return [*_unmounted(manifest, procedures), *_not_backed_up(manifest, procedures), *of_procedures, *_lost(manifest)]


def _unmounted(manifest: Manifest, procedures: list[Procedure]) -> Iterator[str]:
    """Find volumes that no procedure mounts. Scripts can use an assets volume without a mount."""
    mounted = {name for procedure in procedures for name in procedure.mounts}
    for name in _volumes(manifest, "data", "pointer", "certificate"):
        if name not in mounted:
            yield f".volumes.{name}: nothing mounts it"


def _not_backed_up(manifest: Manifest, procedures: list[Procedure]) -> Iterator[str]:
    """Find data volumes that the backup skips. Scripts can use a data volume without a mount."""
    for procedure in procedures:
        if procedure.place.path.startswith("backup.") and not procedure.is_script:
            missing = (name for name in _volumes(manifest, "data") if name not in procedure.mounts)
            yield from (f"{procedure.path}.mounts: lacks the data volume {name}" for name in missing)


def _mounts(procedure: Procedure) -> Iterator[str]:
    taken: dict[PurePosixPath, str] = {}
    for name, path in procedure.mounts.items():
        if not path.startswith("/"):
            yield f"{procedure.path}.mounts.{name}: {path} is not an absolute path"
        if (other := taken.setdefault(PurePosixPath(path), name)) != name:
            yield f"{procedure.path}.mounts.{name}: {path} is taken by {other}"


def _duplicity(procedure: Procedure) -> Iterator[str]:
    """Check `duplicity create|restore <mount point of the backup> <mount point of the data>`."""
    args = procedure.body.get("args", [])
    if procedure.is_script or not any(arg.startswith("duplicity") for arg in args):
        return
    data = [path for name, path in procedure.mounts.items() if name != "BACKUP"]
    verb, backup = procedure.place.path.rpartition(".")[2], procedure.mounts.get("BACKUP", "")
    ordered = len(args) == 4 and args[:2] == ["duplicity", verb] and PurePosixPath(args[2]) == PurePosixPath(backup)
    if not ordered or not any(_related(args[3], path) for path in data):
        yield f"{procedure.path}.args: are not duplicity {verb} {backup} <where the data is mounted>"


def _related(one: str, other: str) -> bool:
    """Return whether two paths are the same or one contains the other."""
    paths = PurePosixPath(one), PurePosixPath(other)
    return paths[0].is_relative_to(paths[1]) or paths[1].is_relative_to(paths[0])


def _in_vain(procedure: Procedure) -> Iterator[str]:
    body, path = procedure.body, procedure.path
    if procedure.is_script:
        return
    if body.get("sigterm-timeout") is not None and procedure.place.path != "main":
        yield f"{path}.sigterm-timeout: has an effect on main alone"
    if body.get("inject") and body.get("mounts"):
        yield f"{path}.mounts: are ignored, as inject runs in the main container"


def _lost(manifest: Manifest) -> Iterator[str]:
    """Find missing "*" migrations: without a migration, a service with a config ends up unconfigured."""
    for side in ("from", "to"):
        ranges = manifest.get("migrations", {}).get(side, {})
        if manifest.get("config") is not None and "*" not in map(version_range, ranges):
            yield f'.migrations.{side}: has no "*", so that a service with a config loses it'


# --- Everything ------------------------------------------------------------------------------------------------------


def faults(tree: Path) -> list[str]:
    """Return everything wrong with a wrapper's folder. If the manifest doesn't parse, add only its unknown keys."""
    try:
        manifest = read_manifest(find_manifest(tree))
    except ValueError as fault:
        return [str(fault)]
    unknown = [f"{path}: the OS does not know this key" for path in unknown_keys(manifest)]
    if parse := parse_faults(manifest):
        return [*parse, *unknown]
    return [*unknown, *pack_faults(tree), *verify_faults(manifest), *unused(manifest)]
