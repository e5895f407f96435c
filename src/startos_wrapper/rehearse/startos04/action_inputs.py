"""The input of an action: what its form has if nobody changes it, with what the user gives."""

from collections.abc import Mapping
from random import SystemRandom
from typing import Any

_TEXTS = ("text", "textarea", "color", "datetime")
_PLAIN = ("number", "toggle", "triState", "select", "multiselect")
_RANDOM = SystemRandom()


def default_input(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input that a form has when it's opened. A field without a default is null."""
    return {key: _default(field) for key, field in spec.items() if field.get("type") != "hidden"}


def _default(field: Mapping[str, Any]) -> Any:
    kind, default = field.get("type"), field.get("default")
    if kind in _TEXTS:
        return _text(default)
    if kind == "list":
        return [_text(each) if field["spec"].get("type") == "text" else each for each in default or ()]
    if kind == "object":
        return default_input(field.get("spec") or {})
    if kind == "union":
        variants = field.get("variants") or {}
        chosen = default if default in variants else None
        return {"selection": chosen, "value": default_input(variants[chosen]["spec"]) if chosen else {}}
    return default if kind in _PLAIN else None


def _text(default: Any) -> Any:
    """Return a text, which is random if the form says so."""
    if not isinstance(default, dict):
        return default
    characters = "".join(map(_range, str(default.get("charset", "")).split(",")))
    return "".join(_RANDOM.choice(characters) for _ in range(int(default.get("len", 0)))) if characters else ""


def _range(part: str) -> str:
    first, dash, last = part.partition("-")
    if dash and len(first) == 1 and len(last) == 1:
        return "".join(map(chr, range(ord(first), ord(last) + 1)))
    return part


def merged(first: Any, *others: Any) -> Any:
    """Return mappings as one, in which later values win. Null is no value."""
    for other in others:
        if isinstance(first, Mapping) and isinstance(other, Mapping):
            keys = [*first, *(key for key in other if key not in first)]
            first = {key: merged(first.get(key), other[key]) if key in other else first[key] for key in keys}
        elif other is not None:
            first = other
    return first


def missing(spec: Mapping[str, Any], given: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the fields that must have a value, and have none."""
    found: list[str] = []
    for key, field in spec.items():
        value = given.get(key)
        if field.get("type") == "object" and isinstance(value, Mapping):
            found += missing(field.get("spec") or {}, value, f"{prefix}{key}.")
        elif field.get("required") and value is None:
            found.append(f"{prefix}{key}")
    return found
