"""Generate a config from a spec, and compare a config with it, as StartOS does. S/config/spec.rs

The functions take plain values. The spec has no fault that `spec_faults` finds, so its keys have the right types.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from startos_wrapper.files.manifest.os_grammar import regex_matches
from startos_wrapper.files.manifest.spec_grammar import read_charset, read_range
from startos_wrapper.files.manifest.wording import listed, shown

Config = dict[str, Any]
Spec = Mapping[str, Any]

# The OS would take its memory instead.
_MOST_ENTRIES, _LONGEST_TEXT = 10_000, 1024 * 1024
# What a generated text consists of if its default has no charset. S/config/util.rs:40
_ANY_CHARACTER = "!-~"
# How many random texts are tried until one matches the pattern. The OS does it for as long as its caller says, or once.
_ATTEMPTS = 1_000


class MisfitError(Exception):
    """A config doesn't fit its spec. The message names the key, `is_missing` says that it only lacks a value."""

    def __init__(self, path: tuple[str, ...], what: str, *, is_missing: bool = False) -> None:
        """Create the error for the value at a path."""
        super().__init__(f"`{shown('.'.join(path))}` {what}" if path else f"the config {what}")
        self.path, self.what, self.is_missing = path, what, is_missing


# --- Generate --------------------------------------------------------------------------------------------------------


def generate(spec: Spec, random: Random, path: tuple[str, ...] = ()) -> Config:
    """Return the config that a spec's defaults make. It need not fit the spec.

    Raises: MisfitError if the OS can't generate one. spec.rs:1026-1036
    """
    return {name: _generated(each, random, (*path, name)) for name, each in spec.items()}


def _generated(spec: Spec, random: Random, path: tuple[str, ...]) -> Any:
    match spec["type"]:
        case "object":
            return generate(spec["spec"], random, path)
        case "pointer":
            return None
        case "list":
            return _generated_list(spec, random, path)
        case _:
            return _from_default(spec["type"], spec, spec.get("default"), random, path)


def _generated_list(spec: Spec, random: Random, path: tuple[str, ...]) -> list[Any]:
    kind, inner = spec["subtype"], spec["spec"]
    entries = [_from_default(kind, inner, default, random, path) for default in spec["default"]]
    if kind != "object":
        return entries
    # Only a list of objects gets further entries, until it's long enough. spec.rs:776-800
    least = read_range(spec["range"], whole=True)
    low = int(least.low or 0) + (not least.low_counts) if least and least.low is not None else 0
    if low > _MOST_ENTRIES:
        raise MisfitError(path, f"must have at least {low} entries, which is more than fits in memory")
    while len(entries) < low:
        entries.append(generate(inner["spec"], random, path))
    return entries


def _from_default(kind: str, spec: Spec, default: Any, random: Random, path: tuple[str, ...]) -> Any:
    """Return what a default stands for: itself, the text that it describes, or the variant that it names."""
    if kind == "union":
        tag, variant = _tag(spec), spec["variants"].get(default)
        if variant is None:
            raise MisfitError(path, f"has the default `{shown(default)}`, which isn't one of its variants")
        return {tag: default, **generate(variant, random, path)}
    return _text(spec, default, random, path) if kind == "string" and isinstance(default, dict) else default


def _text(spec: Spec, default: Spec, random: Random, path: tuple[str, ...]) -> str:
    """Return a random text, one that matches the pattern if possible. spec.rs:1236-1262"""
    given, length = default.get("charset"), int(default["len"])
    ranges = read_charset(_ANY_CHARACTER if given is None else given)
    if length and not ranges:
        raise MisfitError(path, "has a default with an empty charset")
    if length > _LONGEST_TEXT:
        raise MisfitError(path, f"has a default of {length} characters")
    characters = [chr(each) for first, last in ranges or () for each in range(ord(first), ord(last) + 1)]
    for _ in range(_ATTEMPTS if length < 1_000 else 1):
        found = "".join(random.choices(characters, k=length)) if length else ""
        if spec.get("pattern") is None or regex_matches(spec["pattern"], found):
            return found
    raise MisfitError(path, "has a random default that doesn't match its own pattern")


# --- Compare ---------------------------------------------------------------------------------------------------------


def validate(spec: Spec, packages: Collection[str], path: tuple[str, ...] = ()) -> None:
    """Compare a spec with itself and with the packages that its pointers may name: this one and its dependencies.

    Raises: MisfitError. spec.rs:1038-1044, 1444-1456, 1645-1657
    """
    for name, each in spec.items():
        _validate(each, packages, (*path, name))


def _validate(spec: Spec, packages: Collection[str], path: tuple[str, ...]) -> None:
    kind, inner = spec.get("type"), spec
    if kind == "list":
        kind, inner = spec["subtype"], spec["spec"]
    if kind == "object":
        validate(inner["spec"], packages, path)
    elif kind == "union":
        for name, variant in inner["variants"].items():
            if _tag(inner) in variant:
                what = f"has a variant `{shown(name)}` with a key that is also the union's tag"
                raise MisfitError((*path, _tag(inner)), what)
            validate(variant, packages, path)
    elif kind == "pointer" and inner["package-id"] not in packages:
        raise MisfitError(path, f"points to {inner['package-id']}, which isn't one of the dependencies")


def fit(spec: Spec, config: Mapping[str, Any], path: tuple[str, ...] = ()) -> None:
    """Compare a config with its spec. A missing key counts as null, and other keys are ignored.

    Raises: MisfitError. spec.rs:1013-1024
    """
    for name, each in spec.items():
        kind, value = each["type"], config.get(name)
        # An entry of a list is never nullable, whatever its spec says.
        is_nullable = kind == "pointer" or (kind in ("number", "string") and each["nullable"])
        if value is not None or not is_nullable:
            _fit(kind, each, value, (*path, name))


def _fit(kind: str, spec: Spec, value: Any, path: tuple[str, ...]) -> None:
    wanted = {"enum": "string", "union": "object"}.get(kind, kind)
    if kind == "pointer":
        return
    if value is None:
        may = " and isn't nullable" if kind in ("number", "string") else f" and {_NOUNS[wanted]} can't be null"
        raise MisfitError(path, f"has no value{may}", is_missing=True)
    if _type(value) != wanted:
        raise MisfitError(path, f"is {_NOUNS[_type(value)]}, but must be {_NOUNS[wanted]}")
    _FITS[kind](spec, value, path)


def _fit_enum(spec: Spec, value: Any, path: tuple[str, ...]) -> None:
    if value not in spec["values"]:
        raise MisfitError(path, f"is `{shown(value)}`, but must be {_one_of(spec['values'])}")


def _fit_number(spec: Spec, value: Any, path: tuple[str, ...]) -> None:
    if spec.get("integral") and isinstance(value, float) and not value.is_integer():
        raise MisfitError(path, f"is {value}, but must be a whole number")
    if spec.get("range") is not None and value not in (read_range(spec["range"]) or ()):
        raise MisfitError(path, f"is {value}, but must be in the range {shown(spec['range'])}")


def _fit_string(spec: Spec, value: Any, path: tuple[str, ...]) -> None:
    if spec.get("pattern") is not None and not regex_matches(spec["pattern"], value):
        raise MisfitError(path, f"is `{shown(value)}`, which doesn't match the pattern {shown(spec['pattern'])}")


def _fit_object(spec: Spec, value: Any, path: tuple[str, ...]) -> None:
    fit(spec["spec"], value, path)


def _fit_union(spec: Spec, value: Any, path: tuple[str, ...]) -> None:
    tag = value.get(_tag(spec))
    if not isinstance(tag, str):
        raise MisfitError((*path, _tag(spec)), "must name the union's variant")
    if tag not in spec["variants"]:
        raise MisfitError((*path, _tag(spec)), f"is `{shown(tag)}`, but must be {_one_of(spec['variants'])}")
    fit(spec["variants"][tag], {name: each for name, each in value.items() if name != _tag(spec)}, path)


def _fit_list(spec: Spec, value: Any, path: tuple[str, ...]) -> None:
    kind, inner = spec["subtype"], spec["spec"]
    if len(value) not in (read_range(spec["range"], whole=True) or ()):
        raise MisfitError(path, f"has {len(value)} entries, but their number must be in {shown(spec['range'])}")
    for at, entry in enumerate(value):
        _fit(kind, inner, entry, (*path, str(at)))
        if any(at != other and _same(kind, inner, entry, each) for other, each in enumerate(value)):
            raise MisfitError((*path, str(at)), "is in the list twice")


_FITS: dict[str, Callable[[Spec, Any, tuple[str, ...]], None]] = {
    "boolean": lambda *_: None,
    "enum": _fit_enum,
    "number": _fit_number,
    "string": _fit_string,
    "object": _fit_object,
    "union": _fit_union,
    "list": _fit_list,
}
_NOUNS = {
    "boolean": "a boolean",
    "number": "a number",
    "string": "text",
    "list": "a list",
    "object": "a mapping",
    "null": "null",
}


def _type(value: Any) -> str:
    """Return the name of a JSON value's type. True is an int in Python."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object"}
    return kinds.get(type(value), "null")


def _one_of(values: Collection[str]) -> str:
    words = [shown(value) for value in values]
    if not words:
        return "one of no values"
    return listed(words, "or") if len(words) <= 8 else f"one of {', '.join(words[:8])} …"


def _tag(spec: Spec) -> str:
    tag = spec["tag"]
    return str(tag["id"] if isinstance(tag, dict) else tag)


# --- Equal entries of a list -----------------------------------------------------------------------------------------


def _same(kind: str, spec: Spec, first: Any, second: Any) -> bool:
    """Return whether two entries of a list are the same to the OS: for mappings, `unique-by` decides."""
    if kind not in ("object", "union"):
        return _equal(first, second)
    both_fit = isinstance(first, dict) and isinstance(second, dict)
    return both_fit and _same_by(spec.get("unique-by"), first, second)


def _same_by(rule: Any, first: Config, second: Config) -> bool:
    """Compare two mappings by the key or the keys of `unique-by`. Two missing keys are equal. S/config/util.rs:277"""
    if isinstance(rule, str):
        return _equal(first.get(rule), second.get(rule))
    if isinstance(rule, dict):
        # The OS stops at the first of the two. S/config/util.rs:307-327
        name = next((name for name in rule if name in ("any", "all")), None)
        if name is not None:
            return (any if name == "any" else all)(_same_by(inner, first, second) for inner in rule[name])
    return False


def _equal(first: Any, second: Any) -> bool:
    """Return whether two values are equal in JSON, where 1, 1.0 and true are three values."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(_equal(value, second[name]) for name, value in first.items())
    if isinstance(first, list):
        return len(first) == len(second) and all(map(_equal, first, second))
    return bool(first == second)


# --- Pointers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Addresses:
    """The addresses in a rehearsal: this package, and which kinds each of its interfaces has.

    No other package is installed, so a pointer to one leads to null.
    """

    package_id: str
    interfaces: Mapping[str, Collection[str]]

    def of(self, pointer: Spec, path: tuple[str, ...]) -> str | None:
        """Return a text of the form that the OS gives. Raises: MisfitError. spec.rs:1696-1745, 1880-1907"""
        is_own, target = pointer["package-id"] == self.package_id, pointer["target"]
        if target == "tor-key":
            if not is_own:
                raise MisfitError(path, f"asks for the Tor key of {pointer['package-id']}, which StartOS refuses")
            return "A" * 103
        if not is_own or target not in self.interfaces.get(str(pointer.get("interface")), ()):
            return None
        return f"{'a' * 55}d.{'onion' if target == 'tor-address' else 'local'}"


def fill(spec: Spec, config: Mapping[str, Any], addresses: Addresses, path: tuple[str, ...] = ()) -> Config:
    """Return a config that fits, with a value for each key and with what its pointers lead to.

    Raises: MisfitError if a pointer isn't allowed. spec.rs:1046-1068
    """
    filled = dict(config)
    for name, each in spec.items():
        filled[name] = _filled(each["type"], each, config.get(name), addresses, (*path, name))
    return filled


def _filled(kind: str, spec: Spec, value: Any, addresses: Addresses, path: tuple[str, ...]) -> Any:
    match kind:
        case "pointer":
            return addresses.of(spec, path)
        case "object":
            return fill(spec["spec"], value, addresses, path)
        case "union":
            return fill(spec["variants"][value[_tag(spec)]], value, addresses, path)
        case "list":
            entries = enumerate(value)
            return [_filled(spec["subtype"], spec["spec"], each, addresses, (*path, str(at))) for at, each in entries]
    return value
