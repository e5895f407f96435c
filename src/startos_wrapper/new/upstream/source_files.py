"""The files of a source tree. Links that lead out of the tree aren't followed, and no git command runs."""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from startos_wrapper.files.source import LARGEST, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.new.upstream.facts import OtherFile

_DEEPEST = 5
_MOST_ENTRIES = 50_000
# What isn't the project's own, or is built.
_SKIPPED = {".git", ".hg", ".svn", "node_modules", "vendor", "third_party", "target", "dist", "__pycache__", "venv"}
_SKIPPED |= {".venv", ".tox", ".cache", ".idea", ".vscode", "testdata", "fixtures"}


@dataclass
class SourceFiles:
    """The files of a folder, by paths relative to it, the ones nearest to the root first."""

    folder: Path
    paths: list[str] = field(default_factory=list)
    unread: list[OtherFile] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> "SourceFiles":
        """List the files of a folder, up to 5 folders deep and 50,000 entries."""
        files = cls(folder)
        files.paths = list(files._walk())
        return files

    def _walk(self) -> Iterator[str]:
        waiting = deque([("", 0)])
        seen = 0
        while waiting:
            below, depth = waiting.popleft()
            try:
                with os.scandir(self.folder / below) as listed:
                    entries = sorted(islice(listed, _MOST_ENTRIES + 1), key=lambda entry: entry.name)
            except OSError as error:
                self.leave(below or ".", error.strerror or "unknown error")
                continue
            for entry in entries:
                if (seen := seen + 1) > _MOST_ENTRIES:
                    self.leave(below or ".", f"the folder has more than {_MOST_ENTRIES:,} files")
                    return
                path = f"{below}/{entry.name}".lstrip("/")
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEEPEST and entry.name not in _SKIPPED:
                        waiting.append((path, depth + 1))
                elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                    yield path

    def named(self, *names: str) -> list[str]:
        """Return the files in the root with one of some names, whatever their case, in the order of the names."""
        here = {path.lower(): path for path in reversed(self.paths) if "/" not in path}
        return [here[name.lower()] for name in names if name.lower() in here]

    def is_inside(self, path: str) -> bool:
        """Return whether a file, with all links followed, is in the folder. If not, remember that it wasn't read."""
        whole = self.folder / path
        try:
            inside = Path(os.path.realpath(whole)).is_relative_to(os.path.realpath(self.folder)) and whole.is_file()
        except (OSError, ValueError):
            inside = False
        if not inside:
            self.leave(path, "not a file in this folder")
        return inside

    def read(self, path: str) -> Source | None:
        """Return the text of a file, or None if it can't be read. Then `unread` says why."""
        if not self.is_inside(path):
            return None
        try:
            data = read_bytes(self.folder / path)
            return None if data is None else Source(path, data)
        except TooLargeError:
            self.leave(path, f"larger than {LARGEST // 1024} KiB")
        except UnreadableError as error:
            self.leave(path, str(error))
        return None

    def leave(self, path: str, why: str) -> None:
        """Remember why a file wasn't read."""
        if not any(each.path == path for each in self.unread):
            self.unread.append(OtherFile(path, why))
