"""Parse YAML as the OS does, with serde_yaml 0.9.27: libyaml emits the events, and this module interprets them.

PyYAML's own loader doesn't fit. It reads YAML 1.1, where `no` is a boolean, and doesn't limit depth and aliases as
serde_yaml does. serde_yaml tells libyaml that the text is UTF-8, so libyaml rejects UTF-16 and doesn't strip a byte
order mark. The scanner skips the mark, but goes on in column 1, where a second key can't follow the first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.files.documents.value import Key, Node, NotADocumentError
from startos_wrapper.files.source import Source, TooLargeError

_CORE = "tag:yaml.org,2002:"
# serde_yaml-0.9.27/src/de.rs: `remaining_depth: 128`, and `jumpcount > events.len() * 100` in `jump`.
_DEEPEST = 128
_JUMPS_PER_EVENT = 100
# The limit for alias bombs. A manifest has a few hundred values.
_MOST_VALUES = 200_000

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"([+-]?)(?:0x([0-9A-Fa-f]+)|0o([0-7]+)|0b([01]+)|(0|[1-9][0-9]*))")
_DIGITS_FROM_ZERO = re.compile(r"[+-]?0[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# What libyaml 0.2.9 in Rust skips together with the `]`. PyYAML's libyaml has a fix.
_OPEN_KEY = re.compile(r"\?(?:\s|#[^\n]*)*")
# A longer number can't fit in 128 bits, and Python would be slow with a million digits.
_LONGEST_NUMBER = 400


@dataclass
class _Measure:
    """The size of a value with all aliases expanded: depth, number of values, and number of jumps to an anchor."""

    depth: int = 0
    values: int = 1
    jumps: int = 0

    def add(self, inner: "_Measure") -> None:
        self.depth = max(self.depth, inner.depth + 1)
        self.values += inner.values
        self.jumps += inner.jumps


def read(source: Source) -> Node:
    """Parse a YAML file.

    Raises: NotADocumentError if serde_yaml rejects it, TooLargeError if it's an alias bomb.
    """
    if source.encoding != "utf-8":
        what = f"StartOS only reads UTF-8, not {source.encoding.upper()}"
        raise NotADocumentError("E101", 0, what, "save the file as UTF-8 without a byte order mark")
    try:
        return _Reader(source).document()
    except NotADocumentError as error:
        if source.bom and not _is_refused(Source(source.file, source.data[len(source.bom) :])):
            what = (
                "StartOS can't read the keys after a byte order mark, which is invisible at the beginning of the file"
            )
            raise NotADocumentError("E101", 0, what, "save the file as UTF-8 without a byte order mark") from error
        raise


def _is_refused(source: Source) -> bool:
    try:
        _Reader(source).document()
    except NotADocumentError:
        return True
    return False


class _Reader:
    """Builds nodes from events. An alias shares the value of its anchor, so an alias bomb stays small."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # A space has the same effect as the mark, see above.
        self._before = len(" " if source.bom else "")
        data = b" " + source.data[len(source.bom) :] if source.bom else source.data
        self._events: Iterator[Any] = iter(yaml.parse(data, Loader=loader()))
        self._count = 0
        self._anchors: dict[str, tuple[Node, _Measure] | None] = {}
        # Texts of anchored scalars, for aliases that are used as keys.
        self._words: dict[str, str] = {}

    def document(self) -> Node:
        try:
            return self._document()
        except yaml.YAMLError as error:
            raise self._syntax(error) from error

    def _document(self) -> Node:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return Node(None, 0, 0)
        node, measure = self._node(next(self._events), 0)
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            what = "A second document starts here, but StartOS only accepts one"
            raise NotADocumentError("E102", self._start(event), what, "remove this document and the --- line")
        if measure.depth > _DEEPEST or measure.jumps > self._count * _JUMPS_PER_EVENT:
            what = "The aliases (*name) expand to more than StartOS allows"
            raise NotADocumentError("E104", node.start, what, "write the values out")
        if measure.values > _MOST_VALUES:
            raise TooLargeError(
                f"{self._source.file}: aliases expand to {measure.values} values, which is too many to check"
            )
        return node

    def _syntax(self, error: yaml.YAMLError) -> NotADocumentError:
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            said = ", ".join(text for text in (error.context, error.problem) if text)
            offset = max(0, mark.index - self._before) if mark else 0
            return NotADocumentError("E101", offset, f"Invalid YAML: {said}", "fix the YAML syntax")
        said = str(getattr(error, "reason", error))
        # The position counts bytes with libyaml, and characters without it.
        offset = min(int(getattr(error, "position", 0) or 0), len(self._source.text))
        return NotADocumentError(
            "E101", offset, f"Invalid YAML: {said}", "remove the character, or escape it in quotes"
        )

    def _node(self, event: Any, depth: int) -> tuple[Node, _Measure]:
        self._count += 1
        start = self._start(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag and event.tag.startswith("!"):
            what = f"StartOS rejects a manifest with the tag {event.tag}"
            raise NotADocumentError("E103", start, what, "remove the tag and keep the value")
        if event.anchor:
            self._anchors[event.anchor] = None
            self._words.pop(event.anchor, None)
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                self._words[event.anchor] = event.value
            plain = not event.style
            found = Node(self._scalar(event, plain), start, self._end(event), plain=plain), _Measure(0)
        elif depth >= _DEEPEST:
            raise NotADocumentError(
                "E104", start, f"This is nested more than {_DEEPEST} levels deep", "use fewer levels"
            )
        elif isinstance(event, yaml.MappingStartEvent):
            found = self._mapping(event, depth + 1)
        else:
            found = self._sequence(event, depth + 1)
        if event.anchor:
            self._anchors[event.anchor] = found
        return found

    def _alias(self, event: Any) -> tuple[Node, _Measure]:
        if event.anchor not in self._anchors:
            what = f"The anchor &{event.anchor} isn't defined above"
            raise NotADocumentError("E101", self._start(event), what, "write the value out, or define the anchor first")
        found = self._anchors[event.anchor]
        if found is None:
            what = f"*{event.anchor} refers to its own anchor, so it never ends"
            raise NotADocumentError("E104", self._start(event), what, "write the value out")
        node, measure = found
        # The node has the position of the alias and the content of the anchor.
        node = Node(node.value, self._start(event), self._end(event), False, node.keys, node.repeated)
        return node, _Measure(measure.depth, measure.values, measure.jumps + 1)

    def _mapping(self, event: Any, depth: int) -> tuple[Node, _Measure]:
        node, measure = Node({}, self._start(event), self._end(event)), _Measure(1)
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._key(event, measure)
            key = Key(self._start(event), self._end(event))
            if name in node.keys:
                node.repeated.append((name, node.keys[name]))
            node.keys[name] = key
            node.value[name], inner = self._node(next(self._events), depth)
            measure.add(inner)
        self._count += 1
        node.end = self._end(event)
        return node, measure

    def _key(self, event: Any, measure: _Measure) -> str:
        """Return a key's text as written, without converting it to another type. Tags are ignored."""
        self._count += 1
        if isinstance(event, yaml.AliasEvent):
            _, inner = self._alias(event)
            measure.jumps += inner.jumps
            if event.anchor in self._words:
                return self._words[event.anchor]
        if not isinstance(event, yaml.ScalarEvent):
            what = "A key is a list or a mapping, but must be text"
            raise NotADocumentError("E105", self._start(event), what, "write text as the key")
        if event.anchor:
            self._words[event.anchor] = event.value
            value = self._scalar(event, not event.style)
            self._anchors[event.anchor] = Node(value, self._start(event), self._end(event)), _Measure()
        return str(event.value)

    def _sequence(self, event: Any, depth: int) -> tuple[Node, _Measure]:
        node, measure = Node([], self._start(event), self._end(event)), _Measure(1)
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item, inner = self._node(event, depth)
            node.value.append(item)
            measure.add(inner)
        self._count += 1
        node.end = self._end(event)
        last = node.value[-1].start if node.value and node.end > self._start(event) else node.end
        if _OPEN_KEY.fullmatch(self._source.text, last, self._start(event)):
            what = "StartOS takes the ] after this ? for its key"
            raise NotADocumentError("E101", last, what, "write a key after the ?, or remove the ?")
        return node, measure

    def _scalar(self, event: Any, plain: bool) -> Any:
        """Return the value of a scalar. serde_yaml-0.9.27/src/de.rs: visit_scalar, visit_untagged_scalar"""
        text, tag, start = event.value, event.tag, self._start(event)
        if tag and tag.startswith(_CORE) and tag != _CORE + "str":
            return self._tagged(tag.removeprefix(_CORE), text, start)
        if tag or not plain:
            return text
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        number = _integer(text)
        if number is not None:
            return self._in_json(number, start)
        if not _DIGITS_FROM_ZERO.fullmatch(text):
            known, value = _float(text)
            if known:
                return value
        return text

    def _tagged(self, tag: str, text: str, start: int) -> Any:
        number = _integer(text) if tag == "int" else None
        known, value = _float(text) if tag == "float" else (False, None)
        if tag == "null" and text in _NULLS - {""}:
            return None
        if tag == "bool" and text in _BOOLEANS:
            return _BOOLEANS[text]
        if number is not None:
            return self._in_json(number, start)
        if known:
            return value
        if tag in ("null", "bool", "int", "float"):
            raise NotADocumentError("E103", start, f"{text!r} doesn't match its tag !!{tag}", "remove the tag")
        return text

    def _in_json(self, number: int, start: int) -> int:
        """Return a number if it fits in Rust's JSON values, as an i64 or u64."""
        if -(2**63) <= number < 2**64:
            return number
        what = "The number doesn't fit in 64 bits, so StartOS can't read it"
        raise NotADocumentError("E106", start, what, "write a smaller number, or quote it to make it text")

    def _start(self, event: Any) -> int:
        return max(0, int(event.start_mark.index) - self._before)

    def _end(self, event: Any) -> int:
        return max(0, int(event.end_mark.index) - self._before)


def _integer(text: str) -> int | None:
    """Return an integer of up to 128 bits, or None. A larger one becomes a float."""
    match = _INTEGER.fullmatch(text) if len(text) < _LONGEST_NUMBER else None
    if not match:
        return None
    sign, *digits = match.groups()
    base, text = next((base, text) for base, text in zip((16, 8, 2, 10), digits, strict=True) if text)
    number = int(text, base) * (-1 if sign == "-" else 1)
    return number if -(2**127) <= number < 2**128 else None


def _float(text: str) -> tuple[bool, float | None]:
    """Return whether a text is a float, and its value. Infinity and NaN become null in JSON."""
    if _NOT_FINITE.fullmatch(text):
        return True, None
    if not _FLOAT.fullmatch(text):
        return False, None
    number = float(text)
    return (False, None) if number in (float("inf"), float("-inf")) else (True, number)
