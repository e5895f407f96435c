"""The release to update from is an older .s9pk of the same service, or a git tag that is built in a clone."""

import subprocess
from pathlib import Path

import pytest

from startos_wrapper.errors import CannotError, CommandError, UsageError
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.rehearse.older_release import opened_older
from startos_wrapper.rehearse.package import Package

MAKEFILE = "docker-images/%.tar:\n\tmkdir -p docker-images && echo built >$@\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A wrapper in a subfolder of a repository, with the tags v1 and broken, and a newer version that isn't committed."""
    folder = tmp_path / "repository" / "wrapper"
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet")
    for tag, makefile in (("v1", MAKEFILE), ("broken", "x86_64 images:\n\t@echo no compiler >&2; exit 1\n")):
        (folder / "manifest.yaml").write_text("id: hello\nversion: 1.0.0\n")
        (folder / "Makefile").write_text(makefile)
        _git(folder, "add", ".")
        _git(folder, "commit", "--quiet", "--message", tag)
        _git(folder, "tag", tag)
    (folder / "manifest.yaml").write_text("id: hello\nversion: 2.0.0\n")
    return folder


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def package(folder: Path) -> Package:
    return Package(Wrapper(folder), folder, 1)


def test_a_tag_is_built_in_a_clone_for_one_processor(repository: Path) -> None:
    before = _git(repository, "status", "--porcelain", "--ignored"), _git(repository, "worktree", "list")
    with opened_older("v1", package(repository), "aarch64") as older:
        assert (older.version, older.number, older.tars) == ("1.0.0", 0, ["aarch64.tar"])
        root = older.wrapper.root
        assert not root.is_relative_to(repository)
    assert not root.exists()
    assert (_git(repository, "status", "--porcelain", "--ignored"), _git(repository, "worktree", "list")) == before


def test_a_build_that_fails_is_named_with_its_last_lines(repository: Path) -> None:
    with (
        pytest.raises(CannotError, match="--from broken: `make images` failed in a clone") as error,
        opened_older("broken", package(repository), "x86_64"),
    ):
        pass
    assert any("no compiler" in line for line in error.value.more)


@pytest.mark.parametrize(
    ("given", "manifest", "why"),
    [
        (
            "v9",
            "id: hello\nversion: 2.0.0\n",
            r"--from v9: no such file or git tag in .*; it has (v1, broken|broken, v1)",
        ),
        ("v1", "id: other\nversion: 2.0.0\n", "is hello, but .* is other"),
        ("v1", "id: hello\nversion: 1.0.0\n", r"1\.0\.0 isn't older than 1\.0\.0"),
        ("v1", "id: hello\nversion: 0.9.1\n", r"1\.0\.0 isn't older than 0\.9\.1"),
    ],
)
def test_what_is_no_older_release_is_refused(repository: Path, given: str, manifest: str, why: str) -> None:
    (repository / "manifest.yaml").write_text(manifest)
    with pytest.raises(UsageError, match=why), opened_older(given, package(repository), "x86_64"):
        pass


def test_without_a_repository_there_are_no_tags(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text("id: hello\nversion: 1.0.0\n")
    with pytest.raises(CommandError, match="no such file or git tag"), opened_older("v1", package(tmp_path), "x86_64"):
        pass


def test_what_git_says_of_a_repository_is_named(repository: Path) -> None:
    (repository / ".git" / "config").write_text("[core")
    with (
        pytest.raises(CannotError, match=r"git rev-parse: .*config"),
        opened_older("v1", package(repository), "x86_64"),
    ):
        pass
