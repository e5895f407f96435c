"""Add lines to `info/exclude` in git's own folder, which git reads on every branch like .gitignore, and remove them."""

from pathlib import Path

from startos_wrapper.files.atomic import replace_file
from startos_wrapper.git_command import Git


def not_excluded(git: Git, lines: list[str]) -> list[str]:
    """Return the lines that the file lacks."""
    have = _lines(_path(git))
    return [line for line in lines if line not in have]


def exclude(git: Git, lines: list[str]) -> None:
    """Add lines at the end.

    Raises: OSError.
    """
    if lines:
        _write(_path(git), [*_lines(_path(git)), *lines])


def include(git: Git, lines: list[str]) -> None:
    """Remove lines that were added.

    Raises: OSError.
    """
    have = _lines(_path(git))
    if rest := [line for line in have if line not in lines]:
        _write(_path(git), rest)
    elif have:
        _path(git).unlink()


def _path(git: Git) -> Path:
    return git.folder / git.text("rev-parse", "--git-path", "info/exclude")


def _lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "surrogateescape").splitlines() if path.is_file() else []


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    replace_file(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
