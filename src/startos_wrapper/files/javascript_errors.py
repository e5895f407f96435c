"""Errors of a module that its grammar allows, but that an engine reports before it runs anything.

ECMAScript, "Static Semantics: Early Errors". Only those that people make are here.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Query

_FUNCTIONS = {
    "arrow_function",
    "class_static_block",
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
    "method_definition",
}
_DECLARATIONS = {"lexical_declaration", "class_declaration", "function_declaration", "generator_function_declaration"}
# Asking for the parents of a node takes a while.
_MOST_STATEMENTS = 3000


@cache
def _query() -> "Query":
    import tree_sitter
    import tree_sitter_javascript

    language = tree_sitter.Language(tree_sitter_javascript.language())
    return tree_sitter.Query(language, "(return_statement) @return (await_expression) @await")


def early_error(root: "Node") -> "tuple[Node, str] | None":
    """Return the first error and the end of the sentence "JavaScript ...", or None."""
    return next(iter(sorted(_errors(root), key=lambda each: each[0].start_byte)), None)


def _errors(root: "Node") -> "Iterator[tuple[Node, str]]":
    import tree_sitter

    found = tree_sitter.QueryCursor(_query()).captures(root)
    for node in found.get("return", [])[:_MOST_STATEMENTS]:
        if _function_around(node) is None:
            yield node, "has a `return` outside of a function"
    for node in found.get("await", [])[:_MOST_STATEMENTS]:
        function = _function_around(node)
        # A module may wait outside of functions.
        if function is not None and not any(child.type == "async" for child in function.children):
            yield node, "has an `await` in a function without `async`"
    seen: set[bytes | None] = set()
    for name in _declared(root):
        if name.text in seen:
            yield name, f"declares `{(name.text or b'').decode(errors='replace')}` twice"
        seen.add(name.text)


def _function_around(node: "Node") -> "Node | None":
    above = node.parent
    while above is not None and above.type not in _FUNCTIONS:
        above = above.parent
    return above


def _declared(root: "Node") -> "Iterator[Node]":
    """Yield the names that a module can declare only once: all but those of `var`."""
    for child in root.children:
        node = child.child_by_field_name("declaration") if child.type == "export_statement" else child
        if node is None or node.type not in _DECLARATIONS:
            continue
        for each in node.children if node.type == "lexical_declaration" else [node]:
            name = each.child_by_field_name("name")
            if name is not None and name.type == "identifier":
                yield name
