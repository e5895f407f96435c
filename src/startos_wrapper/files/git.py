"""Find out whether a folder is in a git repository with a commit, where it was cloned from, and its tags.

Written by hand because a repository's config can make git execute commands, and `check` doesn't trust a wrapper.
"""

import os
import re
from pathlib import Path

from startos_wrapper.files.source import TooLargeError, UnreadableError, read_bytes

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?(?![0-9a-f])")
# A section of a config, with the name if it's a remote, and the address in it. git-config(1), SYNTAX
_SECTION = re.compile(r"""\s*\[(?:remote\s+"([^"\\]*)"|[^\]]*)\]""")
_URL = re.compile(r"\s*url\s*=\s*([^#;]*).*", re.IGNORECASE)
# How many symbolic references git follows. refs.c: SYMREF_MAXDEPTH
_DEEPEST = 5
# This file has one line for each reference, so it can be large.
_LARGEST_PACKED = 64 * 1024 * 1024


def repository(folder: Path) -> Path | None:
    """Return the git folder of the repository that `folder` is in. Like git, search upwards on one file system."""
    here = Path(os.path.realpath(folder))
    try:
        device = here.stat().st_dev
        while here.stat().st_dev == device:
            git = here / ".git"
            if git.is_file():
                # Worktrees and submodules have such a file. git stops searching here even if it leads nowhere.
                target = _read(git).strip().removeprefix("gitdir:").strip()
                return here / target if target and _is_repository(here / target) else None
            if _is_repository(git):
                return git
            if here == here.parent:
                return None
            here = here.parent
    except (OSError, ValueError):
        pass
    return None


def has_commit(git: Path) -> bool:
    """Return whether HEAD of the git folder `git` points to a commit."""
    common = _common(git)
    if (common / "reftable").is_dir():
        # The tables are binary. A new repository has one too, so this can return True without a commit.
        return bool(_read(common / "reftable/tables.list"))
    text = _read(git / "HEAD")
    for _ in range(_DEEPEST):
        if _HASH.match(text):
            return True
        name = _reference(text)
        if name is None:
            return False
        text = _read(git / name) or _read(common / name)
        if not text:
            return _is_packed(common, name)
    return False


def remote(git: Path) -> str | None:
    """Return the address of the remote `origin`, or of the only other one, as the git folder's own config has it."""
    found: dict[str, str] = {}
    name = ""
    for line in _read(_common(git) / "config").splitlines():
        if section := _SECTION.match(line):
            name = section[1] or ""
        elif name and (url := _URL.fullmatch(line)):
            found.setdefault(name, url[1].strip().strip('"'))
    return found.get("origin") or (next(iter(found.values())) if len(found) == 1 else None)


def tags(git: Path) -> list[str]:
    """Return the names of all tags that git keeps in files."""
    common = _common(git)
    try:
        packed = os.fsdecode(read_bytes(common / "packed-refs", _LARGEST_PACKED) or b"")
    except (TooLargeError, UnreadableError):
        packed = ""
    names = {line.partition(" ")[2] for line in packed.splitlines() if _HASH.match(line)}
    for folder, _, files in os.walk(common / "refs" / "tags"):
        names |= {(Path(folder) / file).relative_to(common).as_posix() for file in files}
    return sorted(name.removeprefix("refs/tags/") for name in names if name.startswith("refs/tags/"))


def _is_repository(git: Path) -> bool:
    head, common = _read(git / "HEAD"), _common(git)
    named = _HASH.match(head) or _reference(head)
    return bool(named) and (common / "objects").is_dir() and (common / "refs").is_dir()


def _common(git: Path) -> Path:
    """Return the folder that the worktrees of a repository share."""
    return git / _read(git / "commondir").strip()


def _reference(text: str) -> str | None:
    """Return the name in `ref: refs/heads/main`, or None if it would lead out of the git folder."""
    name = text.removeprefix("ref:").strip()
    return name if text.startswith("ref:") and name.startswith("refs/") and ".." not in name else None


def _is_packed(common: Path, name: str) -> bool:
    try:
        data = read_bytes(common / "packed-refs", _LARGEST_PACKED) or b""
    except TooLargeError:
        return True
    except UnreadableError:
        return False
    return any(line.partition(b" ")[2].strip() == os.fsencode(name) for line in data.splitlines())


def _read(path: Path) -> str:
    """Return the text of a small file, or an empty text if it can't be read."""
    try:
        return os.fsdecode(read_bytes(path) or b"")
    except (TooLargeError, UnreadableError):
        return ""
