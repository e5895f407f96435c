"""Validate a manifest against its JSON Schema.

The validator reports which schema keyword fails at which value. Everything else is looked up in schema and manifest.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft7Validator

from startos_wrapper.files.documents.value import Key, Node
from startos_wrapper.files.manifest import os_grammar, spec_grammar
from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.manifest.jsonpath import jsonpath
from startos_wrapper.files.manifest.wording import LONGEST_WORD, shown
from startos_wrapper.files.source import Edit, Place, Source
from startos_wrapper.files.wrapper import Wrapper

# The largest of 114 real manifests has about 600 values. Values beyond this limit aren't checked.
_MOST_VALUES = 5_000
# No manifest parser allows more levels.
_DEEPEST = 130
# A hostile regex takes 20 ms to compile.
_MOST_REGEXES = 50
# Comparing a wrong word with all known words takes time, too.
_MOST_GUESSES = 100

# The path of keys to a value.
Steps = tuple[str, ...]

_regexes: dict[str, bool] = {}


def _regex(text: str) -> bool:
    """Return whether a text is a valid regex. After `_MOST_REGEXES` in a manifest, any text counts as valid."""
    if text not in _regexes and len(_regexes) < _MOST_REGEXES:
        _regexes[text] = os_grammar.regex(text)
    return _regexes.get(text, True)


FORMATS: dict[str, Callable[[str], bool]] = {
    "startos-version": os_grammar.version,
    "startos-range": os_grammar.version_range,
    "startos-duration": os_grammar.duration,
    "startos-url": os_grammar.url,
    "startos-regex": _regex,
    "startos-number-range": spec_grammar.number_range,
    "startos-whole-range": spec_grammar.whole_range,
    "startos-charset": spec_grammar.charset,
    "startos-jsonpath": jsonpath,
}


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the manifest."""
    path = Path(__file__).with_name("manifest-0.3.schema.json")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@cache
def _validator() -> Any:
    return Draft7Validator(schema(), formats=FORMATS, validate_formats=True)


@cache
def _spec_validator() -> Any:
    part = {"$ref": "#/definitions/input-spec", "definitions": schema()["definitions"]}
    return Draft7Validator(part, formats=FORMATS, validate_formats=True)


@cache
def _words() -> frozenset[str]:
    """Return all keys that occur in the schema."""
    return frozenset(name for part in _parts(schema()) for name in part.get("properties", {}))


@cache
def needed() -> frozenset[str]:
    """Return all keys that are required anywhere in the schema."""
    return frozenset(name for part in _parts(schema()) for name in part.get("required", ()))


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    """Yield a subschema and all subschemas in it."""
    if not isinstance(part, dict):
        return
    yield part
    for keyword, inner in part.items():
        if keyword in ("properties", "definitions"):
            yield from (each for value in inner.values() for each in _parts(value))
        elif keyword == "allOf":
            yield from (each for value in inner for each in _parts(value))
        elif keyword in ("if", "then", "else", "not", "items", "additionalProperties", "propertyNames"):
            yield from _parts(inner)


def flat(part: Any) -> dict[str, Any]:
    """Return a subschema merged with everything that it refers to."""
    if not isinstance(part, dict):
        return {}
    refers = [part, *part.get("allOf", ())]
    names = [each["$ref"].removeprefix("#/definitions/").split("/") for each in refers if "$ref" in each]
    referred: dict[str, Any] = {}
    for name in names:
        target: Any = schema()["definitions"]
        for step in name:
            target = target[step]
        referred |= flat(target)
    return {**referred, **part}


# --- Input and output of the validator --------------------------------------------------------------------------------


@dataclass
class _Copy:
    """Converts a limited number of nodes to plain values. Keys that occur in the schema are never dropped."""

    left: int = _MOST_VALUES

    def of(self, node: Node, depth: int = 0) -> Any:
        """Return the plain value of a node."""
        self.left -= 1
        if isinstance(node.value, dict) and depth < _DEEPEST:
            names = (name for name in node.value if self.left > 0 or name in _words())
            return {name: self.of(node.value[name], depth + 1) for name in names}
        if isinstance(node.value, list) and depth < _DEEPEST:
            return [self.of(item, depth + 1) for item in node.value[: max(0, self.left)]]
        # 1.0 is an integer in JSON Schema, but not in the OS (serde).
        return 0.5 if isinstance(node.value, float) else None if isinstance(node.value, (dict, list)) else node.value


@dataclass(frozen=True)
class Breach:
    """A value that violates a keyword of the schema, with the value's key, if it has one, and its path."""

    document: Source
    part: dict[str, Any]
    keyword: str
    node: Node
    key: Key | None
    path: Steps
    # The words that have been compared so far.
    guesses: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the path for messages."""
        return ".".join(map(shown, self.path)) or "The manifest"

    @property
    def rule(self) -> str:
        """Return the code of the rule for this syntax or limit."""
        return str(self.part["x-rule"])

    def at(self, node: Node | Key | None) -> Place:
        """Return the place of a node or key, or of this value's key."""
        span = node or self.key or (self.node if self.path else None)
        return self.document.place(span.start, span.end) if span else Place(self.document.file)

    def fault(self, code: str, what: str, todo: str, node: Node | Key | None, *edits: Edit) -> Fault:
        """Return a fault at a node or key, or at this value's key."""
        return Fault(code, self.at(node), what, todo, edits)

    def source(self, span: Node | Key) -> str:
        """Return a node or key as written in the manifest."""
        return self.document.text[span.start : span.end]

    def edit(self, span: Node | Key, text: str) -> tuple[Edit, ...]:
        """Return the edit that replaces a node or key with `text`."""
        return (self.document.edit(span.start, span.end, text),)

    def guess(self, word: str, words: Iterable[str]) -> str:
        """Return the most similar word that isn't used yet, or an empty text."""
        if len(word) > LONGEST_WORD or len(self.guesses) >= _MOST_GUESSES:
            return ""
        from difflib import get_close_matches  # Few manifests need it, and importing it takes 1 ms.

        self.guesses.append(word)
        free = [other for other in words if other not in self.node.fields]
        return next(iter(get_close_matches(word.lower(), free, 1, 0.7)), "")


def breaches(wrapper: Wrapper) -> Iterator[Breach]:
    """Yield every violation of the manifest's schema."""
    if wrapper.manifest_source:
        yield from _breaches(_validator(), wrapper.manifest_source, wrapper.manifest)


def spec_breaches(document: Source, spec: Node) -> Iterator[Breach]:
    """Yield every violation of the schema of a config spec, which is also that of an action's input-spec."""
    yield from _breaches(_spec_validator(), document, spec)


def _breaches(validator: Any, document: Source, root: Node) -> Iterator[Breach]:
    """Yield violations. Errors come before warnings, so that many warnings can't hide an error."""
    _regexes.clear()
    units = validator.evaluate(_Copy().of(root)).errors()
    breaks = dict.fromkeys((unit["schemaLocation"], unit["instanceLocation"]) for unit in units)
    guesses: list[str] = []
    for location, pointer in sorted(breaks, key=lambda each: each[0].endswith("/additionalProperties")):
        (part, keyword), (node, key, path) = _broken(location), _located(root, pointer)
        yield Breach(document, part, keyword, node, key, path, guesses)


@cache
def _broken(location: str) -> tuple[dict[str, Any], str]:
    """Return the subschema and keyword that a JSON pointer refers to."""
    part: dict[str, Any] = {}
    keyword, here = "", schema()
    for step in _steps(location):
        inner: Any = here[int(step)] if isinstance(here, list) else here.get(step)
        # After `dependencies`, the validator adds an index that isn't in the schema.
        if inner is None:
            break
        if isinstance(here, dict):
            part, keyword = here, step
        here = inner
    return part, keyword


def _located(node: Node, pointer: str) -> tuple[Node, Key | None, Steps]:
    """Return the value that a JSON pointer refers to, its key and its path."""
    key: Key | None = None
    path = tuple(_steps(pointer))
    for step in path:
        if isinstance(node.value, list):
            node, key = node.value[int(step)], None
        else:
            node, key = node.value[step], node.keys[step]
    return node, key, path


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
