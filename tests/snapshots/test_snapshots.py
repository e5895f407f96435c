"""The files of six wrappers, kept in full, so that a change of the template shows its effect on wrappers."""

import difflib
from pathlib import Path

import pytest

from startos_wrapper.questions import asked, read_config
from tests.conftest import ROOT
from tests.snapshots.make import WRAPPERS, kept, render
from tests.snapshots.sets import EVERYTHING, NOT_ASKED, SETS
from tests.support.bundle import unpack


def _changes(name: str, before: str | None, now: str | None) -> str:
    old, new = ((each or "").splitlines(keepends=True) for each in (before, now))
    diff = "".join(difflib.unified_diff(old, new, f"kept/{name}", f"rendered/{name}"))
    return f"{name} is {'new' if before is None else 'gone'}\n{diff}" if None in (before, now) else diff


@pytest.mark.parametrize("name", SETS)
def test_the_wrapper_is_the_one_that_is_kept(name: str, template: Path, tmp_path: Path) -> None:
    assert kept(name).is_file(), "run `make snapshots`"
    before, now = unpack(kept(name).read_text(encoding="utf-8")), render(name, template, tmp_path / "wrapper")
    changed = [
        _changes(path, before.get(path), now.get(path))
        for path in sorted({*before, *now})
        if before.get(path) != now.get(path)
    ]
    if changed:
        advice = "the template writes this wrapper differently now; if you meant that, run `make snapshots`"
        pytest.fail("\n".join([advice, *changed]), pytrace=False)


def test_no_wrapper_is_kept_that_is_not_rendered() -> None:
    assert {*WRAPPERS.iterdir()} == {*map(kept, SETS)}


def test_everything_answers_every_question() -> None:
    assert set(asked(read_config(ROOT))) - NOT_ASKED == set(EVERYTHING)
