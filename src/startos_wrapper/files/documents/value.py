"""Values of a document with their positions in the text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Key:
    """The span of a mapping's key in the text."""

    start: int
    end: int


@dataclass(slots=True)
class Node:
    """A value and its span in the text. The items of a mapping or a list are nodes, too.

    `keys` contains the span of each key of a mapping. `repeated` contains name and span of keys that are overridden by
    a later one. `plain` is true for a scalar without quotes that isn't a block.
    """

    value: Any
    start: int
    end: int
    plain: bool = False
    keys: dict[str, Key] = field(default_factory=dict)
    repeated: list[tuple[str, Key]] = field(default_factory=list)

    @property
    def text(self) -> str | None:
        """Return the value if it's text, or else None."""
        return self.value if isinstance(self.value, str) else None

    @property
    def items(self) -> list["Node"]:
        """Return the items of a list, or an empty list for any other value."""
        return self.value if isinstance(self.value, list) else []

    @property
    def fields(self) -> dict[str, "Node"]:
        """Return the fields of a mapping, or an empty dict for any other value."""
        return self.value if isinstance(self.value, dict) else {}

    def get(self, *names: str) -> "Node | None":
        """Return the node at a path of keys, or None. Null counts as missing, as in the OS's optional fields."""
        node: Node | None = self
        for name in names:
            node = node.fields.get(name) if node else None
        return None if node is None or node.value is None else node

    def texts(self) -> list[str]:
        """Return all items that are text."""
        return [item.value for item in self.items if isinstance(item.value, str)]

    def is_true(self, name: str) -> bool:
        """Return whether the field `name` is the boolean true."""
        node = self.get(name)
        return node is not None and node.value is True

    def written(self, document: str) -> str:
        """Return text or a number as its document has it, e.g. 1.10 and not 1.1, or an empty text for another value."""
        if self.value is None or isinstance(self.value, (dict, list, bool)):
            return ""
        return self.value if isinstance(self.value, str) else document[self.start : self.end].strip()

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all nodes below it."""
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


# Used instead of a missing mapping.
NOTHING = Node({}, 0, 0)


class NotADocumentError(Exception):
    """The parser in StartOS rejects a document. Has the rule's code, the offset, what is wrong and what to do."""

    def __init__(self, code: str, offset: int, what: str, todo: str) -> None:
        """Store the parts of the finding."""
        super().__init__(what)
        self.code, self.offset, self.what, self.todo = code, offset, what, todo
