"""The table of a compose file's keys has every key of the official schema, and docs/from.md shows it."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from docs import from_table

from startos_wrapper.new.upstream.key_rows import rows
from startos_wrapper.new.upstream.proposal import LISTS
from startos_wrapper.rendering import Template


@cache
def schema() -> dict[str, Any]:
    """Return the schema that check-jsonschema ships, of https://github.com/compose-spec/compose-go."""
    path = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def definitions() -> dict[str, Any]:
    found: dict[str, Any] = schema().get("$defs") or schema()["definitions"]
    return found


def keys_of(node: dict[str, Any]) -> set[str]:
    """Return the keys of a definition and of those that it is made of."""
    found = set(node.get("properties", ()))
    for part in node.get("allOf", ()):
        found |= keys_of(definitions()[part["$ref"].rpartition("/")[2]] if "$ref" in part else part)
    return found


def test_every_key_of_a_service_has_a_row() -> None:
    keys = keys_of(definitions()["service"])
    assert len(keys) > 80
    assert keys - set(rows("service")) == set()


def test_every_key_of_the_top_level_has_a_row() -> None:
    assert set(schema()["properties"]) - set(rows("top")) == set()


def test_every_key_of_a_health_check_has_a_row_or_leads_to_an_answer() -> None:
    keys = {f"healthcheck.{key}" for key in keys_of(definitions()["healthcheck"])}
    assert keys - set(rows("service")) == {"healthcheck.test"}


@pytest.mark.parametrize("level", ["top", "service"])
def test_a_row_says_what_to_do(level: str) -> None:
    questions = set(Template().questions)
    for key, row in rows(level).items():
        assert row.list in LISTS, key
        assert set(row.answers) <= questions, key
        assert row.why and row.todo, key
        assert not row.why.endswith(".") and not row.todo.endswith("."), key


def test_the_page_is_up_to_date() -> None:
    assert from_table.PAGE.read_text(encoding="utf-8") == from_table.page(), "run .venv/bin/python -m docs.from_table"
