"""Replace a file in one step, so that nobody ever sees half of it."""

import contextlib
import os
import stat
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file, in one step and with its mode: nobody ever sees half of it. Raises OSError.

    A file that is not there gets the mode that any new file gets.
    """
    # Most commands only read, and need not wait for the import.
    import tempfile

    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _umask() -> int:
    """Return the bits that a new file does not get. Only by setting them can they be read."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
