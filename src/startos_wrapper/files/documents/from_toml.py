"""Parse TOML as the OS does. The standard library parses the values, and a walk over the text finds their positions."""

import math
import re
import sys
from typing import Any

from startos_wrapper.files.documents.value import Key, Node, NotADocumentError
from startos_wrapper.files.source import Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_Path = tuple[str | int, ...]
_AT = re.compile(r"\(at line (\d+), column (\d+)\)$")
_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")' r"|'''.*?'{3,5}(?!')" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'", re.DOTALL
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
# The OS's parser returns a date as a mapping with this key. toml_datetime/src/datetime.rs: FIELD
_DATE = "$__toml_private_datetime"
# toml_edit-0.21.0/src/parser/mod.rs: LIMIT. It counts the parts of a key and the nested values separately.
_DEEPEST = 127
# Times that StartOS's parser accepts and Python's doesn't: a leap second and the year 0.
_UNLIKE_PYTHON = re.compile(r"(?<=[0-9]{2}:[0-9]{2}):60|(?<![\w.+-])0000(?=-[0-9]{2})")
# Python refuses to convert more digits to a number.
_LONG_NUMBER = re.compile(r"[0-9_]{4300,}")


def read(source: Source) -> Node:
    """Parse a TOML file.

    Raises: NotADocumentError if the text isn't TOML or contains a number that is too large.
    """
    if source.encoding != "utf-8":
        raise NotADocumentError(
            "E101", 0, f"TOML must be UTF-8, not {source.encoding.upper()}", "save the file as UTF-8"
        )
    # Rust's parser skips a byte order mark and Python's doesn't, but `source.text` has none.
    try:
        value = _value(source.text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        offset = source.offset(min(int(at[1]), len(source.lines)), int(at[2])) if at else len(source.text)
        said = _AT.sub("", str(error)).strip()
        raise NotADocumentError("E101", offset, f"Invalid TOML: {said}", "fix the TOML syntax") from error
    except RecursionError as error:
        raise _too_deep(0) from error
    except ValueError as error:
        long = _LONG_NUMBER.search(source.text)
        raise _too_large(long.start() if long else 0) from error
    walk = _Walk(source.text)
    walk.document()
    return _node(value, (), walk.keys, walk.values)


def _value(text: str) -> Any:
    def number(digits: str) -> float:
        if (value := float(digits)) == math.inf and "inf" not in digits:
            raise _too_large(text.index(digits))
        return value

    try:
        return tomllib.loads(text, parse_float=number)
    except tomllib.TOMLDecodeError:
        # A date is never valid in a manifest, so any date will do.
        return tomllib.loads(
            _UNLIKE_PYTHON.sub(lambda found: {":60": ":59"}.get(found[0], "0001"), text), parse_float=number
        )


def _too_deep(offset: int) -> NotADocumentError:
    return NotADocumentError("E104", offset, f"This is nested more than {_DEEPEST} levels deep", "use fewer levels")


def _too_large(offset: int) -> NotADocumentError:
    what = "The number is too large for the TOML parser in StartOS"
    return NotADocumentError("E106", offset, what, "write a smaller number, or quote it to make it text")


def _node(value: Any, path: _Path, keys: dict[_Path, Key], values: dict[_Path, Key]) -> Node:
    span = values.get(path) or keys.get(path) or Key(0, 0)
    if isinstance(value, dict):
        fields = {name: _node(inner, (*path, name), keys, values) for name, inner in value.items()}
        return Node(fields, span.start, span.end, keys={name: keys.get((*path, name), span) for name in fields})
    if isinstance(value, list):
        return Node(
            [_node(item, (*path, index), keys, values) for index, item in enumerate(value)], span.start, span.end
        )
    if isinstance(value, float) and not math.isfinite(value):
        value = None
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _too_large(span.start)
    elif not isinstance(value, (str, bool, int, float)):
        value = {_DATE: Node(str(value), span.start, span.end)}
        return Node(value, span.start, span.end, keys={_DATE: span})
    return Node(value, span.start, span.end, plain=not isinstance(value, str))


class _Walk:
    """Positions of the keys and values in a valid TOML text, keyed by path."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.keys: dict[_Path, Key] = {}
        self.values: dict[_Path, Key] = {}
        # Index of the last table in each array of tables.
        self._counts: dict[_Path, int] = {}

    def document(self) -> None:
        """Find all positions."""
        table: _Path = ()
        at = self._skip(0)
        while at < len(self._text):
            if self._text.startswith("[[", at):
                name, at = self._names(at + 2, (), of_table=True)
                self._counts[name] = self._counts.get(name, -1) + 1
                table, at = (*name, self._counts[name]), at + 2
            elif self._text[at] == "[":
                table, at = self._names(at + 1, (), of_table=True)
                at += 1
            else:
                at = self._pair(at, table)
            at = self._skip(at)

    def _skip(self, at: int) -> int:
        match = _SKIP.match(self._text, at)
        return match.end() if match else at

    def _blank(self, at: int) -> int:
        match = _BLANK.match(self._text, at)
        return match.end() if match else at

    def _names(self, at: int, path: _Path, *, of_table: bool = False) -> tuple[_Path, int]:
        """Read a dotted key below `path`, and return its path and where it ends."""
        first = at
        for _ in range(_DEEPEST):
            at = self._blank(at)
            match = _TEXT.match(self._text, at) or _BARE_KEY.match(self._text, at)
            if not match:
                return path, at
            name = match[0] if _BARE_KEY.fullmatch(match[0]) else next(iter(tomllib.loads(f"{match[0]}=0")))
            path = (*path, name)
            self.keys.setdefault(path, Key(at, match.end()))
            # The rest of a header refers to the last table of an array.
            at = self._blank(match.end())
            if of_table and path in self._counts and self._text[at : at + 1] == ".":
                path = (*path, self._counts[path])
            if self._text[at : at + 1] != ".":
                return path, at
            at += 1
        raise _too_deep(first)

    def _pair(self, at: int, table: _Path, depth: int = 0) -> int:
        path, at = self._names(at, table)
        return self._value(self._blank(at + 1), path, depth)

    def _value(self, at: int, path: _Path, depth: int) -> int:
        start, first = at, self._text[at : at + 1]
        if first in ("[", "{") and (depth := depth + 1) > _DEEPEST:
            raise _too_deep(at)
        if first == "[":
            at, index = self._skip(at + 1), 0
            while self._text[at : at + 1] not in ("]", ""):
                at = self._skip(self._value(at, (*path, index), depth))
                at, index = self._skip(at + 1) if self._text[at : at + 1] == "," else at, index + 1
            at += 1
        elif first == "{":
            at = self._skip(at + 1)
            while self._text[at : at + 1] not in ("}", ""):
                at = self._skip(self._pair(at, path, depth))
                at = self._skip(at + 1) if self._text[at : at + 1] == "," else at
            at += 1
        elif match := _TEXT.match(self._text, at) or _BARE_VALUE.match(self._text, at):
            at += len(match[0].rstrip())
        else:
            at += 1
        self.values[path] = Key(start, at)
        return at
