"""docs/rehearse.md has every step, option and field, and its commands are right."""

import argparse
import json
import re
import shlex
from unittest.mock import Mock

import pytest

from startos_wrapper import cli
from startos_wrapper.rehearse import command
from startos_wrapper.rehearse.outcome import StepResult
from startos_wrapper.rehearse.playing import STEPS
from startos_wrapper.rehearse.report.json_report import VERSION, as_json
from startos_wrapper.rehearse.startos04.playing_04 import STEPS as STEPS_04
from tests.rehearse.conftest import MakePackage
from tests.support.tools import ROOT

PAGE = (ROOT / "docs" / "rehearse.md").read_text(encoding="utf-8")


def _section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].partition("\n## ")[0]


def _names(text: str) -> list[str]:
    """Return the first words in the first column of tables, if they are code."""
    return re.findall(r"^\| `([-\w]+)", text, re.MULTILINE)


def test_the_steps_are_those_of_a_rehearsal_in_order() -> None:
    assert _names(_section("Steps")) == list(STEPS)


def test_the_steps_on_startos_04_are_those_of_a_rehearsal_in_order() -> None:
    section = _section("On StartOS 0.4")
    assert _names(section) == list(STEPS_04)
    assert set(_names(section)) <= set(_help().replace(",", " ").replace(".", " ").split())


def _help() -> str:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    with pytest.raises(SystemExit), pytest.MonkeyPatch.context() as patch:
        shown = Mock()
        patch.setattr(argparse.ArgumentParser, "_print_message", shown)
        parser.parse_args(["rehearse", "--help"])
    text: str = shown.call_args[0][0]
    return text


def test_the_options_are_those_of_the_command() -> None:
    options = re.findall(r"^  (PATH|--[a-z]+)", _help(), re.MULTILINE)
    assert _names(_section("Options")) == options


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--wait", "how long the service may take to turn healthy, and each procedure to end"),
        ("--keep", "stop at the first failure, and keep the service until Ctrl-C"),
    ],
)
def test_an_option_does_the_same_on_the_page_and_in_the_help(option: str, words: str) -> None:
    (row,) = re.findall(rf"^\| `{option}\b.*", _section("Options"), re.MULTILINE)
    assert words in row
    assert words in " ".join(_help().split())


def test_the_exit_codes_are_on_the_page() -> None:
    codes = set(re.findall(r"(?:codes:|,)\s+([0-9]+) ", _help()[_help().index("exit codes") :]))
    assert codes == {"0", "1", "2", "130"}
    assert all(re.search(rf"\b{code}\b", PAGE.split("The exit code is")[1].partition("\n\n")[0]) for code in codes)


def test_the_fields_are_those_of_the_output(make_package: MakePackage) -> None:
    found = json.loads(as_json(make_package(), "x86_64", [StepResult("install", warnings=[("x", None)])], ["TLS"]))
    outer, inner = _section("JSON").split("Each step:")
    assert _names(outer) == list(found)
    assert _names(inner) == list(found["steps"][0])
    assert f"this format: {VERSION} |" in outer
    assert all(f"`{name}`" in inner for name in found["steps"][0]["warnings"][0])


def test_the_commands_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Mock(return_value=0)
    monkeypatch.setattr(command, "run", run)
    lines = re.findall(r"(?m)^(?:- run: )?startos-wrapper (rehearse.*?)(?:  #.*)?$", PAGE)
    assert len(lines) >= 6
    for line in lines:
        assert cli.main(shlex.split(line)) == 0, line
        steps = run.call_args[0][0].steps
        assert steps is None or set(steps.split(",")) <= set(STEPS)


def test_the_failure_looks_as_it_is_printed() -> None:
    (block,) = re.findall(r"```text\n(.*?)```", _section("Read a failure"), re.DOTALL)
    assert max(map(len, block.splitlines())) <= 80
    assert [line[6:].split(" ")[0] for line in block.splitlines() if re.match(r" {6}\w", line)] == ["log", "do"]
