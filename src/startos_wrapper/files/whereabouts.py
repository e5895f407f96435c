"""Find out whether a folder has a wrapper or a package, or which folder above it has."""

import itertools
import os
from pathlib import Path

from startos_wrapper.errors import RefusedError
from startos_wrapper.files.package_04.recognition import MANIFESTS_04
from startos_wrapper.files.source import TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import MANIFESTS

_ANSWERS = ".copier-answers.yml"
# It's often that of a web page.
_AMBIGUOUS = "manifest.json"
# How far above to look, if no git repository ends before.
_HIGHEST = 8


def has_wrapper(folder: Path) -> bool:
    """Return whether a folder has recorded answers or a manifest."""
    return any(os.path.lexists(folder / name) for name in (_ANSWERS, *MANIFESTS, *MANIFESTS_04))


def wrapper_above(folder: Path) -> str | None:
    """Return the path of the nearest folder above that has a wrapper, as the user would type it, or None.

    Like git, don't look outside of the repository.
    """
    here = Path(os.path.realpath(folder))
    for inner, above in itertools.pairwise((here, *itertools.islice(here.parents, _HIGHEST))):
        if os.path.lexists(inner / ".git"):
            return None
        if _is_sure(above):
            return str(above) if folder.is_absolute() else os.path.relpath(above)
    return None


def _is_sure(folder: Path) -> bool:
    if any((folder / name).is_file() for name in (*MANIFESTS, *MANIFESTS_04) if name != _AMBIGUOUS):
        return True
    try:
        return b"service_id:" in (read_bytes(folder / _ANSWERS) or b"")
    except (TooLargeError, UnreadableError):
        return False


def no_wrapper(folder: Path) -> RefusedError | None:
    """Return the error for a folder that has no wrapper, or None if it has one."""
    if has_wrapper(folder):
        return None
    above = wrapper_above(folder)
    todo = (
        f"run it in {above}"
        if above
        else "run it in a wrapper's folder, or create a wrapper with `startos-wrapper new`"
    )
    return RefusedError(f"{folder}: no wrapper here; {todo}")
