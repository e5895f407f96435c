"""Facts about compat, the system image that most wrappers use for backups."""

from startos_wrapper.data import load
from startos_wrapper.files.paths import related


def hides_home(path: str) -> bool:
    """Return whether a volume at `path` hides what duplicity and gpg keep in compat's home.

    If the volume is read-only, as data is while a backup is created, duplicity exits with 9.
    """
    return any(related(path, folder) for folder in load("folders")["compat_home"])
