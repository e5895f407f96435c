"""The syntax of versions, ranges, durations and other texts in a manifest, exactly as in StartOS 0.3.5.1.

All functions accept any text, never raise, and run in linear time.
"""

import operator
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

_ID = re.compile("[a-z]+(?:-[a-z]+)*")
_U64, _U128 = 2**64 - 1, 2**128 - 1

# --- Versions and ranges: emver, commit 61cf0bc9, src/emver.rs -------------------------------------------------------

_DIGITS = re.compile("[0-9]+")
_PARTS = 4
# nom's space0 and space1 only match these two.
_SPACES = re.compile(r"[ \t]+")
_OR = re.compile(r"[ \t]*\|\|[ \t]*")
_DASH = re.compile(r"[ \t]*-[ \t]*")
_OPEN, _CLOSE = re.compile(r"\([ \t]*"), re.compile(r"[ \t]*\)")
_OPERATOR = re.compile("[<>]=?|!?=|[~^]")
Version = tuple[int, ...]
# What the OS's parser makes of a range: an operator with a version, or & or | with several ranges.
Form = tuple[Any, ...]
# The form of a range that contains every version.
_ANY: Form = ()
# Ranges with more versions aren't compared.
_MOST_ENDS = 200
_COMPARE = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge
}  # fmt: skip
# We don't know at which depth the OS's parser overflows its stack, but nobody nests ranges.
_DEEPEST = 64


class _Numbers(NamedTuple):
    """The numbers of a version, and where in the text they end."""

    parts: list[int]
    end: int


class _Range(NamedTuple):
    """Where a range ends, and its form: the OS takes two ranges with the same form for the same key."""

    end: int
    form: Form = _ANY


def package_id(text: str) -> bool:
    """Return whether a text is the id of a package, an image, an interface and so on. M/id/mod.rs:26"""
    return _ID.fullmatch(text) is not None


def version(text: str) -> bool:
    """Return whether a text starts with a version. The OS ignores the rest. emver.rs:278-289"""
    return _numbers(text, 0) is not None


def version_numbers(text: str) -> tuple[int, int, int, int] | None:
    """Return the version as four numbers, or None if it isn't a version."""
    numbers = _numbers(text, 0)
    if numbers is None:
        return None
    first, second, third, fourth = _padded(numbers)
    return first, second, third, fourth


def version_rest(text: str) -> str:
    """Return the end of a version that the OS ignores, or an empty text if it isn't a version."""
    numbers = _numbers(text, 0)
    return text[numbers.end :] if numbers else ""


def version_range(text: str) -> bool:
    """Return whether a text starts with a version range. The OS ignores the rest. emver.rs:291-404"""
    return _range(text, 0) is not None


def range_form(text: str) -> Form | None:
    """Return a value that is the same for all spellings of a range, e.g. `>=1` and `>=1.0 `. emver.rs:179-212"""
    found = _range(text, 0)
    return found.form if found else None


def in_range(text: str, version: str) -> bool:
    """Return whether a range contains a version. False if one of them isn't valid."""
    form, numbers = range_form(text), version_numbers(version)
    return form is not None and numbers is not None and _contains(form, numbers)


def uncovered(ranges: Iterable[str], below: Version) -> str | None:
    """Return a version lower than `below` that none of the ranges contains, or None if they contain all of them.

    Versions below the lowest one that a range mentions don't count. There may be no such package.
    """
    forms = [form for text in ranges if (form := range_form(text)) is not None]
    ends = sorted({end for form in forms for end in _ends(form)}) or [(0, 0, 0, 1)]
    if len(ends) > _MOST_ENDS:
        return None
    # All versions between two ends are alike, so one of them is enough.
    samples = (version for end in ends for version in (end, (*end[:-1], end[-1] + 1)))
    return next((_shown(each) for each in samples if each < below and not any(_contains(f, each) for f in forms)), None)


def _ends(form: Form) -> Iterator[Version]:
    if form and form[0] in "&|":
        yield from (end for part in form[1:] for end in _ends(part))
    elif form:
        yield form[1]


def _contains(form: Form, version: Version) -> bool:
    if form and form[0] in "&|":
        combine = all if form[0] == "&" else any
        return combine(_contains(part, version) for part in form[1:])
    return not form or _COMPARE[form[0]](version, form[1])


def range_rest(text: str) -> str:
    """Return the end of a range that the OS ignores, or an empty text if it's only spaces or there is no range."""
    found = _range(text, 0)
    rest = text[found.end :] if found else ""
    return rest if rest.strip() else ""


def _number(digits: str, limit: int) -> int | None:
    """Return the value of decimal digits, or None if it's above the limit. `int` rejects very long texts."""
    digits = digits.lstrip("0") or "0"
    value = int(digits) if len(digits) <= len(str(limit)) else limit + 1
    return value if value <= limit else None


def _numbers(text: str, at: int) -> _Numbers | None:
    """Read one to four numbers joined by dots. Stop before a number that is too large, and reject a fifth number."""
    parts, end = [], at
    while digits := _DIGITS.match(text, at):
        number = _number(digits[0], _U64)
        if number is None:
            break
        parts.append(number)
        end = digits.end()
        if len(parts) > _PARTS:
            return None
        if text[end : end + 1] != ".":
            break
        at = end + 1
    return _Numbers(parts, end) if parts else None


def _range(text: str, at: int, depth: int = 0) -> _Range | None:
    """Read alternatives joined by `||`, or a single star."""
    found = _product(text, at, depth)
    if found is None:
        return _Range(at + 1) if text[at : at + 1] == "*" else None
    forms = [found.form]
    while (gap := _OR.match(text, found.end)) and (item := _product(text, gap.end(), depth)):
        found = item
        forms.append(item.form)
    return _Range(found.end, _ANY if _ANY in forms else _joined("|", forms))


def _product(text: str, at: int, depth: int) -> _Range | None:
    """Read conditions joined by spaces."""
    found = _condition(text, at, depth)
    if found is None:
        return None
    forms = [found.form]
    while (gap := _SPACES.match(text, found.end)) and (item := _condition(text, gap.end(), depth)):
        found = item
        forms.append(item.form)
    return _Range(found.end, _joined("&", [form for form in forms if form]))


def _joined(sign: str, forms: list[Form]) -> Form:
    """Join forms from the left, so that `(a b) c` is the same as `a b c`, but `a (b c)` isn't."""
    if len(forms) < 2:
        return forms[0] if forms else _ANY
    return (sign, *(forms[0][1:] if forms[0][0] == sign else forms[:1]), *forms[1:])


def _condition(text: str, at: int, depth: int) -> _Range | None:
    opened = _OPEN.match(text, at)
    if opened is None:
        return _atom(text, at)
    inner = _range(text, opened.end(), depth + 1) if depth < _DEEPEST else None
    closed = _CLOSE.match(text, inner.end) if inner else None
    return _Range(closed.end(), inner.form) if inner and closed else None


def _atom(text: str, at: int) -> _Range | None:
    """Read an operator with a version, a wildcard (`1.x`), or two versions joined by a hyphen."""
    sign = _OPERATOR.match(text, at)
    numbers = _numbers(text, sign.end() if sign else at)
    if numbers is None:
        return None
    end, parts, low = numbers.end, len(numbers.parts), _padded(numbers)
    if sign and sign[0] == "~":
        return _between(end, low, 2 if parts == _PARTS else 1 if parts > 1 else 0)
    if sign and sign[0] == "^" and any(low[:3]):
        return _between(end, low, next(place for place in range(3) if low[place]))
    if sign:
        return _Range(end, (sign[0].replace("^", "="), low))
    if text.startswith(".x", end) and parts < _PARTS:
        return _between(end + 2, low, parts - 1)
    dash = _DASH.match(text, end)
    last = _numbers(text, dash.end()) if dash else None
    return _Range(last.end, ("&", (">=", low), ("<=", _padded(last)))) if last else None


def _between(end: int, low: Version, place: int) -> _Range:
    """Return the range from `low` to the next version that differs at `place`."""
    high = (*low[:place], low[place] + 1, 0, 0, 0)[:_PARTS]
    return _Range(end, ("&", (">=", low), ("<", high)))


def _padded(numbers: _Numbers) -> Version:
    return (*numbers.parts, 0, 0, 0)[:_PARTS]


def _shown(version: Version) -> str:
    """Return a version as the OS prints it: without a fourth number that is zero."""
    return ".".join(map(str, version if version[-1] else version[:-1]))


# --- Durations and ports: core/startos/src/util/serde.rs:470-629 -----------------------------------------------------

_DURATION = re.compile(r"\+?(?:([0-9]+)|([0-9]+\.[0-9]*|\.[0-9]+))(d|h|m|s|ms|us|µs|ns)")
_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-12}
# How many of each unit are in a second. The OS splits whole numbers into seconds and a rest.
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "µs": 1_000_000, "ns": 1_000_000_000}
_PORT = re.compile(r"\+?([0-9]+)")
_LARGEST_PORT = 65535


def duration(text: str) -> bool:
    """Return whether a text is one number and one unit. Reject a negative fraction, which makes the OS panic."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return False
    whole, fraction, unit = match.groups()
    if whole:
        return _number(whole, _U128 if unit in _PER_SECOND else _U64) is not None
    # The OS panics if there are more seconds than this.
    return float(fraction) * _SECONDS[unit] < 2.0**64


def duration_seconds(text: str) -> float | None:
    """Return how long the OS takes a duration for, in seconds, or None if it isn't one. See `duration_is_misread`."""
    match = _DURATION.fullmatch(text) if duration(text) else None
    if match is None:
        return None
    whole, fraction, unit = match.groups()
    if not whole:
        return float(fraction) * _SECONDS[unit]
    if unit not in _PER_SECOND:
        return int(whole) * _SECONDS[unit]
    seconds, rest = divmod(int(whole), _PER_SECOND[unit])
    return seconds + rest * 1e-9


def duration_is_misread(text: str) -> bool:
    """Return whether the OS misreads a duration: it counts the part below a second of whole ms and µs as ns."""
    match = _DURATION.fullmatch(text)
    if match is None or not match[1] or match[3] not in ("ms", "us", "µs"):
        return False
    number = _number(match[1], _U128)
    return number is not None and number % _PER_SECOND[match[3]] != 0


def port(text: str) -> bool:
    """Return whether `u16::from_str` accepts a text as a port."""
    return port_number(text) is not None


def port_number(text: str) -> int | None:
    """Return the number of a port, or None if the text isn't a port."""
    match = _PORT.fullmatch(text)
    return _number(match[1], _LARGEST_PORT) if match else None


# --- URLs and regular expressions: the crates url 2.4.1 and regex 1.10.2 ---------------------------------------------

# A fast path for most URLs: the host consists of plain labels, and the last one isn't a number.
_PLAIN_URL = re.compile(
    r"https?://(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)*[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?::[0-9]{1,4})?(?:[/?#][!-~]*)?",
    re.I | re.A,
)


def url(text: str) -> bool:
    """Return whether the `url` crate accepts a text as an absolute URL."""
    if _PLAIN_URL.fullmatch(text):
        return True
    from pydantic_core import Url  # It wraps that crate. Importing it takes a fifth of the time of a whole check.

    try:
        Url(text)
    except ValueError:
        return False
    return True


def regex(text: str) -> bool:
    """Return whether the `regex` crate accepts a text as a regular expression."""
    return not regex_fault(text)


def regex_fault(text: str) -> str:
    """Return why the `regex` crate rejects a regular expression, or an empty text if it's valid."""
    from pydantic_core import SchemaError

    try:
        _pattern(text)
    except SchemaError as error:
        # The reason is in the last line, below the lines that mark the position.
        return str(error).rstrip().splitlines()[-1].rpartition("rror: ")[2].rstrip(".")
    return ""


def regex_matches(text: str, searched: str) -> bool:
    """Return whether the `regex` crate finds a valid regular expression anywhere in a text."""
    return bool(_pattern(text).isinstance_python(searched))


# A hostile expression can take 10 MB.
@lru_cache(maxsize=8)
def _pattern(text: str) -> Any:
    from pydantic_core import SchemaValidator, core_schema  # Importing it takes a fifth of the time of a whole check.

    return SchemaValidator(core_schema.str_schema(pattern=text, regex_engine="rust-regex"))
