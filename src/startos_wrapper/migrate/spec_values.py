"""Values of a config spec, and how they are written in TypeScript, in Prettier's style."""

import json
import re
from typing import Any

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.spec_grammar import read_charset

STEP = "  "
# What SDK 2.0.9 has lists of. There is none of numbers, see actions/input/builder/list.d.ts.
LIST_TYPES = ("string", "object", "enum")
# The types of fields that a form can have.
FIELD_TYPES = ("string", "number", "boolean", "enum", "object", "list")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_WIDTH = 80


def is_field(node: Node) -> bool:
    """Return whether a form can have a field of a spec."""
    kind = text_of(node, "type")
    return kind in FIELD_TYPES and not (kind == "list" and text_of(node, "subtype") not in LIST_TYPES)


def list_defaults(node: Node, kind: str, inner: Node) -> list[Any]:
    given = node.get("default")
    values = [item.plain_value() for item in given.items] if given else []
    if kind == "enum":
        return [value for value in values if value in choices(inner)]
    if kind == "object":
        return []
    return [value for value in values if isinstance(value, str)]


def wrapped(call: str, lines: list[str]) -> list[str]:
    return [f"{call}({{", *lines, "})"] if lines else [f"{call}({{}})"]


def text_of(node: Node, name: str) -> str:
    found = node.get(name)
    if found is None or isinstance(found.value, dict | list):
        return ""
    return str(found.value)


def plain_of(node: Node, name: str, kind: Any) -> Any:
    found = node.get(name)
    return found.value if found and isinstance(found.value, kind) and not isinstance(found.value, bool) else None


def default_text(node: Node) -> Any:
    default = node.get("default")
    if default is None or not default.fields:
        return plain_of(node, "default", str)
    charset = text_of(default, "charset")
    ranges = read_charset(charset) if charset else None
    return {"charset": charset if ranges else "a-z,A-Z,0-9", "len": int(plain_of(default, "len", int) or 0)}


def choices(node: Node) -> list[str]:
    values = node.get("values")
    return [str(item.value) for item in values.items] if values else []


def enum_default(node: Node) -> str:
    known = choices(node)
    given = text_of(node, "default")
    return given if given in known else (known or [""])[0]


def whole_number(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def written_key(name: str) -> str:
    """Return a property's name, in quotes if it needs them."""
    return name if _NAME.fullmatch(name) else written_value(name)


def written_value(value: Any) -> str:
    """Return a value in TypeScript, in Prettier's style."""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("\u2028", "\\u2028")
        text = text.replace("\u2029", "\\u2029")
        if "'" in value and '"' not in value:
            return f'"{text}"'
        return "'" + text.replace("'", "\\'") + "'"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{written_key(name)}: {written_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(written_value, value)) + "]"
    return json.dumps(value)


def written_property(name: str, value: Any, depth: int) -> str:
    """Return a property. A long text goes on its own line."""
    line = f"{STEP * depth}{written_key(name)}: {written_value(value)},"
    if isinstance(value, str) and len(line) > _WIDTH:
        return f"{STEP * depth}{written_key(name)}:\n{STEP * (depth + 1)}{written_value(value)},"
    return line
