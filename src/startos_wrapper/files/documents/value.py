"""Values of a document together with where they stand in its text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Key:
    """A key of a map: where it stands."""

    start: int
    end: int


@dataclass(slots=True)
class Node:
    """A value: text, number, boolean or None as Python's; a map or a list as nodes; and its span in the text.

    `keys` holds where each key of a map stands, `repeated` the keys that a later equal one overrides (name, span).
    `plain` says that a scalar is written without quotes and not as a block.
    """

    value: Any
    start: int
    end: int
    plain: bool = False
    keys: dict[str, Key] = field(default_factory=dict)
    repeated: list[tuple[str, Key]] = field(default_factory=list)

    @property
    def text(self) -> str | None:
        """The value if it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def items(self) -> list["Node"]:
        """The items if this is a list, else none."""
        return self.value if isinstance(self.value, list) else []

    @property
    def fields(self) -> dict[str, "Node"]:
        """The fields if this is a map, else none."""
        return self.value if isinstance(self.value, dict) else {}

    def get(self, *names: str) -> "Node | None":
        """Return the node at a path of keys. A null counts as absent, as it does for the OS's optional fields."""
        node: Node | None = self
        for name in names:
            node = node.fields.get(name) if node else None
        return None if node is None or node.value is None else node

    def texts(self) -> list[str]:
        """Return the items that are text."""
        return [item.value for item in self.items if isinstance(item.value, str)]

    def is_true(self, name: str) -> bool:
        """Say whether the field `name` is the boolean true."""
        node = self.get(name)
        return node is not None and node.value is True

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it."""
        yield self
        for child in (*self.fields.values(), *self.items):
            yield from child.walk()

    def plain_value(self) -> Any:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {name: node.plain_value() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain_value() for node in self.value]
        return self.value


# Stands for a map that isn't there.
NOTHING = Node({}, 0, 0)


class NotADocumentError(Exception):
    """The OS's reader stops here: the rule's code, offset in the text, what is wrong and what to do."""

    def __init__(self, code: str, offset: int, what: str, todo: str) -> None:
        """Keep the four parts of the finding."""
        super().__init__(what)
        self.code, self.offset, self.what, self.todo = code, offset, what, todo
