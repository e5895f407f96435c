"""`startos-wrapper questions`: the list, one question, JSON, and names that don't exist."""

import json

import pytest
import yaml

from startos_wrapper.cli import main
from startos_wrapper.question_docs import questions

NAMES = list(questions())


def _shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["questions", *arguments]) == 0
    return capsys.readouterr().out


def test_the_list_has_every_question_in_order_by_section(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _shown(capsys).splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "] == NAMES
    sections = [line for line in lines if line and not line.startswith((" ", "`"))]
    assert len(sections) == len(set(sections))
    assert sections[:2] == ["What the service is", "What runs, and where its source code is"]
    assert lines[lines.index("  ui_port (whole number, default: 8080)") + 1].strip().startswith("Which port does")


@pytest.mark.parametrize("name", [None, *NAMES])
def test_everything_fits_a_terminal(capsys: pytest.CaptureFixture[str], name: str | None) -> None:
    shown = _shown(capsys, *([name] if name else []))
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_a_question_is_shown_with_its_choices(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown(capsys, "base")
    assert "Type: one of golang, rust, node, python, alpine, image\nDefault: golang\nAsked if: always\n" in shown
    assert "\n  alpine  Alpine packages and scripts\n" in shown


def test_an_answer_in_yaml_is_shown_with_its_keys_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown(capsys, "interfaces")
    assert "\nKeys of interfaces.ID.lan.PORT:\n  ssl (true or false, required)\n" in shown
    assert "\n  protocols (list of names, default: [tcp, http])\n" in shown
    _, example = shown.split("Examples:\n\n  ", 1)
    assert yaml.safe_load(example.partition("\n\n")[0].replace("\n  ", "\n"))["interfaces"]["main"]["port"] == 8080


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("service_id", "required"), ("title", "from service_id"), ("upstream_ref", "from version"), ("assets", "from config"),
        ("pointers", "{}"), ("user_name", "empty"), ("arches", "[aarch64, x86_64]"), ("health_check", "from ui_port"),
        ("wrapper_repo", "from service_id, github_user"), ("advanced", "from the other answers"),
        ("script_source", "from the other answers"),
    ],
)  # fmt: skip
def test_a_computed_default_names_the_answers_that_it_is_made_from(name: str, default: str) -> None:
    assert questions()[name].default == default


def test_a_condition_is_told_in_the_names_of_questions() -> None:
    assert questions()["build_image"].when == "advanced and base in ['golang', 'rust', 'node', 'python']"
    assert questions()["script_source"].when == "it depends on advanced, actions, health_checks"


def test_json_has_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    everything = json.loads(_shown(capsys, "--format", "json"))
    assert [question["name"] for question in everything] == NAMES
    one = json.loads(_shown(capsys, "--format", "json", "files"))
    assert one in everything
    assert one["maps"][0]["keys"][1] == {
        "name": "icon", "type": "path", "help": "The icon.", "required": False, "default": "icon.png", "only": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("interface", 'unknown question "interface"; did you mean "interfaces"?'),
        ("xyz", 'unknown question "xyz"; `startos-wrapper questions` lists them'),
        ("", 'unknown question ""; `startos-wrapper questions` lists them'),
    ],
)
def test_an_unknown_question_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    assert main(["questions", name]) == 2
    assert capsys.readouterr().err == f"startos-wrapper: {said}\n"
