"""Say what expressions are, as far as that's written out: literals, constants, imports, spreads and arithmetic."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from startos_wrapper.files.source import Place
from startos_wrapper.files.typescript import literals
from startos_wrapper.files.typescript.expression import Chain, Kind, Step, Value
from startos_wrapper.files.typescript.module import Import, Module

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 100
# A constant that repeats others, which repeat others, would otherwise have a billion parts.
_MOST_PARTS, _MOST_STEPS = 20_000, 500
# Expressions that don't change what is in them.
_TRANSPARENT = {
    "as_expression",
    "await_expression",
    "non_null_expression",
    "parenthesized_expression",
    "satisfies_expression",
    "type_assertion",
}
_NOTHING = {"comment", "type_arguments"}
_FUNCTIONS = {"arrow_function", "function_expression", "function_declaration", "method_definition"}


class Evaluator:
    """Evaluate expressions, each once."""

    def __init__(self, imported: Callable[[Module, Import], Value | None]) -> None:
        """Ask `imported` for the values of imports."""
        self._imported = imported
        self._known: dict[tuple[str, int, int], Value] = {}
        self._open: set[tuple[str, int, int]] = set()

    def value(self, module: Module, node: "Node") -> Value:
        """Return the value of an expression."""
        key = self._key_of(module, node)
        if found := self._known.get(key):
            return found
        if key in self._open or len(self._open) > _DEEPEST:
            return self._of(module, node, "unknown")
        self._open.add(key)
        try:
            found = self._evaluated(module, node)
        finally:
            self._open.discard(key)
        self._known[key] = found
        return found

    @staticmethod
    def _key_of(module: Module, node: "Node") -> tuple[str, int, int]:
        return module.source.file, node.start_byte, node.end_byte

    def _of(self, module: Module, node: "Node", kind: Kind, value: Any = None) -> Value:
        return Value(kind, value, module.source, module.offset(node.start_byte), module.offset(node.end_byte))

    def _evaluated(self, module: Module, node: "Node") -> Value:
        kind = node.type
        if kind in _TRANSPARENT:
            inner = self._inner(node)
            return self.value(module, inner) if inner is not None else self._of(module, node, "unknown")
        if kind in ("string", "template_string"):
            return self._text(module, node)
        if kind in ("true", "false"):
            return self._of(module, node, "boolean", kind == "true")
        if kind in ("null", "undefined"):
            return self._of(module, node, "null" if kind == "null" else "undefined")
        if kind == "identifier":
            return self._named(module, node, module.text(node))
        if kind in ("number", "unary_expression", "binary_expression"):
            return self._number(module, node)
        if kind in ("object", "array"):
            return self._object(module, node) if kind == "object" else self._list(module, node)
        if kind in ("call_expression", "member_expression", "subscript_expression"):
            return self._chain(module, node)
        if kind in _FUNCTIONS:
            return self._function(module, node)
        return self._of(module, node, "unknown")

    @staticmethod
    def _inner(node: "Node") -> "Node | None":
        named = [child for child in node.named_children if child.type not in _NOTHING]
        if node.type == "type_assertion":
            return named[-1] if named else None
        return named[0] if named else None

    # --- Names -------------------------------------------------------------------------------------------------------

    def _named(self, module: Module, node: "Node", name: str) -> Value:
        is_local, expression = module.local(node, name)
        if not is_local:
            expression = module.constants.get(name)
            if name in module.imports:
                found = self._imported(module, module.imports[name])
                if found is not None and found.kind != "unknown":
                    return found
        if expression is not None:
            return self.value(module, expression)
        start, end = module.offset(node.start_byte), module.offset(node.end_byte)
        return Value("chain", Chain([Step(name, None, module.source, start, end)]), module.source, start, end)

    # --- Texts and numbers -------------------------------------------------------------------------------------------

    def _text(self, module: Module, node: "Node") -> Value:
        parts: list[str] = []
        if node.type == "string":
            return self._of(module, node, "text", literals.unescaped(module.text(node)[1:-1]))
        at = node.start_byte + 1
        for child in node.children:
            if child.type == "template_substitution":
                inner = self._inner(child)
                value = self.value(module, inner) if inner is not None else None
                if value is None or value.kind not in ("text", "number"):
                    return self._of(module, node, "unknown")
                parts += (literals.unescaped(module.data[at : child.start_byte].decode()), str(value.value))
                at = child.end_byte
        parts.append(literals.unescaped(module.data[at : node.end_byte - 1].decode()))
        return self._of(module, node, "text", "".join(parts))

    def _number(self, module: Module, node: "Node") -> Value:
        unknown = self._of(module, node, "unknown")
        if node.type == "number":
            number = literals.number(module.text(node))
            return unknown if number is None else self._of(module, node, "number", number)
        if node.type == "unary_expression":
            argument = node.child_by_field_name("argument")
            value = self.value(module, argument) if argument is not None else unknown
            is_negative = module.text(node.child_by_field_name("operator")) == "-" and value.number is not None
            return self._of(module, node, "number", -value.value) if is_negative else unknown
        left, right = (self._side(module, node, name) for name in ("left", "right"))
        operator = module.text(node.child_by_field_name("operator"))
        if left is None or right is None:
            return unknown
        if left.number is not None and right.number is not None:
            result = literals.computed(left.number, operator, right.number)
            return unknown if result is None else self._of(module, node, "number", result)
        if operator == "+" and {left.kind, right.kind} in ({"text"}, {"text", "number"}):
            return self._of(module, node, "text", f"{left.value}{right.value}")
        return unknown

    def _side(self, module: Module, node: "Node", name: str) -> Value | None:
        side = node.child_by_field_name(name)
        return self.value(module, side) if side is not None else None

    # --- Lists and objects -------------------------------------------------------------------------------------------

    def _list(self, module: Module, node: "Node") -> Value:
        found = self._of(module, node, "list", [])
        for child in node.named_children:
            if child.type == "spread_element":
                inner = self._inner(child)
                spread = self.value(module, inner) if inner is not None else None
                found.value += spread.items if spread else []
                found.complete &= spread is not None and spread.kind == "list" and spread.complete
            elif child.type not in _NOTHING:
                found.value.append(self.value(module, child))
            if len(found.value) > _MOST_PARTS:
                found.complete = False
                break
        return found

    def _object(self, module: Module, node: "Node") -> Value:
        found = self._of(module, node, "object", {})
        for child in node.named_children:
            if child.type == "spread_element":
                inner = self._inner(child)
                spread = self.value(module, inner) if inner is not None else None
                found.value |= spread.fields if spread else {}
                found.keys |= spread.keys if spread else {}
                found.complete &= spread is not None and spread.kind == "object" and spread.complete
            elif child.type not in _NOTHING:
                key, value = self._field(module, child)
                if key is None or value is None:
                    found.complete = False
                    continue
                # As in JavaScript, a repeated key keeps its place.
                found.value[key[0]] = value
                found.keys[key[0]] = key[1]
        return found

    def _field(self, module: Module, child: "Node") -> tuple[tuple[str, Place] | None, Value | None]:
        if child.type == "shorthand_property_identifier":
            name = module.text(child)
            return (name, module.place(child)), self._named(module, child, name)
        key = child.child_by_field_name("key") or child.child_by_field_name("name")
        value = child if child.type == "method_definition" else child.child_by_field_name("value")
        if key is None or value is None:
            return None, None
        return self._key(module, key), self.value(module, value)

    def _key(self, module: Module, key: "Node") -> tuple[str, Place] | None:
        if key.type == "computed_property_name":
            inner = self._inner(key)
            value = self.value(module, inner) if inner is not None else None
            return (str(value.value), module.place(key)) if value and value.kind in ("text", "number") else None
        if key.type == "string":
            return literals.unescaped(module.text(key)[1:-1]), module.place(key)
        if key.type == "number":
            number = literals.number(module.text(key))
            return None if number is None else (str(number), module.place(key))
        return module.text(key), module.place(key)

    # --- Calls and functions -----------------------------------------------------------------------------------------

    def _chain(self, module: Module, node: "Node") -> Value:
        """Return the steps of calls and properties, or the value that a property of a known object has."""
        steps: list[Step] = []
        at: Node | None = node
        call: Node | None = None
        while at is not None and len(steps) < _MOST_STEPS:
            if call is None and at is not node and self._key_of(module, at) in self._known:
                break
            if at.type == "call_expression":
                if call is not None:
                    steps.append(self._step(module, at, call, "()"))
                call, at = at, at.child_by_field_name("function")
            elif at.type in ("member_expression", "subscript_expression"):
                step = self._property(module, at, call)
                if step is None:
                    break
                steps.append(step)
                call, at = None, at.child_by_field_name("object")
            elif at.type in _TRANSPARENT:
                at = self._inner(at)
            else:
                break
        if at is None or at is node or len(steps) >= _MOST_STEPS:
            return self._of(module, node, "unknown")
        if call is not None and at.type == "identifier":
            first = self._step(module, at, call)
            return self._of(module, node, "chain", Chain([first, *reversed(steps)]))
        if call is not None:
            steps.append(self._step(module, at, call, "()"))
        return self._after(module, node, self.value(module, at), steps[::-1])

    def _property(self, module: Module, node: "Node", call: "Node | None") -> Step | None:
        if node.type == "member_expression":
            name = node.child_by_field_name("property")
            return self._step(module, name, call) if name is not None else None
        index = node.child_by_field_name("index")
        value = self.value(module, index) if index is not None else None
        if index is None or value is None or value.kind not in ("text", "number"):
            return None
        return self._step(module, index, call, str(value.value))

    def _step(self, module: Module, name: "Node", call: "Node | None", said: str | None = None) -> Step:
        given = call.child_by_field_name("arguments") if call is not None else None
        found = list(self._arguments(module, given)) if given is not None else []
        arguments = [value for value, _ in found] if given is not None else None
        start, end = module.offset(name.start_byte), module.offset((call or name).end_byte)
        said = module.text(name) if said is None else said
        return Step(said, arguments, module.source, start, end, [module.place(each) for _, each in found])

    def _after(self, module: Module, node: "Node", begins: Value, steps: list[Step]) -> Value:
        value = begins
        for number, step in enumerate(steps):
            if value.chain and len(value.chain.steps) < _MOST_STEPS:
                return self._of(module, node, "chain", Chain([*value.chain.steps, *steps[number:]]))
            inner: Value | None = None
            if step.arguments is None:
                inner = value.fields.get(step.name)
                if value.kind == "list" and step.name.isdigit():
                    inner = value.value[int(step.name)] if int(step.name) < len(value.value) else None
            if inner is None:
                return self._of(module, node, "unknown")
            value = inner
        return value

    def _arguments(self, module: Module, node: "Node") -> "Iterator[tuple[Value, Node]]":
        if node.type == "template_string":
            yield self.value(module, node), node
            return
        for child in node.named_children:
            if child.type == "spread_element":
                inner = self._inner(child)
                spread = self.value(module, inner) if inner is not None else None
                if spread is None or spread.kind != "list":
                    yield self._of(module, child, "unknown"), child
                else:
                    yield from ((each, child) for each in spread.items)
            elif child.type not in _NOTHING:
                yield self.value(module, child), child

    def _function(self, module: Module, node: "Node") -> Value:
        body = node.child_by_field_name("body")
        if body is None:
            return self._of(module, node, "unknown")
        if body.type != "statement_block":
            return self._of(module, node, "function", [self.value(module, body)])
        return self._of(module, node, "function", [self.value(module, each) for each in _returned(body)])


def _returned(node: "Node") -> "Iterator[Node]":
    for child in node.named_children:
        if child.type == "return_statement":
            yield from (each for each in child.named_children[:1] if each.type != "comment")
        elif child.type not in _FUNCTIONS and (child.type.endswith("_statement") or child.type in _BLOCKS):
            yield from _returned(child)


_BLOCKS = {
    "statement_block",
    "else_clause",
    "switch_body",
    "switch_case",
    "switch_default",
    "catch_clause",
    "finally_clause",
}
