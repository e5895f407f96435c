"""Values of TypeScript expressions, with their places."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from startos_wrapper.files.source import Place, Source

# What an expression is:
#   text, number, boolean, null, undefined   the value is a str, an int or float, a bool, None
#   list, object                             the value is a list or a dict of values
#   chain                                    the value is a `Chain`, e.g. of the calls `sdk.MultiHost.of(effects, "ui")`
#   function                                 the value is the list of what it returns
#   unknown                                  anything else, the value is None
Kind = Literal["text", "number", "boolean", "null", "undefined", "list", "object", "chain", "function", "unknown"]


@dataclass(slots=True)
class Value:
    """What an expression is, and where it's written.

    `start` and `end` are characters of `source`. The value of a constant has the place where the constant is written.
    `keys` has the places of an object's keys. An object or list isn't `complete` if it also has something that isn't
    known, e.g. the spread of a call.
    """

    kind: Kind
    value: Any
    source: Source = field(repr=False)
    start: int
    end: int
    keys: dict[str, Place] = field(default_factory=dict, repr=False)
    complete: bool = True

    @property
    def place(self) -> Place:
        """Return the place of the expression."""
        return self.source.place(self.start, self.end)

    @property
    def line(self) -> int:
        """Return the line of the expression, from 1."""
        return self.place.line

    @property
    def written(self) -> str:
        """Return the expression as its file has it."""
        return self.source.text[self.start : self.end]

    @property
    def is_known(self) -> bool:
        """Return whether the value doesn't depend on anything that isn't written out, at any depth."""
        return self.complete and all(each.kind not in ("unknown", "chain", "function") for each in self.walk())

    @property
    def text(self) -> str | None:
        """Return the value if it's text, or else None."""
        return self.value if self.kind == "text" else None

    @property
    def number(self) -> int | float | None:
        """Return the value if it's a number, or else None."""
        return self.value if self.kind == "number" else None

    @property
    def items(self) -> "list[Value]":
        """Return the items of a list, or an empty list for any other value."""
        return self.value if self.kind == "list" else []

    @property
    def fields(self) -> "dict[str, Value]":
        """Return the fields of an object, or an empty dict for any other value."""
        return self.value if self.kind == "object" else {}

    @property
    def chain(self) -> "Chain | None":
        """Return the calls and properties, e.g. of `sdk.MultiHost.of(effects, "ui")`, or None for any other value."""
        return self.value if self.kind == "chain" else None

    @property
    def returned(self) -> "list[Value]":
        """Return what a function returns, or an empty list for any other value."""
        return self.value if self.kind == "function" else []

    def get(self, *names: str) -> "Value | None":
        """Return the value at a path of an object's keys, or None. Null and undefined count as missing."""
        value: Value | None = self
        for name in names:
            value = value.fields.get(name) if value else None
        return None if value is None or value.kind in ("null", "undefined") else value

    def texts(self) -> list[str]:
        """Return all items of a list that are text."""
        return [item.value for item in self.items if item.kind == "text"]

    def key_place(self, name: str) -> Place:
        """Return the place of a key, or of the whole object without this key."""
        return self.keys.get(name, self.place)

    def walk(self) -> "Iterator[Value]":
        """Yield this value and all values below it in lists and objects."""
        yield self
        for child in (*self.fields.values(), *self.items):
            yield from child.walk()

    def plain(self) -> Any:
        """Return the value as Python's, without places. What isn't known is None."""
        if self.kind == "object":
            return {name: value.plain() for name, value in self.fields.items() if value.kind != "undefined"}
        if self.kind == "list":
            return [value.plain() for value in self.items]
        return self.value if self.kind in ("text", "number", "boolean") else None


@dataclass(slots=True)
class Step:
    """A part of a chain: a name, and the arguments if it's called.

    `start` is where the name begins, and `end` where the name or the call ends. `given` has the place of each argument
    in the call: the value of a constant has another one.
    """

    name: str
    arguments: list[Value] | None
    source: Source = field(repr=False)
    start: int
    end: int
    given: list[Place] = field(default_factory=list, repr=False)

    @property
    def place(self) -> Place:
        """Return the place of the name."""
        return self.source.place(self.start, self.start + len(self.name))

    def argument(self, number: int) -> Value | None:
        """Return an argument, or None if there are fewer."""
        return self.arguments[number] if self.arguments is not None and number < len(self.arguments) else None


@dataclass(slots=True)
class Chain:
    """Properties and calls one after another. The first step is the name of what they begin with.

    A chain that begins with a constant that is a chain has the constant's steps before its own.
    """

    steps: list[Step]

    @property
    def path(self) -> str:
        """Return the names, e.g. `sdk.MultiHost.of`."""
        return ".".join(step.name for step in self.steps)

    @property
    def last(self) -> Step:
        """Return the last step."""
        return self.steps[-1]

    def step(self, name: str) -> Step | None:
        """Return the first step with a name, or None."""
        return next((step for step in self.steps if step.name == name), None)

    def calls(self, name: str) -> list[Step]:
        """Return all calls of a name."""
        return [step for step in self.steps if step.name == name and step.arguments is not None]
