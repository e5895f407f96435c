"""A config spec becomes a form and a shape, in the style that Prettier checks."""

from typing import Any

import pytest
import yaml

from startos_wrapper.files.documents import read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.javascript_literals import object_literals
from startos_wrapper.files.source import Source
from startos_wrapper.migrate.settings_form import Form, is_spec, settings_form


def _spec(**fields: Any) -> Node:
    return read_document(Source("spec.yaml", yaml.safe_dump(fields, sort_keys=False).encode()))


def _form(**fields: Any) -> Form:
    return settings_form(_spec(**fields), "spec.yaml")


def _about(**fields: Any) -> tuple[str, str]:
    """Return the lines of the form and of the shape for a field called x."""
    form, shape = _form(x={"name": "X", **fields}).text.split("\n// What the file holds.")
    inside = form.split("InputSpec.of({\n")[1].removesuffix("})\n")
    return inside, shape.split("z.looseObject({\n", 1)[1].removesuffix("})\n")


@pytest.mark.parametrize(
    ("field", "lines", "shape"),
    [
        (
            {"type": "string", "nullable": False, "default": "a", "masked": True},
            "    required: true,\n    default: 'a',\n    masked: true,\n",
            "z.string().catch('a')",
        ),
        (
            {"type": "string", "nullable": True, "default": None, "description": "It's"},
            '    description: "It\'s",\n    required: false,\n    default: null,\n',
            "z.string().nullable().catch(null)",
        ),
        (
            {"type": "string", "nullable": False, "default": {"charset": "a-z", "len": 9}},
            "    required: true,\n    default: { charset: 'a-z', len: 9 },\n",
            "z.string().optional().catch(undefined)",
        ),
        (
            {"type": "string", "nullable": False, "pattern": "^\\d+$", "pattern-description": "Digits"},
            "    patterns: [\n      {\n        regex: '^\\\\d+$',\n        description: 'Digits',\n      },\n    ],\n",
            "z.string().optional().catch(undefined)",
        ),
        (
            {"type": "number", "nullable": False, "default": 5, "range": "(0,10)", "integral": True, "units": "MB"},
            "    default: 5,\n    integer: true,\n    min: 1,\n    max: 9,\n    units: 'MB',\n",
            "z.number().catch(5)",
        ),
        ({"type": "boolean", "default": True}, "    default: true,\n", "z.boolean().catch(true)"),
        (
            {"type": "enum", "values": ["a", "b-c"], "value-names": {"a": "A"}, "default": "b-c"},
            "    default: 'b-c',\n    values: {\n      a: 'A',\n      'b-c': 'b-c',\n    },\n",
            "z.enum(['a', 'b-c']).catch('b-c')",
        ),
        (
            {"type": "list", "subtype": "string", "range": "[1,3)", "default": ["a"], "spec": {}},
            "        default: ['a'],\n        minLength: 1,\n        maxLength: 2,\n",
            "z.array(z.string()).catch(['a'])",
        ),
        (
            {"type": "list", "subtype": "enum", "range": "[0,*)", "default": [], "spec": {"values": ["a"]}},
            "Value.multiselect({",
            "z.array(z.enum(['a'])).catch([])",
        ),
    ],
)
def test_each_type_keeps_its_rules(field: dict[str, Any], lines: str, shape: str) -> None:
    form, shapes = _about(**field)
    assert lines in form
    assert shapes == f"  x: {shape},\n"


def test_an_object_keeps_its_fields_and_other_keys() -> None:
    inner = {"a": {"type": "boolean", "name": "A", "default": False}, "p": {"type": "pointer", "name": "P"}}
    form = _form(x={"type": "object", "name": "X", "spec": inner})
    assert "      a: Value.toggle({\n" in form.text
    assert "    .looseObject({\n      a: z.boolean().catch(false),\n    })\n    .optional()\n" in form.text
    assert [each.name for each in form.left_out] == ["x.p"]


def test_what_the_form_cannot_have_is_said() -> None:
    form = _form(
        address={"type": "pointer", "name": "Address"},
        way={"type": "union", "name": "Way", "tag": {"id": "type"}, "variants": {"a": {}}},
        ports={"type": "list", "subtype": "number", "name": "Ports", "spec": {}},
        near={"type": "number", "name": "Near", "nullable": True, "range": "(0,1)"},
        odd={"type": "string", "name": "Odd", "nullable": True, "pattern": "(?P<x>a)"},
    )
    assert [(each.subject, each.name) for each in form.left_out] == [
        ("config-key", "address"),
        ("config-key", "way"),
        ("config-key", "ports"),
        ("config-pattern", "near"),
        ("config-pattern", "odd"),
    ]
    assert "address" not in form.text and "patterns" not in form.text


def test_without_a_spec_the_form_is_empty_and_the_settings_stay() -> None:
    text = settings_form(None, "").text
    assert "InputSpec.of({})" in text and "z.looseObject({})" in text


@pytest.mark.parametrize(
    "text",
    [
        'export const getConfig = compat.getConfig({a: {type: "string", name: "A" + " b", nullable: true}});',
        "const spec = {\n  // Mine.\n  'a': { \"type\": 'string', name: `A b`, nullable: true },\n} as const;",
    ],
)
def test_a_spec_is_found_in_a_script(text: str) -> None:
    found = [node for node in object_literals(text) if is_spec(node)]
    assert [node.plain_value() for node in found] == [{"a": {"type": "string", "name": "A b", "nullable": True}}]
    assert text[found[0].start] == "{"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{a: "\d\n\"\u00e9\x41\u{1F600}"}', 'd\n"éA😀'),
        (r'{a: "\ud83d\ude00"}', "😀"),
        (r"{a: `\d\n\`\u00e9`}", "d\n`é"),
        ("{a: 'ä' + 'ö'}", "äö"),
        ("{a: 0x10}", 16),
        ("{a: - 1_000}", -1000),
        ("{a: -1.5}", -1.5),
        ("{a: [1, null, true]}", [1, None, True]),
    ],
)
def test_a_literal_has_the_value_that_javascript_gives_it(text: str, value: Any) -> None:
    assert [node.plain_value() for node in object_literals(f"x({text})")] == [{"a": value}]


@pytest.mark.parametrize(
    "text",
    [
        "x({a: b})",
        "x({...a})",
        "x({a() {}})",
        "x({[a]: 1})",
        "x({a: `${b}`})",
        "x({a: !0})",
        "x({a: 10n})",
        "x({a: 010})",
        "x({a",
    ],
)
def test_what_runs_is_no_literal(text: str) -> None:
    assert list(object_literals(text)) == []
