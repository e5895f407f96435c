"""Write the result of a merge into the wrapper, so that it can be undone at any moment."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from startos_wrapper.errors import CancelledError, CannotError, CommandError, RefusedError
from startos_wrapper.git_command import Git
from startos_wrapper.interrupts import uninterrupted
from startos_wrapper.updating.excluded import exclude
from startos_wrapper.updating.journal import Blob, Entry, Journal, JournalFolder, State
from startos_wrapper.updating.merge import Change, Merged
from startos_wrapper.updating.restore import restore
from startos_wrapper.updating.write import delete_file, set_index, write_file
from startos_wrapper.work_tree import WorkTree


@dataclass(frozen=True)
class _Write:
    """A file to write, with the content that git would check out, or to delete."""

    entry: Entry
    data: bytes


def transfer(work_tree: WorkTree, merged: Merged, old: str, new: str, excluded: list[str] | None = None) -> None:
    """Write the changed files, and git's entries for the conflicts. `old` and `new` are the releases.

    `excluded` are lines to add to git's `info/exclude`, which lacks them.

    Raises: CommandError. Then nothing was changed, unless the message says how to undo it.
    """
    git, folder = work_tree.git, work_tree.folder
    reader, prefix = _reader(git, merged.git), git.text("rev-parse", "--show-prefix")
    writes = [_planned(folder, reader, prefix, number, change) for number, change in enumerate(merged.changes)]
    _refuse(work_tree, merged.changes)
    stages = {path: _copied(git, merged.git, blobs) for path, blobs in merged.conflicts.items()}
    entries = [write.entry for write in writes]
    journal = Journal(git.text("rev-parse", "HEAD"), old, new, entries, _new_folders(folder, entries), excluded or [])
    place = JournalFolder(git)
    try:
        place.write(journal, folder)
        for write in writes:
            path = folder / write.entry.path
            if write.entry.after is None:
                delete_file(path, folder)
            else:
                write_file(path, write.data, write.entry.after)
        set_index(git, stages)
        exclude(git, journal.excluded)
    except (OSError, CommandError, KeyboardInterrupt) as error:
        with uninterrupted():
            raise _rolled_back(work_tree, place, journal, error) from error


def _planned(folder: Path, reader: Git, prefix: str, number: int, change: Change) -> _Write:
    """Return what to write for a change: for a file, with the line endings and filters of the wrapper's repository.

    `prefix` is the wrapper's folder in that repository.

    Raises: CannotError and OSError.
    """
    path, new = change.path, change.after
    before = State.of(folder / path)
    if new is None:
        return _Write(Entry(path, number, before, None, change.before, None), b"")
    if new.mode == "120000":
        data = reader.run("cat-file", "blob", new.hash)
        mode = stat.S_IFLNK | 0o777
    else:
        data = reader.run("cat-file", "--filters", f"--path={prefix}{path}", new.hash)
        mode = stat.S_IFREG | _permissions(before, new)
    after = State(mode, hashlib.sha256(data).hexdigest())
    return _Write(Entry(path, number, before, after, change.before, new), data)


def _reader(git: Git, merged: Git) -> Git:
    """Return the wrapper's repository, which can also read what only the merged one has."""
    objects = str(merged.folder / ".git" / "objects").replace("\\", "\\\\").replace('"', '\\"')
    return Git(git.folder, {"GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{objects}"'})


def _permissions(before: State | None, new: Blob) -> int:
    """Return the permissions of a file: as they were, but executable as in git."""
    executable = new.mode == "100755"
    if before is None or not stat.S_ISREG(before.mode):
        mask = os.umask(0o077)
        os.umask(mask)
        return (0o777 if executable else 0o666) & ~mask
    mode = stat.S_IMODE(before.mode)
    # Everybody who may read it may execute it.
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


def _refuse(work_tree: WorkTree, changes: list[Change]) -> None:
    """Raise RefusedError if the wrapper isn't as Copier saw it, so that a file could get lost."""
    work_tree.refuse_changes()
    work_tree.refuse_unless_held([change.path for change in changes])
    for change in changes:
        path = work_tree.folder / change.path
        if change.before and not os.path.lexists(path):
            raise RefusedError(f"{path}: not in the work tree (a sparse checkout?); check it out first")


def _copied(git: Git, merged: Git, blobs: dict[int, Blob]) -> dict[int, Blob]:
    """Copy the versions of a file in conflict into the wrapper's repository, so that git can show them."""
    for blob in blobs.values():
        git.run("hash-object", "-w", "-t", "blob", "--stdin", data=merged.run("cat-file", "blob", blob.hash))
    return blobs


def _new_folders(folder: Path, entries: list[Entry]) -> list[str]:
    """Return the folders that aren't there yet, outer ones first."""
    above = {str(parent) for entry in entries if entry.after for parent in list(Path(entry.path).parents)[:-1]}
    return sorted(name for name in above if not (folder / name).exists())


def _rolled_back(
    work_tree: WorkTree, place: JournalFolder, journal: Journal, error: OSError | CommandError | KeyboardInterrupt
) -> CommandError:
    """Undo a transfer that failed, and return the error to raise."""
    what = str(error)
    if isinstance(error, OSError):
        what = f"{error.filename or work_tree.folder}: {error.strerror}"
    try:
        restore(work_tree, place, journal, [])
    except (OSError, CommandError):
        todo = "free some space if the disk is full, then run `startos-wrapper undo`"
        return CannotError(f"{what}; the update stopped halfway: {todo}")
    if isinstance(error, KeyboardInterrupt):
        return CancelledError("Cancelled. Nothing was changed.")
    return CannotError(f"{what}; nothing was changed")
