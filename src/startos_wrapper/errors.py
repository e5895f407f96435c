"""The exceptions and exit codes of all commands."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. `FOUND` and `REFUSED` are the same number: something is wrong with the input."""

    DONE = 0
    FOUND = 1
    REFUSED = 1
    CANNOT = 2
    CANCELLED = 130


class CommandError(Exception):
    """The command can't do what was asked.

    The message is a line that says what is wrong, where, and what to do. `more` are further lines, e.g. one for each
    wrong answer.
    """

    exit = Exit.CANNOT

    def __init__(self, message: str, *more: str) -> None:
        """Create the error from its lines."""
        super().__init__(message)
        self.more = more


class UsageError(CommandError):
    """The arguments are wrong."""


class CannotError(CommandError):
    """Something that the command needs is missing or can't be read."""


class RefusedError(CommandError):
    """The command doesn't work with this wrapper or this answer."""

    exit = Exit.REFUSED


class CancelledError(CommandError):
    """The user pressed Ctrl-C."""

    exit = Exit.CANCELLED
