"""Literals of JavaScript and TypeScript: texts with their escapes, numbers, and arithmetic with these."""

import re
from collections.abc import Callable

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": "", "\r": ""}
_ESCAPE = re.compile(r"\\(u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|\r\n|.)", re.DOTALL)
# Larger results would only cost time.
_LARGEST = 2**80

Number = int | float


def unescaped(text: str) -> str:
    """Return the text that a string or template literal with these characters has."""
    if "\\" not in text:
        return text
    # A pair of surrogates is one character.
    return _ESCAPE.sub(_escaped, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escaped(match: "re.Match[str]") -> str:
    code = match[2] or match[3] or match[4]
    if code:
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else "\ufffd"
    return _ESCAPES.get(match[1], match[1])


def number(text: str) -> Number | None:
    """Return the number that a literal has, or None for a bigint, and for what modules don't allow, e.g. 010."""
    digits = text.replace("_", "").lower()
    if digits[:1] == "0" and digits[1:].isdigit():
        return None
    try:
        if digits[:2] in ("0x", "0o", "0b"):
            return int(digits, 0)
        return int(digits) if digits.isdigit() else float(digits)
    except ValueError:
        return None


_OPERATORS: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left // right if left % right == 0 else left / right,
    "**": lambda left, right: left**right,
}


def computed(left: Number, operator: str, right: Number) -> Number | None:
    """Return what an operator makes of two numbers, or None if that isn't known."""
    if operator not in _OPERATORS or (operator == "/" and right == 0):
        return None
    if operator == "**" and not (0 <= right <= 64 and abs(left) <= 2**16):
        return None
    result = _OPERATORS[operator](left, right)
    return result if abs(result) <= _LARGEST else None
