"""Write the shape of the settings file, for a config spec of StartOS 0.3.5."""

from collections.abc import Iterator
from typing import Any

from startos_wrapper.files.documents.value import Node
from startos_wrapper.migrate.spec_values import (
    STEP,
    choices,
    enum_default,
    is_field,
    list_defaults,
    plain_of,
    text_of,
    wrapped,
    written_key,
    written_value,
)


def shapes(spec: Node, depth: int) -> Iterator[str]:
    """Yield a line or more for each field of the spec."""
    for name, node in spec.fields.items():
        if is_field(node):
            shape = _shape(text_of(node, "type"), node, depth)
            yield f"{STEP * depth}{written_key(name)}: {shape},"


def _shape(kind: str, node: Node, depth: int) -> str:
    inner = node.get("spec") or Node({}, 0, 0)
    if kind == "object":
        return _chain(["z", _nested(inner, depth + 1), "optional()", "catch(undefined)"], depth)
    if kind == "list":
        subtype = text_of(node, "subtype")
        default = written_value(list_defaults(node, subtype, inner))
        if subtype != "object":
            return f"z.array({_plain_shape(subtype, inner)}).catch({default})"
        item = _nested(inner.get("spec") or Node({}, 0, 0), depth + 2)
        indent = STEP * (depth + 1)
        return _chain(["z", f"array(\n{indent}{STEP}z.{item},\n{indent})", f"catch({default})"], depth)
    default = _default(kind, node)
    shape = _plain_shape(kind, node)
    if node.is_true("nullable") and kind in ("string", "number"):
        return f"{shape}.nullable().catch({written_value(default)})"
    return f"{shape}.optional().catch(undefined)" if default is None else f"{shape}.catch({written_value(default)})"


def _chain(parts: list[str], depth: int) -> str:
    """Return calls, each on its own line if one has several lines, in Prettier's style."""
    if not any("\n" in part for part in parts):
        return ".".join(parts)
    return f"\n{STEP * (depth + 1)}.".join(parts)


def _nested(spec: Node, depth: int) -> str:
    first, *rest = wrapped("looseObject", list(shapes(spec, depth + 1)))
    return "\n".join([first, *rest[:-1], *(f"{STEP * depth}{line}" for line in rest[-1:])])


def _default(kind: str, node: Node) -> Any:
    """Return the default that the shape has. A random one is only made by the form."""
    match kind:
        case "boolean":
            return node.is_true("default")
        case "enum":
            return enum_default(node)
        case _:
            return plain_of(node, "default", str if kind == "string" else int | float)


def _plain_shape(kind: str, node: Node) -> str:
    if kind == "enum":
        return f"z.enum([{', '.join(map(written_value, choices(node)))}])"
    return f"z.{kind}()"
