"""How two paths of a container lie to each other."""

from pathlib import PurePosixPath


def related(one: str, other: str) -> bool:
    """Return whether two paths are equal or one contains the other."""
    return is_in(one, other) or is_in(other, one)


def is_in(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or inside it."""
    return PurePosixPath(path).is_relative_to(PurePosixPath(folder))
