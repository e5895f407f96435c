"""What settings.sh makes of settings, written independently of it."""

from collections.abc import Iterator
from typing import Any


def _pairs(value: Any, name: str) -> Iterator[tuple[str, str | float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            # settings.sh works with bytes, not with characters.
            letters = (chr(byte) if byte < 128 and chr(byte).isalnum() else "_" for byte in key.encode())
            yield from _pairs(item, f"{name}_{''.join(letters).upper()}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _pairs(item, f"{name}_{number}")
        yield name, str(len(value))
    elif isinstance(value, bool):
        yield name, str(value).lower()
    elif value is not None:
        yield name, value


def variables(settings: dict[str, Any]) -> dict[str, str | float]:
    """Return the variables by name. Of settings with the same name, the first one counts."""
    found: dict[str, str | float] = {}
    for name, value in _pairs(settings, "SETTING"):
        found.setdefault(name, value)
    return found


def same(got: str | None, wanted: str | float | None) -> bool:
    """Return whether a variable has the value. 1e21 and 1e+21 are the same number."""
    if got is None or wanted is None or isinstance(wanted, str):
        return got == wanted
    return float(got) == float(wanted)
