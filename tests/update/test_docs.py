"""The commands of docs/update.md, one after the other, as a reader would run them."""

import re
from pathlib import Path

import pytest

import releases
from releases import Project, git, run
from tools import ROOT

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "docs/update.md").read_text(encoding="utf-8"))
UPDATE, COMMIT, LOOK_FIRST, UNDO = range(4)


@pytest.fixture
def project(history: Path, tmp_path: Path) -> Project:
    """A wrapper of the oldest release, with an edit of the author."""
    project = Project.new(tmp_path / "wrapper", history, next(iter(releases.releases())), {"base": "alpine"})
    readme = project.folder / "README.md"
    readme.write_text(readme.read_text() + "\nMine.\n")
    project.commit()
    return project


def _shell(project: Project, commands: str) -> str:
    return run("bash", "-euc", commands, cwd=project.folder).stdout


def _tree(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in git(folder, "ls-files").splitlines()}


def test_the_page_has_the_commands_that_are_tested_here() -> None:
    assert len(BLOCKS) == 4


def test_an_update_is_looked_at_and_committed(project: Project) -> None:
    assert "README.md" in _shell(project, BLOCKS[UPDATE])
    _shell(project, BLOCKS[COMMIT])
    assert project.status() == {}
    assert (project.folder / "README.md").read_text().endswith("\nMine.\n")
    assert project.recorded()["_commit"] == f"v{releases.NEWEST}"


def test_a_look_first_leaves_the_wrapper_alone(project: Project) -> None:
    before = _tree(project.folder)
    assert "+++ b/README.md" in _shell(project, BLOCKS[LOOK_FIRST])
    assert _tree(project.folder) == before and project.status() == {}
    assert [path.name for path in project.folder.parent.iterdir() if path.name == "preview"] == []


def test_an_undo_gives_the_state_before(project: Project) -> None:
    before = _tree(project.folder)
    _shell(project, BLOCKS[UPDATE])
    assert _tree(project.folder) != before
    (project.folder / "left.rej").write_text("left behind")
    _shell(project, BLOCKS[UNDO])
    assert _tree(project.folder) == before and project.status() == {}
