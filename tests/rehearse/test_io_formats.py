"""What goes to a procedure's input, and what StartOS reads in its output."""

import json
import sys
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from startos_wrapper.rehearse.io_formats import NotWritableError, encoded, printed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | _texts
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3), max_leaves=8
)
_tables = st.dictionaries(_texts, _values, max_size=4)

READERS: dict[str, Callable[[bytes], Any]] = {
    "json": json.loads, "json-pretty": json.loads, "yaml": yaml.safe_load, "cbor": cbor2.loads,
}  # fmt: skip


@given(_tables)
def test_each_format_holds_the_value(value: dict[str, Any]) -> None:
    for form, read in READERS.items():
        assert read(encoded(form, value)) == value
    for form in ("toml", "toml-pretty"):
        assert tomllib.loads(encoded(form, value).decode()) == value


@given(_tables)
def test_what_a_format_writes_is_read_the_same(value: dict[str, Any]) -> None:
    for form in ("json", "json-pretty"):
        assert printed(form, encoded(form, value)).value == value


@pytest.mark.parametrize(
    ("form", "value", "written"),
    [
        ("json", {"a": [1, None]}, '{"a":[1,null]}'), ("json-pretty", {"a": 1}, '{\n  "a": 1\n}'), ("json", "1.0.0", '"1.0.0"'),
        ("yaml", "1.0.0", "1.0.0\n"), ("yaml", "0.9", "'0.9'\n"), ("yaml", 5000, "5000\n"), ("yaml", {"b": None, "a": "é"}, "b: null\na: é\n"),
        ("yaml", {}, "{}\n"), ("cbor", {"a": 1}, "\xa1\x61a\x01"),
    ],
)  # fmt: skip
def test_how_a_value_is_written(form: str, value: Any, written: str) -> None:
    assert encoded(form, value) == written.encode("latin-1" if form == "cbor" else "utf-8")


@pytest.mark.parametrize("value", ["1.0.0", {"a": None}, {"a": [{"b": None}]}, 5])
def test_toml_cant_hold_everything(value: Any) -> None:
    with pytest.raises(NotWritableError):
        encoded("toml", value)


READ: list[tuple[str | None, bytes, Any, str]] = [
    ("json", b'{"configured": true}\n', {"configured": True}, ""),
    ("json", b'{"configured":\r\n true}', {"configured": True}, ""),
    ("json", b"configured: true", "configured: true", "the output isn't JSON: configured: true"),
    ("json", b'starting\n{"a": 1}\n', 'starting\n{"a": 1}', 'the output isn\'t JSON: starting {"a": 1}'),
    ("yaml", b"configured: true\n", {"configured": True}, ""),
    ("yaml", b"ready: no\n", {"ready": "no"}, ""),
    ("yaml", b"Error: a: b\n", "Error: a: b", "the output isn't YAML: Error: a: b"),
    ("toml", b"configured = true\n", {"configured": True}, ""),
    ("toml-pretty", b"{}", "{}", "the output isn't TOML: {}"),
    ("json", b"", "", "the output is empty"),
    ("yaml", b"\n", "", "the output is empty"),
    ("json", b"\xff", None, "the output is not UTF-8"),
    # A map in CBOR begins with a byte with which no character begins.
    ("cbor", cbor2.dumps({"configured": True}), None, "the output is CBOR, but StartOS only reads lines of text"),
    ("cbor", cbor2.dumps("abc"), "abc", ""),
    ("cbor", b"{}", "{}", "the output isn't CBOR: {}"),
    ("json", b'"' + b"x" * 10_000_000 + b'"', '"' + "x" * 10_000_000 + '"', "the output is larger than 10 MB"),
    (None, b"done\n", "done", ""),
    (None, b"", None, ""),
]  # fmt: skip


@pytest.mark.parametrize("case", READ, ids=lambda case: f"{case[0]} {case[1][:20]!r}")
def test_what_startos_reads(case: tuple[str | None, bytes, Any, str]) -> None:
    form, output, value, reason = case
    found = printed(form, output)
    assert (found.value, found.reason) == (value, reason)


def test_positions_are_kept_for_messages() -> None:
    found = printed("yaml", b"config: null\nspec:\n  a: {}\n")
    assert found.source and found.document
    spec = found.document.keys["spec"]
    assert found.source.place(spec.start, spec.end).line == 2


@given(st.sampled_from(["json", "yaml", "cbor", "toml", None]), st.binary(max_size=60))
def test_any_output_can_be_read(form: str | None, output: bytes) -> None:
    assert "\n" not in printed(form, output).reason
