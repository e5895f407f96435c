"""Check that git could restore a wrapper, before we write or replace files in it."""

import os
from collections.abc import Iterable
from pathlib import Path

from startos_wrapper.errors import RefusedError, UsageError
from startos_wrapper.files.git import has_commit, repository
from startos_wrapper.git_command import Git


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
        if git is None:
            todo = "git init && git add . && git commit"
            raise RefusedError(f"{folder}: not in a git repository, so updates can't merge; run {todo}")
        if not has_commit(git):
            raise RefusedError(f"{folder}: the git repository has no commit yet; run git add . && git commit")
        self.git.ask("--version")  # Raises if git isn't installed.

    def refuse_changes(self, but: str | None = None) -> None:
        """Raise RefusedError if something isn't committed, except for the file `but`."""
        paths = [".", *([f":(exclude){but}"] if but else [])]
        status = self.git.ask("status", "--porcelain", "-z", "--untracked-files=all", "--", *paths)
        if status is None or self.git.ask("rev-parse", "--verify", "-q", "HEAD") is None:
            what = "git finds no commit here, so you couldn't undo anything; commit first"
            raise RefusedError(f"{self.folder}: {what}")
        changed = [entry for entry in status.split("\0") if entry]
        if changed:
            more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
            # git prints paths from the top of the repository, and the wrapper may be a subfolder.
            prefix = (self.git.ask("rev-parse", "--show-prefix") or "").strip()
            first = self.folder / changed[0][3:].removeprefix(prefix)
            raise RefusedError(f"{first}: not committed{more}; commit or stash first, so that you can undo")

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
