"""A manifest as StartOS 0.3.5.1 reads it: the oracle that rendered wrappers are held against.

Written from the OS's sources (paths below core/startos/src at v0.3.5.1), apart from the rules of the template on purpose:
a mistake in one does not repeat itself in the other.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Faults = list[str]
Reader = Callable[[Any, str], Faults]


# ---- Reading the file (s9pk/mod.rs:43) -------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML as serde_yaml 0.9 reads it: 1.2's scalars, no tags, no merging of `<<`."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
     list("-+.0123456789")),
):  # fmt: skip
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def _load_yaml(text: str) -> Any:
    if any(isinstance(token, yaml.TagToken) for token in yaml.scan(text)):
        raise ValueError("the OS refuses YAML tags")
    return yaml.load(text, _Loader)


def _text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(key): _text_keys(item) for key, item in value.items()}
    return [_text_keys(item) for item in value] if isinstance(value, list) else value


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest as generic JSON. Raises ValueError or yaml.YAMLError where the OS cannot read it."""
    text = path.read_text(encoding="utf-8")
    loaders: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": json.loads, ".yaml": _load_yaml}
    value = loaders[path.suffix](text)
    if not isinstance(value, dict):
        raise ValueError("a manifest is a map")
    manifest: dict[str, Any] = _text_keys(value)
    return manifest


# ---- Readers of one value: what stops `start-sdk pack` ----------------------------------------------------------


def matches(pattern: str, what: str) -> Reader:
    """Return a reader of text that matches the whole pattern."""
    compiled = re.compile(pattern, re.ASCII | re.DOTALL)
    return lambda value, at: (
        [] if isinstance(value, str) and compiled.fullmatch(value) else [f"{at}: {value!r} is not {what}"]
    )


def of_type(kind: type, what: str) -> Reader:
    """Return a reader of one JSON type; a bool is no number."""
    return lambda value, at: (
        [] if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) else [f"{at}: not {what}"]
    )


_V = r"[0-9]+(\.[0-9]+){0,3}"
_ATOM = rf"([<>]=?|!?=|\^|~){_V}|[0-9]+(\.[0-9]+){{0,2}}\.x|{_V}\s*-\s*{_V}"
string: Reader = of_type(str, "text")
boolean: Reader = of_type(bool, "a bool")
anything: Reader = lambda _value, _at: []  # noqa: E731
identifier = matches(r"[a-z]+(-[a-z]+)*", "an id")  # models/src/id/mod.rs:26
volume_id = matches(r"[a-z]+(-[a-z]+)*|BACKUP", "a volume id")
# 5 numbers are refused, other text after the numbers is ignored (models/src/version.rs:89).
version = matches(rf"{_V}(?!\.?[0-9]).*", "a version")
version_range = matches(rf"\*.*|\(*({_ATOM}).*", "a version range")
url = matches(r"[A-Za-z][A-Za-z0-9+.-]*:(?!//($|/)).+", "a URL")
duration = matches(r"[0-9]+(d|h|m|s|ms|us|µs|ns)|[0-9]*\.[0-9]+(d|h|m|s|ms|us|µs|ns)", "a duration")


def port_text(value: Any, at: str) -> Faults:
    """A port that the OS reads as text (util/serde.rs:552)."""
    good = isinstance(value, str) and re.fullmatch(r"\+?[0-9]+", value) and int(value) < 65536
    return [] if good else [f"{at}: {value!r} is not a port in quotes"]


def port_number(value: Any, at: str) -> Faults:
    """A port that the OS reads as a number."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 65536
    return [] if good else [f"{at}: {value!r} is not a port number"]


def list_of(item: Reader) -> Reader:
    """Return a reader of a list."""
    return lambda value, at: (
        [f for i, v in enumerate(value) for f in item(v, f"{at}[{i}]")]
        if isinstance(value, list)
        else [f"{at}: no list"]
    )


def map_of(key: Reader, item: Reader) -> Reader:
    """Return a reader of a map."""

    def read(value: Any, at: str) -> Faults:
        if not isinstance(value, dict):
            return [f"{at}: no map"]
        return [f for k, v in value.items() for f in key(k, f"{at}.{k}") + item(v, f"{at}.{k}")]

    return read


def struct(*, required: dict[str, Reader], default: dict[str, Reader], optional: dict[str, Reader]) -> Reader:
    """Return a reader of a map with fixed keys; only optional ones may be null, unknown ones are reported as ignored."""

    def read(value: Any, at: str) -> Faults:
        if not isinstance(value, dict):
            return [f"{at}: no map"]
        faults = [f"{at}.{key}: missing" for key in required if key not in value]
        for key, item in value.items():
            if reader := required.get(key) or default.get(key):
                faults += reader(item, f"{at}.{key}")
            elif reader := optional.get(key):
                faults += reader(item, f"{at}.{key}") if item is not None else []
            else:
                faults.append(f"{at}.{key}: the OS ignores this key")
        return faults

    return read


def tagged(**kinds: Reader) -> Reader:
    """Return a reader of a map whose `type` says which keys it has."""

    def read(value: Any, at: str) -> Faults:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in kinds:
            return [f"{at}.type: {kind!r} is none of {', '.join(kinds)}"]
        return kinds[str(kind)]({key: item for key, item in value.items() if key != "type"}, at)

    return read


# ---- The structure of a manifest (s9pk/manifest.rs:30) ----------------------------------------------------------

_DOCKER: dict[str, Any] = {  # procedure/docker.rs:140
    "required": {"image": identifier, "entrypoint": string},
    "default": {
        "system": boolean, "args": list_of(string), "inject": boolean, "mounts": map_of(volume_id, string),
        "gpu-acceleration": boolean,
    },
    "optional": {
        "io-format": matches("json|json-pretty|yaml|cbor|toml|toml-pretty", "a format"),
        "sigterm-timeout": duration, "shm-size-mb": of_type(int, "a number"),
    },
}  # fmt: skip
_SCRIPT: dict[str, Any] = {"required": {}, "default": {"args": list_of(anything)}, "optional": {}}
procedure = tagged(docker=struct(**_DOCKER), script=struct(**_SCRIPT))


def _with(fields: dict[str, Any], required: dict[str, Reader], optional: dict[str, Reader]) -> Reader:
    return struct(
        required={**fields["required"], **required},
        default=fields["default"],
        optional={**fields["optional"], **optional},
    )


_CHECK = {"required": {"name": string}, "optional": {"success-message": string, "timeout": duration}}
health_check = tagged(docker=_with(_DOCKER, **_CHECK), script=_with(_SCRIPT, **_CHECK))  # status/health_check.rs:61
volume = tagged(  # volume.rs:119
    data=struct(required={}, default={}, optional={}),
    assets=struct(required={}, default={}, optional={}),
    pointer=struct(
        required={"package-id": identifier, "volume-id": volume_id, "path": string, "readonly": boolean},
        default={}, optional={},
    ),
    certificate=struct(required={"interface-id": identifier}, default={}, optional={}),
)  # fmt: skip
_lan = struct(required={"ssl": boolean}, default={"internal": port_number, "mapping": port_number}, optional={})
interface = struct(  # net/interface.rs:62
    required={"name": string, "description": string, "ui": boolean, "protocols": list_of(string)},
    default={},
    optional={
        "tor-config": struct(required={"port-mapping": map_of(port_text, port_text)}, default={}, optional={}),
        "lan-config": map_of(port_text, _lan),
    },
)
_opt = struct(required={"how": string}, default={}, optional={})
dependency = struct(  # dependencies.rs:53
    required={
        "version": version_range,
        "requirement": tagged(**{
            "required": struct(required={}, default={}, optional={}), "opt-in": _opt, "opt-out": _opt,
        }),
    },
    default={},
    optional={
        "description": string,
        "config": struct(required={"check": procedure, "auto-configure": procedure}, default={}, optional={}),
    },
)  # fmt: skip
action = struct(  # action.rs:47
    required={
        "name": string, "description": string, "implementation": procedure,
        "allowed-statuses": list_of(matches("running|stopped", "a status")),
    },
    default={"input-spec": map_of(anything, anything)},
    optional={"warning": string},
)  # fmt: skip
_pair = {"create": procedure, "restore": procedure}
_steps = map_of(version_range, procedure)
manifest_reader = struct(
    required={
        "id": identifier, "title": string, "version": version, "release-notes": string, "license": string,
        "wrapper-repo": url, "upstream-repo": url, "main": procedure,
        "description": struct(required={"short": string, "long": string}, default={}, optional={}),
        "health-checks": map_of(identifier, health_check), "volumes": map_of(volume_id, volume),
        "interfaces": map_of(identifier, interface), "backup": struct(required=_pair, default={}, optional={}),
    },
    default={
        "eos-version": version,
        "assets": struct(required={}, default={}, optional=dict.fromkeys(
            ["license", "instructions", "icon", "docker-images", "assets", "scripts"], string)),
        "alerts": struct(required={}, default={}, optional=dict.fromkeys(
            ["install", "uninstall", "restore", "start", "stop"], string)),
        "migrations": struct(required={"from": _steps, "to": _steps}, default={}, optional={}),
        "actions": map_of(identifier, action), "dependencies": map_of(identifier, dependency),
        "replaces": list_of(string),
        "hardware-requirements": struct(
            required={}, default={"device": map_of(anything, string)},
            optional={"ram": of_type(int, "a number"), "arch": list_of(string)}),
    },
    optional={
        "git-hash": string, "build": list_of(string), "support-site": url, "marketing-site": url, "donation-url": url,
        "config": struct(required={"get": procedure, "set": procedure}, default={}, optional={}),
        "properties": procedure, "containers": anything,
    },
)  # fmt: skip


def parse_faults(manifest: dict[str, Any]) -> Faults:
    """Return what stops the manifest from being read."""
    return [fault for fault in manifest_reader(manifest, "") if not fault.endswith("ignores this key")]


def unknown_keys(manifest: dict[str, Any]) -> Faults:
    """Return the keys that the OS ignores."""
    return [fault for fault in manifest_reader(manifest, "") if fault.endswith("ignores this key")]


# ---- What the OS verifies at every install (s9pk/reader.rs:172) -------------------------------------------------


def procedures(manifest: dict[str, Any]) -> list[tuple[str, dict[str, Any], bool]]:
    """Return (where, procedure, whether io-format is needed) for every procedure that is verified."""
    found = [("main", manifest["main"], False)]
    found += [(f"health-checks.{id}", check, False) for id, check in manifest["health-checks"].items()]
    found += [(f"actions.{id}", a["implementation"], True) for id, a in manifest.get("actions", {}).items()]
    found += [(f"backup.{key}", manifest["backup"][key], False) for key in ("create", "restore")]
    found += [(f"config.{key}", step, True) for key, step in (manifest.get("config") or {}).items()]
    for way, steps in manifest.get("migrations", {}).items():
        found += [(f"migrations.{way}.{key}", step, True) for key, step in steps.items()]
    if manifest.get("properties"):
        found.append(("properties", manifest["properties"], True))
    return found


def _procedure_faults(manifest: dict[str, Any], images: set[str]) -> Faults:
    faults = []
    for at, step, io in procedures(manifest):
        if step["type"] == "script":
            continue
        for id in step.get("mounts", {}):
            if id not in manifest["volumes"] and id != "BACKUP":
                faults.append(f"{at}: mounts {id}, which is no volume")
        if step["image"] not in ({"compat", "utils"} if step.get("system") else images):
            faults.append(f"{at}: there is no image {step['image']}")
        if io and not step.get("io-format"):
            faults.append(f"{at}: needs io-format")
    return faults


def _interface_faults(manifest: dict[str, Any]) -> Faults:
    faults = []
    for id, entry in manifest["interfaces"].items():
        protocols, lan = entry["protocols"], entry.get("lan-config")
        if entry.get("tor-config") is not None and "tcp" not in protocols:
            faults.append(f"interfaces.{id}: tor-config needs tcp")
        if lan is not None and "http" not in protocols:
            faults.append(f"interfaces.{id}: lan-config needs http")
        if entry["ui"] and not {"http", "https"} & set(protocols):
            faults.append(f"interfaces.{id}: ui needs http or https")
        for port, target in (lan or {}).items():
            if int(port) == (80 if target["ssl"] else 443):
                faults.append(f"interfaces.{id}: LAN port {port} with ssl {target['ssl']}")  # install/mod.rs:687
    return faults


def verify_faults(manifest: dict[str, Any], images: frozenset[str] = frozenset({"main"})) -> Faults:
    """Return what the OS refuses at install in a manifest without parse faults."""
    faults = _procedure_faults(manifest, set(images)) + _interface_faults(manifest)
    if len(manifest["description"]["short"]) > 160 or len(manifest["description"]["long"]) > 5000:
        faults.append("description: too long")
    if len(manifest["title"].encode()) >= 30:
        faults.append("title: 30 bytes or more")
    if manifest["main"]["type"] == "script" or manifest.get("containers") is not None:
        faults.append("main: must be docker, without containers")
    replaces = manifest.get("replaces", [])
    if len(replaces) >= 10 or any(len(name.encode()) >= 10 for name in replaces):
        faults.append("replaces: 10 or more entries, or one of 10 bytes or more")
    for id, entry in manifest["volumes"].items():
        if entry["type"] == "certificate" and entry["interface-id"] not in manifest["interfaces"]:
            faults.append(f"volumes.{id}: there is no interface {entry['interface-id']}")
    return faults


# ---- What passes there and breaks later, or is not needed -------------------------------------------------------


def unused(manifest: dict[str, Any]) -> Faults:
    """Return what a generator must not write: stanzas without a use, and what fails on the device."""
    faults = []
    steps = procedures(manifest)
    mounted = {id for _, step, _ in steps for id in step.get("mounts", {})}
    for id, entry in manifest["volumes"].items():
        # The seed's own example declares an assets volume that main does not mount.
        if id not in mounted and entry["type"] != "assets":
            faults.append(f"volumes.{id}: nothing mounts it")
        if entry["type"] == "data" and not all(
            id in manifest["backup"][key]["mounts"] for key in ("create", "restore")
        ):
            faults.append(f"volumes.{id}: not in the backup")
    for at, step, _ in steps:
        paths = [path.rstrip("/") for path in step.get("mounts", {}).values()]
        if not all(path.startswith("/") for path in paths) or len(paths) != len(set(paths)):
            faults.append(f"{at}: a mount is relative, or two lie at one path")
        if step.get("inject") and (step.get("mounts") or step.get("shm-size-mb")):
            faults.append(f"{at}: inject ignores mounts")
        if at != "main" and "sigterm-timeout" in step:
            faults.append(f"{at}: sigterm-timeout counts for main only")
        if "BACKUP" in step.get("mounts", {}) and not at.startswith("backup."):
            faults.append(f"{at}: BACKUP is there in backups only")
        args = step.get("args", [])
        if args[:1] == ["duplicity"] and args[2:] != [step["mounts"]["BACKUP"], args[-1]]:
            faults.append(f"{at}: compat takes the backup's folder first")
    if manifest.get("config") and not all("*" in manifest.get("migrations", {}).get(way, {}) for way in ("from", "to")):
        faults.append("migrations: config needs an entry for every version")
    for key in ("actions", "dependencies", "alerts", "replaces", "migrations"):
        if manifest.get(key, True) in ({}, []):
            faults.append(f"{key}: empty")
    return faults


def pack_faults(tree: Path, manifest: dict[str, Any]) -> Faults:
    """Return the files that `start-sdk pack` would miss in a wrapper, and scripts that it would leave out."""
    assets = manifest.get("assets", {})
    names = {"license": "LICENSE.md", "instructions": "INSTRUCTIONS.md", "icon": "icon.png"}
    faults = [
        f"{path} is missing" for key, name in names.items() if not (tree / (path := assets.get(key) or name)).is_file()
    ]
    if not assets.get("icon") or (tree / assets["icon"]).stat().st_size > 102400:
        faults.append("assets.icon: not set, or larger than 100 KiB")
    declared = {id for id, entry in manifest["volumes"].items() if entry["type"] == "assets"}
    folders = {path.name for path in (tree / "assets").iterdir()} if (tree / "assets").is_dir() else set()
    faults += [f"assets/{id}: a volume without a folder, or a folder without a volume" for id in declared ^ folders]
    counted = any(
        step["type"] == "script" for at, step, _ in procedures(manifest) if not at.startswith("health-checks")
    )
    if counted != (tree / "scripts" / "embassy.js").is_file():
        faults.append("scripts/embassy.js: missing, or there and not needed")
    return faults


def faults(tree: Path) -> Faults:
    """Return everything that is wrong with the wrapper in the folder `tree`."""
    manifest = read_manifest(tree / "manifest.yaml")
    found = parse_faults(manifest) + unknown_keys(manifest)
    return found or verify_faults(manifest) + unused(manifest) + pack_faults(tree, manifest)
