"""What the rules of configs compute with: several values at once, texts, numbers, and steps into a value.

system-images/compat/src/config/rules.rs
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]
Configs = Mapping[str, Config]
Result = Any


@dataclass(frozen=True)
class AnyOf:
    """Values, one of which must meet a condition."""

    items: list[Result]


@dataclass(frozen=True)
class AllOf:
    """Values, all of which must meet a condition."""

    items: list[Result]


# Of a value in a config, text or number, or several of them.
Expression = Callable[[Config, Configs], Result]


class PanicError(Exception):
    """The original ends with a panic."""


def mapped(result: Result, change: Callable[[Any], Result]) -> Result:
    """Apply a function to a value, or to each of several."""
    if isinstance(result, AnyOf | AllOf):
        return type(result)([mapped(item, change) for item in result.items])
    return change(result)


def either(result: Result) -> bool:
    """Return whether a condition is met by what it must be met by."""
    if isinstance(result, AnyOf):
        return any(map(either, result.items))
    if isinstance(result, AllOf):
        return all(map(either, result.items))
    return bool(result)


def both(left: Expression, right: Expression, combine: Callable[[Any, Any], Any]) -> Expression:
    """Return the expression that combines two."""
    return lambda config, configs: mapped(
        left(config, configs), lambda first: mapped(right(config, configs), lambda second: combine(first, second))
    )


def as_number(value: Any) -> float:
    """Return a value as the original reads it after `#`. rules.rs:726-743"""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise PanicError("string cannot be parsed as an f64") from None
    raise PanicError("object or list cannot be parsed as an f64")


def as_text(value: Any) -> str | None:
    """Return a value as the original reads it after `'`. rules.rs:831-841"""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def joined(left: str | None, right: str | None) -> str | None:
    """Join texts."""
    return None if left is None or right is None else left + right


def unescaped(text: str) -> str:
    """Return what a text in quotes stands for.

    After the first backslash, the original puts one before each further character. rules.rs:843-871
    """
    escapes = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", '"': '"', "'": "'"}
    found, is_escape = "", False
    for character in text:
        if character == "\\" and not is_escape:
            is_escape = True
        elif is_escape:
            found += escapes.get(character, "\\" if character == "\\" else f"\\{character}")
        else:
            found += character
    return found


def _contains(text: str | None, part: str | None, otherwise: bool) -> bool:
    return otherwise if text is None or part is None else part in text


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else float("nan" if not left else "inf"),
    "^": lambda left, right: float(left**right),
}
NUMERIC: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
# `<` means a part of the other text. rules.rs:905-1004
TEXTUAL: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left != right and _contains(right, left, False),
    ">": lambda left, right: (left is None or left != right) and _contains(left, right, True),
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}


@dataclass(frozen=True)
class Step:
    """A step into a value: a key, an index, every item, or the items for which a condition holds."""

    kind: str
    """`key`, `index`, `any`, `all`, or with a condition `first`, `last`, `any`, `all`."""
    name: Callable[[Configs], Result] = lambda _: None
    holds: Callable[[Any, Configs], bool] | None = None

    def find(self, value: Any, configs: Configs) -> Result:
        """Return what the step leads to, or None. rules.rs:376-553"""
        if self.kind == "key":
            return mapped(self.name(configs), lambda key: value.get(key)) if isinstance(value, dict) else None
        if self.kind == "index":
            return mapped(self.name(configs), lambda at: _item(value, at)) if isinstance(value, list) else None
        if not isinstance(value, dict | list):
            return None
        items = [item for _, item in self.items(value, configs)]
        if self.kind == "any":
            return AnyOf(items)
        if self.kind == "all":
            return AllOf(items)
        return items[0 if self.kind == "first" else -1] if items else None

    def items(self, value: Any, configs: Configs) -> list[tuple[Any, Any]]:
        """Return the keys or indexes and the items for which the condition holds."""
        pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
        return [pair for pair in pairs if self.holds is None or self.holds(pair[1], configs)]

    def place(self, value: Any, configs: Configs) -> Any:
        """Return the key or index to write to in a value, or None. It exists afterwards. rules.rs:591-707"""
        if self.kind in ("first", "last") and isinstance(value, dict | list):
            found = self.items(value, configs)
            return found[0 if self.kind == "first" else -1][0] if found else None
        key = self.name(configs)
        if self.kind == "key" and isinstance(value, dict) and isinstance(key, str):
            value.setdefault(key, None)
            return key
        if self.kind == "index" and isinstance(value, list) and isinstance(key, int | float):
            if int(key) == len(value):
                value.append(None)
            return int(key) if 0 <= int(key) < len(value) else None
        return None


def _item(items: list[Any], at: float) -> Any:
    return items[int(at)] if 0 <= int(at) < len(items) else None
