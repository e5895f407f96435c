"""A TypeScript module: its syntax tree, imports, exports and constants."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from startos_wrapper.files.source import Place, Source
from startos_wrapper.files.syntax_tree import first_error, is_too_large, parse

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

_QUERY = """
(call_expression) @call
(template_string) @template
(comment) @comment
[
  (statement_block) (arrow_function) (function_declaration) (function_expression) (method_definition)
  (catch_clause) (for_in_statement)
] @scope
"""


@cache
def _parser() -> "Parser":
    # Importing tree-sitter takes 10 ms.
    import tree_sitter
    import tree_sitter_typescript

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_typescript.language_typescript()))


@cache
def _query() -> "Query":
    import tree_sitter
    import tree_sitter_typescript

    language = tree_sitter.Language(tree_sitter_typescript.language_typescript())
    return tree_sitter.Query(language, _QUERY)


@dataclass(frozen=True)
class Import:
    """Where an imported name comes from. `name` is `default`, or `*` for the whole module."""

    specifier: str
    name: str
    place: Place


@dataclass
class Module:
    """A module. `error` is the offset of what can't be parsed. A module that is too large has no syntax tree."""

    source: Source
    data: bytes = field(repr=False)
    root: "Node | None" = field(repr=False)
    error: int | None = None
    imports: dict[str, Import] = field(default_factory=dict)
    # The values of exported names, the names under which it exports its own, and what it passes on.
    exports: "dict[str, Node | str | Import | None]" = field(default_factory=dict)
    passed_on: list[str] = field(default_factory=list)

    def offset(self, byte: int) -> int:
        """Return the character of the text at a byte."""
        return byte if self._starts is None else bisect_left(self._starts, byte)

    @cached_property
    def _starts(self) -> list[int] | None:
        return None if self.data.isascii() else [at for at, byte in enumerate(self.data) if byte & 0xC0 != 0x80]

    def text(self, node: "Node | None") -> str:
        """Return the text of a node, or an empty text without a node."""
        return self.data[node.start_byte : node.end_byte].decode(errors="replace") if node is not None else ""

    def place(self, node: "Node") -> Place:
        """Return the place of a node."""
        return self.source.place(self.offset(node.start_byte), self.offset(node.end_byte))

    @cached_property
    def constants(self) -> "dict[str, Node | None]":
        """Return the module's names and the expressions of its constants. Names that may change have no expression."""
        return dict(self.declared_in(self.root)) if self.root is not None else {}

    @cached_property
    def _captured(self) -> "dict[str, list[Node]]":
        import tree_sitter

        found = tree_sitter.QueryCursor(_query()).captures(self.root) if self.root is not None else {}
        return {name: sorted(nodes, key=lambda node: (node.start_byte, node.end_byte)) for name, nodes in found.items()}

    @property
    def calls(self) -> "list[Node]":
        """Return all calls, in the order of their text, the first of a chain first."""
        return self._captured.get("call", [])

    @property
    def templates(self) -> "list[Node]":
        """Return all template strings."""
        return self._captured.get("template", [])

    @property
    def comments(self) -> "list[Node]":
        """Return all comments."""
        return self._captured.get("comment", [])

    def declared_in(self, block: "Node") -> "Iterator[tuple[str, Node | None]]":
        """Yield the names that the statements of a block declare, and the expressions of constants."""
        for child in block.children:
            node = child.child_by_field_name("declaration") if child.type == "export_statement" else child
            if node is not None:
                yield from self.declared_by(node)

    def declared_by(self, node: "Node") -> "Iterator[tuple[str, Node | None]]":
        """Yield the names that a statement declares, and the expressions of constants."""
        if node.type in ("lexical_declaration", "variable_declaration"):
            is_constant = any(child.type == "const" for child in node.children)
            for each in node.children:
                name = each.child_by_field_name("name")
                if each.type == "variable_declarator" and name is not None:
                    if name.type == "identifier":
                        yield self.text(name), each.child_by_field_name("value") if is_constant else None
                    else:
                        yield from ((found, None) for found in re.findall(r"[\w$]+", self.text(name)))
        elif node.type == "function_declaration":
            yield self.text(node.child_by_field_name("name")), node
        elif node.type in ("class_declaration", "enum_declaration", "generator_function_declaration"):
            yield self.text(node.child_by_field_name("name")), None

    @cached_property
    def _scopes(self) -> "list[_Scope]":
        """Return what can declare names, in the order of the text, each with the scope around it."""
        found: list[_Scope] = []
        open_ones: list[_Scope] = []
        nodes = self._captured.get("scope", [])
        for node in sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)):
            while open_ones and open_ones[-1].end < node.end_byte:
                open_ones.pop()
            scope = _Scope(node.start_byte, node.end_byte, node, open_ones[-1] if open_ones else None)
            found.append(scope)
            open_ones.append(scope)
        return found

    def local(self, node: "Node", name: str) -> "tuple[bool, Node | None]":
        """Return whether a function or block around a node declares a name, and the expression if it's a constant."""
        at = bisect_right(self._scopes, node.start_byte, key=lambda scope: scope.start) - 1
        scope = self._scopes[at] if at >= 0 else None
        while scope is not None:
            if scope.end >= node.end_byte:
                if scope.names is None:
                    scope.names = dict(self._names(scope.node))
                if name in scope.names:
                    return True, scope.names[name]
            scope = scope.around
        return False, None

    def _names(self, node: "Node") -> "Iterator[tuple[str, Node | None]]":
        if node.type == "statement_block":
            yield from self.declared_in(node)
            return
        given = next(filter(None, map(node.child_by_field_name, ("parameters", "parameter", "left"))), None)
        for name in re.findall(r"(?<![\w$.])[A-Za-z_$][\w$]*", self.text(given)):
            yield name, None


@dataclass(slots=True)
class _Scope:
    start: int
    end: int
    node: "Node"
    around: "_Scope | None"
    names: "dict[str, Node | None] | None" = None


def read_module(source: Source) -> Module:
    """Parse a module. With an error, it has what could be read nevertheless."""
    data = source.text.encode()
    root = None if is_too_large(source.text) else parse(_parser(), data)
    if isinstance(root, int) or root is None:
        return Module(source, data, None, root)
    module = Module(source, data, root)
    if root.has_error:
        module.error = module.offset(first_error(root).start_byte)
    for node in root.children:
        if node.type == "import_statement":
            _read_import(module, node)
        elif node.type == "export_statement":
            _read_export(module, node)
    return module


def _bare(module: Module, node: "Node | None") -> str:
    return module.text(node).strip("\"'`")


def _read_import(module: Module, node: "Node") -> None:
    specifier, place = _bare(module, node.child_by_field_name("source")), module.place(node)
    clause = next((child for child in node.children if child.type == "import_clause"), None)
    for child in clause.children if clause is not None else ():
        if child.type == "identifier":
            module.imports[module.text(child)] = Import(specifier, "default", place)
        elif child.type == "namespace_import":
            module.imports[module.text(child.children[-1])] = Import(specifier, "*", place)
        for each in child.children if child.type == "named_imports" else ():
            name, alias = each.child_by_field_name("name"), each.child_by_field_name("alias")
            if name is not None:
                module.imports[module.text(alias or name)] = Import(specifier, _bare(module, name), place)


def _read_export(module: Module, node: "Node") -> None:
    source = node.child_by_field_name("source")
    specifier = _bare(module, source)
    declaration, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
    if declaration is not None:
        module.exports |= dict(module.declared_by(declaration))
        return
    if value is not None:
        module.exports["default"] = value
    for child in node.children:
        if child.type == "*" and source is not None:
            module.passed_on.append(specifier)
        elif child.type == "namespace_export":
            module.exports[module.text(child.children[-1])] = Import(specifier, "*", module.place(node))
        for each in child.children if child.type == "export_clause" else ():
            name, alias = each.child_by_field_name("name"), each.child_by_field_name("alias")
            if name is not None:
                own = _bare(module, name)
                where = Import(specifier, own, module.place(node)) if source is not None else own
                module.exports[_bare(module, alias or name)] = where
