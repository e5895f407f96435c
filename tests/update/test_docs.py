"""Run the commands of docs/update.md in order, as a reader would."""

import re
from pathlib import Path

import pytest
from docs.release_tags import releases as releases_in_history

from tests.support.tools import ROOT
from tests.update import releases
from tests.update.releases import Project, git, run

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "docs/update.md").read_text(encoding="utf-8"))
UPDATE, COMMIT, LOOK_FIRST, CONFLICT, MANAGE, CHANGE, UNDO, REVERT, COPIER, RESTORE = range(10)


@pytest.fixture
def project(history: Path, tmp_path: Path) -> Project:
    """A wrapper of the oldest release with an edit by the author."""
    project = Project.new(tmp_path / "wrapper", history, next(iter(releases_in_history())), {"base": "alpine"})
    readme = project.folder / "README.md"
    readme.write_text(readme.read_text() + "\nMine.\n")
    project.commit()
    return project


def _shell(project: Project, commands: str) -> str:
    return run("bash", "-euc", commands, cwd=project.folder).stdout


def _tree(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in git(folder, "ls-files").splitlines()}


def test_the_page_has_the_commands_that_are_tested_here() -> None:
    assert len(BLOCKS) == 10


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
    _shell(project, BLOCKS[UNDO])
    assert _tree(project.folder) == before and project.status() == {}


def test_copier_alone_updates_and_is_taken_back(project: Project) -> None:
    before = _tree(project.folder)
    assert "README.md" in _shell(project, BLOCKS[COPIER])
    (project.folder / "left.rej").write_text("left behind")
    _shell(project, BLOCKS[RESTORE])
    assert _tree(project.folder) == before and project.status() == {}


def test_a_conflict_is_found_resolved_and_checked(project: Project) -> None:
    manifest = project.folder / "manifest.yaml"
    # The template has since changed this line.
    manifest.write_text(re.sub(r"(?m)^title:.*$", "title: Mine", manifest.read_text()))
    project.commit()
    updated = run("bash", "-uc", BLOCKS[UPDATE].splitlines()[0], cwd=project.folder, check=False)
    assert updated.returncode == 1 and "Conflict in one file:\n  manifest.yaml\n" in updated.stdout
    forgotten = run("bash", "-uc", BLOCKS[CONFLICT], cwd=project.folder, check=False)
    assert forgotten.stdout.startswith("manifest.yaml\n") and "E806" in forgotten.stdout
    mine = re.sub(r"<{7} .*\n((?:.*\n)*?)={7}\n(?:.*\n)*?>{7} .*\n", r"\1", manifest.read_text())
    manifest.write_text(mine)
    _shell(project, BLOCKS[CONFLICT])
    assert project.unmerged == set() and "title: Mine" in manifest.read_text()


def test_a_part_is_taken_out_and_committed(project: Project) -> None:
    _shell(project, BLOCKS[MANAGE])
    assert project.status() == {}
    assert "build" not in project.recorded()["manage"]


def test_an_answer_is_changed(project: Project) -> None:
    _shell(project, BLOCKS[CHANGE])
    assert project.recorded()["ui_port"] == 9090
    assert "internal: 9090" in (project.folder / "manifest.yaml").read_text()


def test_a_committed_update_is_taken_back(project: Project) -> None:
    before = _tree(project.folder)
    _shell(project, BLOCKS[UPDATE])
    _shell(project, BLOCKS[COMMIT])
    assert _tree(project.folder) != before
    _shell(project, BLOCKS[REVERT])
    assert _tree(project.folder) == before and project.status() == {}
