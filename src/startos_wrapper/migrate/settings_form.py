"""Convert a config spec of StartOS 0.3.5 into `startos/settings.ts`: the form, and the shape of the settings file.

The SDK's form is `InputSpec`, see actions/input/builder in @start9labs/start-core. The settings stay as they were in
the file, so that the service can still read them. That's why the form has no unions, which it would store in another
way, and no pointers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.spec_grammar import read_range
from startos_wrapper.migrate.settings_shape import shapes
from startos_wrapper.migrate.spec_values import (
    STEP,
    choices,
    default_text,
    enum_default,
    is_field,
    list_defaults,
    plain_of,
    text_of,
    whole_number,
    wrapped,
    written_key,
    written_property,
)

# Named groups and flags of Rust's regular expressions, and its classes that JavaScript doesn't have.
_NOT_JAVASCRIPT = re.compile(r"\(\?P<|\(\?[a-zA-Z]*[imsux]|\\[AzZ]|\[\[:|\\p\{|&&|--|~~")


@dataclass
class LeftOut:
    """A key of the spec that the form doesn't have, or has with fewer rules. `subject` is one of `subjects.yaml`."""

    subject: str
    name: str
    node: Node


@dataclass
class Form:
    """The text of `startos/settings.ts`, and what isn't in it."""

    text: str = ""
    left_out: list[LeftOut] = field(default_factory=list)


def is_spec(node: Node) -> bool:
    """Return whether a value is a config spec: a map of fields, each with a type and a name."""
    fields = node.fields
    kinds = [each.fields.get("type") for each in fields.values()]
    return bool(fields) and all(
        (kind is not None and kind.text in _FORMS) or (kind and kind.text in _LEFT) for kind in kinds
    )


def settings_form(spec: Node | None, source: str) -> Form:
    """Return the form for a spec, which `source` names for people. Without one, the form is empty."""
    form = Form()
    uses: set[str] = set()
    inputs = list(_fields(spec, 1, form, uses, "")) if spec else []
    shape = list(shapes(spec, 1)) if spec else []
    about = f"// From {source}." if spec else "// Write the form here: MIGRATION.md has what the old one was."
    names = [name for name in ("InputSpec", "List", "Value") if name == "InputSpec" or name in uses]
    lines = ["// The settings of the service. This file is yours: no update touches it.", about]
    lines += ["import { z } from '@start9labs/start-sdk'", "import { sdk } from './sdk'", ""]
    lines += [f"const {{ {', '.join(names)} }} = sdk", "", "// The form. Every name is a key of the settings."]
    lines += wrapped("export const inputSpec = InputSpec.of", inputs)
    lines += ["", "// What the file holds. Keys that aren't listed are kept."]
    lines += wrapped("export const shape = z.looseObject", shape)
    form.text = "\n".join(lines) + "\n"
    return form


# --- The form ---------------------------------------------------------------------------------------------------------


def _fields(spec: Node, depth: int, form: Form, uses: set[str], path: str) -> Iterator[str]:
    for name, node in spec.fields.items():
        where = f"{path}.{name}" if path else name
        kind = text_of(node, "type")
        if not is_field(node):
            form.left_out.append(LeftOut("config-key", where, node))
            continue
        if not _is_kept(kind, node):
            form.left_out.append(LeftOut("config-pattern", where, node))
        uses.add("Value")
        lines = list(_FORMS[kind](node, name, depth, form, uses, where))
        yield f"{STEP * depth}{written_key(name)}: {lines[0]}"
        yield from lines[1:-1]
        yield f"{lines[-1]},"


def _head(node: Node, name: str, depth: int) -> Iterator[str]:
    """Yield what every field has."""
    yield written_property("name", text_of(node, "name") or name, depth)
    for other in ("description", "warning"):
        if text := text_of(node, other):
            yield written_property(other, text, depth)


def _call(call: str, depth: int, lines: Iterator[str] | list[str]) -> Iterator[str]:
    yield f"{call}({{"
    yield from lines
    yield f"{STEP * depth}}})"


def _string(node: Node, name: str, depth: int, *_: Any) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield from _head(node, name, depth + 1)
        yield written_property("required", not node.is_true("nullable"), depth + 1)
        yield written_property("default", default_text(node), depth + 1)
        if node.is_true("masked"):
            yield written_property("masked", True, depth + 1)
        if placeholder := text_of(node, "placeholder"):
            yield written_property("placeholder", placeholder, depth + 1)
        yield from _patterns(node, depth + 1)

    return _call("Value.text", depth, lines())


def _number(node: Node, name: str, depth: int, *_: Any) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield from _head(node, name, depth + 1)
        yield written_property("required", not node.is_true("nullable"), depth + 1)
        yield written_property("default", plain_of(node, "default", int | float), depth + 1)
        yield from _number_rules(node, depth + 1)
        if placeholder := text_of(node, "placeholder"):
            yield written_property("placeholder", placeholder, depth + 1)

    return _call("Value.number", depth, lines())


def _number_rules(node: Node, depth: int) -> Iterator[str]:
    yield written_property("integer", node.is_true("integral"), depth)
    found = read_range(text_of(node, "range"))
    step = 1 if node.is_true("integral") else 0
    if found and found.low is not None:
        yield written_property("min", whole_number(found.low if found.low_counts else found.low + step), depth)
    if found and found.high is not None:
        yield written_property("max", whole_number(found.high if found.high_counts else found.high - step), depth)
    if units := text_of(node, "units"):
        yield written_property("units", units, depth)


def _boolean(node: Node, name: str, depth: int, *_: Any) -> Iterator[str]:
    lines = [*_head(node, name, depth + 1), written_property("default", node.is_true("default"), depth + 1)]
    return _call("Value.toggle", depth, lines)


def _enum(node: Node, name: str, depth: int, *_: Any) -> Iterator[str]:
    lines = [*_head(node, name, depth + 1), written_property("default", enum_default(node), depth + 1)]
    return _call("Value.select", depth, [*lines, *_values(node, depth + 1)])


def _values(node: Node, depth: int) -> Iterator[str]:
    names = node.get("value-names")
    yield f"{STEP * depth}values: {{"
    for value in choices(node):
        shown = text_of(names, value) if names else ""
        yield written_property(value, shown or value, depth + 1)
    yield f"{STEP * depth}}},"


def _object(node: Node, name: str, depth: int, form: Form, uses: set[str], path: str) -> Iterator[str]:
    yield "Value.object("
    yield f"{STEP * (depth + 1)}{{"
    yield from (line for line in _head(node, name, depth + 2) if not line.lstrip().startswith("warning:"))
    yield f"{STEP * (depth + 1)}}},"
    *lines, last = _inner_form(node, depth + 1, form, uses, path)
    yield from [*lines, f"{last},"]
    yield f"{STEP * depth})"


def _inner_form(node: Node, depth: int, form: Form, uses: set[str], path: str) -> Iterator[str]:
    inner = node.get("spec")
    first, *rest = wrapped("InputSpec.of", list(_fields(inner, depth + 1, form, uses, path)) if inner else [])
    lines = [first, *rest[:-1], *(f"{STEP * depth}{line}" for line in rest[-1:])]
    yield f"{STEP * depth}{lines[0]}"
    yield from lines[1:]


def _list(node: Node, name: str, depth: int, form: Form, uses: set[str], path: str) -> Iterator[str]:
    uses.add("List")
    kind, inner = text_of(node, "subtype"), node.get("spec") or Node({}, 0, 0)
    least = read_range(text_of(node, "range"), whole=True)
    head = [*_head(node, name, depth + 2)]
    defaults = list_defaults(node, kind, inner)
    if kind == "enum":
        lines = [*_head(node, name, depth + 1), written_property("default", defaults, depth + 1)]
        return _call("Value.multiselect", depth, [*lines, *_values(inner, depth + 1), *_lengths(least, depth + 1)])
    call = {"string": "text", "object": "obj"}[kind]
    lines = [*head, written_property("default", defaults, depth + 2), *_lengths(least, depth + 2)]

    def whole() -> Iterator[str]:
        yield "Value.list("
        yield f"{STEP * (depth + 1)}List.{call}("
        yield f"{STEP * (depth + 2)}{{"
        yield from (f"{STEP}{line}" for line in lines)
        yield f"{STEP * (depth + 2)}}},"
        yield f"{STEP * (depth + 2)}{{"
        if kind == "object":
            spec = list(_inner_form(inner, depth + 3, form, uses, path))
            spec[0] = f"{STEP * (depth + 3)}spec: {spec[0].strip()}"
            yield from [*spec[:-1], f"{spec[-1]},"]
            unique, shown = text_of(inner, "unique-by"), text_of(inner, "display-as")
            if shown:
                yield written_property("displayAs", shown, depth + 3)
            if unique:
                yield written_property("uniqueBy", unique, depth + 3)
        else:
            if inner.is_true("masked"):
                yield written_property("masked", True, depth + 3)
            yield from _patterns(inner, depth + 3)
        yield f"{STEP * (depth + 2)}}},"
        yield f"{STEP * (depth + 1)}),"
        yield f"{STEP * depth})"

    return whole()


def _lengths(found: Any, depth: int) -> Iterator[str]:
    if found and found.low:
        yield written_property("minLength", int(found.low) + (not found.low_counts), depth)
    if found and found.high is not None:
        yield written_property("maxLength", int(found.high) - (not found.high_counts), depth)


def _patterns(node: Node, depth: int) -> Iterator[str]:
    pattern = text_of(node, "pattern")
    if not pattern or not _is_javascript(pattern):
        return
    yield f"{STEP * depth}patterns: ["
    yield f"{STEP * (depth + 1)}{{"
    # StartOS 0.3.5 asks whether the pattern is anywhere in the text.
    yield written_property("regex", pattern, depth + 2)
    yield written_property("description", text_of(node, "pattern-description") or f"Must match {pattern}", depth + 2)
    yield f"{STEP * (depth + 1)}}},"
    yield f"{STEP * depth}],"


def _is_javascript(pattern: str) -> bool:
    return not _NOT_JAVASCRIPT.search(pattern)


def _is_kept(kind: str, node: Node) -> bool:
    """Return whether the form checks everything that the spec does."""
    inner = node.get("spec") if kind == "list" else node
    pattern = text_of(inner, "pattern") if inner else ""
    found = read_range(text_of(node, "range")) if kind == "number" else None
    is_open = (
        found is not None
        and not node.is_true("integral")
        and not ((found.low is None or found.low_counts) and (found.high is None or found.high_counts))
    )
    return not (pattern and not _is_javascript(pattern)) and not is_open


_FORMS = {
    "string": _string,
    "number": _number,
    "boolean": _boolean,
    "enum": _enum,
    "object": _object,
    "list": _list,
}
_LEFT = ("pointer", "union")
