"""Results of procedures that StartOS and its UI take, and those that they refuse."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from startos_wrapper.rehearse.result_shapes import (
    Misshapen,
    wrong_action_result,
    wrong_get_result,
    wrong_migration_result,
    wrong_properties,
    wrong_set_result,
)

TEXT = {"type": "string", "value": "x"}
ACTION = {"version": "0", "message": "done", "value": None, "copyable": False, "qr": False}


def _v2(**entries: Any) -> dict[str, Any]:
    return {"version": 2, "data": entries}


def _v1(**entry: Any) -> dict[str, Any]:
    return {"version": 1, "data": [{"name": "a", "value": "b", **entry}]}


def _without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key != name}


# What ts-matches 5.3.0 says of each.
SHOWN: list[Any] = [
    None, _v2(), {"version": 1, "data": []}, {"version": 9, "data": {"a": TEXT}}, _v2(a={**TEXT, "description": None}),
    _v2(a={**TEXT, "copyable": None, "qr": True, "masked": False}), _v2(a={"type": "object", "value": {"b": TEXT}}),
    {"version": 2, "data": [TEXT]}, _v1(), {"version": 1, "data": {"a": TEXT}}, _v1(description=None, copyable=None, qr=True),
    _v2(a={**TEXT, "more": 1}), _v2(a={"type": "object", "value": [TEXT]}), _v2(a={"type": "object", "value": []}),
]  # fmt: skip
EMPTY: list[tuple[Any, str]] = [
    ("text", 'the result is the text "text", but must be a mapping'),
    (5, "the result is the number 5, but must be a mapping"),
    ([], "the result is a list, but must be a mapping"),
    ({"data": {}}, "`version` is missing"),
    ({"version": "2", "data": {}}, '`version` is the text "2", but must be a number'),
    ({"version": 2}, "`data` is null, but must be a mapping"),
    ({"version": 2, "data": "x"}, '`data` is the text "x", but must be a mapping'),
    (_v2(a=TEXT, b={**TEXT, "value": 5}), "`data.b.value` is the number 5, but must be text"),
    (_v2(a={**TEXT, "value": None}), "`data.a.value` is null, but must be text"),
    (_v2(a={**TEXT, "copyable": "yes"}), '`data.a.copyable` is the text "yes", but must be a boolean'),
    (_v2(a={**TEXT, "description": 5}), "`data.a.description` is the number 5, but must be text"),
    (_v2(a={"value": "x"}), '`data.a.type` is null, but must be "string" or "object"'),
    (_v2(a={"type": "number", "value": 5}), '`data.a.type` is the text "number", but must be "string" or "object"'),
    (_v2(a=[]), "`data.a` is a list, but must be a mapping"),
    (_v2(a={"type": "object", "value": {"b": 5}}), "`data.a.value.b` is the number 5, but must be a mapping"),
    (_v2(a={"type": "object", "value": None}), "`data.a.value` is null, but must be a mapping"),
    (_v1(value=3), "`data.0.value` is the number 3, but must be text"),
    (_v1(name=None), "`data.0.name` is null, but must be text"),
    ({"version": 1, "data": [5]}, "`data.0` is the number 5, but must be a mapping"),
]


@pytest.mark.parametrize("value", SHOWN)
def test_properties_that_the_ui_shows(value: Any) -> None:
    assert wrong_properties(value) is None


@pytest.mark.parametrize(("value", "message"), EMPTY)
def test_properties_that_empty_the_page(value: Any, message: str) -> None:
    assert str(wrong_properties(value)) == message


WRONG: list[tuple[Callable[[Any], Misshapen | None], Any, str, str]] = [
    (wrong_action_result, {**ACTION, "value": 5}, "`value` is the number 5, but must be text", 'print it as text: "value": "5"'),
    (wrong_action_result, _without(ACTION, "qr"), "`qr` is missing", 'print "qr": false'),
    (wrong_action_result, {**ACTION, "message": None}, "`message` is null, but must be text", 'print "message": "…"'),
    (wrong_action_result, {**ACTION, "version": 0}, "`version` is the number 0, but must be text", 'print it as text: "version": "0"'),
    (wrong_action_result, {**ACTION, "version": "2"}, '`version` is "2", but must be "0"', 'print "version": "0"'),
    (wrong_action_result, "done", 'the result is the text "done", but must be a mapping', "print a mapping with version"),
    (wrong_migration_result, {"configured": "true"}, '`configured` is the text "true", but must be a boolean', 'print "configured": false'),
    (wrong_migration_result, None, "the result is null, but must be a mapping", "print a mapping with configured"),
    (wrong_get_result, {"config": {}}, "`spec` is missing", 'print "spec": {}'),
    (wrong_get_result, {"config": [], "spec": {}}, "`config` is a list, but must be a mapping", 'print "config": {}'),
    (wrong_set_result, {}, "`depends-on` is missing", 'print "depends-on": {}'),
    (wrong_set_result, {"depends-on": []}, "`depends-on` is a list, but must be a mapping", 'print "depends-on": {}'),
    (wrong_set_result, {"depends-on": {"bitcoind": None}}, "`depends-on.bitcoind` is null, but must be a list of health checks", "print a list, e.g. []"),
    (wrong_set_result, {"depends-on": {"c": ["A"]}}, '`depends-on.c.0` is the text "A", but must be the id of a health check', "print a health check's id"),
    (wrong_set_result, {"depends-on": {"C2": []}}, "`depends-on.C2` isn't the id of a package", "print the id of a dependency, in lowercase letters"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "value", "message", "todo"), WRONG)
def test_results_that_startos_refuses(
    check: Callable[[Any], Misshapen | None], value: Any, message: str, todo: str
) -> None:
    found = check(value)
    assert (str(found), found and found.todo) == (message, todo)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (wrong_action_result, ACTION), (wrong_action_result, _without(ACTION, "value")),
        (wrong_action_result, {**ACTION, "value": "5", "more": 1}), (wrong_migration_result, {"configured": True}),
        (wrong_get_result, {"spec": {}}), (wrong_get_result, {"config": None, "spec": {}}),
        (wrong_set_result, {"depends-on": {}, "signal": "SIGTERM"}), (wrong_set_result, {"depends-on": {"bitcoind": ["rpc"]}}),
    ],
)  # fmt: skip
def test_results_that_startos_takes(check: Callable[[Any], Misshapen | None], value: Any) -> None:
    assert check(value) is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["string", "object", "0"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["version", "data", "type", "value", "spec", "depends-on", "message"]), inner)
    ),
    max_leaves=8,
)


@given(_values)
def test_any_value_has_an_answer_on_one_line(value: Any) -> None:
    for check in (wrong_properties, wrong_action_result, wrong_get_result, wrong_set_result, wrong_migration_result):
        assert "\n" not in str(check(value))
