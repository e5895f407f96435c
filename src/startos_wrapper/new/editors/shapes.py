"""What an answer looks like, and every value in it, as copier.yml and hooks/data/answers.yaml describe them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from startos_wrapper.data import answers, load

_NUMBERS = ("whole number", "port")
# The help that leads to where the keys are: here they're shown.
_LEAD = re.compile(r"^\s*All keys:.*\n?", re.MULTILINE)


class Kind(Enum):
    """What a value is."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    CHOICES = "choices"
    LIST = "list"
    MAP = "map"
    FIELDS = "fields"
    # A choice, or a map with fields.
    EITHER = "either"
    FREE = "free"


CONTAINERS = (Kind.LIST, Kind.MAP, Kind.FIELDS)


@dataclass(frozen=True)
class Shape:
    """A value: its kind, and what people need to know about it.

    `choices` are values with labels, and `fields` the names of a map's keys. `default` is shown if a value that isn't
    required is left out. `may_be_empty` is for text, `may_be_single` for a list that may be its only item, and
    `numbered` for a map whose keys are numbers. `key` is an example of a key.
    """

    kind: Kind
    help: str = ""
    required: bool = True
    default: Any = None
    choices: Mapping[Any, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    may_be_empty: bool = False
    may_be_single: bool = False
    numbered: bool = False
    key: Any = None


@dataclass(frozen=True)
class _Place:
    """A place in an answer: its section in answers.yaml, its values in the examples, and its key's description."""

    path: str
    seen: tuple[Any, ...]
    key: Mapping[str, Any] = field(default_factory=dict)
    item: str = ""


class Shapes:
    """The shapes of the values in the answer to a question."""

    def __init__(self, name: str, question: Mapping[str, Any]) -> None:
        """Take a question from copier.yml."""
        self._question = question
        self._sections: dict[str, Any] = answers() if question["type"] == "yaml" else {}
        described = self._sections.get(name, {})
        self._root = _Place(name, tuple(described.get("examples", ())))
        more = [described["more"]] if "more" in described else []
        self._help = "\n".join([_LEAD.sub("", question["help"]).rstrip(), *more])

    def at(self, path: tuple[Any, ...], answer: Any) -> Shape:
        """Return the shape of the value at a path of keys in an answer."""
        if self._question["type"] != "yaml":
            return self._plain()
        place, value = self._root, answer
        shape = replace(self._shape(place, value), help=self._help)
        for key in path:
            place = self._child(place, shape, key)
            value = _child_value(value, key)
            shape = self._shape(place, value)
        return shape

    def _plain(self) -> Shape:
        question = self._question
        if choices := question.get("choices"):
            kind = Kind.CHOICES if question.get("multiselect") else Kind.CHOICE
            known = {value: label for label, value in choices.items()} if isinstance(choices, dict) else {}
            return Shape(kind, self._help, choices=known or dict.fromkeys(choices, ""))
        return Shape({"bool": Kind.FLAG, "int": Kind.NUMBER}.get(question["type"], Kind.TEXT), self._help)

    def _shape(self, place: _Place, value: Any) -> Shape:
        key = place.key
        shape = Shape(
            Kind.FREE,
            help=key.get("help", ""),
            required=not key or key.get("required", False),
            default=key.get("default"),
        )
        words = str(key.get("type", ""))
        fields = self._fields(self._section(place, value))
        if fields:
            if words and words.split()[-1] == "map" and words != "map" and not isinstance(value, dict):
                return replace(shape, kind=Kind.EITHER, choices={words.split()[0]: ""}, fields=tuple(fields))
            return replace(shape, kind=Kind.FIELDS, fields=tuple(fields))
        if self._wild(place.path) or place.item:
            return _with_keys(replace(shape, kind=Kind.MAP), place.seen)
        if words and not words.startswith("map"):
            return _by_type(shape, words, place)
        by_example = _by_example(shape, place.seen)
        return replace(by_example, kind=Kind.MAP) if words and by_example.kind is Kind.FREE else by_example

    def _child(self, place: _Place, shape: Shape, key: Any) -> _Place:
        if shape.kind in (Kind.FIELDS, Kind.EITHER):
            described = self._fields(self._section(place, None)).get(key, {})
            seen = tuple(value[key] for value in place.seen if isinstance(value, dict) and key in value)
            path = described.get("like", f"{place.path}.{key}")
            return _Place(path, seen, described, described.get("each", ""))
        path = place.item or f"{place.path}.{self._wild(place.path)}"
        return _Place(path, tuple(_children(place.seen)))

    def _section(self, place: _Place, value: Any) -> str:
        """Return the name of the section that describes a map. It may not exist."""
        parent, _, last = place.path.rpartition(".")
        if not parent or (place.path in self._sections and not last.isupper()):
            return place.path
        others = [name for name in self._sections if name.rpartition(".")[0] == parent and _last(name).isupper()]
        # A script has its own section.
        kind = str(value.get("type")).upper() if isinstance(value, dict) else ""
        found = [name for name in others if _last(name) == kind] or [name for name in others if name == place.path]
        return next(iter(found or others), place.path)

    def _fields(self, section: str) -> dict[str, Any]:
        described = self._sections.get(section, {})
        more = self._fields(described["also"]) if "also" in described else {}
        return {**described.get("keys", {}), **more}

    def _wild(self, path: str) -> str:
        """Return what stands for the keys of a map in the names of sections, e.g. ID."""
        found = (name[len(path) + 1 :].partition(".")[0] for name in self._sections if name.startswith(f"{path}."))
        return next((part for part in found if part.isupper()), "")


def _last(section: str) -> str:
    return section.rpartition(".")[2]


def _by_type(shape: Shape, words: str, place: _Place) -> Shape:
    """Return the shape of a value from the words for its type in answers.yaml."""
    if words == "true or false":
        return replace(shape, kind=Kind.FLAG)
    if words in _NUMBERS:
        return replace(shape, kind=Kind.NUMBER)
    if words == "io-format":
        return replace(shape, kind=Kind.CHOICE, choices=dict.fromkeys(load("words")["io_formats"], ""))
    if "list" in words.split():
        return replace(shape, kind=Kind.LIST, may_be_single=not words.startswith("list"))
    if words.endswith(" or empty"):
        return replace(shape, kind=Kind.TEXT, may_be_empty=True)
    if place.path.endswith(".type") or "/" in words:
        return replace(shape, kind=Kind.CHOICE, choices=dict.fromkeys(re.split(" or |/", words), ""))
    return replace(shape, kind=Kind.TEXT)


def _by_example(shape: Shape, seen: tuple[Any, ...]) -> Shape:
    """Return the shape of a value that looks like some examples."""
    kinds = {type(value) for value in seen if value is not None}
    if dict in kinds:
        return _with_keys(replace(shape, kind=Kind.MAP), seen)
    if list in kinds:
        return replace(shape, kind=Kind.LIST, may_be_single=str in kinds)
    if kinds == {int}:
        return replace(shape, kind=Kind.NUMBER)
    if kinds and kinds <= {str, int}:
        return replace(shape, kind=Kind.TEXT, may_be_empty=None in seen)
    return shape


def _with_keys(shape: Shape, seen: tuple[Any, ...]) -> Shape:
    keys = [key for value in seen if isinstance(value, dict) for key in value]
    numbered = bool(keys) and all(isinstance(key, int) for key in keys)
    return replace(shape, key=next(iter(keys), None), numbered=numbered)


def _children(seen: tuple[Any, ...]) -> Iterator[Any]:
    for value in seen:
        yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _child_value(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None
