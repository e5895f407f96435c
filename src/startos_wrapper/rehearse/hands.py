"""Work inside the volumes: a helper container, in which all of them are mounted."""

from typing import Any


class HandsError(Exception):
    """What was asked for failed in the container. The message is its reason."""


class Hands:
    """A program in a helper container that has every volume at `/volumes/NAME`."""

    def ask(self, action: str, timeout: float | None = None, **arguments: Any) -> Any:
        """Return the result of an action of `inside/hands.py`.

        Raises: HandsError, CannotError if the container is gone.
        """
        raise NotImplementedError
