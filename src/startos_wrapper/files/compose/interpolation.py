"""Fill in the variables of a compose file by Compose's rules (compose-go 2.16.1, template/template.go).

`$$` is a dollar sign. `$name` and `${name}` are variables, with `:-` `-` for a default, `:+` `+` for a replacement, and
`:?` `?` for a variable that must be set. Defaults may contain variables. `$1`, `$(date)` and `100%$` mean themselves.
"""

import re
from collections import ChainMap
from collections.abc import Mapping

from startos_wrapper.files.compose.compose_model import ComposeError, Text

_REFERENCE = re.compile(r"\$(?:\$|\{|[A-Za-z_][A-Za-z0-9_]*)")
_BRACED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?")
_MENTIONED = re.compile(r"\$(?:\$|\{?([A-Za-z_][A-Za-z0-9_]*))")
_BRACE = re.compile(r"[{}]")
# Real files nest two levels.
_DEEPEST = 50
# All characters that variables may fill in. A value of a megabyte can be used any number of times.
_MOST_FILLED = 5_000_000


class InvalidReferenceError(Exception):
    """A text has a `${` that Compose rejects. The message doesn't contain defaults, because they can be secrets."""


class Filling:
    """Fills in variables, and ends if that makes too much text."""

    def __init__(self) -> None:
        """Begin to count."""
        self._left = _MOST_FILLED

    def fill(self, raw: str, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """Return a text with its variables filled in, and the names of those that have no value.

        Raises: InvalidReferenceError.
        """
        unset: dict[str, None] = {}
        return self._filled(raw, values, unset, 0), tuple(unset)

    def _filled(self, raw: str, values: Mapping[str, str], unset: dict[str, None], depth: int) -> str:
        if depth > _DEEPEST:
            raise InvalidReferenceError(f"variables are nested more than {_DEEPEST} levels deep")
        out, at = [], 0
        while match := _REFERENCE.search(raw, at):
            out.append(raw[at : match.start()])
            reference, at = match.group(), match.end()
            if reference == "$$":
                out.append("$")
            elif reference == "${":
                value, at = self._braced(raw, match.start(), values, unset, depth)
                out.append(value)
            else:
                out.append(self._value(reference[1:], values, unset))
        out.append(raw[at:])
        return "".join(out)

    def _value(self, name: str, values: Mapping[str, str], unset: dict[str, None]) -> str:
        value = values.get(name)
        if value is None:
            unset[name] = None
        return self._counted(value or "")

    def _counted(self, value: str) -> str:
        self._left -= len(value)
        if self._left < 0:
            raise InvalidReferenceError(f"variables fill in more than {_MOST_FILLED:,} characters, too many to read")
        return value

    def _braced(
        self, raw: str, start: int, values: Mapping[str, str], unset: dict[str, None], depth: int
    ) -> tuple[str, int]:
        """Return the value of the `${` at `start`, and the offset behind its `}`."""
        match = _BRACED.match(raw, start + len("${"))
        if not match:
            raise InvalidReferenceError("a ${ isn't followed by a variable's name; write $$ for a plain dollar sign")
        name, operator = match.groups()
        end = match.end() if operator is None else closing_brace(raw, start)
        if end is None or raw[end : end + 1] != "}":
            raise InvalidReferenceError(f"${{{name} isn't closed with a }}; write $$ for a plain dollar sign")
        if operator is None:
            return self._value(name, values, unset), end + 1
        value, word = values.get(name), raw[match.end() : end]
        lacks = value is None or (operator.startswith(":") and not value)
        if operator.endswith("?") and lacks:
            unset[name] = None
        elif not operator.endswith("?") and operator.endswith("-") == lacks:
            return self._filled(word, values, unset, depth + 1), end + 1
        return self._counted(value or ""), end + 1


class Interpolation:
    """Fills in the variables of one file. `values` are known, and `samples` only serve as hints."""

    def __init__(self, file: str, values: Mapping[str, str], samples: Mapping[str, str]) -> None:
        """Store where the values come from."""
        self._file = file
        self._filling = Filling()
        self.values = values
        # An empty value in a sample means that the reader has to fill it in.
        self._with_samples = ChainMap(dict(values), {name: value for name, value in samples.items() if value})

    def text(self, raw: str, line: int, plain: bool = False) -> Text:
        """Return a scalar with its variables filled in. Raises: ComposeError."""
        if "$" not in raw:
            return Text(raw, raw, line, plain=plain)
        try:
            value, unset = self._filling.fill(raw, self.values)
            hint, still_unset = self._filling.fill(raw, self._with_samples) if unset else (value, ())
        except InvalidReferenceError as error:
            raise ComposeError(self._file, line, str(error)) from error
        known = unset and not still_unset
        return Text(raw, value, line, unset, mentioned(raw), hint if known else None, plain)


def mentioned(raw: str) -> tuple[str, ...]:
    """Return the names of all variables in a text."""
    return tuple(dict.fromkeys(match[1] for match in _MENTIONED.finditer(raw) if match[1]))


def closing_brace(raw: str, start: int) -> int | None:
    """Return the offset of the `}` that closes the `${` at `start`, or None.

    Compose counts all braces, so a default can be JSON, but doesn't look at the character after a `{`. If the braces
    don't match, it takes the last one.
    """
    depth, at = 0, start
    while match := _BRACE.search(raw, at):
        at = match.end()
        if match.group() == "{":
            depth += 1
            at += 1
        else:
            depth -= 1
            if depth == 0:
                return match.start()
    last = raw.rfind("}", start)
    return None if last < 0 else last


def split_outside(raw: str, separator: str, most: int = -1) -> list[str]:
    """Split a text at a separator, but not inside of `${...}`, and at most `most` times."""
    parts: list[str] = []
    begin = at = 0
    pattern = re.compile(rf"\$\$|\$\{{|{re.escape(separator)}")
    while len(parts) != most and (match := pattern.search(raw, at)):
        at = match.end()
        if match.group() == separator:
            parts.append(raw[begin : match.start()])
            begin = at
        elif match.group() == "${":
            end = closing_brace(raw, match.start())
            at = len(raw) if end is None else end + 1
    return [*parts, raw[begin:]]
