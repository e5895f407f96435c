"""Run the commands of the walk-through in docs/adopt.md in order, as a reader would."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.adopt import old_wrappers
from tests.support.tools import ROOT
from tests.update import authors
from tests.update.authors import NEXT
from tests.update.releases import NEWEST, git, run

PAGE = (ROOT / "docs/adopt.md").read_text(encoding="utf-8")
WALK = PAGE.partition("## Walk-through\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", WALK, re.MULTILINE | re.DOTALL)
CLONE, COMMIT, ALIGN, FINISH, MANIFEST, COMMIT_MANIFEST, UNDO, UPDATE = range(8)
VERSION = re.findall(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)[0]


@dataclass
class Walk:
    """The wrapper at the end of the walk-through, and git's output after each block of commands."""

    wrapper: Path
    status: dict[int, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def walk(whole_history: Path, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Run all blocks of commands in order."""
    folder = tmp_path_factory.mktemp("walk")
    template = authors.next_release(whole_history, folder / "startos-wrapper.git")
    # The package is built from the working tree, so the release with its version must be the working tree too.
    git(template, "tag", "--force", f"v{VERSION}", f"v{NEWEST}")
    git(template, "tag", "--delete", f"v{NEWEST}")
    old_wrappers.write(folder / "satoshi/clock-wrapper", old_wrappers.SINGLE)
    # Redirect the URLs in the docs to this folder.
    settings = folder / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Satoshi\n\temail = satoshi@example.com\n"
        f'[url "{folder}/"]\n\tinsteadOf = https://example.com/\n'
    )
    environment = {
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_PAGER": "cat",
        # Copier keeps a mirror of each URL, and another test's repository may have had the same one.
        "COPIER_CACHE_DIR": str(folder / "cache"),
    }
    walk = Walk(folder / "clock-wrapper")
    for number, block in enumerate(BLOCKS):
        here = walk.wrapper if number > CLONE else folder
        run("bash", "-euc", block, cwd=here, env=environment)
        walk.status[number] = git(walk.wrapper, "status", "--porcelain", "--untracked-files=all")
    return walk


def test_the_page_has_the_commands_that_are_tested_here() -> None:
    assert len(BLOCKS) == UPDATE + 1


def test_adopt_writes_the_answers_and_nothing_else(walk: Walk) -> None:
    assert walk.status[CLONE] == "?? .copier-answers.yml\n"


def test_each_step_is_committed(walk: Walk) -> None:
    assert {walk.status[step] for step in (COMMIT, FINISH, COMMIT_MANIFEST, UPDATE, UNDO)} == {""}


def test_aligning_changes_what_the_page_says(walk: Walk) -> None:
    assert walk.status[ALIGN].splitlines() == [
        " M .copier-answers.yml",
        " M .gitignore",
        " M Dockerfile",
        " M Makefile",
        " M manifest.yaml",
        "?? .dockerignore",
        "?? .github/workflows/build.yml",
        "?? .github/workflows/release.yml",
        "?? startos.mk",
    ]
    assert walk.status[MANIFEST].splitlines() == [" M .copier-answers.yml", " M manifest.yaml"]


def test_the_wrapper_builds_for_two_processors(walk: Walk) -> None:
    said = run("make", "--dry-run", "images", cwd=walk.wrapper).stdout.replace("\\\n", "")
    assert "rust-musl-cross:aarch64-musl" in said and "rust-musl-cross:x86_64-musl" in said
    assert "--build-arg ARCH=aarch64" in said and "--build-arg ARCH=x86_64" in said


def test_the_update_brings_what_the_next_release_changes(walk: Walk) -> None:
    answers = yaml.safe_load((walk.wrapper / ".copier-answers.yml").read_text())
    assert answers["_commit"] == f"v{NEXT}"
    assert answers["manage"] == ["manifest", "plumbing", "ci"]
    assert "distclean)" in (walk.wrapper / "startos.mk").read_text()
    assert "merge_group:" in (walk.wrapper / ".github/workflows/build.yml").read_text()
    manifest = yaml.safe_load((walk.wrapper / "manifest.yaml").read_text())
    assert manifest["backup"]["restore"]["args"] == ["duplicity", "restore", "/mnt/backup", "/mnt/data"]
    assert manifest["release-notes"] == "Ticks evenly.\nStrikes at noon.\n"


def test_the_update_leaves_what_is_the_authors(walk: Walk) -> None:
    for file in ("README.md", "docker_entrypoint.sh", "strike.sh", "instructions.md", "LICENSE"):
        assert (walk.wrapper / file).read_text() == old_wrappers.SINGLE[file]
    assert git(walk.wrapper, "diff", "--name-only", "HEAD~1", "--", "Makefile", "Dockerfile") == ""
