"""What ends a command, and with which exit code: one table for all commands."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. `FOUND` and `REFUSED` are the same number: the input isn't as it has to be."""

    DONE = 0
    FOUND = 1
    REFUSED = 1
    CANNOT = 2
    CANCELLED = 130


class CommandError(Exception):
    """A command can't do what was asked. The text is a line that says what is wrong, where, and what to do."""

    exit = Exit.CANNOT


class UsageError(CommandError):
    """The arguments make no sense."""


class CannotError(CommandError):
    """Something that the command needs is missing or can't be read."""


class RefusedError(CommandError):
    """The wrapper, or an answer, isn't one that the command works with."""

    exit = Exit.REFUSED
