"""List what's in a volume, so that what comes back from a backup can be compared with it, in little memory."""

import hashlib
import json
import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

VOLUMES = Path("/volumes")
# Lists are kept here, one line of JSON per entry.
LISTS = Path("/var/lib/startos-lists")
_CHUNK = 1024**2
_MOST_READ = 16 * 1024**2
_MOST_NAMED = 20
_KINDS = {
    stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "device", stat.S_IFCHR: "device",
}  # fmt: skip
Entry = dict[str, Any]


def volume(name: str) -> Path:
    """Return the folder of a volume. Raises: ValueError if there is none."""
    folder = VOLUMES / name
    if "/" in name or name in ("", ".", "..") or not folder.is_dir():
        raise ValueError(f"there is no volume {name}")
    return folder


def entries(top: Path) -> Iterator[Entry]:
    """Yield what's in a folder, and the folder itself as the path `.`, in an order that doesn't depend on the disk."""
    yield from filter(None, [_entry(top, ".")])
    yield from _below(top, "")


def _below(folder: Path, prefix: str) -> Iterator[Entry]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return
    for name in names:
        if found := _entry(folder / name, prefix + name):
            yield found
            if found["kind"] == "folder":
                yield from _below(folder / name, f"{prefix}{name}/")


def _entry(path: Path, name: str) -> Entry | None:
    """Return an entry, or None if the service has just removed it."""
    try:
        status = path.lstat()
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "device")
        content = ""
        if kind == "link":
            content = str(path.readlink())
        elif kind == "file":
            content = _hash(path)
    except FileNotFoundError:
        return None
    return {
        "path": name,
        "kind": kind,
        "mode": stat.S_IMODE(status.st_mode),
        "owner": status.st_uid,
        "group": status.st_gid,
        "size": status.st_size if kind == "file" else 0,
        "content": content,
    }


def _hash(path: Path) -> str:
    # Without O_NONBLOCK, a pipe that has just replaced the file would block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    found = hashlib.sha256()
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def keep(volume: str, name: str) -> dict[str, Any]:
    """Keep the list of a volume under a name, and return how much there is.

    `longest` is the longest name of a file, because the drives that hold backups limit them.
    """
    LISTS.mkdir(exist_ok=True)
    kinds: Counter[str] = Counter()
    size, longest = 0, ""
    with (LISTS / name).open("w") as file:
        for entry in entries(_folder(volume)):
            kinds[entry["kind"]] += 1
            size += entry["size"]
            last = entry["path"].rpartition("/")[2]
            longest = max(longest, last, key=lambda each: len(os.fsencode(each)))
            file.write(f"{json.dumps(entry)}\n")
    return {"kinds": dict(kinds), "bytes": size, "longest": longest}


def compare(
    before: str, after: str, ignore: Iterable[tuple[str, bool]] = (), kinds: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the number of entries that differ in two lists, and the first of them with what differs.

    `ignore` has regular expressions, each with whether it leaves out a path. The first that matches decides. Leave out
    entries by their kinds before, too, e.g. `socket`.
    """
    rules = [(re.compile(expression), is_out) for expression, is_out in ignore]
    count = 0
    named: list[dict[str, Any]] = []
    with (LISTS / before).open() as first, (LISTS / after).open() as second:
        for was, now in _pairs(first, second):
            entry = was or now
            assert entry
            if was == now or entry["kind"] in kinds or _is_left_out(entry["path"], rules):
                continue
            count += 1
            if len(named) < _MOST_NAMED:
                named.append({"path": entry["path"], "before": was, "after": now})
    return {"count": count, "differences": named}


def _is_left_out(path: str, rules: Iterable[tuple[re.Pattern[str], bool]]) -> bool:
    return next((is_out for expression, is_out in rules if expression.fullmatch(path)), False)


def _key(entry: Entry) -> list[str]:
    # A folder comes right before what's in it, which isn't the order of the whole paths.
    return [] if entry["path"] == "." else str(entry["path"]).split("/")


def _pairs(first: Iterable[str], second: Iterable[str]) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Merge two lists by their paths."""
    left, right = map(json.loads, first), map(json.loads, second)
    was, now = next(left, None), next(right, None)
    while was or now:
        if was and now and was["path"] == now["path"]:
            yield was, now
            was, now = next(left, None), next(right, None)
        elif was and (not now or _key(was) < _key(now)):
            yield was, None
            was = next(left, None)
        else:
            yield None, now
            now = next(right, None)


_folder = volume


def wipe(volume: str) -> None:
    """Empty a volume, and give it the owner and mode of a new one."""
    top = _folder(volume)
    for path in top.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    os.chown(top, 0, 0)
    top.chmod(0o755)


def read(volume: str, path: str) -> str | None:
    """Return a text file of a volume, or None if there is none. Links aren't followed."""
    try:
        descriptor = os.open(_folder(volume) / path.lstrip("/"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_MOST_READ).decode("utf-8", "replace")


def write(volume: str, path: str, text: str, mode: int = 0o644) -> None:
    """Write a text file, which is new even if the path was a link, and its folders."""
    target = _folder(volume) / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.new")
    temporary.write_text(text)
    temporary.chmod(mode)
    temporary.replace(target)
