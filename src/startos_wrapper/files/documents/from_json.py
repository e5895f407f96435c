"""Parse JSON as serde_json does, with the position of each value.

Python's parser doesn't return positions. libyaml parses another language: it rejects long keys and surrogate pairs,
which are valid JSON, and accepts comments, bare words and trailing commas, which aren't.
"""

import re
from json import JSONDecodeError, JSONDecoder
from typing import Any, NoReturn

from startos_wrapper.files.documents.value import Key, Node, NotADocumentError
from startos_wrapper.files.source import Source

# serde_json/src/de.rs: `remaining_depth: 128` is decremented before it's compared with zero.
_DEEPEST = 127
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_WORD = re.compile("true|false|null")
_LONGEST_WHOLE = 20
_STRINGS = JSONDecoder(strict=True)


def read(source: Source) -> Node:
    """Parse a JSON file.

    Raises: NotADocumentError if serde_json rejects it.
    """
    if source.bom:
        _stop(0, "JSON can't start with a byte order mark", "save the file as UTF-8 without a byte order mark")
    reader = _Reader(source.text)
    node, end = reader.value(reader.space(0), 0)
    if (end := reader.space(end)) != len(source.text):
        _stop(end, "There is more text after the end of the JSON value", "remove it")
    return node


def _stop(offset: int, what: str, todo: str) -> NoReturn:
    raise NotADocumentError("E101", offset, what, todo)


class _Reader:
    """A recursive parser. Each method takes an offset and returns what starts there and where it ends."""

    def __init__(self, text: str) -> None:
        self._text = text

    def space(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> tuple[Node, int]:
        first = self._text[at : at + 1]
        if first in ("{", "[") and depth >= _DEEPEST:
            raise NotADocumentError("E104", at, f"This is nested more than {_DEEPEST} levels deep", "use fewer levels")
        if first == "{":
            return self._object(at, depth + 1)
        if first == "[":
            return self._list(at, depth + 1)
        value, end = self._scalar(at)
        return Node(value, at, end, plain=first != '"'), end

    def _scalar(self, at: int) -> tuple[Any, int]:
        if self._text[at : at + 1] == '"':
            return self._string(at)
        if word := _WORD.match(self._text, at):
            return _WORDS[word[0]], word.end()
        if not (number := _NUMBER.match(self._text, at)):
            _stop(at, "Invalid JSON: expected a value", "fix the JSON syntax")
        return self._number(number), number.end()

    def _number(self, match: re.Match[str]) -> int | float:
        """Return an integer if it fits in 64 bits, or else a float. serde_json/src/de.rs: parse_any_number"""
        text = match[0]
        if not match[1] and not match[2] and text != "-0" and len(text) <= _LONGEST_WHOLE:
            whole = int(text)
            if -(2**63) <= whole < 2**64:
                return whole
        number = float(text)
        if number in (float("inf"), float("-inf")):
            _stop(match.start(), "The number is too large for the JSON parser in StartOS", "write a smaller number")
        return number

    def _string(self, at: int) -> tuple[str, int]:
        text: str
        try:
            text, end = _STRINGS.raw_decode(self._text, at)
        except JSONDecodeError as error:
            _stop(error.pos, f"Invalid JSON: {error.msg}", "fix the text")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            _stop(at, "The text contains half of a surrogate pair (\\ud...)", "write the whole character")
        return text, end

    def _object(self, at: int, depth: int) -> tuple[Node, int]:
        node, end = Node({}, at, at), self.space(at + 1)
        if self._text[end : end + 1] == "}":
            node.end = end + 1
            return node, node.end
        while True:
            if self._text[end : end + 1] != '"':
                _stop(end, 'Invalid JSON: expected a key in "quotes"', "fix the JSON syntax")
            key = Key(end, end)
            name, key.end = self._string(end)
            if name in node.keys:
                node.repeated.append((name, node.keys[name]))
            node.keys[name] = key
            end = self.space(key.end)
            if self._text[end : end + 1] != ":":
                _stop(end, "Invalid JSON: expected a colon after the key", "fix the JSON syntax")
            node.value[name], end = self.value(self.space(end + 1), depth)
            if (end := self._next(end, "}")) < 0:
                node.end = -end
                return node, node.end

    def _list(self, at: int, depth: int) -> tuple[Node, int]:
        node, end = Node([], at, at), self.space(at + 1)
        if self._text[end : end + 1] == "]":
            node.end = end + 1
            return node, node.end
        while True:
            item, end = self.value(end, depth)
            node.value.append(item)
            if (end := self._next(end, "]")) < 0:
                node.end = -end
                return node, node.end

    def _next(self, at: int, close: str) -> int:
        """Return the offset of the next item, or the negated offset where the list or object ends."""
        at = self.space(at)
        mark = self._text[at : at + 1]
        if mark == close:
            return -(at + 1)
        if mark != ",":
            _stop(at, f"Invalid JSON: expected a comma or {close}", "fix the JSON syntax")
        return self.space(at + 1)
