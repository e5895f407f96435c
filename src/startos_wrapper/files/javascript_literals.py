"""Find the objects in a script for StartOS 0.3.5 that consist of nothing but literals. Nothing is run.

There's another reader in `typescript/` for packages for StartOS 0.4. It follows constants, imports and spreads that an
expression names, so its values come from several files. A config spec is quoted and replaced where it's written, in any
script or bundle, so this one needs offsets in a single text. Both read texts and numbers with `typescript/literals.py`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from startos_wrapper.files.documents.value import Key, Node
from startos_wrapper.files.javascript import syntax_tree
from startos_wrapper.files.typescript import literals

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_WORDS = {"true": True, "false": False, "null": None, "undefined": None}


class _NotLiteralError(Exception):
    """A value isn't a literal."""


def object_literals(text: str) -> Iterator[Node]:
    """Yield every object of a module, outer ones first, that consists of nothing but literals.

    Offsets count characters. Yields nothing if the module can't be parsed.
    """
    root = syntax_tree(text)
    if root is not None:
        yield from _objects(root, _Characters(text))


class _Characters:
    """Offsets in characters, from those in bytes."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.is_plain = len(self.data) == len(text)

    def offset(self, byte: int) -> int:
        return byte if self.is_plain else len(self.data[:byte].decode(errors="replace"))

    def text(self, node: "Syntax") -> str:
        return self.data[node.start_byte : node.end_byte].decode(errors="replace")


def _objects(node: "Syntax", characters: _Characters) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.type == "object":
            try:
                yield _value(each, characters)
                continue
            except (_NotLiteralError, RecursionError):
                pass
        waiting += reversed(each.named_children)


def _value(node: "Syntax", characters: _Characters) -> Node:
    while node.type in ("parenthesized_expression", "as_expression", "satisfies_expression"):
        node = node.named_children[0]
    keys: dict[str, Key] = {}
    start, end = characters.offset(node.start_byte), characters.offset(node.end_byte)
    value: Any
    if node.type == "object":
        value = {}
        for pair in node.named_children:
            if pair.type == "comment":
                continue
            key, inner = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if pair.type != "pair" or key is None or inner is None or key.type == "computed_property_name":
                raise _NotLiteralError
            name = literals.unescaped(characters.text(key)[1:-1]) if key.type == "string" else characters.text(key)
            keys[name] = Key(characters.offset(key.start_byte), characters.offset(key.end_byte))
            value[name] = _value(inner, characters)
    elif node.type == "array":
        value = [_value(child, characters) for child in node.named_children if child.type != "comment"]
    else:
        value = _scalar(node, characters)
    return Node(value, start, end, keys=keys)


def _scalar(node: "Syntax", characters: _Characters) -> Any:
    text = characters.text(node)
    if node.type == "string" or (node.type == "template_string" and "${" not in text):
        return literals.unescaped(text[1:-1])
    if node.type in ("number", "unary_expression"):
        sign, digits = (text[0], text[1:].strip()) if text[0] in "+-" else ("", text)
        number = literals.number(digits)
        if number is None:
            raise _NotLiteralError
        return -number if sign == "-" else number
    if node.type in _WORDS:
        return _WORDS[node.type]
    if node.type == "binary_expression" and (left := node.child_by_field_name("left")):
        right, operator = node.child_by_field_name("right"), node.child_by_field_name("operator")
        if right is not None and operator is not None and operator.type == "+":
            parts = _scalar(left, characters), _scalar(right, characters)
            if all(isinstance(part, str) for part in parts):
                return "".join(parts)
    raise _NotLiteralError
