"""The syntax of ranges and charsets in a config spec, exactly as in StartOS 0.3.5.1. S/config/util.rs

All functions accept any text, never raise, and run in linear time.
"""

import re
from typing import NamedTuple

# The characters that Rust's `trim` removes: Unicode's White_Space property.
_WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_FLOAT = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)", re.I | re.A)
# Zeros in front of up to 20 digits, which is as many as the limit has.
_WHOLE = re.compile(r"\+?(?=[0-9])0*([0-9]{0,20})")
_U64 = 2**64 - 1


class Range(NamedTuple):
    """The bounds of numbers, None for an open end, and whether the bounds belong to the range."""

    low: float | None
    low_counts: bool
    high: float | None
    high_counts: bool

    def __contains__(self, number: object) -> bool:
        """Return whether a number is in the range."""
        if not isinstance(number, (int, float)):
            return False
        if self.low is not None and not (self.low <= number if self.low_counts else self.low < number):
            return False
        return self.high is None or (number <= self.high if self.high_counts else number < self.high)


def number_range(text: str) -> bool:
    """Return whether a text is a range of numbers such as `[1,100]` or `(*,5)`."""
    return read_range(text) is not None


def whole_range(text: str) -> bool:
    """Return whether a text is a range of non-negative whole numbers such as `[1,5]` or `[0,*)`."""
    return read_range(text, whole=True) is not None


def charset(text: str) -> bool:
    """Return whether a text is a charset: single characters and ranges (`a-z`), separated by commas."""
    return read_charset(text) is not None


def read_charset(text: str) -> list[tuple[str, str]] | None:
    """Return the first and last character of each range of a charset, or None if it isn't one."""
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        first = last = text[at]
        at += 1
        if text[at : at + 1] == "-":
            # This is a range, unless the text ends with the hyphen.
            if at + 1 < len(text):
                last = text[at + 1]
                if not first < last < "\x80":
                    return None
            at += 2
        ranges.append((first, last))
        if at < len(text):
            if text[at] != ",":
                return None
            at += 1
    return ranges


def read_range(text: str, *, whole: bool = False) -> Range | None:
    """Return the bounds of a range, or None if it isn't one. The OS ignores everything after a second comma."""
    low, *rest = text.split(",", 2)
    high = rest[0] if rest else "*)"
    if low[:1] not in ("(", "[") or high[-1:] not in (")", "]"):
        return None
    is_low_open, is_high_open = low.startswith("(*"), high.endswith("*)")
    least = None if is_low_open else _bound(low[1:], whole)
    most = None if is_high_open else _bound(high[:-1], whole)
    if (least is None and not is_low_open) or (most is None and not is_high_open):
        return None
    return Range(least, low.startswith("["), most, high.endswith("]"))


def _bound(text: str, whole: bool) -> float | None:
    text = text.strip(_WHITE)
    if not whole:
        return float(text) if _FLOAT.fullmatch(text) else None
    match = _WHOLE.fullmatch(text)
    number = int(match[1] or 0) if match else None
    return number if number is not None and number <= _U64 else None
