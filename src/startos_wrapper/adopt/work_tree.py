"""What git must hold before a file is replaced."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.errors import RefusedError

# The answers file is what adopt itself has written.
_BUT_ANSWERS = ["--", ".", f":(exclude){ANSWERS}"]


def refuse_unless_clean(folder: Path) -> None:
    """Raise RefusedError where git does not hold all of a folder as it is: without git or a commit, or on changes."""
    status = _git(folder, "status", "--porcelain", "-z", "--untracked-files=all", *_BUT_ANSWERS)
    if status is None or _git(folder, "rev-parse", "--verify", "-q", "HEAD") is None:
        raise RefusedError(f"{folder}: no commit of a git repository, so nothing could be undone; commit it first")
    changed = [entry for entry in status.split("\0") if entry]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        # git names it from the top of the repository, in which the wrapper may be a folder.
        prefix = (_git(folder, "rev-parse", "--show-prefix") or "").strip()
        first = folder / changed[0][3:].removeprefix(prefix)
        raise RefusedError(f"{first}: not committed{more}; commit or stash first, to be able to undo")


def refuse_unless_held(folder: Path, files: Iterable[str]) -> None:
    """Raise RefusedError for a file that is there and that git does not hold, or that is no plain file."""
    there = [file for file in files if os.path.lexists(folder / file)]
    for file in there:
        path = folder / file
        if path.is_symlink() or not path.is_file():
            raise RefusedError(f"{path}: not a plain file, so it is not replaced; make it one first")
    for above in dict.fromkeys(above for file in files for above in list(Path(file).parents)[:-1]):
        if os.path.lexists(folder / above) and ((folder / above).is_symlink() or not (folder / above).is_dir()):
            raise RefusedError(f"{folder / above}: no plain folder, so nothing in it is replaced; make it one first")
    listed = _git(folder, "ls-files", "-z", "-v", "--", *(f":(literal){file}" for file in there)) if there else ""
    # In capitals: one whose changes git does not look for may be another one than git holds.
    held = {entry[2:] for entry in (listed or "").split("\0") if entry[:1] == "H"}
    for file in there:
        if file not in held:
            todo = "`git add --force` and commit it first"
            raise RefusedError(f"{folder / file}: git does not hold it as it is (ignored?); {todo}")


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git says, None where it fails or is not there. It runs no program that a repository names."""
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return os.fsdecode(done.stdout)
