"""Explain missing keys in a manifest, and keys that StartOS ignores."""

import json
import re
from collections.abc import Iterator
from typing import Any

from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.manifest.schema import Breach, Steps, flat
from startos_wrapper.files.manifest.wording import MERGE, MERGE_TODO, kebab, listed, shown
from startos_wrapper.files.source import Edit

# Keys that StartOS 0.3 ignores, from older versions and from its documentation.
_RENAMED: dict[Steps, str] = {
    ("min-os-version",): "eos-version",
    ("alerts", "install-alert"): "install",
    ("alerts", "uninstall-alert"): "uninstall",
    ("alerts", "restore-alert"): "restore",
    ("alerts", "start-alert"): "start",
    ("alerts", "stop-alert"): "stop",
    ("interfaces", "*", "lan-config", "*", "mapping"): "internal",
}
_GONE: dict[Steps, str] = {
    ("health-checks", "*", "description"): "remove it, or put the text into success-message",
    ("health-checks", "*", "critical"): "remove it: StartOS treats all health checks alike",
    ("dependencies", "*", "critical"): "remove it: requirement defines how much the package is needed",
    ("volumes", "*", "readonly"): "remove it: only a volume of type pointer can be read-only",
    ("environment",): "remove it, and export the variables in the entrypoint",
    ("main", "environment"): "remove it, and export the variables in the entrypoint",
    # The format of StartOS 0.2, appmgr/src/manifest.rs at v0.2.17.
    ("compat",): "remove it: it belongs to manifests of StartOS 0.2",
    ("install-alert",): "move it to alerts.install",
    ("uninstall-alert",): "move it to alerts.uninstall",
    ("restore-alert",): "move it to alerts.restore",
    ("start-alert",): "move it to alerts.start",
    ("has-instructions",): "remove it: assets.instructions sets the file",
    ("os-version-required",): "write eos-version instead",
    ("os-version-recommended",): "write eos-version instead",
    ("ports",): "describe the ports under interfaces",
    ("image",): "write `image: main` under main",
    ("mount",): "move it to main.mounts",
    ("public",): "remove it: other packages access a volume with a volume of type pointer",
    ("shared",): "remove it: other packages access a volume with a volume of type pointer",
    ("shm-size-mb",): "move it to main.shm-size-mb",
    ("hidden-service-version",): "remove it: every Tor address has version 3",
}


def missing(breach: Breach) -> Iterator[Fault]:
    """Yield a fault for each required key that is missing."""
    for name in breach.part.get("required", ()):
        if name not in breach.node.fields:
            todo = f"add {example(name, breach.part.get('properties', {}).get(name))}"
            if "<<" in breach.node.fields:
                todo = f"write {name} here, because StartOS doesn't support merge keys (<<)"
            yield breach.fault("E110", f"{breach.name} has no {name}", todo, None)


def example(name: str, part: Any) -> str:
    """Return how to write a key: with an example value, its allowed values, or the keys below it."""
    whole = flat(part)
    if "examples" in whole:
        return f"`{name}: {_written(whole['examples'][0])}`"
    if "enum" in whole:
        return " or ".join(f"`{name}: {word}`" for word in whole["enum"] if word)
    if whole.get("type") == "boolean":
        return f"`{name}: true` or `{name}: false`"
    if whole.get("required"):
        return f"{name} with {listed(whole['required'])}"
    return f"{name}, which may be {{}}" if "additionalProperties" in whole else name


def _written(value: Any) -> str:
    """Return a value as YAML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z/][\w ,./:'-]*", value) and ": " not in value:
        return value
    return json.dumps(value, ensure_ascii=False)


def unknown(breach: Breach) -> Iterator[Fault]:
    """Yield a fault for each key that the OS ignores.

    The OS also warns about keys that it only writes differently: a range or port in another form, and an omitted null.
    We don't report those, because it reads them correctly.
    """
    known, here = breach.part["properties"], f"{breach.name}." if breach.path else ""
    choice = next((index for index, name in enumerate(breach.node.fields) if name in ("any", "all")), -1)
    for index, name in enumerate(breach.node.fields):
        if name in known:
            continue
        key, path = breach.node.keys[name], here + shown(name)
        if {"any", "all"} == set(known) and index > choice >= 0:
            # S/config/util.rs: the visitor returns at `any` or `all`, and serde_json fails on the remaining keys.
            what = f"{path} follows any or all, but StartOS allows no more keys there"
            yield breach.fault("E121", what, "remove it", key)
            continue
        what, todo, new = _advice(breach, name, path, known)
        fixes = _rename(breach, name, new) if new and new not in breach.node.fields else ()
        yield breach.fault("W515", what, todo, key, *fixes)


def _advice(breach: Breach, name: str, path: str, known: dict[str, Any]) -> tuple[str, str, str]:
    """Return what is wrong with an unknown key, what to do, and its new name if there is only one."""
    what, renamed = f"{path} is unknown, so StartOS ignores it", kebab(name)
    if name == "<<":
        return f"{path}: {MERGE}", MERGE_TODO, ""
    if todo := _of_old(_GONE, (*breach.path, name)):
        return what, todo, ""
    new = _of_old(_RENAMED, (*breach.path, name)) or (renamed if renamed in known else "")
    if new and name == "mapping":
        what = f"{path} is the old name of {new}, which StartOS still accepts"
    if new:
        return what, f"remove it: {new} is already set" if new in breach.node.fields else f"rename it to {new}", new
    guess = breach.guess(name, known)
    return what, f"rename it to {guess} if you meant that, or remove it" if guess else "remove it", ""


def _of_old(table: dict[Steps, str], path: Steps) -> str:
    """Look up a path in a table. A `*` in the table stands for a key that authors choose, on every second level."""
    starred = tuple("*" if level % 2 and level < len(path) - 1 else step for level, step in enumerate(path))
    return table.get(path) or table.get(starred, "")


def _rename(breach: Breach, name: str, new: str) -> tuple[Edit, ...]:
    """Return the edit that renames a key and keeps its quotes. Skip TOML tables, which can have several headers."""
    key, written = breach.node.keys[name], breach.source(breach.node.keys[name])
    is_table = breach.document.file.endswith(".toml") and isinstance(breach.node.value[name].value, (dict, list))
    quote = written[:1] if written[:1] in ("'", '"') else ""
    return breach.edit(key, f"{quote}{new}{quote}") if written == f"{quote}{name}{quote}" and not is_table else ()
