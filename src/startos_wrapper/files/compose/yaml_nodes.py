"""Parse YAML as Compose does: text stays as written, so `22222:22` and `no` are text, and `<<` merges mappings.

PyYAML's own constructor reads YAML 1.1, where `22222:22` is a number and `no` a boolean. This module only uses its
events, stops early at what is too deep or too much, and shares the nodes that aliases refer to.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.files.compose.compose_model import ComposeError, KeyAt, Node, Text
from startos_wrapper.files.compose.interpolation import Interpolation
from startos_wrapper.files.source import Source

# Real files nest up to 15 levels.
_DEEPEST = 100
# With all aliases written out. The largest of 1,272 real files has a few thousand.
_MOST_VALUES = 100_000

_TOO_DEEP = f"this is nested more than {_DEEPEST} levels deep; use fewer levels"

_NULLS = {"", "~", "null", "Null", "NULL"}
_NULL_TAG = "tag:yaml.org,2002:null"
_NOT_IN_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INDENTED_BY_TAB = re.compile(r"[ -]*\t")


def read_nodes(source: Source, interpolation: Interpolation) -> Node:
    """Parse a document with its variables filled in. Raises: ComposeError."""
    if wrong := _NOT_IN_YAML.search(source.text):
        line = source.place(wrong.start()).line
        raise ComposeError(source.file, line, f"YAML doesn't allow the character U+{ord(wrong.group()):04X}; remove it")
    reader = _Reader(source, interpolation)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        raise _syntax(source, error) from error
    except yaml.YAMLError as error:
        raise ComposeError(source.file, 0, f"Invalid YAML: {getattr(error, 'reason', 'unreadable')}") from error


def _syntax(source: Source, error: yaml.MarkedYAMLError) -> ComposeError:
    mark = error.problem_mark or error.context_mark
    line = source.place(mark.index).line if mark else 0
    if line and _INDENTED_BY_TAB.match(source.lines[line - 1]):
        return ComposeError(source.file, line, "a tab can't indent YAML; use spaces")
    if "nesting depth" in (error.problem or ""):
        return ComposeError(source.file, line, _TOO_DEEP)
    said = ", ".join(text for text in (error.context, error.problem) if text)
    return ComposeError(source.file, line, f"Invalid YAML: {said}")


class _Reader:
    def __init__(self, source: Source, interpolation: Interpolation) -> None:
        self._source = source
        self._interpolation = interpolation
        self._events: Iterator[Any] = iter(yaml.parse(source.text, Loader=loader()))
        self._left = _MOST_VALUES
        # The node and the number of its values, or None while the anchor's own node isn't complete.
        self._anchors: dict[str, tuple[Node, int] | None] = {}

    def document(self) -> Node:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Node(1, "null")
        node = self._node(next(self._events), 0)
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._error(event, "a second document starts here; keep one document per file")
        return node

    def _error(self, event: Any, what: str) -> ComposeError:
        return ComposeError(self._source.file, self._line(event), what)

    def _line(self, event: Any) -> int:
        return self._source.place(event.start_mark.index).line

    def _count(self, event: Any, values: int = 1) -> None:
        self._left -= values
        if self._left < 0:
            what = f"the file has more than {_MOST_VALUES:,} values with its aliases, too many to read"
            raise self._error(event, what)

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if depth > _DEEPEST:
            raise self._error(event, _TOO_DEEP)
        left = self._left
        self._count(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth + 1)
        else:
            node = Node(self._line(event), "list", items=list(self._items(depth + 1)))
        if event.anchor:
            self._anchors[event.anchor] = node, left - self._left
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise self._error(event, f"*{event.anchor} has no anchor &{event.anchor} above it")
        found = self._anchors[event.anchor]
        if found is None:
            raise self._error(event, f"*{event.anchor} is inside its own anchor, so it never ends")
        node, values = found
        self._count(event, values)
        line = self._line(event)
        return replace(node, line=line, text=replace(node.text, line=line) if node.text else None)

    def _scalar(self, event: Any) -> Node:
        line, plain = self._line(event), not event.style
        if event.tag == _NULL_TAG or (plain and not event.tag and event.value in _NULLS):
            return Node(line, "null")
        return Node(line, "text", self._interpolation.text(event.value, line, plain))

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth)

    def _mapping(self, event: Any, depth: int) -> Node:
        fields: dict[str, KeyAt] = {}
        merged: list[Node] = []
        node = Node(self._line(event), "map", fields=fields)
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._key(event)
            line = self._line(event)
            if name == "<<" and not event.style:
                merged.append(self._node(next(self._events), depth))
                self._check_merge(event, merged[-1])
                continue
            if name in fields:
                raise self._error(event, f"the key {name} is already in line {fields[name].line}; remove one of them")
            fields[name] = KeyAt(name, line, self._node(next(self._events), depth))
        for source in merged:
            # The keys that are written out override the merged ones, and the first mapping of a list overrides others.
            for mapping in source.items if source.kind == "list" else [source]:
                for name, key in mapping.fields.items():
                    fields.setdefault(name, key)
        return node

    def _check_merge(self, event: Any, node: Node) -> None:
        kinds = {item.kind for item in node.items} if node.kind == "list" else {node.kind}
        if not kinds <= {"map"}:
            raise self._error(event, "<< needs a mapping or a list of mappings")

    def _key(self, event: Any) -> str:
        """Return a key as written: Compose doesn't fill in variables in keys."""
        if isinstance(event, yaml.AliasEvent):
            node = self._alias(event)
            if node.text:
                return node.text.raw
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(event, "a key must be text")
        self._count(event)
        text: str = event.value
        if event.anchor:
            line = self._line(event)
            self._anchors[event.anchor] = Node(line, "text", Text(text, text, line)), 1
        return text
