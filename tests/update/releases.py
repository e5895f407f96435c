"""Rebuild every release of the template from this repository's history, with the working tree as the newest."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from docs.release_tags import releases

from tests.support.copies import copier
from tests.support.tools import ROOT

NEWEST = "999.0.0"
_READ_BY_COPIER = ("copier.yml", "hooks", "template")
# A condition in a name, or the name of a starter's folder, which is empty for other bases.
_CONDITION = re.compile(r"\{% if [^%]+ %\}(.*?)\{% endif %\}|\{\{ (service)\.\w+ \}\}")
# Fixed, so that commits are reproducible. conftest.py isolates settings and git's config.
ENVIRONMENT = {
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def run(
    *command: str | Path, cwd: Path, check: bool = True, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program with empty standard input in a fixed environment.

    Raises: CalledProcessError if `check` is true and the program fails. What it said is printed, for pytest to show.
    """
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        check=False,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **ENVIRONMENT, **(env or {})},
    )
    if check and done.returncode:
        print(done.stdout, done.stderr, sep="\n")
        done.check_returncode()
    return done


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return its output.

    Raises: CalledProcessError if git fails.
    """
    return run("git", *arguments, cwd=folder).stdout


def template(folder: Path) -> Path:
    """Make a git repository of the template in `folder`, with a tag for every release and NEWEST for the working tree.

    It has what Copier reads and nothing else: each update clones it three times, and checks out all of its files.
    """
    git(folder.parent, "clone", "-q", "--no-checkout", "--shared", str(ROOT), str(folder))
    _delete_tags(folder)
    commit: list[str] = []
    for version, release in releases().items():
        entries = git(folder, "ls-tree", release, *_READ_BY_COPIER)
        tree = subprocess.run(
            ["git", "mktree"], cwd=folder, input=entries, check=True, text=True, capture_output=True
        ).stdout.strip()
        parent = [word for each in commit for word in ("-p", each)]
        commit = [git(folder, "commit-tree", "-m", version, *parent, tree).strip()]
        git(folder, "tag", f"v{version}", *commit)
    git(folder, "update-ref", "HEAD", *commit)
    _commit_working_tree(folder, *_READ_BY_COPIER)
    # Without the commits that aren't releases, and without this checkout.
    git(folder, "remote", "remove", "origin")
    git(folder, "reflog", "expire", "--expire=now", "--all")
    git(folder, "repack", "-q", "-a", "-d")
    (folder / ".git" / "objects" / "info" / "alternates").unlink()
    return folder


def whole(folder: Path) -> Path:
    """Make a git repository like that of `template`, with all files and commits, as it's published."""
    git(folder.parent, "clone", "-q", "--no-checkout", str(ROOT), str(folder))
    _delete_tags(folder)
    for version, commit in releases().items():
        git(folder, "tag", f"v{version}", commit)
    _commit_working_tree(folder)
    # Each update clones it, which is faster from a single pack.
    git(folder, "gc", "-q")
    return folder


def _delete_tags(folder: Path) -> None:
    for tag in git(folder, "tag").split():
        git(folder, "tag", "-d", tag)


def _commit_working_tree(folder: Path, *names: str) -> None:
    tracked = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *names).split("\0")
    for name in filter(None, tracked):
        source = ROOT / name
        if source.exists() or source.is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name, follow_symlinks=False)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "The working tree")
    git(folder, "tag", f"v{NEWEST}")


def paths(template: Path) -> dict[str, Path]:
    """Return the files in a template by their paths in a wrapper, as if every condition in their names were true."""
    folder = template / "template"
    files = (path for path in folder.rglob("*") if not path.is_dir() and "__pycache__" not in path.parts)
    return {_CONDITION.sub(r"\1\2", path.relative_to(folder).as_posix()).removesuffix(".jinja"): path for path in files}


@dataclass
class Project:
    """A wrapper created from the template, with the author's commits."""

    folder: Path
    template: Path
    answers: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, folder: Path, template: Path, version: str, answers: dict[str, Any]) -> "Project":
        """Copy a release with answers, and commit it."""
        data = folder.with_suffix(".yml")
        data.write_text(yaml.safe_dump({"service_id": "hello-world", **answers}, sort_keys=False), encoding="utf-8")
        with mock.patch.dict(os.environ, ENVIRONMENT):
            copier(
                "copy",
                "-q",
                "--defaults",
                "--vcs-ref",
                f"v{version}",
                "--data-file",
                data,
                template,
                folder,
                check=True,
            )
        git(folder, "init", "-q", "-b", "main")
        project = cls(folder, template, answers)
        project.commit("New wrapper")
        return project

    def commit(self, message: str = "Mine") -> None:
        """Commit everything."""
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", message)

    def update(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `copier update` in the project, with the defaults for new questions and without trust."""
        with mock.patch.dict(os.environ, ENVIRONMENT):
            return copier("update", "--defaults", *arguments, self.folder, check=check)

    def status(self) -> dict[str, str]:
        """Return git's status of each path: `UU`, ` M`, `??` and so on."""
        lines = git(self.folder, "status", "--porcelain=v1", "-z", "--untracked-files=all").split("\0")
        return {line[3:]: line[:2] for line in lines if line}

    @property
    def unmerged(self) -> set[str]:
        """The paths with conflicts to resolve."""
        return set(git(self.folder, "diff", "--name-only", "--diff-filter=U").split("\n")) - {""}

    def recorded(self) -> dict[str, Any]:
        """Return the recorded answers."""
        loaded: dict[str, Any] = yaml.safe_load((self.folder / ".copier-answers.yml").read_text(encoding="utf-8"))
        return loaded
