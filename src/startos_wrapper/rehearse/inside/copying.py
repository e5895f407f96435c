"""Keep a script's paths in their volumes, and copy between volumes with rsync. JS/lib.rs:652-747, 1178-1211"""

import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from startos_wrapper.rehearse.inside.checksums import volume as folder_of

# The volume that holds the backup.
BACKUP = "backup"
_PERCENT = re.compile(r"(\d+)%")


def broken_away(top: Path, path: Path) -> bool:
    """Return whether a path leads out of a volume, after following links. JS/lib.rs:1178-1211

    Only the part that exists is followed. `..` after something that doesn't exist takes that away.
    """
    parts, skipped = [part for part in str(path).split("/") if part not in ("", ".")], 0
    while True:
        if parts and parts[-1] == "..":
            skipped += 1
        elif skipped:
            skipped -= 1
        elif Path("/", *parts).exists():
            break
        if not parts:
            return True
        parts.pop()
    return not Path("/", *parts).resolve().is_relative_to(top.resolve())


def inside(top: Path, path: str, *, is_stripped: bool = True) -> Path:
    """Return a path in a volume. Raises: ValueError if it leads out of it."""
    target = top / (path.lstrip("/") if is_stripped else path)
    if broken_away(top, target):
        raise ValueError(f"Path '{target}' has broken away from parent '{top}'")
    return target


@dataclass
class _Copy:
    process: "subprocess.Popen[str]"
    progress: float = 0.0
    errors: str = ""
    readers: list[threading.Thread] = field(default_factory=list)


class Copies:
    """The rsyncs that scripts have started."""

    def __init__(self) -> None:
        """Start with none."""
        self._running: dict[tuple[str, int], _Copy] = {}
        self._count = 0
        self._lock = threading.Lock()

    def rsync(self, session: str, volume: str, path: str, to_volume: str, to_path: str, options: dict[str, Any]) -> int:
        """Start to copy, and return the id."""
        source = inside(folder_of(volume), path)
        if not source.exists():
            raise ValueError(f"Source at {source} does not exists")
        # StartOS doesn't strip the slash from this path, so an absolute one leads out of the volume. JS/lib.rs:693
        target = inside(folder_of(to_volume), to_path, is_stripped=False)
        words = [f"{source}{_slash(path.strip('/') if path.startswith('/') else path)}", f"{target}{_slash(to_path)}"]
        process = subprocess.Popen(
            ["rsync", *_options(options), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace",
        )  # fmt: skip
        copy = _Copy(process)
        copy.readers = [
            threading.Thread(target=work, args=(copy,), daemon=True) for work in (_read_progress, _read_errors)
        ]
        for reader in copy.readers:
            reader.start()
        with self._lock:
            self._count += 1
            self._running[session, self._count] = copy
            return self._count

    def rsync_wait(self, session: str, copy: int) -> None:
        """Wait for a copy. Raises: ValueError if it fails."""
        running = self._running.pop((session, copy), None)
        if not running:
            raise ValueError(f"Couldn't find rsync at id {copy}")
        code = running.process.wait()
        for reader in running.readers:
            reader.join()
        if code:
            raise ValueError(f"rsync error: {code} {running.errors} ")

    def rsync_progress(self, session: str, copy: int) -> float:
        """Return how much of a copy is done, from 0 to 1."""
        running = self._running.get((session, copy))
        if not running:
            raise ValueError(f"Couldn't find rsync at id {copy}")
        return running.progress

    def end(self, session: str) -> None:
        """Kill the copies of a script."""
        for key in [key for key in self._running if key[0] == session]:
            copy = self._running.pop(key)
            copy.process.kill()
            copy.process.wait()


def _slash(path: str) -> str:
    """Return the slash with which rsync copies what's in a folder instead of the folder.

    An empty path has it too. Rust strips it from a path with a slash in front.
    """
    return "/" if not path or path.endswith("/") else ""


def _options(options: dict[str, Any]) -> Iterator[str]:
    """Yield rsync's options. The order is StartOS's: the last two have no effect before `-a`. rsync.rs:54-80"""
    for key, default, option in (
        ("delete", True, "--delete"), ("force", True, "--force"), ("ignoreExisting", False, "--ignore-existing"),
        ("noPermissions", True, "--no-perms"), ("noOwner", True, "--no-owner"),
    ):  # fmt: skip
        if options.get(key, default):
            yield option
    yield from (f"--exclude={pattern}" for pattern in options.get("exclude", ()))
    yield from ("-actAXH", "--info=progress2", "--no-inc-recursive")


def _read_progress(copy: _Copy) -> None:
    assert copy.process.stdout
    for line in _lines(copy.process.stdout):
        if found := _PERCENT.search(line):
            copy.progress = int(found[1]) / 100


def _read_errors(copy: _Copy) -> None:
    assert copy.process.stderr
    for line in _lines(copy.process.stderr):
        copy.errors = (copy.errors + line)[-10_000:]


def _lines(stream: IO[str]) -> Iterator[str]:
    with stream:
        while text := stream.readline(10_000):
            yield text
