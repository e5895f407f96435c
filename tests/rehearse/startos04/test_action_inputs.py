"""What a form has if nobody changes it."""

from startos_wrapper.rehearse.startos04.action_inputs import default_input, merged, missing

TEXT = {"type": "text", "required": True, "default": None}
SPEC = {
    "name": {**TEXT, "default": "me"},
    "count": {"type": "number", "required": True, "default": 3},
    "on": {"type": "toggle", "default": False},
    "kind": {"type": "select", "default": "a", "values": {"a": "A"}},
    "hosts": {"type": "list", "default": ["x"], "spec": {"type": "text"}},
    "inner": {"type": "object", "spec": {"must": TEXT}},
    "choice": {"type": "union", "default": "b", "variants": {"b": {"name": "B", "spec": {"must": TEXT}}}},
    "unseen": {"type": "hidden"},
}


def test_defaults_are_those_of_the_form() -> None:
    assert default_input(SPEC) == {
        "name": "me", "count": 3, "on": False, "kind": "a", "hosts": ["x"], "inner": {"must": None},
        "choice": {"selection": "b", "value": {"must": None}},
    }  # fmt: skip


def test_a_random_text_has_the_length_and_characters_of_the_form() -> None:
    found = default_input({"password": {**TEXT, "default": {"charset": "a-c,9", "len": 200}}})["password"]
    assert len(found) == 200 and set(found) == set("abc9")


def test_later_values_win_and_null_is_none() -> None:
    assert merged({"a": 1, "b": {"c": 2, "d": 3}}, None, {"b": {"c": 4}}, {"a": None, "e": 5}) == {
        "a": 1, "b": {"c": 4, "d": 3}, "e": 5,
    }  # fmt: skip


def test_missing_fields_are_named_with_their_path() -> None:
    assert missing(SPEC, default_input(SPEC)) == ["inner.must"]
