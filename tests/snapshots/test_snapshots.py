"""The files of six wrappers, kept in full, so that a change of the template shows its effect on wrappers."""

import difflib
import subprocess
from pathlib import Path

import pytest

from startos_wrapper.questions import asked, read_config
from tests.conftest import ROOT
from tests.snapshots.make import WRAPPERS, render
from tests.snapshots.sets import EVERYTHING, NOT_ASKED, SETS


def _files(folder: Path) -> dict[str, tuple[bool, str]]:
    """Return whether each file is executable, and its text, by its path in the wrapper."""
    return {
        path.relative_to(folder).as_posix(): (bool(path.stat().st_mode & 0o100), path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _changes(name: str, kept: tuple[bool, str] | None, now: tuple[bool, str] | None) -> str:
    old, new = ("" if each is None else each[1] for each in (kept, now))
    diff = difflib.unified_diff(old.splitlines(True), new.splitlines(True), f"kept/{name}", f"rendered/{name}")
    if kept is None or now is None:
        return f"{name} is {'new' if kept is None else 'gone'}\n{''.join(diff)}"
    mode = f"{name} is {'' if now[0] else 'not '}executable now\n" if kept[0] != now[0] else ""
    return mode + "".join(diff)


@pytest.mark.parametrize("name", SETS)
def test_the_wrapper_is_the_one_that_is_kept(name: str, template: Path, tmp_path: Path) -> None:
    render(name, template, tmp_path / "wrapper")
    kept, now = _files(WRAPPERS / name), _files(tmp_path / "wrapper")
    assert kept, "run `make snapshots`"
    changed = [
        _changes(path, kept.get(path), now.get(path))
        for path in sorted({*kept, *now})
        if kept.get(path) != now.get(path)
    ]
    if changed:
        advice = "the template writes this wrapper differently now; if you meant that, run `make snapshots`"
        pytest.fail("\n".join([advice, *changed]), pytrace=False)


def test_no_wrapper_is_kept_that_is_not_rendered() -> None:
    assert {path.name for path in WRAPPERS.iterdir()} == set(SETS)


def test_git_has_every_file() -> None:
    """Neither a wrapper's .gitignore nor a global one may keep a file out of the repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    command = ["git", "ls-files", "-z", "--", str(WRAPPERS)]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    files = {path.relative_to(ROOT).as_posix() for path in WRAPPERS.rglob("*") if path.is_file()}
    assert files == set(filter(None, listed)), "git add -f tests/snapshots/wrappers"


def test_everything_answers_every_question() -> None:
    assert set(asked(read_config(ROOT))) - NOT_ASKED == set(EVERYTHING)
