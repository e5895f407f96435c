"""The JSON Schema of the manifest, and where a manifest breaks it.

The validator says which keyword of the schema fails at which value. The rest is read from the schema and the manifest.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft7Validator

from startos_wrapper.files.documents.value import Key, Node
from startos_wrapper.files.manifest import os_grammar
from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.manifest.wording import LONGEST_WORD, shown
from startos_wrapper.files.source import Edit, Place
from startos_wrapper.files.wrapper import Wrapper

# The largest of 114 real manifests has some 600 values. What is beyond this many is not looked at.
_MOST_VALUES = 5_000
# No reader of manifests goes deeper.
_DEEPEST = 130
# A hostile one takes 20 ms to compile.
_MOST_REGEXES = 50
# Comparing a wrong word with all right ones takes time too.
_MOST_GUESSES = 100

# The keys that lead to a value.
Steps = tuple[str, ...]

_regexes: dict[str, bool] = {}


def _regex(text: str) -> bool:
    """Say whether a text is a regular expression; one beyond the first `_MOST_REGEXES` of a manifest counts as one."""
    if text not in _regexes and len(_regexes) < _MOST_REGEXES:
        _regexes[text] = os_grammar.regex(text)
    return _regexes.get(text, True)


FORMATS: dict[str, Callable[[str], bool]] = {
    "startos-version": os_grammar.version,
    "startos-range": os_grammar.version_range,
    "startos-duration": os_grammar.duration,
    "startos-url": os_grammar.url,
    "startos-regex": _regex,
    "startos-number-range": os_grammar.number_range,
    "startos-whole-range": os_grammar.whole_range,
    "startos-charset": os_grammar.charset,
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
def _words() -> frozenset[str]:
    """Return all keys that the schema names."""
    return frozenset(name for part in _parts(schema()) for name in part.get("properties", {}))


@cache
def needed() -> frozenset[str]:
    """Return all keys that must be there somewhere."""
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
    """Return a subschema together with what it refers to."""
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


# --- What the validator is given, and what it says -------------------------------------------------------------------


@dataclass
class _Copy:
    """Makes plain values of nodes, as many as are worth a look. Keys that the schema names are never left out."""

    left: int = _MOST_VALUES

    def of(self, node: Node, depth: int = 0) -> Any:
        """Return the plain value of a node."""
        self.left -= 1
        if isinstance(node.value, dict) and depth < _DEEPEST:
            names = (name for name in node.value if self.left > 0 or name in _words())
            return {name: self.of(node.value[name], depth + 1) for name in names}
        if isinstance(node.value, list) and depth < _DEEPEST:
            return [self.of(item, depth + 1) for item in node.value[: max(0, self.left)]]
        # To JSON Schema 1.0 is an integer, to the OS (serde) it is not.
        return 0.5 if isinstance(node.value, float) else None if isinstance(node.value, (dict, list)) else node.value


@dataclass(frozen=True)
class Breach:
    """A keyword of a part of the schema that a value breaks: the value, its key, if it has one, and its path."""

    wrapper: Wrapper
    part: dict[str, Any]
    keyword: str
    node: Node
    key: Key | None
    path: Steps
    # The words that were compared with others.
    guesses: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The path as it may be shown."""
        return ".".join(map(shown, self.path)) or "The manifest"

    @property
    def rule(self) -> str:
        """The rule of the grammar or limit that is broken."""
        return str(self.part["x-rule"])

    def at(self, node: Node | Key | None) -> Place:
        """Return the place of a node or key, or of the key that leads here."""
        return self.wrapper.at(node or self.key or (self.node if self.path else None))

    def fault(self, code: str, what: str, todo: str, node: Node | Key | None, *edits: Edit) -> Fault:
        """Return a fault at a node or key, or at the key that leads here."""
        return Fault(code, self.at(node), what, todo, edits)

    def source(self, span: Node | Key) -> str:
        """Return how a node or key is written."""
        source = self.wrapper.manifest_source
        return source.text[span.start : span.end] if source else ""

    def edit(self, span: Node | Key, text: str) -> tuple[Edit, ...]:
        """Return the edit that writes something else for a node or key."""
        source = self.wrapper.manifest_source
        return (source.edit(span.start, span.end, text),) if source else ()

    def guess(self, word: str, words: Iterable[str]) -> str:
        """Return which of the words that are not there yet is meant, as far as the letters tell."""
        if len(word) > LONGEST_WORD or len(self.guesses) >= _MOST_GUESSES:
            return ""
        from difflib import get_close_matches  # Few manifests need it, and it takes 1 ms to import.

        self.guesses.append(word)
        free = [other for other in words if other not in self.node.fields]
        return next(iter(get_close_matches(word.lower(), free, 1, 0.7)), "")


def breaches(wrapper: Wrapper) -> Iterator[Breach]:
    """Yield every breach of the schema. Errors come before warnings, so that no number of these hides one of those."""
    _regexes.clear()
    units = _validator().evaluate(_Copy().of(wrapper.manifest)).errors()
    breaks = dict.fromkeys((unit["schemaLocation"], unit["instanceLocation"]) for unit in units)
    guesses: list[str] = []
    for location, pointer in sorted(breaks, key=lambda each: each[0].endswith("/additionalProperties")):
        (part, keyword), (node, key, path) = _broken(location), _located(wrapper.manifest, pointer)
        yield Breach(wrapper, part, keyword, node, key, path, guesses)


@cache
def _broken(location: str) -> tuple[dict[str, Any], str]:
    """Return the part of the schema and its keyword at which a JSON pointer points."""
    part: dict[str, Any] = {}
    keyword, here = "", schema()
    for step in _steps(location):
        inner: Any = here[int(step)] if isinstance(here, list) else here.get(step)
        # Behind `dependencies` the validator counts.
        if inner is None:
            break
        if isinstance(here, dict):
            part, keyword = here, step
        here = inner
    return part, keyword


def _located(node: Node, pointer: str) -> tuple[Node, Key | None, Steps]:
    """Return the value at which a JSON pointer points, its key and its path."""
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
