"""What StartOS and its UI require of the results of procedures.

Each function takes a plain value and returns the first thing that is wrong, or None.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from startos_wrapper.files.manifest.os_grammar import package_id
from startos_wrapper.files.manifest.wording import shown

Path = tuple[str, ...]


@dataclass(frozen=True)
class Misshapen:
    """A part of a result that has the wrong type. The sentence says where and what, `todo` what to print."""

    path: Path
    what: str
    todo: str

    def __str__(self) -> str:
        """Return the sentence."""
        return f"`{shown('.'.join(self.path))}` {self.what}" if self.path else f"the result {self.what}"


def wrong_get_result(value: Any) -> Misshapen | None:
    """Check the result of config.get, without what's in its spec. S/config/action.rs:21-26"""
    return _first(_fields(value, (), {"spec": ("object", True), "config": ("object", False)}))


def wrong_set_result(value: Any) -> Misshapen | None:
    """Check the result of config.set. S/config/action.rs:112-116"""
    wrong = _first(_fields(value, (), {"depends-on": ("object", True)}))
    return wrong or _first(
        each for name, checks in value["depends-on"].items() for each in _depends_on(name, checks, ("depends-on", name))
    )


def wrong_migration_result(value: Any) -> Misshapen | None:
    """Check the result of a migration. S/migration.rs:135-138"""
    return _first(_fields(value, (), {"configured": ("boolean", True)}))


def wrong_action_result(value: Any) -> Misshapen | None:
    """Check the result of an action. S/action.rs:25-38"""
    wrong = _first(_fields(value, (), {"version": ("string", True)}))
    if wrong is None and value["version"] != "0":
        wrong = Misshapen(("version",), f'is "{shown(value["version"])}", but must be "0"', 'print "version": "0"')
    fields = {"message": ("string", True), "value": ("string", False), "copyable": ("boolean", True)}
    return wrong or _first(_fields(value, (), {**fields, "qr": ("boolean", True)}))


def wrong_properties(value: Any) -> Misshapen | None:
    """Check properties. If the UI can't show one of them, it shows none. UI/util/properties.util.ts:35-103

    Null is an empty page.
    """
    if value is None:
        return None
    wrong = _first(_fields(value, (), {"version": ("number", True)}))
    if wrong:
        return wrong
    data = value.get("data")
    if isinstance(data, list):
        # Version 1. Its entries may also have the form of version 2, and are then named by their position.
        first = _first(each for at, entry in enumerate(data) for each in _entry_v1(entry, ("data", str(at))))
        return first if first and _first(_entries(data, ("data",))) else None
    if not isinstance(data, dict):
        return Misshapen(("data",), _is_not(data, "a mapping"), "print a mapping from each name to type and value")
    return _first(_entries(data, ("data",)))


def _entries(values: dict[str, Any] | list[Any], path: Path) -> Iterator[Misshapen]:
    named = values.items() if isinstance(values, dict) else ((str(at), each) for at, each in enumerate(values))
    for name, entry in named:
        yield from _entry(entry, (*path, name))


def _entry(value: Any, path: Path) -> Iterator[Misshapen]:
    if not isinstance(value, dict):
        yield Misshapen(path, _is_not(value, "a mapping"), "print a mapping with type and value")
    elif value.get("type") == "object":
        yield from _fields(value, path, {"description": ("string", False)})
        inner = value.get("value")
        if isinstance(inner, (dict, list)):
            yield from _entries(inner, (*path, "value"))
        else:
            yield Misshapen((*path, "value"), _is_not(inner, "a mapping"), "print a mapping of further properties")
    elif value.get("type") == "string":
        flags = dict.fromkeys(("copyable", "qr", "masked"), ("boolean", False))
        yield from _fields(value, path, {"value": ("string", True), "description": ("string", False), **flags})
    else:
        yield Misshapen((*path, "type"), _is_not(value.get("type"), '"string" or "object"'), 'print "type": "string"')


def _entry_v1(value: Any, path: Path) -> Iterator[Misshapen]:
    flags = dict.fromkeys(("copyable", "qr"), ("boolean", False))
    texts = {"name": ("string", True), "value": ("string", True), "description": ("string", False)}
    yield from _fields(value, path, {**texts, **flags})


def _depends_on(name: str, checks: Any, path: Path) -> Iterator[Misshapen]:
    if not package_id(name):
        yield Misshapen(path, "isn't the id of a package", "print the id of a dependency, in lowercase letters")
    if not isinstance(checks, list):
        yield Misshapen(path, _is_not(checks, "a list of health checks"), "print a list, e.g. []")
        return
    for at, check in enumerate(checks):
        if not isinstance(check, str) or not package_id(check):
            yield Misshapen((*path, str(at)), _is_not(check, "the id of a health check"), "print a health check's id")


# --- Types -----------------------------------------------------------------------------------------------------------

_TYPES: Mapping[type, str] = {
    bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object", type(None): "null"
}  # fmt: skip
_NOUNS = {
    "boolean": "a boolean", "number": "a number", "string": "text", "list": "a list", "object": "a mapping",
    "null": "null",
}  # fmt: skip


def _fields(value: Any, path: Path, fields: Mapping[str, tuple[str, bool]]) -> Iterator[Misshapen]:
    """Compare the fields of a mapping with their types. True stands for a required field."""
    if not isinstance(value, dict):
        names = " and ".join(name for name, (_, is_required) in fields.items() if is_required)
        yield Misshapen(path, _is_not(value, "a mapping"), f"print a mapping with {names}")
        return
    for name, (kind, is_required) in fields.items():
        found = value.get(name)
        if found is None and not is_required:
            continue
        if _TYPES.get(type(found)) != kind:
            what = "is missing" if name not in value else _is_not(found, _NOUNS[kind])
            yield Misshapen((*path, name), what, _todo(name, kind, found))


def _todo(name: str, kind: str, found: Any) -> str:
    """Return what to print for a field."""
    if kind == "string" and isinstance(found, (int, float)) and not isinstance(found, bool):
        return f'print it as text: "{name}": "{found}"'
    example = {"string": '"…"', "boolean": "false", "number": "2", "object": "{}"}[kind]
    return f'print "{name}": {example}'


def _is_not(value: Any, wanted: str) -> str:
    """Say what a value is and what it must be."""
    if isinstance(value, str):
        kind = f'the text "{shown(value)}"'
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        kind = f"the number {shown(str(value))}"
    else:
        kind = _NOUNS[_TYPES[type(value)]]
    return f"is {kind}, but must be {wanted}"


def _first(found: Iterator[Misshapen]) -> Misshapen | None:
    return next(found, None)
