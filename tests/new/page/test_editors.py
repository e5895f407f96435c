"""Editors of answers, item by item and field by field, driven without a terminal."""

from typing import Any

import pytest
import yaml

from startos_wrapper.data import load
from startos_wrapper.new.editors.editing import edit
from startos_wrapper.new.editors.shapes import Kind, Shapes
from startos_wrapper.new.editors.single_values import SPACE
from startos_wrapper.new.editors.spot import Spot, flow
from startos_wrapper.new.page_state import PageState
from startos_wrapper.new.views import DELETE, RENAME, YAML
from startos_wrapper.question_docs import questions
from startos_wrapper.questions import asked, read_config
from tests.conftest import ROOT
from tests.new.page.person import HELLO, Person, state_of

QUESTIONS = asked(read_config(ROOT))
IN_YAML = [name for name, question in QUESTIONS.items() if question["type"] == "yaml"]


def editing(name: str, **given: Any) -> tuple[Person, PageState]:
    state = state_of({**HELLO, **given})
    return Person(edit(Spot(state, name))), state


def items(person: Person) -> dict[str, str]:
    return {line.text: line.value for line in person.menu.lines if isinstance(line.key, tuple)}


# --- Lists and maps -----------------------------------------------------------------------------------------------------


def test_three_volumes_are_added_one_is_changed_and_one_removed() -> None:
    person, state = editing("volumes", volumes={"main": "/data"})
    for name, path in (("db", "/db"), ("logs", "/logs"), ("cache", "/cache")):
        person.press("Add").type(name).type(path)
    person.press("db").type("/var/lib/db").press("logs", DELETE)
    assert items(person) == {"main": "/data", "db": "/var/lib/db", "cache": "/cache"}
    assert person.press("Done").result is True
    assert state.value("volumes") == {"main": "/data", "db": "/var/lib/db", "cache": "/cache"}
    assert state.faults == {}


def test_a_refused_name_and_a_refused_path_say_why_at_once() -> None:
    person, _ = editing("volumes", volumes={"main": "/data"})
    person.press("Add")
    assert person.refused("Db").startswith("use only a-z and single hyphens")
    assert person.refused("main") == "there is already an item with this name: main"
    assert person.refused("db") == ""
    person.type("db")
    assert "the kernel" in person.refused("/proc/x")
    assert "two mounts at the same path" in person.refused("/data")
    assert person.refused("/db") == ""


def test_esc_in_a_value_leads_to_its_name_and_from_there_to_the_list() -> None:
    person, state = editing("volumes", volumes={"main": "/data"})
    person.press("Add").type("db").back()
    assert (person.input.title, person.input.text) == ("volumes, name of the item", "db")
    person.back()
    assert items(person) == {"main": "/data"}
    assert person.back().result is False
    assert state.value("volumes") == {"main": "/data"}


def test_an_item_is_renamed_in_its_place() -> None:
    person, state = editing("volumes", volumes={"main": "/data", "db": "/db"})
    person.press("main", RENAME)
    assert person.input.text == "main"
    person.type("data").back()
    assert list(state.value("volumes").items()) == [("data", "/data"), ("db", "/db")]


def test_an_empty_path_keeps_an_assets_folder_out() -> None:
    person, state = editing("assets")
    person.press("Add").type("web").type("")
    assert items(person) == {"web": "-"}
    assert state.value("assets") == {"web": None}


def test_a_list_is_edited_item_by_item() -> None:
    person, state = editing("directories")
    person.press().type("/data/a").press("Add").type("/data/b").press("/data/a").type("/data/c").press(
        "/data/b", DELETE
    )
    assert person.press("Done").result is True
    assert state.value("directories") == ["/data/c"]


def test_the_last_item_can_be_removed() -> None:
    person, state = editing("directories", directories=["/data/a"])
    person.press("/data/a", DELETE)
    assert person.menu.lines[person.menu.start].text == "Add an item"
    assert state.value("directories") == []


def test_one_command_is_text_and_several_are_a_list() -> None:
    person, state = editing("run", base="alpine", run="one")
    person.press("Add").type("two --x")
    assert state.value("run") == ["one", "two --x"]
    person.press("two", DELETE)
    assert state.value("run") == "one"
    person.press("one").type("sh -c 'echo: x'")
    assert state.value("run") == ["sh -c 'echo: x'"]
    assert state.faults == {}


def test_thirty_volumes_stay_quick_to_read() -> None:
    volumes = {f"v{chr(97 + at // 26)}{chr(97 + at % 26)}": f"/data/{at}" for at in range(30)}
    person, _ = editing("volumes", volumes=volumes)
    assert items(person) == volumes


# --- Fields -------------------------------------------------------------------------------------------------------------


def test_a_new_interface_asks_for_its_required_fields_then_shows_all_with_their_help() -> None:
    person, state = editing("interfaces")
    person.press().type("main")
    assert person.input.title == "interfaces.main.name"
    assert person.input.intro == load("answers")["interfaces.ID"]["keys"]["name"]["help"]
    person.type("Web").type("The pages.")
    assert person.line("port").note == load("answers")["interfaces.ID"]["keys"]["port"]["help"]
    assert (person.line("protocols").value, person.line("protocols").origin) == ("", "default: [tcp, http]")
    assert "set port, or tor and lan" in person.menu.fault
    person.press("port")
    assert person.refused("70000").startswith("use a whole number, 1 to 65535")
    person.type("8080")
    assert person.menu.fault == ""
    person.press("ui").press("yes")
    person.press("Done").press("Done")
    assert person.result is True
    assert state.value("interfaces") == {"main": {"name": "Web", "description": "The pages.", "port": 8080, "ui": True}}


def test_esc_in_required_fields_goes_back_field_by_field() -> None:
    person, state = editing("interfaces")
    person.press().type("main").type("Web").back()
    assert (person.input.title, person.input.text) == ("interfaces.main.name", "Web")
    person.back()
    assert person.input.title == "interfaces, name of the item"
    person.back()
    assert items(person) == {}
    assert state.value("interfaces") == {}


def test_maps_in_maps_have_numbers_as_keys_where_those_are_ports() -> None:
    person, state = editing(
        "interfaces", interfaces={"main": {"name": "Web", "description": "d", "protocols": ["tcp", "http"]}}
    )
    person.press("main").press("tor").press().type("80").type("8080").press("Done")
    person.press("lan").press().type("443").press("yes").type("8080").press("Done").press("Done").press("Done")
    assert state.value("interfaces")["main"]["tor"] == {80: 8080}
    assert state.value("interfaces")["main"]["lan"] == {443: {"ssl": True, "internal": 8080}}
    assert state.faults == {}


def test_a_field_is_left_out_again() -> None:
    person, state = editing("container", container={"shm-size-mb": 64, "gpu-acceleration": True})
    person.press("shm-size-mb", DELETE)
    person.press("gpu-acceleration").press("leave it out")
    assert state.value("container") == {}


def test_an_empty_list_that_is_optional_is_left_out() -> None:
    person, state = editing("container", container={"args": ["--x"]})
    person.press("args").press("--x", DELETE).press("Done")
    assert state.value("container") == {}


def test_numbers_that_are_text_need_no_quotes() -> None:
    person, state = editing("container")
    person.press("args").press().type("8080").back()
    assert state.value("container") == {"args": ["8080"]}


def test_a_config_of_another_service_is_a_word_or_a_map() -> None:
    given = {"bitcoind": {"version": "*", "requirement": "required"}}
    person, state = editing("dependencies", dependencies=given, config="script")
    person.press("bitcoind").press("config").press("script")
    assert state.value("dependencies")["bitcoind"]["config"] == "script"
    person.press("config").press("a map").press("check").press("type").press("docker")
    assert person.line("image").origin == "required"
    person.back().back()
    assert state.value("dependencies")["bitcoind"]["config"] == {"check": {"type": "docker"}}


def test_everything_can_be_edited_as_yaml_too() -> None:
    person, _state = editing("volumes", volumes={"main": "/data"})
    person.press("main", YAML)
    assert person.input.text == "main: /data"
    assert "isn't valid YAML" in person.refused("main: [")
    assert person.refused("main: /data\nold: [/a, /b").startswith("line 2 isn't valid YAML (")
    assert (
        person.refused("main: /a\nold: /b\nmain: /c") == "line 3: the key main is already in line 1; remove one of them"
    )
    assert person.refused("{main: /a, main: /b}") == "the key main is there twice; remove one of them"
    assert "use a map" in person.refused("x")
    person.type("main: /data\ndb: /db")
    assert items(person) == {"main": "/data", "db": "/db"}


# --- Choices and single values ------------------------------------------------------------------------------------------


def test_a_choice_shows_the_labels_of_the_question_and_a_refused_one_says_why() -> None:
    person, state = editing("health_check", ui_port=0)
    assert person.texts == list(QUESTIONS["health_check"]["choices"])
    person.press("http")
    assert person.menu.fault
    assert person.menu.lines[person.menu.start].text.startswith("http")
    person.press("process")
    assert state.value("health_check") == "process"


def test_several_choices_are_marked_and_at_least_one_is_needed() -> None:
    person, state = editing("arches")
    assert [line.chosen for line in person.menu.lines] == [True, True, False, False]
    person.press("aarch64", SPACE).press("x86_64", SPACE).press()
    assert person.menu.fault
    person.press("armv7", SPACE).press()
    assert state.value("arches") == ["armv7"]


def test_a_number_that_is_none_says_so() -> None:
    person, state = editing("ui_port")
    assert person.refused("many") == "must be a whole number, not 'many'"
    assert person.refused("70000")
    person.type("3000")
    assert state.value("ui_port") == 3000


def test_a_text_of_several_lines_stays_one() -> None:
    person, state = editing("long_description", long_description="One.\n\nTwo.")
    assert person.input.text == "One.\n\nTwo."
    person.type("One.\nTwo. 汉字")
    assert state.value("long_description") == "One.\nTwo. 汉字"


def test_a_line_break_in_a_value_is_shown_as_it_is_in_yaml() -> None:
    value = {"D": "multi\n\n  line", "E": "a: b"}
    assert flow(value) == r"""{D: "multi\n\n  line", E: 'a: b'}"""
    assert yaml.safe_load(flow(value)) == value


@pytest.mark.parametrize("name", QUESTIONS)
def test_esc_leaves_every_editor_without_a_change(name: str) -> None:
    # Whatever its condition is: an editor doesn't depend on it.
    state = state_of({**HELLO, "base": "image"} if name in ("upstream_image", "run") else HELLO)
    before = state.value(name)
    person = Person(edit(Spot(state, name)))
    assert person.back().result is False
    assert state.value(name) == before
    assert not state.changed


# --- What answers look like ---------------------------------------------------------------------------------------------


def places(name: str, value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Return every value in an answer with its path."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(found for key, item in below for found in places(name, item, (*path, key)))]


KINDS: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str, int, type(None)), Kind.NUMBER: (int,), Kind.FLAG: (bool,), Kind.CHOICE: (str,), Kind.LIST: (list, str),
    Kind.MAP: (dict,), Kind.FIELDS: (dict,), Kind.EITHER: (str,), Kind.FREE: (str, int, bool),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_YAML)
def test_every_value_in_the_examples_has_an_editor_of_its_kind(name: str) -> None:
    shapes = Shapes(name, QUESTIONS[name])
    for example in questions()[name].examples:
        for path, value in places(name, example):
            shape = shapes.at(path, example)
            assert isinstance(value, KINDS[shape.kind]), (path, value, shape)
            assert shape.kind is not Kind.FREE or "input-spec" in path, path
            if shape.kind is Kind.FIELDS:
                assert isinstance(value, dict) and value.keys() <= set(shape.fields), path
            if shape.kind is Kind.CHOICE:
                assert value in shape.choices, path


@pytest.mark.parametrize("name", IN_YAML)
def test_the_keys_in_the_examples_are_accepted(name: str) -> None:
    for example in questions()[name].examples:
        if isinstance(example, dict) and Shapes(name, QUESTIONS[name]).at((), example).kind is Kind.MAP:
            spot = Spot(state_of(HELLO), name)
            assert {key: spot.key_fault(key) for key in example} == dict.fromkeys(example, ""), name


@pytest.mark.parametrize("name", IN_YAML)
def test_an_answer_that_is_half_done_never_ends_in_an_error(name: str) -> None:
    """Every example without each of its keys, as somebody has it who's still adding them."""
    for example in questions()[name].examples:
        for path, _ in places(name, example):
            if path and not isinstance(path[-1], int):
                state = state_of(HELLO)
                state.set(name, example)
                spot = Spot(state, name)
                for key in path:
                    spot = spot.child(key)
                spot.store(None)
                assert state.looked.recorded
                assert state.faults or state.value(name)
