"""Check that git could restore a wrapper, before we write or replace files in it."""

import os
from collections.abc import Iterable
from pathlib import Path

from startos_wrapper.errors import RefusedError, UsageError
from startos_wrapper.files.git import has_commit, repository
from startos_wrapper.git_command import Git
from startos_wrapper.terminal import commands_for

# What `git status` says about a file in conflict.
_UNMERGED = ("DD", "AU", "UD", "UA", "DU", "AA", "UU")


class WorkTree:
    """A folder in a git repository with a commit, so that git can restore what we replace."""

    def __init__(self, folder: Path) -> None:
        """Check that git has a commit of the folder.

        Raises: RefusedError without a repository or a commit, CannotError if git isn't installed, and UsageError.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
        self.folder = folder
        self.git = Git(folder)
        git = repository(folder)
        if git is None or not has_commit(git):
            # Imported late, because only this needs it.
            from startos_wrapper.files.whereabouts import no_wrapper

            raise no_wrapper(folder) or _no_commit(folder, git)
        self.git.ask("--version")  # Raises if git isn't installed.

    def refuse_changes(self, but: str | None = None) -> None:
        """Raise RefusedError if something isn't committed, except for the file `but`.

        What's inside a submodule doesn't count: we don't change it, and neither `git add` nor `git stash` takes it.
        """
        paths = [".", *([f":(exclude){but}"] if but else [])]
        options = ("--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=dirty")
        status = self.git.ask("status", *options, "--", *paths)
        if status is None or self.git.ask("rev-parse", "--verify", "-q", "HEAD") is None:
            what = "git finds no commit here, so you couldn't undo anything; commit first"
            raise RefusedError(f"{self.folder}: {what}")
        changed = [entry for entry in status.split("\0") if entry]
        if changed:
            raise self._not_committed(changed, but is None)

    def _not_committed(self, changed: list[str], may_stash: bool) -> RefusedError:
        """Return the error for what `git status` lists, with commands after which it lists nothing."""
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        # git prints paths from the top of the repository, and the wrapper may be a subfolder.
        prefix = (self.git.ask("rev-parse", "--show-prefix") or "").strip()
        odd = next((entry for entry in changed if entry.endswith("/") or entry[:2] in _UNMERGED), None)
        first = self.folder / (odd or changed[0])[3:].removeprefix(prefix)
        if odd and odd.endswith("/"):
            return RefusedError(f"{first}/: a git repository in the wrapper; add it to .gitignore or move it")
        if odd:
            return RefusedError(f"{first}: in conflict; resolve it, `git add` it and commit first")
        git, _ = commands_for(self.folder)
        lines = ["To commit:", f'  {git} add --all . && {git} commit -m "My changes"']
        if may_stash:
            lines += ["Or to put it aside, until `git stash pop`:", f"  {self.put_aside}"]
        return RefusedError(f"{first}: not committed{more}, so you couldn't undo it", *lines)

    @property
    def put_aside(self) -> str:
        """The command that stashes everything that isn't committed, with untracked files."""
        return f"{commands_for(self.folder)[0]} stash push -u ."

    def refuse_unless_held(self, files: Iterable[str]) -> None:
        """Raise RefusedError for an existing file that git couldn't restore, or that isn't a regular file."""
        files = list(files)
        there = [file for file in files if os.path.lexists(self.folder / file)]
        for file in there:
            path = self.folder / file
            if path.is_symlink() or not path.is_file():
                raise RefusedError(f"{path}: not a regular file, so it can't be replaced; make it one first")
        self.refuse_odd_folders(files)
        listed = self.git.ask("ls-files", "-z", "-v", "--", *(f":(literal){file}" for file in there)) if there else ""
        # Only H. A lowercase tag or S means that git ignores changes in the file, so it may differ from the commit.
        held = {entry[2:] for entry in (listed or "").split("\0") if entry[:1] == "H"}
        for file in there:
            if file not in held:
                todo = "run `git add --force` and commit it first"
                raise RefusedError(
                    f"{self.folder / file}: git doesn't have this version of it (is it ignored?); {todo}"
                )

    def refuse_odd_folders(self, files: Iterable[str]) -> None:
        """Raise RefusedError if a folder of a file is a symlink, so that we'd write somewhere else."""
        for above in dict.fromkeys(above for file in files for above in list(Path(file).parents)[:-1]):
            path = self.folder / above
            if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
                raise RefusedError(f"{path}: not a regular folder, so we can't write into it; make it one first")


def _no_commit(folder: Path, repository: Path | None) -> RefusedError:
    """Return the error for a wrapper that git couldn't restore, with the command after which it can."""
    git, _ = commands_for(folder)
    what = "not in a git repository" if repository is None else "the git repository has no commit yet"
    todo = f'{git} add . && {git} commit -m "First commit"'
    init = f"{git} init && " if repository is None else ""
    return RefusedError(f"{folder}: {what}, so you couldn't undo anything; run {init}{todo}")
