"""Facts about compat, the system image that most wrappers use for backups."""

from pathlib import PurePosixPath

from startos_wrapper.data import load


def hides_home(path: str) -> bool:
    """Return whether a volume at `path` hides what duplicity and gpg keep in compat's home.

    If the volume is read-only, as data is while a backup is created, duplicity exits with 9.
    """
    return any(related(path, folder) for folder in load("folders")["compat_home"])


def related(one: str, other: str) -> bool:
    """Return whether two paths are equal or one contains the other."""
    return is_in(one, other) or is_in(other, one)


def is_in(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or inside it."""
    return PurePosixPath(path).is_relative_to(PurePosixPath(folder))
