"""The TypeScript of a package in `startos/`: find calls, and say whether they always run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Source
from startos_wrapper.files.typescript.expression import Step, Value
from startos_wrapper.files.typescript.module import Module

if TYPE_CHECKING:
    from tree_sitter import Node

_FOLDER = "startos"
_CONDITIONS = {
    "if_statement",
    "ternary_expression",
    "for_statement",
    "for_in_statement",
    "while_statement",
    "do_statement",
    "switch_case",
    "catch_clause",
}
_FUNCTIONS = {"arrow_function", "function_expression", "function_declaration", "method_definition"}
# Methods that call their argument as often as there are items.
_REPEATING = {"map", "flatMap", "forEach", "filter", "reduce"}


class PackageCode:
    """The modules of a package's `startos/`."""

    def __init__(self, package: StartosPackage) -> None:
        """Use a package. Its modules are read on first access."""
        self.package = package
        self.project = package.project

    def module(self, name: str) -> Module | None:
        """Return the module `startos/NAME.ts` or `startos/NAME/index.ts`, or None."""
        return self.project.module(f"{_FOLDER}/{name}.ts") or self.project.module(f"{_FOLDER}/{name}/index.ts")

    def chains(self, module: Module, *names: str) -> list[Value]:
        """Return the chains that end with a call of one of the names, in the order in which the names are written."""
        found = (value for value in self.project.chains(module, *names) if value.chain)
        return sorted(found, key=lambda value: value.chain.last.start if value.chain else 0)

    def called(self, value: Value) -> Value:
        """Return what a call of a package's own function returns, if it has a single return, or else the value."""
        step = value.chain.steps[0] if value.chain and len(value.chain.steps) == 1 else None
        function = self.function(step) if step else None
        if function is None or len(function.returned) != 1:
            return value
        return function.returned[0]

    def function(self, step: Step) -> Value | None:
        """Return the package's own function that a step calls, or None."""
        module = self.project.module(step.source.file)
        if module is None or module.root is None or step.arguments is None:
            return None
        is_local, expression = module.local(self._node(module, step.start), step.name)
        if is_local:
            return self.project.value(module, expression) if expression is not None else None
        if step.name in module.imports:
            return self.project.imported(module, module.imports[step.name])
        return self.project.constant(module, step.name)

    @staticmethod
    def _node(module: Module, start: int) -> "Node":
        """Return the innermost node at a character of a module with a syntax tree."""
        assert module.root is not None
        byte = len(module.source.text[:start].encode())
        return module.root.descendant_for_byte_range(byte, byte) or module.root

    def set_to(self, source: Source, name: str) -> list[Value]:
        """Return everything that a variable of a module is set to, in the order of the text."""
        module = self.project.module(source.file)
        if module is None or module.root is None:
            return []
        found = []
        for node in _descendants(module.root):
            if node.type == "variable_declarator" and module.text(node.child_by_field_name("name")) == name:
                found.append(node.child_by_field_name("value"))
            elif node.type == "assignment_expression" and module.text(node.child_by_field_name("left")) == name:
                found.append(node.child_by_field_name("right"))
        return [self.project.value(module, node) for node in found if node is not None]

    def assigned_fields(self, module: Module) -> Iterator[tuple[str, Value]]:
        """Yield the fields of objects that assignments set, e.g. of `found.web = {...}`: the field and its value."""
        for node in _descendants(module.root) if module.root is not None else ():
            left = node.child_by_field_name("left") if node.type == "assignment_expression" else None
            right = node.child_by_field_name("right")
            if left is None or right is None:
                continue
            if left.type == "member_expression":
                yield module.text(left.child_by_field_name("property")), self.project.value(module, right)
            elif left.type == "subscript_expression" and (index := left.child_by_field_name("index")) is not None:
                name = self.project.value(module, index).text
                if name is not None:
                    yield name, self.project.value(module, right)

    def is_certain(self, source: Source, start: int) -> bool:
        """Return whether the code at a character of a module always runs, once, when its function is called."""
        module = self.project.module(source.file)
        if module is None or module.root is None:
            return False
        node = self._node(module, start)
        while node.parent is not None:
            above = node.parent
            is_test = above.type in ("if_statement", "ternary_expression") and node == above.child_by_field_name(
                "condition"
            )
            if above.type in _CONDITIONS and not is_test:
                return False
            if above.type == "binary_expression" and above.child_by_field_name("right") == node:
                return False
            if above.type in _FUNCTIONS and _is_repeated(module, above):
                return False
            if above.type == "statement_block" and _may_have_returned(above, node):
                return False
            node = above
        return True


def _descendants(root: "Node") -> "Iterator[Node]":
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.named_children)


def _is_repeated(module: Module, function: "Node") -> bool:
    """Return whether a function is called for each item of a list."""
    call = function.parent.parent if function.parent is not None and function.parent.type == "arguments" else None
    called = call.child_by_field_name("function") if call is not None else None
    name = called.child_by_field_name("property") if called is not None else None
    return name is not None and module.text(name) in _REPEATING


def _may_have_returned(block: "Node", statement: "Node") -> bool:
    """Return whether a condition before a statement of a block may return from the function."""
    for child in block.named_children:
        if child.start_byte >= statement.start_byte:
            return False
        if child.type in _CONDITIONS and _returns(child):
            return True
    return False


def _returns(node: "Node") -> bool:
    if node.type == "return_statement":
        return True
    return any(_returns(child) for child in node.named_children if child.type not in _FUNCTIONS)
