"""Replace files atomically."""

import contextlib
import os
import stat
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content with `data` atomically, and keep its mode.

    A new file gets the default mode. Raises: OSError about `path`.
    """
    # Imported here because most commands only read, and start faster without it.
    import tempfile

    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
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
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
