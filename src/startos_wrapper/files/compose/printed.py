"""Print numbers and booleans as Compose passes them to a container: `1.10` becomes 1.1, and `0755` becomes 493.

Compose reads plain scalars in mappings as YAML values first (compose-go 2.16.1, types/mapping.go), unlike in lists.
"""

import re
from decimal import Decimal
from math import isfinite

from startos_wrapper.files.compose.compose_model import Text

_BOOLEANS = {"true", "True", "TRUE", "false", "False", "FALSE"}
_INTEGER = re.compile(r"([+-]?)(?:0x([0-9a-fA-F]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[+-]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?")
_BASES = (16, 2, 8, 10)
# A longer one isn't a number that somebody wrote on purpose.
_LONGEST = 100


def printed(text: Text) -> str:
    """Return a scalar's value as a container gets it."""
    if not text.plain or "$" in text.raw or len(text.raw) > _LONGEST:
        return text.value
    if text.raw in _BOOLEANS:
        return text.raw.lower()
    bare = text.raw if text.raw.startswith("_") else text.raw.replace("_", "")
    if match := _INTEGER.fullmatch(bare):
        sign, *digits = match.groups()
        base, found = next((base, found) for base, found in zip(_BASES, digits, strict=True) if found)
        number = int(found, base) * (-1 if sign == "-" else 1)
        if bare != "-0" and -(2**63) <= number < 2**64:
            return str(number)
    if _FLOAT.fullmatch(bare) and isfinite(float(bare)):
        return _float(float(bare))
    return text.value


def _float(number: float) -> str:
    """Print a float as Go's `%v` does: with an exponent below -4, and from 6 on."""
    digits = Decimal(repr(number))
    exponent = digits.adjusted() if number else 0
    if -4 <= exponent < 6:
        return f"{digits.normalize():f}"
    mantissa = f"{digits.scaleb(-exponent).normalize():f}"
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
