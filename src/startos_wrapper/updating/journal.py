"""The list of the files that an update writes, with a copy of each file as it was. It's in git's own folder."""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from startos_wrapper.errors import CannotError
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.git_command import Git

_VERSION = 1
_LIST, _COPIES, _KEPT = "update.json", "before", "kept"


@dataclass(frozen=True)
class State:
    """A file in the work tree: its mode, and the SHA-256 of its content, which is the target of a symlink."""

    mode: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "State | None":
        """Return the state of a path, or None if nothing is there. A folder has an empty hash.

        Raises: OSError.
        """
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            return cls(mode, "")
        data = os.fsencode(path.readlink()) if stat.S_ISLNK(mode) else path.read_bytes()
        return cls(mode, hashlib.sha256(data).hexdigest())


def is_like(one: State | None, other: State | None) -> bool:
    """Return whether git sees no difference: of the permissions, it only has the executable bit."""
    if one is None or other is None:
        return one is other
    return one.sha256 == other.sha256 and _git_mode(one.mode) == _git_mode(other.mode)


def _git_mode(mode: int) -> tuple[int, int]:
    return stat.S_IFMT(mode), mode & stat.S_IXUSR if stat.S_ISREG(mode) else 0


@dataclass(frozen=True)
class Blob:
    """A file or symlink in git: its mode and the hash of its content."""

    mode: str
    hash: str


@dataclass(frozen=True)
class Entry:
    """A file that the update writes or deletes, before and after that, in the work tree and for git.

    None means that it isn't there. `copy` is the number of the copy of the file before the update.
    """

    path: str
    copy: int
    before: State | None
    after: State | None
    old: Blob | None
    new: Blob | None


@dataclass(frozen=True)
class Journal:
    """An update: the commit and the releases that it's between, its files, and the folders that it makes.

    `excluded` are the lines that a migration adds to git's `info/exclude`.
    """

    head: str
    old: str
    new: str
    entries: list[Entry]
    folders: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


class JournalFolder:
    """The folder in .git that has a wrapper's journal. Each worktree and each subfolder has its own."""

    def __init__(self, git: Git) -> None:
        """Find the folder.

        Raises: CannotError.
        """
        prefix = git.text("rev-parse", "--show-prefix")
        self.path = (git.folder / git.text("rev-parse", "--git-path", "startos-wrapper")).resolve() / prefix

    def write(self, journal: Journal, wrapper: Path) -> None:
        """Copy the files as they are, then write the journal, which replaces that of the last update.

        Raises: OSError.
        """
        self.discard()
        copies = self.path / _COPIES
        copies.mkdir(parents=True)
        for entry in journal.entries:
            if entry.before:
                # Also the permissions and the target of a symlink.
                shutil.copy2(wrapper / entry.path, copies / str(entry.copy), follow_symlinks=False)
        text = json.dumps({"version": _VERSION, **asdict(journal)}, indent=1)
        replace_file(self.path / _LIST, text.encode())

    def read(self) -> Journal | None:
        """Return the journal of the last update, or None if there's nothing to undo.

        Raises: CannotError if it can't be read.
        """
        file = self.path / _LIST
        try:
            loaded = json.loads(file.read_bytes())
            if loaded.pop("version") != _VERSION:
                raise CannotError(f"{file}: written by another version of startos-wrapper; use that one")
            return Journal(**{**loaded, "entries": list(map(_entry, loaded["entries"]))})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise CannotError(f"{file}: can't read which files the update wrote ({error})") from error

    def copy_of(self, entry: Entry) -> Path:
        """Return the copy of a file as it was before the update."""
        return self.path / _COPIES / str(entry.copy)

    def discard(self) -> None:
        """Delete the journal, then its copies.

        Raises: OSError.
        """
        (self.path / _LIST).unlink(missing_ok=True)
        shutil.rmtree(self.path / _COPIES, ignore_errors=True)

    def keep(self, wrapper: Path, paths: list[str]) -> Path:
        """Copy files that somebody changed after the update, before they're replaced. Return the folder of the copies.

        Raises: OSError.
        """
        folder = next(path for path in self._kept() if not path.exists())
        for path in paths:
            copy = folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            if (wrapper / path).is_dir() and not (wrapper / path).is_symlink():
                shutil.copytree(wrapper / path, copy, symlinks=True)
            else:
                shutil.copy2(wrapper / path, copy, follow_symlinks=False)
        return folder

    def _kept(self) -> Iterator[Path]:
        number = 1
        while True:
            yield self.path / f"{_KEPT}-{number}"
            number += 1


def _entry(loaded: dict[str, Any]) -> Entry:
    before, after, old, new = (loaded[name] for name in ("before", "after", "old", "new"))
    return Entry(
        loaded["path"],
        loaded["copy"],
        State(**before) if before else None,
        State(**after) if after else None,
        Blob(**old) if old else None,
        Blob(**new) if new else None,
    )
