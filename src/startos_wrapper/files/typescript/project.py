"""The TypeScript modules of a folder, and the values of their expressions."""

import posixpath
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from startos_wrapper.files.source import Source
from startos_wrapper.files.typescript.evaluating import Evaluator
from startos_wrapper.files.typescript.expression import Step, Value
from startos_wrapper.files.typescript.module import Import, Module, read_module

if TYPE_CHECKING:
    from tree_sitter import Node

# The ends of a file's name that an import leaves out.
_ENDS = ("", ".ts", "/index.ts", ".js", "/index.js")
# A module can pass on the exports of another one, and so on.
_MOST_PASSED_ON = 20


class Project:
    """The modules of a folder. Each is read once, and only if it's asked for."""

    def __init__(self, readable: Callable[[str], Source | None]) -> None:
        """Read files with `readable`, which returns the text file at a relative path, or None."""
        self._readable = readable
        self._modules: dict[str, Module | None] = {}
        self._evaluator = Evaluator(self.imported)

    def module(self, file: str) -> Module | None:
        """Return the module at a relative path, or None if it doesn't exist or can't be read."""
        if file not in self._modules:
            source = self._readable(file)
            self._modules[file] = read_module(source) if source else None
        return self._modules[file]

    def find(self, module: Module, specifier: str) -> Module | None:
        """Return the module that another one imports with a relative specifier, or None for any other module."""
        if not specifier.startswith("."):
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(module.source.file), specifier))
        if path.startswith("../"):
            return None
        names = [path[: -len(".js")] + ".ts"] if path.endswith(".js") else []
        names += [path + end for end in _ENDS if (path + end).endswith((".ts", ".js"))]
        return next((found for name in names if (found := self.module(name))), None)

    def value(self, module: Module, node: "Node") -> Value:
        """Return the value of an expression of a module."""
        return self._evaluator.value(module, node)

    def constant(self, module: Module, name: str) -> Value | None:
        """Return the value of a module's constant, exported or not, or None if the module has no such constant."""
        node = module.constants.get(name)
        return self.value(module, node) if node is not None else None

    def exported(self, module: Module, name: str) -> Value | None:
        """Return the value of an export, also of one that comes from another module, or None if it isn't known."""
        return self._exported(module, name, _MOST_PASSED_ON)

    def imported(self, module: Module, where: Import) -> Value | None:
        """Return the value of what a module imports, or None if it isn't known."""
        target = self.find(module, where.specifier)
        if target is None:
            return None
        return self._all(target) if where.name == "*" else self._exported(target, where.name, _MOST_PASSED_ON)

    def _exported(self, module: Module, name: str, left: int) -> Value | None:
        if left == 0:
            return None
        found = module.exports.get(name)
        if isinstance(found, str) and found in module.imports:
            found = module.imports[found]
        if isinstance(found, Import):
            target = self.find(module, found.specifier)
            if target is None:
                return None
            return self._all(target) if found.name == "*" else self._exported(target, found.name, left - 1)
        if isinstance(found, str):
            return self.constant(module, found)
        if found is not None:
            return self.value(module, found)
        if name in module.exports:
            return None
        targets = (self.find(module, specifier) for specifier in module.passed_on)
        values = (self._exported(target, name, left - 1) for target in targets if target)
        return next((value for value in values if value), None)

    def _all(self, module: Module) -> Value:
        fields = {name: value for name in module.exports if (value := self.exported(module, name))}
        is_complete = not module.passed_on and len(fields) == len(module.exports)
        return Value("object", fields, module.source, 0, len(module.source.text), {}, is_complete)

    def calls(self, module: Module, *names: str) -> Iterator[Step]:
        """Yield all calls of functions and methods with one of the names, in the order of the text."""
        yield from (value.chain.last for value in self.chains(module, *names) if value.chain)

    def chains(self, module: Module, *names: str) -> Iterator[Value]:
        """Yield all chains whose last step is a call of one of the names, with the steps before it."""
        for node in module.calls:
            function = node.child_by_field_name("function")
            if function is not None and function.type == "member_expression":
                function = function.child_by_field_name("property")
            if function is not None and module.text(function) in names:
                value = self.value(module, node)
                if value.chain:
                    yield value
