"""The command line: `startos-wrapper COMMAND`."""

import argparse
import difflib
import re
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from startos_wrapper.errors import CommandError, Exit
from startos_wrapper.interrupts import ended_like_ctrl_c
from startos_wrapper.terminal import PROGRAM, open_closed_streams, print_error, print_text

# The module of each command, in the order of --help.
_COMMANDS = {
    "new": "new.command",
    "image": "image.command",
    "check": "check.command",
    "rehearse": "rehearse.command",
    "update": "update.command",
    "undo": "update.undo_command",
    "manage": "manage",
    "adopt": "adopt.command",
    "migrate": "migrate.command",
    "questions": "show_questions",
}


class _Version(argparse.Action):
    """Print the version. importlib.metadata takes longer to import than `check` may take, so only this imports it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print the version and exit."""
        from importlib.metadata import version

        print_text(f"{parser.prog} {version('startos-wrapper')}\n")
        parser.exit()


def _module(command: str) -> ModuleType:
    return import_module(f"startos_wrapper.{_COMMANDS[command]}")


def _parse(argv: list[str]) -> argparse.Namespace:
    """Return the parsed arguments. Exit with the usage of the right command if they're wrong."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Create packages for StartOS 0.4 and service wrappers for 0.3.5, and keep them up to date.",
    )
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Importing the others would take a fifth of the time of a check.
    for name in argv[:1] if argv[:1] and argv[0] in _COMMANDS else _COMMANDS:
        _module(name).add_parser(commands)
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        # parse_args() would print the usage of the program, which doesn't list the command's options.
        command = commands.choices[arguments.command]
        options = re.findall(r"--[a-z-]+", command.format_help())
        near = difflib.get_close_matches(unknown[0].partition("=")[0], options, n=1)
        command.error(f"unknown argument {unknown[0]}" + (f"; did you mean {near[0]}?" if near else ""))
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Run the command with the arguments `argv` (default: `sys.argv[1:]`), and return its exit code.

    See `errors.Exit` for the codes.
    """
    open_closed_streams()
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["manage"]:
        argv = _module("manage").arrange(argv)
    try:
        try:
            arguments = _parse(argv)
        except SystemExit:
            # Writes --help, or says why that can't be written.
            print_text("")
            raise
        with ended_like_ctrl_c():
            code: int = _module(arguments.command).run(arguments)
    except CommandError as error:
        if error.exit == Exit.CANCELLED:
            print(error, file=sys.stderr)
        else:
            print_error(str(error), *error.more)
        return error.exit
    except KeyboardInterrupt:
        return Exit.CANCELLED
    return code
