"""What scripts may do inside volumes, as StartOS does it. JS/lib.rs:458-1176

Whether a script may do it at all is checked before: unknown volumes, read-only ones, and the sandbox.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from startos_wrapper.rehearse.inside import checksums
from startos_wrapper.rehearse.inside.checksums import volume as folder_of
from startos_wrapper.rehearse.inside.copying import BACKUP, Copies, broken_away, inside

_MOST_TEXT = 16 * 1024**2
_COPIES = Copies()


def perform(name: str, session: str, **arguments: Any) -> Any:
    """Perform an effect for a script, whose calls share a session. Raises: ValueError, OSError."""
    if name.startswith("rsync"):
        return getattr(_COPIES, name)(session, **arguments)
    return _EFFECTS[name](**arguments)


def end(session: str) -> None:
    """End what a script has started. StartOS kills an rsync that the script hasn't waited for. rsync.rs:84"""
    _COPIES.end(session)


def _read_file(volume: str, path: str) -> str:
    # A pipe would block without O_NONBLOCK.
    descriptor = os.open(inside(folder_of(volume), path), os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("rehearse only reads regular files")
        content = file.read(_MOST_TEXT + 1)
    if len(content) > _MOST_TEXT:
        raise ValueError(f"the file has more than {_MOST_TEXT // 1024**2} MiB, which rehearse doesn't read")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ValueError("stream did not contain valid UTF-8") from None


def _write_file(volume: str, path: str, text: str) -> None:
    target = _in_parent(volume, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # StartOS keeps the temporary file beside the volume. Here, that's another file system.
    temporary = target.parent / f".{target.name[:200]}.startos-tmp"
    temporary.unlink(missing_ok=True)
    try:
        temporary.write_bytes(text.encode("utf-8", "replace"))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _in_parent(volume: str, path: str) -> Path:
    """Return a path whose parent is in the volume. The path itself may be a link, which is replaced."""
    top = folder_of(volume)
    target = top / path.lstrip("/")
    if broken_away(top, target.parent):
        raise ValueError(f"Path '{target}' has broken away from parent '{top}'")
    return target


def _metadata(volume: str, path: str) -> dict[str, Any]:
    target = inside(folder_of(volume), path)
    status = target.stat()
    # Python has no time of birth before 3.12.
    born = subprocess.run(["stat", "--dereference", "--format=%W", "--", target], capture_output=True, text=True)
    seconds = int(born.stdout.strip() or 0) if born.stdout.strip().isdigit() else 0
    return {
        "fileType": f"FileType(FileType {{ mode: {status.st_mode} }})",
        "isDir": stat.S_ISDIR(status.st_mode),
        "isFile": stat.S_ISREG(status.st_mode),
        # Links are followed.
        "isSymlink": False,
        "len": status.st_size,
        "modified": status.st_mtime_ns // 1_000_000,
        "accessed": status.st_atime_ns // 1_000_000,
        "created": seconds * 1000 or None,
        "readonly": not status.st_mode & 0o222,
        "gid": status.st_gid,
        "mode": status.st_mode,
        "uid": status.st_uid,
    }


def _rename(volume: str, path: str, to_volume: str, to_path: str) -> None:
    source, target = _in_parent(volume, path), _in_parent(to_volume, to_path)
    if volume == to_volume or BACKUP in (volume, to_volume):
        # The backup drive is another file system on StartOS too, so it's an error to move a file there.
        source.rename(target)
        return
    if os.path.lexists(target) and (target.is_dir() or source.is_dir()):
        raise ValueError("Directory not empty (os error 39)" if target.is_dir() else "Not a directory (os error 20)")
    source.lstat()
    copied = subprocess.run(
        ["cp", "--archive", "--no-target-directory", source, target], capture_output=True, text=True
    )
    if copied.returncode:
        raise ValueError(copied.stderr.strip())
    shutil.rmtree(source) if source.is_dir() and not source.is_symlink() else source.unlink()


def _remove_dir(volume: str, path: str) -> None:
    target = inside(folder_of(volume), path)
    target.unlink() if target.is_symlink() else shutil.rmtree(target)


def _chown(volume: str, path: str, uid: int) -> None:
    target = inside(folder_of(volume), path)
    done = subprocess.run(["chown", "--recursive", str(int(uid)), target], capture_output=True)
    if done.returncode:
        raise ValueError("Chown Error")


def _disk_usage(volume: str | None = None, path: str | None = None) -> list[int]:
    """Return the used and all bytes of the disk, or the bytes of a path and all of the disk.

    StartOS doesn't check that the path stays in the volume. Here, it must.
    """
    if volume is None or path is None:
        usage = shutil.disk_usage(checksums.VOLUMES)
        return [usage.used, usage.total]
    top = folder_of(volume)
    target = inside(top, path)
    done = subprocess.run(["du", "-s", "--block-size=1", target], capture_output=True, text=True)
    return [int(done.stdout.split()[0]), shutil.disk_usage(top).total]


_EFFECTS: dict[str, Callable[..., Any]] = {
    "read_file": _read_file,
    "write_file": _write_file,
    "metadata": _metadata,
    "rename": _rename,
    "remove_file": lambda volume, path: inside(folder_of(volume), path).unlink(),
    "remove_dir": _remove_dir,
    "create_dir": lambda volume, path: inside(folder_of(volume), path).mkdir(parents=True, exist_ok=True),
    "read_dir": lambda volume, path: sorted(each.name for each in inside(folder_of(volume), path).iterdir()),
    "chown": _chown,
    "chmod": lambda volume, path, mode: inside(folder_of(volume), path).chmod(int(mode)),
    "disk_usage": _disk_usage,
}
