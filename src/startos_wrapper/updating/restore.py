"""Undo an update: find out what it wrote, what was done since then, and put back the files as they were."""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from startos_wrapper.updating.excluded import include
from startos_wrapper.updating.journal import Blob, Entry, Journal, JournalFolder, State, is_like
from startos_wrapper.updating.write import copy_file, remove_temporary, set_index
from startos_wrapper.work_tree import WorkTree

# How many stashes to look at.
_STASHES = 20


@dataclass(frozen=True)
class Standing:
    """The files of an update now: those to put back, those changed since then, and those committed since then."""

    back: list[str]
    changed: list[str]
    committed: list[str]


def standing(work_tree: WorkTree, journal: Journal) -> Standing:
    """Compare the wrapper with what the update wrote.

    Raises: CannotError and OSError.
    """
    head = entries_of(work_tree, journal)
    staged = _staged(work_tree, journal)
    found = Standing([], [], [])
    for entry in journal.entries:
        path = entry.path
        now, in_head, in_index = State.of(work_tree.folder / path), head.get(path), staged.get(path, {})
        is_before, is_after = is_like(now, entry.before), is_like(now, entry.after)
        if in_head != entry.old:
            if in_head == entry.new:
                found.committed.append(path)
            if is_before or in_head == entry.new:
                continue
        # Deleting a file loses nothing. Staged content may be nowhere else, unless it's empty, as after `git add -N`.
        known = (entry.old, entry.new, in_head, None)
        is_staged = in_index.get(0) not in known and not _is_empty(work_tree, in_index[0])
        if is_staged or not (is_before or is_after or now is None):
            found.changed.append(path)
        elif not is_before or in_index != ({} if in_head is None else {0: in_head}):
            found.back.append(path)
    return found


def restore(work_tree: WorkTree, place: JournalFolder, journal: Journal, changed: list[str]) -> Path | None:
    """Put back the files as they were before the update, and forget the update.

    `changed` are files that somebody changed since then. Return the folder of their copies.

    Raises: CommandError and OSError.
    """
    folder = work_tree.folder
    work_tree.refuse_odd_folders(entry.path for entry in journal.entries)
    kept = place.keep(folder, changed) if changed else None
    for entry in journal.entries:
        _put_back(folder, place, entry)
    for name in reversed(journal.folders):
        with contextlib.suppress(OSError):
            (folder / name).rmdir()
    head = entries_of(work_tree, journal)
    staged = _staged(work_tree, journal)
    wanted = {entry.path: {0: head[entry.path]} if entry.path in head else {} for entry in journal.entries}
    set_index(work_tree.git, {path: blobs for path, blobs in wanted.items() if staged.get(path, {}) != blobs})
    if journal.excluded:
        include(work_tree.git, journal.excluded)
    place.discard()
    return kept


def _put_back(folder: Path, place: JournalFolder, entry: Entry) -> None:
    path = folder / entry.path
    remove_temporary(path)
    now = State.of(path)
    if now == entry.before:
        return
    if now and not now.sha256 and path.is_dir():
        shutil.rmtree(path)
    if entry.before is None:
        path.unlink(missing_ok=True)
    else:
        copy_file(place.copy_of(entry), path)


def entries_of(work_tree: WorkTree, journal: Journal, commit: str = "HEAD") -> dict[str, Blob]:
    """Return the files of an update as they're in a commit.

    Raises: CannotError.
    """
    found = {}
    for listed in work_tree.git.names("ls-tree", "-z", commit, "--", *_pathspecs(journal)):
        about, path = listed.split("\t", 1)
        mode, _, value = about.split()
        found[path] = Blob(mode, value)
    return found


def stash_of(work_tree: WorkTree, journal: Journal) -> str | None:
    """Return the name of the stash that has what the update wrote, or None."""
    wanted = {(entry.path, entry.new) for entry in journal.entries if entry.new}
    for number, commit in enumerate((work_tree.git.ask("stash", "list", "--format=%H") or "").split()[:_STASHES]):
        if wanted & entries_of(work_tree, journal, commit).items():
            return f"stash@{{{number}}}"
    return None


def _staged(work_tree: WorkTree, journal: Journal) -> dict[str, dict[int, Blob]]:
    """Return the files of an update as they're in git's index, by stage."""
    found: dict[str, dict[int, Blob]] = {}
    for listed in work_tree.git.names("ls-files", "-z", "--stage", "--", *_pathspecs(journal)):
        about, path = listed.split("\t", 1)
        mode, value, stage = about.split()
        found.setdefault(path, {})[int(stage)] = Blob(mode, value)
    return found


def _pathspecs(journal: Journal) -> list[str]:
    return [f":(literal){entry.path}" for entry in journal.entries]


def _is_empty(work_tree: WorkTree, blob: Blob) -> bool:
    return blob.hash == work_tree.git.text("hash-object", "-t", "blob", "--stdin")
