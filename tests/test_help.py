"""`--help` of each command fits a terminal, and its examples are right."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from startos_wrapper import cli
from tests.check import example_wrapper


def _help(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as end:
        cli.main([*command, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def _commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return re.findall(r"^    (\w+)(?: |$)", _help(capsys), re.MULTILINE)


def _examples(text: str) -> list[list[str]]:
    """Return the arguments of each example, without what it does in the second column."""
    lines = re.findall(r"^  startos-wrapper (.+?)(?:  .*)?$", text, re.MULTILINE)
    return [shlex.split(line.partition("|")[0]) for line in lines]


def test_every_command_is_listed_and_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    names = _commands(capsys)
    assert {"new", "check", "manage", "adopt", "questions"} <= set(names)
    for name in names:
        examples = _examples(_help(capsys, name))
        assert len(examples) >= 2, name
        assert all(words[0] == name for words in examples)


def test_no_line_is_wider_than_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in _commands(capsys):
        assert [line for line in _help(capsys, name).splitlines() if len(line) > 80] == []


def test_a_command_does_not_import_the_others() -> None:
    """Imports are most of the time that a check takes."""
    code = "import sys; from startos_wrapper.cli import main; main(['check', '--list']); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = {name.split(".")[1] for name in modules if name.startswith("startos_wrapper.")}
    assert "check" in ours
    assert not ours & {"adopt", "manage", "new", "show_questions", "update"}
    assert "copier" not in modules


def test_every_example_is_a_command_that_the_program_understands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _commands(capsys):
        examples = _examples(_help(capsys, name))
        run = Mock(return_value=0)
        monkeypatch.setattr(cli._module(name), "run", run)
        for words in examples:
            assert cli.main(words) == 0
        assert run.call_count == len(examples)


def test_the_examples_of_check_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(example_wrapper.write(tmp_path / "w", {}))
    example_wrapper.write(tmp_path / "a", {})
    for words in _examples(_help(capsys, "check")):
        assert cli.main(words) == 0, words


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["new", "w", "--defualts"],
            "startos-wrapper new: error: unknown argument --defualts; did you mean --defaults?",
        ),
        (["check", "--fmt=json"], "startos-wrapper check: error: unknown argument --fmt=json; did you mean --format?"),
        (["adopt", "a", "b"], "startos-wrapper adopt: error: unknown argument b"),
        (["manage", "--xyz"], "startos-wrapper manage: error: unknown argument --xyz"),
    ],
)
def test_a_misspelled_option_prints_the_usage_of_its_command(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"usage: startos-wrapper {arguments[0]} ")
    assert printed.splitlines()[-1] == said
