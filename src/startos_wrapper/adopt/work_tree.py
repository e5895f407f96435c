"""Check that git could restore a wrapper, before we write or replace files in it."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.errors import CannotError, RefusedError
from startos_wrapper.files.git import has_commit, repository

# adopt writes the answers file itself.
_BUT_ANSWERS = ["--", ".", f":(exclude){ANSWERS}"]


class WorkTree:
    """A folder without uncommitted changes, so that git can restore what we replace."""

    def __init__(self, folder: Path) -> None:
        """Check the folder with git. `copier update` also needs a clean work tree.

        Raises: RefusedError without a repository or a commit, or with changes, and CannotError if git isn't installed.
        """
        self.folder = folder
        git = repository(folder)
        if git is None:
            todo = "git init && git add . && git commit"
            raise RefusedError(f"{folder}: not in a git repository, so `copier update` can't merge; run {todo}")
        if not has_commit(git):
            raise RefusedError(f"{folder}: the git repository has no commit yet; run git add . && git commit")
        if shutil.which("git") is None:
            raise CannotError("can't find git; install it (`copier update` needs it, too)")
        self._refuse_changes()

    def _refuse_changes(self) -> None:
        status = self._git("status", "--porcelain", "-z", "--untracked-files=all", *_BUT_ANSWERS)
        if status is None or self._git("rev-parse", "--verify", "-q", "HEAD") is None:
            what = "git finds no commit here, so you couldn't undo anything; commit first"
            raise RefusedError(f"{self.folder}: {what}")
        changed = [entry for entry in status.split("\0") if entry]
        if changed:
            more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
            # git prints paths from the top of the repository, and the wrapper may be a subfolder.
            prefix = (self._git("rev-parse", "--show-prefix") or "").strip()
            first = self.folder / changed[0][3:].removeprefix(prefix)
            raise RefusedError(f"{first}: not committed{more}; commit or stash first, so that you can undo")

    def refuse_unless_held(self, files: Iterable[str]) -> None:
        """Raise RefusedError for an existing file that git couldn't restore, or that isn't a regular file."""
        files = list(files)
        there = [file for file in files if os.path.lexists(self.folder / file)]
        for file in there:
            path = self.folder / file
            if path.is_symlink() or not path.is_file():
                raise RefusedError(f"{path}: not a regular file, so adopt won't replace it; make it one first")
        for above in dict.fromkeys(above for file in files for above in list(Path(file).parents)[:-1]):
            path = self.folder / above
            if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
                raise RefusedError(f"{path}: not a regular folder, so adopt won't write into it; make it one first")
        listed = self._git("ls-files", "-z", "-v", "--", *(f":(literal){file}" for file in there)) if there else ""
        # Only H. A lowercase tag or S means that git ignores changes in the file, so it may differ from the commit.
        held = {entry[2:] for entry in (listed or "").split("\0") if entry[:1] == "H"}
        for file in there:
            if file not in held:
                todo = "run `git add --force` and commit it first"
                raise RefusedError(
                    f"{self.folder / file}: git doesn't have this version of it (is it ignored?); {todo}"
                )

    def _git(self, *arguments: str) -> str | None:
        """Return the output of git, or None if it fails. Programs that the repository's config names don't run."""
        command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments]
        try:
            done = subprocess.run(command, cwd=self.folder, capture_output=True, stdin=subprocess.DEVNULL, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return os.fsdecode(done.stdout)
