"""`startos-wrapper new --dry-run`: the files that would be written, and how an existing folder differs from them."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from startos_wrapper.terminal import printable

_MOST_LINES = 2000


def described(made: Path, existing: Path) -> str:
    """Return the tree of the files in `made`, and the difference to each file that `existing` has."""
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    lines = [f"{existing}/", *_tree(files, made, existing)]
    for path in files:
        lines += _difference(path, made, existing)
    return "\n".join(printable(line.replace("\t", "    ")) for line in lines) + "\n"


def _tree(files: list[Path], made: Path, existing: Path) -> Iterator[str]:
    """Yield a line for each file and folder, with what would happen to it."""
    shown: set[Path] = set()
    for path in files:
        for folder in reversed(path.parents[:-1]):
            if folder not in shown:
                shown.add(folder)
                yield f"{'  ' * len(folder.parts)}{folder.name}/"
        yield f"{'  ' * len(path.parts)}{path.name}{_state(made / path, existing / path)}"


def _state(new: Path, old: Path) -> str:
    if not old.exists():
        return ""
    return "  (unchanged)" if old.is_file() and old.read_bytes() == new.read_bytes() else "  (differs)"


def _difference(path: Path, made: Path, existing: Path) -> Iterator[str]:
    """Yield a unified diff from the existing file to the new one. Binary files have none."""
    old = existing / path
    if not old.is_file():
        return
    before, after = _text(old), _text(made / path)
    if before is None or after is None or before == after:
        return
    yield ""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{existing / path}", f"{path} as --dry-run makes it", lineterm=""
    )
    for number, line in enumerate(lines):
        if number == _MOST_LINES:
            yield "..."
            return
        yield line


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return None
