"""Packages are built as their README says: with `npm ci` of their own, and `make`."""

from pathlib import Path

import pytest

from tests.packages_04 import expected
from tests.packages_04.answer_sets import SETS
from tests.packages_04.evaluate import evaluate
from tests.packages_04.packages import make, render
from tests.support.depth import sample

# Two take a minute of CPU time, and what differs between sets is in the bundles that the other tests play: here, the one
# with the most files, and the one with the most hostile text.
NAMES = ["config-compat-variables", "quotes-everywhere"]


@pytest.mark.parametrize("name", sample(NAMES, 1))
def test_make_builds_a_package(template: Path, tmp_path: Path, name: str) -> None:
    package = render(template, tmp_path / "package", SETS[name])
    assert "make javascript/index.js" in (package / "README.md").read_text()
    said = make(package)
    assert not [line for line in said.splitlines() if "warn" in line.lower() or "error" in line.lower()], said
    (tmp_path / "volumes").mkdir()
    evaluated = evaluate(package / "javascript" / "index.js", expected.steps(SETS[name]), volumes=tmp_path / "volumes")
    assert expected.found(evaluated, SETS[name]) == expected.expected(SETS[name])
