"""Write single files and entries of git's index."""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from startos_wrapper.git_command import Git
from startos_wrapper.updating.journal import Blob, State

# Always the same name, so that `undo` can delete it after a kill.
_TEMPORARY = ".startos-wrapper.new"


def write_file(path: Path, data: bytes, state: State) -> None:
    """Write a file or symlink with the mode in `state`, in one step.

    Raises: OSError.
    """

    def write(temporary: Path) -> None:
        if stat.S_ISLNK(state.mode):
            temporary.symlink_to(os.fsdecode(data))
        else:
            temporary.write_bytes(data)
            temporary.chmod(stat.S_IMODE(state.mode))

    _replace(path, write)


def copy_file(source: Path, path: Path) -> None:
    """Copy a file or symlink with its mode, in one step.

    Raises: OSError.
    """
    _replace(path, lambda temporary: shutil.copy2(source, temporary, follow_symlinks=False))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(_TEMPORARY)
    temporary.unlink(missing_ok=True)
    try:
        write(temporary)
        temporary.replace(path)
    except OSError:
        remove_temporary(path)
        raise


def remove_temporary(path: Path) -> None:
    """Delete what a killed process left where it wrote `path`."""
    with contextlib.suppress(OSError):
        path.with_name(_TEMPORARY).unlink(missing_ok=True)


def delete_file(path: Path, wrapper: Path) -> None:
    """Delete a file and the folders that are empty then, as git does.

    Raises: OSError.
    """
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == wrapper or not _remove_empty(folder):
            break


def _remove_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def set_index(git: Git, entries: Mapping[str, Mapping[int, Blob]]) -> None:
    """Replace the entries of paths in git's index. Each has versions by stage: 0, or 1 to 3 for a conflict, or none.

    Raises: CannotError.
    """
    if not entries:
        return
    nothing = "0" * len(git.text("rev-parse", "HEAD"))
    prefix = git.text("rev-parse", "--show-prefix")
    lines = []
    for path, blobs in entries.items():
        lines.append(f"0 {nothing} 0\t{prefix}{path}")
        lines += [f"{blob.mode} {blob.hash} {stage}\t{prefix}{path}" for stage, blob in sorted(blobs.items())]
    git.run("update-index", "-z", "--index-info", data=os.fsencode("".join(f"{line}\0" for line in lines)))
