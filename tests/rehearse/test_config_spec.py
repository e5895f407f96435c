"""Generated configs fit their specs, and values that StartOS refuses don't. S/config/spec.rs"""

import json
import math
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from startos_wrapper.files.documents import read_document
from startos_wrapper.files.manifest.schema_faults import spec_faults
from startos_wrapper.files.source import Source
from startos_wrapper.rehearse.config_spec import Addresses, MisfitError, fill, fit, generate, validate

Spec = dict[str, Any]
ADDRESSES = Addresses("hello", {"web": {"tor-address", "lan-address"}, "api": {"lan-address"}})

# --- Specs whose defaults fit ----------------------------------------------------------------------------------------

_names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_booleans = st.fixed_dictionaries({"type": st.just("boolean"), "name": _names, "default": st.booleans()})


@st.composite
def _enums(draw: st.DrawFn) -> Spec:
    values = draw(st.lists(_names, min_size=1, max_size=4, unique=True))
    return {"type": "enum", "name": "N", "values": values, "default": draw(st.sampled_from(values))}


@st.composite
def _numbers(draw: st.DrawFn) -> Spec:
    number = draw(st.integers(-1000, 1000) | st.floats(-1000, 1000))
    spec = {"type": "number", "name": "N", "integral": isinstance(number, int), "default": number, "nullable": False}
    low, high = draw(
        st.sampled_from([("(*", "*)"), (f"[{number - 1}", f"{number + 1})"), (f"[{number}", f"{number}]")])
    )
    return spec | draw(st.fixed_dictionaries({}, optional={"range": st.just(f"{low},{high}")})) | draw(_nullable)


_nullable = st.sampled_from([{}, {"nullable": True, "default": None}])
_texts = st.one_of(
    st.fixed_dictionaries({"type": st.just("string"), "name": _names, "default": _names, "nullable": st.booleans()}),
    st.fixed_dictionaries({
        "type": st.just("string"), "name": _names, "nullable": st.booleans(),
        "default": st.fixed_dictionaries({"len": st.integers(0, 40)}, optional={"charset": st.sampled_from(["a-z", "a,b,-", "é,a-c"])}),
    }),
    st.just({"type": "string", "name": "N", "nullable": False, "pattern": "^[0-9]+$", "pattern-description": "digits",
             "default": {"charset": "0-9", "len": 3}}),
)  # fmt: skip
_pointers = st.sampled_from([
    {"type": "pointer", "name": "N", "subtype": "package", "package-id": package, "target": target, "interface": "web"}
    for package in ("hello", "bitcoind") for target in ("tor-address", "lan-address")
])  # fmt: skip


def _objects(specs: st.SearchStrategy[Spec]) -> st.SearchStrategy[Spec]:
    return st.fixed_dictionaries(
        {"type": st.just("object"), "name": _names, "spec": st.dictionaries(_names, specs, max_size=3)}
    )


@st.composite
def _unions(draw: st.DrawFn, specs: st.SearchStrategy[Spec]) -> Spec:
    variants = draw(st.dictionaries(_names, st.dictionaries(_names, specs, max_size=2), min_size=1, max_size=2))
    tag = "tag of the union"
    full = {"id": tag, "name": "N", "variant-names": {}}
    return {
        "type": "union", "name": "N", "tag": draw(st.sampled_from([tag, full])), "variants": variants,
        "default": draw(st.sampled_from(sorted(variants))),
    }  # fmt: skip


@st.composite
def _lists(draw: st.DrawFn, specs: st.SearchStrategy[Spec]) -> Spec:
    kind = draw(st.sampled_from(["enum", "number", "string", "object", "union"]))
    spec: Spec = {"type": "list", "name": "N", "subtype": kind}
    if kind == "object":
        inner: Spec = {"spec": draw(st.dictionaries(_names, specs, max_size=2))}
        return {**spec, "spec": inner, "default": [], "range": draw(st.sampled_from(["[0,3]", "[2,*)", "(1,5)"]))}
    if kind == "union":
        inner = draw(_unions(specs))
        default = [inner["default"]] * draw(st.integers(0, 2))
    else:
        inner = draw(_enums()) if kind == "enum" else {"integral": True} if kind == "number" else {}
        choices: st.SearchStrategy[Any] = st.integers() if kind == "number" else _names
        if kind == "enum":
            choices = st.sampled_from(list(inner["values"]))
        default = draw(st.lists(choices, max_size=3, unique=True))
    return {**spec, "spec": inner, "default": default, "range": f"[{len(default)},{len(default)}]"}


_specs: st.SearchStrategy[Spec] = st.recursive(
    st.one_of(_booleans, _enums(), _numbers(), _texts, _pointers),
    lambda inner: st.one_of(_objects(inner), _unions(inner), _lists(inner)),
    max_leaves=8,
)
configs = st.dictionaries(_names, _specs, max_size=4)


def _is_nullable(spec: Spec) -> bool:
    return spec["type"] == "pointer" or spec.get("nullable") is True


def _faults(spec: Spec) -> list[str]:
    source = Source("spec.json", json.dumps(spec).encode())
    return [fault.what for fault in spec_faults(source, read_document(source))]


@given(configs, st.integers())
def test_a_generated_config_fits(spec: Spec, seed: int) -> None:
    if any(each["type"] == "string" and each["default"] is None and not each["nullable"] for each in spec.values()):
        return
    config = generate(spec, Random(seed))
    validate(spec, ["hello", "bitcoind"])
    fit(spec, config)
    filled = fill(spec, config, ADDRESSES)
    fit(spec, filled)
    assert filled.keys() == spec.keys() == config.keys()


@given(configs)
def test_the_specs_of_these_tests_are_accepted_by_startos(spec: Spec) -> None:
    assert not _faults(spec)


@given(configs)
def test_a_missing_key_counts_as_null(spec: Spec) -> None:
    config = generate(spec, Random(0))
    for name in spec:
        without = {key: value for key, value in config.items() if key != name}
        expected = None if _is_nullable(spec[name]) else name
        for changed in (without, {**without, name: None}):
            try:
                fit({name: spec[name]}, changed)
                refused = None
            except MisfitError as error:
                refused = error.path[0]
                assert error.is_missing
            assert refused == expected


@given(configs, st.dictionaries(_names, st.integers(), max_size=3))
def test_other_keys_are_ignored(spec: Spec, more: dict[str, Any]) -> None:
    fit(spec, {**more, **generate(spec, Random(0))})


@given(
    configs,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
        max_leaves=4,
    ),
)
def test_any_value_is_accepted_or_refused(spec: Spec, value: Any) -> None:
    for name in spec:
        try:
            fit(spec, {**generate(spec, Random(0)), name: value})
        except MisfitError as error:
            assert "\n" not in str(error)


# --- What StartOS refuses --------------------------------------------------------------------------------------------

BOOLEAN: Spec = {"type": "boolean", "name": "N", "default": True}
ENUM: Spec = {"type": "enum", "name": "N", "values": ["a", "b"], "default": "a"}
NUMBER: Spec = {"type": "number", "name": "N", "nullable": False, "integral": True, "range": "[1,65535]"}
TEXT: Spec = {"type": "string", "name": "N", "nullable": False, "pattern": "^[a-z]+$", "pattern-description": "letters"}
OBJECT: Spec = {"type": "object", "name": "N", "spec": {"user": TEXT}}
UNION: Spec = {
    "type": "union",
    "name": "N",
    "tag": "kind",
    "default": "own",
    "variants": {"own": {"port": NUMBER}, "none": {}},
}
TEXTS: Spec = {"type": "list", "name": "N", "subtype": "string", "spec": {}, "range": "[1,2]", "default": []}
PEERS: Spec = {"type": "list", "name": "N", "subtype": "object", "range": "[0,*)", "default": [],
         "spec": {"spec": {"host": {**TEXT, "nullable": True}}, "unique-by": "host"}}  # fmt: skip

REFUSED: list[tuple[Spec, Any, str]] = [
    (BOOLEAN, "yes", "is text, but must be a boolean"),
    (BOOLEAN, 1, "is a number, but must be a boolean"),
    (BOOLEAN, None, "has no value and a boolean can't be null"),
    (ENUM, "c", "is `c`, but must be a or b"),
    (ENUM, None, "has no value and text can't be null"),
    (NUMBER, None, "has no value and isn't nullable"),
    (NUMBER, 0, "is 0, but must be in the range [1,65535]"),
    (NUMBER, 1.5, "is 1.5, but must be a whole number"),
    (NUMBER, True, "is a boolean, but must be a number"),
    (NUMBER, "80", "is text, but must be a number"),
    (TEXT, "A1", "is `A1`, which doesn't match the pattern ^[a-z]+$"),
    (TEXT, 5, "is a number, but must be text"),
    (OBJECT, None, "has no value and a mapping can't be null"),
    (OBJECT, {"user": None}, "`x.user` has no value and isn't nullable"),
    (UNION, {"port": 5}, "`x.kind` must name the union's variant"),
    (UNION, {"kind": "other"}, "`x.kind` is `other`, but must be own or none"),
    (UNION, {"kind": "own", "port": 0}, "`x.port` is 0, but must be in the range [1,65535]"),
    (TEXTS, [], "has 0 entries, but their number must be in [1,2]"),
    (TEXTS, ["a", "a"], "`x.0` is in the list twice"),
    (TEXTS, ["a", None], "`x.1` has no value and isn't nullable"),
    ({**TEXTS, "spec": {"nullable": True}}, [None], "`x.0` has no value and isn't nullable"),
    (TEXTS, None, "has no value and a list can't be null"),
    (PEERS, [{"host": "a"}, {"host": "a"}], "`x.0` is in the list twice"),
    # Two missing keys are equal.
    (PEERS, [{}, {}], "`x.0` is in the list twice"),
    ({**PEERS, "spec": {**PEERS["spec"], "unique-by": {"any": ["host", "port"]}}}, [{"port": 1}, {"host": "a", "port": 1}], "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "value", "message"), REFUSED)
def test_a_value_that_startos_refuses(spec: Spec, value: Any, message: str) -> None:
    assert not _faults({"x": spec})
    with pytest.raises(MisfitError, match=re.escape(message)):
        fit({"x": spec}, {"x": value})


ACCEPTED: list[tuple[Spec, Any]] = [
    (NUMBER, 1.0), (NUMBER, 65535), ({**NUMBER, "nullable": True}, None), ({**TEXT, "nullable": True}, None),
    (UNION, {"kind": "none", "port": "anything"}), ({**TEXT, "pattern": "b"}, "abc"),
    # 1, 1.0 and true are three values, and a rule without `any` and `all` can't be given.
    ({"type": "list", "name": "N", "subtype": "number", "spec": {}, "range": "[0,*)", "default": []}, [1, 1.0]),
    ({**PEERS, "spec": {**PEERS["spec"], "unique-by": {"all": ["host", "port"]}}}, [{"port": 1}, {"port": 2}]),
    ({**PEERS, "spec": {**PEERS["spec"], "unique-by": None}}, [{}, {}]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "value"), ACCEPTED)
def test_a_value_that_startos_accepts(spec: Spec, value: Any) -> None:
    assert not _faults({"x": spec})
    fit({"x": spec}, {"x": value})


# --- Defaults that can't be generated, or don't fit ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({**UNION, "default": "other"}, "has the default `other`, which isn't one of its variants"),
        ({**TEXT, "default": {"charset": "A-Z", "len": 4}}, "has a random default that doesn't match its own pattern"),
        ({**TEXT, "default": {"charset": "", "len": 4}}, "has a default with an empty charset"),
        ({**TEXT, "default": {"len": 2**60}}, "has a default of"),
        ({**PEERS, "range": "[9999999999,*)"}, "must have at least 9999999999 entries"),
    ],
)
def test_a_default_that_cant_be_generated(spec: Spec, message: str) -> None:
    assert not _faults({"x": spec})
    with pytest.raises(MisfitError, match=re.escape(message)):
        generate({"x": spec}, Random(0))


def test_a_literal_default_is_generated_even_if_it_doesnt_fit() -> None:
    for spec, default in ((TEXT, "A1"), (ENUM, "c"), (NUMBER, 0), (NUMBER, None), (TEXT, None)):
        config = generate({"x": {**spec, "default": default}}, Random(0))
        assert config == {"x": default}
        with pytest.raises(MisfitError):
            fit({"x": {**spec, "default": default}}, config)


def test_a_random_default_is_drawn_from_its_charset() -> None:
    spec = {"x": {"type": "string", "name": "N", "nullable": False, "default": {"charset": "a-c,9", "len": 400}}}
    found = generate(spec, Random(1))["x"]
    assert set(found) == set("abc9")
    assert len(found) == 400
    assert all(math.isclose(found.count(each), 100, abs_tol=40) for each in "abc9")


# --- Pointers --------------------------------------------------------------------------------------------------------


def _pointer(target: str, package: str = "hello", interface: str = "web") -> Spec:
    return {
        "type": "pointer",
        "name": "N",
        "subtype": "package",
        "package-id": package,
        "target": target,
        "interface": interface,
    }


def test_a_pointer_leads_to_an_address_of_this_package_or_to_null() -> None:
    spec = {
        "tor": _pointer("tor-address"), "lan": _pointer("lan-address"), "key": _pointer("tor-key"),
        "without": _pointer("tor-address", interface="api"), "other": _pointer("tor-address", "bitcoind"),
        "rpc": {"type": "pointer", "name": "N", "subtype": "package", "package-id": "bitcoind", "target": "config",
                "selector": "$.rpc", "multi": False},
    }  # fmt: skip
    filled = fill({"deep": {"type": "object", "name": "N", "spec": spec}}, {"deep": {"tor": "old"}}, ADDRESSES)["deep"]
    assert filled["tor"].endswith(".onion")
    assert filled["lan"].endswith(".local")
    assert len(filled["key"]) == 103
    assert [filled[name] for name in ("without", "other", "rpc")] == [None, None, None]


def test_pointers_that_startos_refuses() -> None:
    spec = {"x": {"type": "object", "name": "N", "spec": {"y": _pointer("tor-key", "bitcoind")}}}
    validate(spec, ["hello", "bitcoind"])
    with pytest.raises(MisfitError, match=re.escape("`x.y` asks for the Tor key of bitcoind")):
        fill(spec, {"x": {}}, ADDRESSES)
    with pytest.raises(MisfitError, match=re.escape("`x.y` points to bitcoind, which isn't one of the dependencies")):
        validate(spec, ["hello"])


def test_a_union_whose_variant_has_the_tag_as_a_key_is_refused() -> None:
    with pytest.raises(
        MisfitError, match=re.escape("`x.kind` has a variant `own` with a key that is also the union's tag")
    ):
        validate({"x": {**UNION, "variants": {"own": {"kind": TEXT}}}}, [])
