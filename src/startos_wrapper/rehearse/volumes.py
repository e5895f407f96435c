"""The volumes of a service as named volumes of Docker.

They hold what StartOS keeps in folders (S/volume.rs:93-117): data, which versions share, assets of a version, what
pointers lead to, certificates and the backup.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mount:
    """A named volume in a container."""

    volume: str
    target: str
    is_readonly: bool

    @property
    def option(self) -> str:
        """Return the value of `docker run --mount`. Raises: ValueError for a path that the option can't express."""
        raise NotImplementedError
