"""What an ES module exports and imports, and whether it can be parsed. Nothing is run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from startos_wrapper.files.javascript_errors import early_error
from startos_wrapper.files.syntax_tree import first_error, is_too_large, parse, text_of

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# The keys of an object and the objects below them. None if something else decides about them.
Shape = dict[str, "Shape | None"]

_DEEPEST = 3
# After an arrow function with a body, a line break ends the statement, which the grammar lacks.
_CHANGE = re.compile(
    r"(?<![\w$.\]])([A-Za-z_$][\w$]*)\s*(?:\.[\w$]+|\[[^\]\n]*\])+\s*=(?!=)|\bassign\(\s*([A-Za-z_$][\w$]*)"
)
_AFTER_BODY = re.compile(rb"\}(?=[ \t]*(?:\r?\n[ \t]*)+[\[(`])")


@dataclass
class Module:
    """A module: the offset of its first error, the offsets of its first import, and its exports by name.

    `why` is the end of the sentence "JavaScript ...", and `has_all` is set if `export * from` adds unknown exports.
    """

    error: int | None = None
    why: str = "can't be parsed here"
    imported: tuple[int, int] | None = None
    exports: dict[str, Shape | None] = field(default_factory=dict)
    has_all: bool = False


@cache
def _parser() -> "Parser":
    # Importing tree-sitter takes 10 ms, and most wrappers have no script.
    import tree_sitter
    import tree_sitter_javascript

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))


def read_module(text: str) -> Module:
    """Parse a module. If it has an error, the exports are incomplete. A text that's too large may export anything."""
    if is_too_large(text):
        return Module(has_all=True)
    data = text.encode()
    root = parse(_parser(), data)
    if isinstance(root, int) or (root and root.has_error):
        data = _AFTER_BODY.sub(b"};", data)
        lenient = parse(_parser(), data)
        if isinstance(lenient, int) or (lenient and lenient.has_error):
            return Module(_offset(text.encode(), root if isinstance(root, int) else first_error(root).start_byte))
        root = lenient
    if root is None:
        return Module(has_all=True)
    if early := early_error(root):
        return Module(_offset(data, early[0].start_byte), early[1])
    module = Module()
    # A later statement may change these.
    changed = {name for match in _CHANGE.finditer(text) for name in match.groups() if name}
    values = {name: None if name in changed else value for name, value in _values(root)}
    for node in root.children:
        source = node.child_by_field_name("source")
        if module.imported is None and (
            node.type == "import_statement" or (node.type == "export_statement" and source)
        ):
            module.imported = _offset(data, node.start_byte), _offset(data, node.end_byte)
        if node.type == "export_statement":
            _read_export(module, node, values)
    return module


def syntax_tree(text: str) -> "Node | None":
    """Return the root of a module's syntax tree, or None if it's too large or can't be parsed."""
    if is_too_large(text):
        return None
    root = parse(_parser(), text.encode())
    return None if root is None or isinstance(root, int) else root


def _offset(data: bytes, byte: int) -> int:
    return len(data[:byte].decode(errors="replace"))


def _values(root: "Node") -> Iterator[tuple[str, "Node | None"]]:
    """Yield the names that the module declares, and the nodes of their values."""
    for node in root.children:
        declared = node.child_by_field_name("declaration") if node.type == "export_statement" else node
        if declared is not None:
            yield from _declared(declared)


def _declared(node: "Node") -> Iterator[tuple[str, "Node | None"]]:
    if node.type in ("lexical_declaration", "variable_declaration"):
        for each in node.children:
            name = each.child_by_field_name("name")
            if each.type == "variable_declarator" and name is not None:
                is_plain = name.type == "identifier"
                found = [text_of(name)] if is_plain else re.findall(r"[\w$]+", text_of(name))
                yield from ((text, each.child_by_field_name("value") if is_plain else None) for text in found)
    elif node.type.endswith("_declaration"):
        yield text_of(node.child_by_field_name("name")), None


def _read_export(module: Module, node: "Node", values: dict[str, "Node | None"]) -> None:
    declaration = node.child_by_field_name("declaration")
    if declaration is not None:
        for name, _ in _declared(declaration):
            module.exports[name] = _shape(values.get(name), values, 0)
        return
    for child in node.children:
        if child.type == "*":
            module.has_all = True
        elif child.type == "namespace_export":
            module.exports[_bare(child.children[-1])] = None
        elif child.type == "export_clause":
            for each in child.children:
                inner, alias = each.child_by_field_name("name"), each.child_by_field_name("alias")
                if each.type == "export_specifier" and inner is not None:
                    module.exports[_bare(alias or inner)] = _shape(values.get(_bare(inner)), values, 0)


def _bare(node: "Node") -> str:
    return text_of(node).strip("\"'")


def _shape(value: "Node | None", values: dict[str, "Node | None"], depth: int) -> Shape | None:
    if value is not None and value.type == "identifier":
        value = values.get(text_of(value))
    if value is None or value.type != "object" or depth >= _DEEPEST:
        return None
    shape: Shape = {}
    for each in value.children:
        key = each.child_by_field_name("key") or each.child_by_field_name("name")
        if each.type == "shorthand_property_identifier":
            shape[text_of(each)] = _shape(values.get(text_of(each)), values, depth + 1)
        elif each.type == "spread_element" or (key is not None and key.type == "computed_property_name"):
            return None
        elif key is not None:
            shape[_bare(key)] = _shape(each.child_by_field_name("value"), values, depth + 1)
    return shape
