"""Files of variables: `.env`, those of `env_file`, and samples of them (compose-go 2.16.1, dotenv/parser.go)."""

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from pathlib import Path

from startos_wrapper.files.compose.compose_model import ComposeError, Text, Variable
from startos_wrapper.files.compose.interpolation import Filling, InvalidReferenceError, mentioned
from startos_wrapper.files.source import Source, TooLargeError, UnreadableError, read_bytes

_SKIPPED = re.compile(r"(?:\s|#[^\n]*)*")
_EXPORT = re.compile(r"export[ \t]+")
_NAME = re.compile(r"([\w.\-\[\] \t\v\f\r\x85\xa0]*)([=:]|\n|\Z)")
_SPACES = re.compile(r"[ \t\v\f\r\x85\xa0]*")
_QUOTED = {quote: re.compile(rf"{quote}((?:[^{quote}\\]|\\.)*){quote}", re.DOTALL) for quote in "'\""}
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([abfnrtv\"\\])|(\$)|0([0-9]{0,3}))")
_OCTAL = re.compile(r"[0-3][0-7]{2}")
_ESCAPES = dict(zip('abfnrtv"\\', '\a\b\f\n\r\t\v"\\', strict=True))

_ENDINGS = ("example", "sample", "template", "dist", "default")


def sample_names(name: str) -> tuple[str, ...]:
    """Return the names under which projects keep a sample of a file of variables, the most common first."""
    bare = name.lstrip(".")
    stem = bare.removesuffix(".env")
    after = [f"{name}.{ending}" for ending in _ENDINGS]
    before = [f"{ending}.{bare}" for ending in _ENDINGS[:2]]
    others = [f"{bare}.{ending}" for ending in _ENDINGS[:2]] if bare != name else []
    inside = [f"{stem}.{ending}.env" for ending in _ENDINGS[:2]] if stem != bare else []
    return (*after, *before, *others, *inside)


def read_variables(path: Path, file: str, given: Mapping[str, str], literal: bool = False) -> list[Variable] | None:
    """Read a file of variables, or return None if it doesn't exist. `literal` keeps quotes and dollar signs.

    `given` are values that its variables may use. Raises: ComposeError.
    """
    try:
        data = read_bytes(path)
        source = None if data is None else Source(file, data)
    except (UnreadableError, TooLargeError) as error:
        raise ComposeError(file, 0, f"can't be read: {error}") from error
    if source is None:
        return None
    variables = _literal_variables(source) if literal else _variables(source, given)
    return list({variable.name: variable for variable in variables}.values())


def _literal_variables(source: Source) -> Iterator[Variable]:
    """Read the format `raw`: no quotes, and no variables in values."""
    for number, line in enumerate(source.lines, 1):
        name, equals, value = line.partition("=")
        if name.strip() and not name.lstrip().startswith("#"):
            text = Text(value, value, number) if equals else None
            yield Variable(name.strip(), text, number, source.file, passed=not equals)


def _variables(source: Source, given: Mapping[str, str]) -> Iterator[Variable]:
    values, known = dict(given), dict[str, str]()
    filling, at = Filling(), 0
    while (at := _end(_SKIPPED, source.text, at)) < len(source.text):
        line = source.place(at).line
        match = _NAME.match(source.text, _end(_EXPORT, source.text, at))
        name = match[1].strip() if match else ""
        if not match or not name or re.search(r"\s", name):
            raise ComposeError(source.file, line, "this isn't NAME=value, nor a comment")
        at = match.end()
        if match[2] not in ("=", ":"):
            value = given.get(name)
            text = None if value is None else Text("", value, line, used=(name,))
            yield Variable(name, text, line, source.file, passed=True)
            continue
        try:
            text, at = _value(source.text, _end(_SPACES, source.text, at), line, ChainMap(values, known), filling)
        except (InvalidReferenceError, _UnclosedQuoteError) as error:
            raise ComposeError(source.file, line, f"{name}: {error}") from error
        known[name] = text.value
        yield Variable(name, text, line, source.file)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


class _UnclosedQuoteError(Exception):
    """A value begins with a quote that nothing closes."""


def _value(text: str, at: int, line: int, values: Mapping[str, str], filling: Filling) -> tuple[Text, int]:
    """Return the value at an offset, and the offset behind it."""
    quote = text[at : at + 1]
    if quote in _QUOTED:
        match = _QUOTED[quote].match(text, at)
        if not match:
            raise _UnclosedQuoteError(f"nothing closes the {quote}")
        raw, at = _BACKSLASH.sub(lambda pair: quote if pair[1] == quote else pair[0], match[1]), match.end()
        if quote == "'":
            return Text(raw, raw, line), at
        template = _ESCAPE.sub(_unescaped, raw)
    else:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        raw = template = text[at:end].partition(" #")[0].rstrip()
        at = end
    value, unset = filling.fill(template, values)
    return Text(raw, value, line, unset, mentioned(template)), at


def _unescaped(match: re.Match[str]) -> str:
    if match[2]:
        return "$$"
    if match[1]:
        return _ESCAPES[match[1]]
    # Compose loses the zero if the number isn't octal.
    return chr(int(match[3], 8)) if _OCTAL.fullmatch(match[3]) else f"\\{match[3]}"
