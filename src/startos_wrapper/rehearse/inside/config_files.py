"""Get, set and check configs as the image compat does. system-images/compat/src/config/mod.rs"""

import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.rehearse.inside import rule_changes
from startos_wrapper.rehearse.inside.rule_changes import Change
from startos_wrapper.rehearse.inside.rule_parser import Condition, RuleError, condition, value
from startos_wrapper.rehearse.inside.rule_values import Config, Configs

# The scalars of YAML 1.2's core schema, which serde_yaml reads. PyYAML's own are those of YAML 1.1.
_SCALARS = {
    "tag:yaml.org,2002:null": (r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    "tag:yaml.org,2002:int": (r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
}


class ConfigError(Exception):
    """A rule isn't met, or a file can't be read."""


class _Loader(yaml.SafeLoader):
    pass


_Loader.yaml_implicit_resolvers = {}


class _Dumper(yaml.SafeDumper):
    """Writes scalars in quotes if any version of YAML would read something else."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


for _tag, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)
    _Dumper.add_implicit_resolver(_tag, re.compile(_pattern), _first)


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10)) if text[:1] == "0" else int(text)


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)).replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def load(text: str) -> Any:
    """Read YAML 1.2."""
    return yaml.load(text, _Loader)


def _print(value: Any) -> None:
    yaml.dump(value, sys.stdout, _Dumper, sort_keys=False, allow_unicode=True)


def _input() -> Config:
    try:
        value = load(sys.stdin.read())
    except yaml.YAMLError as error:
        raise ConfigError(str(error)) from None
    if not isinstance(value, dict):
        raise ConfigError(f"invalid type: {type(value).__name__}, expected a map")
    return value


def _stored(mountpoint: str) -> Config | None:
    path = Path(mountpoint, "start9/config.yaml")
    return load(path.read_text()) if path.exists() else None


def _read(path: str) -> Any:
    try:
        return load(Path(path).read_text())
    except OSError as error:
        raise ConfigError(f"{error.strerror} (os error {error.errno})") from None
    except yaml.YAMLError as error:
        raise ConfigError(str(error)) from None


def get(mountpoint: str, spec: str) -> None:
    """Print the stored config and the spec. main.rs:178-190"""
    _print({"config": _stored(mountpoint), "spec": load(Path(spec).read_text())})


def set(package: str, mountpoint: str, assets: str, dependencies: str | None = None) -> None:
    """Check the config on standard input by the rules, store it, and print what it depends on. mod.rs:26-72"""
    config = _input()
    folder = Path(mountpoint, "start9")
    folder.mkdir(parents=True, exist_ok=True)
    entries = _entries(assets)
    configs = {package: config}
    depends_on = {}
    if dependencies and Path(dependencies).exists():
        found = _read(dependencies)
        conditions = {id: (_compiled(entry["condition"]), entry["health_checks"]) for id, entry in found.items()}
        depends_on = {id: checks for id, (holds, checks) in conditions.items() if holds(config, configs)}
    _check(entries, config, configs)
    temporary = folder / "config.tmp"
    with temporary.open("w") as file:
        yaml.dump(config, file, _Dumper, sort_keys=False, allow_unicode=True)
    temporary.rename(folder / "config.yaml")
    _print({"depends-on": depends_on})


def check(package: str, dependency: str, mountpoint: str, assets: str) -> None:
    """Check a dependency's config on standard input by the rules. mod.rs:74-98"""
    config = _input()
    stored = _stored(mountpoint)
    _check(_entries(assets), config, {dependency: config, package: stored or {}})
    _print(None)


def auto_configure(package: str, dependency: str, mountpoint: str, assets: str) -> None:
    """Print a dependency's config after applying the suggestions of rules that it breaks. mod.rs:100-130"""
    config = _input()
    configs = {dependency: config, package: _stored(mountpoint) or {}}
    errors = []
    for holds, description, suggestions in _entries(assets, with_suggestions=True):
        if holds(config, configs):
            continue
        for applies, change in suggestions:
            if applies is None or applies(config, configs):
                change(config, configs)
        if not holds(config, configs):
            errors.append(description)
    if errors:
        raise ConfigError("\n".join(errors))
    _print(config)


Entry = tuple[Condition, str, list[tuple[Condition | None, Change]]]


def _entries(path: str, *, with_suggestions: bool = False) -> list[Entry]:
    found = _read(path)
    if not isinstance(found, list):
        raise ConfigError(f"invalid type: {type(found).__name__}, expected a sequence")
    return [_entry(each, with_suggestions) for each in found]


def _entry(entry: Any, with_suggestions: bool) -> Entry:
    for key in ("rule", "description", *(("suggestions",) if with_suggestions else ())):
        if not isinstance(entry, dict) or key not in entry:
            raise ConfigError(f"missing field `{key}`")
    suggestions = [_suggestion(each) for each in entry["suggestions"]] if with_suggestions else []
    return _compiled(entry["rule"]), str(entry["description"]), suggestions


def _compiled(rule: Any) -> Condition:
    try:
        return condition(str(rule))
    except RuleError as error:
        raise ConfigError(str(error)) from None


def _suggestion(entry: dict[str, Any]) -> tuple[Condition | None, Change]:
    """Compile a suggestion: SET, DELETE or PUSH. rules.rs:120-262"""
    applies = _compiled(entry["if"]) if entry.get("if") is not None else None
    try:
        if "SET" in entry:
            return applies, _setting(entry["SET"])
        if "PUSH" in entry:
            return applies, rule_changes.pushing(str(entry["PUSH"]["to"]), entry["PUSH"]["value"])
        return applies, rule_changes.deleting(str(entry["DELETE"]))
    except RuleError as error:
        raise ConfigError(str(error)) from None
    except KeyError as error:
        raise ConfigError(f"missing field `{error.args[0]}`") from None


def _setting(entry: dict[str, Any]) -> Change:
    if "to" in entry:
        return rule_changes.setting(str(entry["var"]), value(str(entry["to"])))
    if "to-value" in entry:
        return rule_changes.setting(str(entry["var"]), lambda *_: entry["to-value"])
    entropy = entry["to-entropy"]
    return rule_changes.setting(str(entry["var"]), lambda *_: _random(str(entropy["charset"]), int(entropy["len"])))


def _random(charset: str, length: int) -> str:
    """Return random text of characters such as `a-z,0-9`."""
    allowed = ""
    for part in charset.split(","):
        first, last = part[:1], part[-1:]
        allowed += "".join(map(chr, range(ord(first), ord(last) + 1))) if len(part) == 3 else part
    return "".join(random.SystemRandom().choice(allowed) for _ in range(length))


def _check(entries: list[Entry], config: Config, configs: Configs) -> None:
    errors = [description for holds, description, _ in entries if not holds(config, configs)]
    if errors:
        raise ConfigError("\n".join(errors))


ACTIONS: dict[tuple[str, ...], Callable[..., None]] = {
    ("config", "get"): get,
    ("config", "set"): set,
    ("dependency", "check"): check,
    ("dependency", "auto-configure"): auto_configure,
}
