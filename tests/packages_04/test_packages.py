"""Packages for StartOS 0.4 compile, pass the SDK's linter and Prettier, and are what the answers say."""

from pathlib import Path

import pytest

from tests.packages_04 import expected
from tests.packages_04.answer_sets import NAMES, SETS
from tests.packages_04.evaluate import evaluate
from tests.packages_04.packages import Packages


def test_they_compile(packages: Packages) -> None:
    assert packages.compile_all() == ""


def test_the_linter_finds_nothing(packages: Packages) -> None:
    files = sum(1 for name in NAMES for _ in (packages.root / name / "startos").rglob("*.ts"))
    assert packages.lint_all() == f"{files} files\n"


def test_prettier_changes_nothing(packages: Packages) -> None:
    said = packages.check_format(NAMES)
    assert said.splitlines() == ["Checking formatting...", "All matched files use Prettier code style!"]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_what_the_answers_say(packages: Packages, tmp_path: Path, name: str) -> None:
    answers = SETS[name]
    evaluated = evaluate(packages.bundle_of(name), expected.steps(answers), volumes=tmp_path)
    assert [step["error"] for step in evaluated["played"] if step["error"]] == []
    assert expected.found(evaluated, answers) == expected.expected(answers)
    warned = [line for line in evaluated["logs"] if not line.startswith(("warn: Error while fetching URL", "error: "))]
    assert not [line for line in warned if line.startswith("warn")], warned
