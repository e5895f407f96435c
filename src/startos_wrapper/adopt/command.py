"""The command line of `startos-wrapper adopt`."""

import argparse
from pathlib import Path

from startos_wrapper.answers_file import ANSWERS, PARTS
from startos_wrapper.errors import CannotError, Exit, UsageError
from startos_wrapper.origin import own_origin
from startos_wrapper.terminal import print_text

COMMAND = "adopt"

_DESCRIPTION = f"""\
Adopt an existing wrapper, or a package for StartOS 0.4: read its files, and
write the answers that describe it to {ANSWERS}. No other file is
changed, unless you pass --align, which is for wrappers of StartOS 0.3.5."""
_EPILOG = f"""\
parts: {", ".join(PARTS)}
Without --manage, updates manage the parts that resemble the template's.
`startos-wrapper manage --help` lists the files of each part.

examples:
  startos-wrapper adopt                      adopt the wrapper in this folder
  startos-wrapper adopt --manage none ../a   let updates change no file of it
  startos-wrapper adopt --align plumbing,ci  also replace the Makefile and
                                             workflows, for you to review

exit codes: 0 done, 1 refused, 2 couldn't run"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `adopt` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="adopt an existing wrapper, so that updates work",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "path", metavar="PATH", nargs="?", type=Path, default=Path(), help="wrapper to adopt (default: .)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    parser.add_argument(
        "--manage",
        metavar="PARTS",
        action="append",
        help="parts that updates manage, comma-separated, or none or all (default: those near the template)",
    )
    parser.add_argument(
        "--align", metavar="PARTS", action="append", help="replace these parts with the template's in your work tree"
    )
    parser.add_argument(
        "--template", metavar="URL", help="URL or folder of the template to record (default: the one of this command)"
    )
    parser.add_argument(
        "--vcs-ref", metavar="REF", help="release of the template (default: the release of this command)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Adopt the wrapper, print the report, and return the exit code.

    Raises: CommandError.
    """
    try:
        print_text(_adopt(arguments))
    except OSError as error:
        raise CannotError(f"{error.filename or arguments.path}: {error.strerror}") from error
    return Exit.DONE


def _adopt(arguments: argparse.Namespace) -> str:
    """Adopt the wrapper and return the report.

    Raises: CommandError and OSError.
    """
    managed, aligned = _parts(arguments.manage, "--manage"), _parts(arguments.align, "--align") or frozenset()
    folder = arguments.path
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    origin = own_origin(arguments.template, arguments.vcs_ref)

    # Imported late, because --help and wrong usage don't need them.
    from startos_wrapper.adopt.adoption import Request, adopt
    from startos_wrapper.adopt.summary import as_json, as_text

    adoption = adopt(folder, Request(managed, aligned, origin, origin.address if arguments.template else None))
    return (as_json if arguments.format == "json" else as_text)(adoption)


def _parts(given: list[str] | None, option: str) -> frozenset[str] | None:
    """Return the parts given with an option, or None without that option.

    Raises: UsageError.
    """
    if given is None:
        return None
    names = [name.strip() for item in given for name in item.split(",") if name.strip()]
    if names in (["none"], ["all"]):
        return frozenset(PARTS if names == ["all"] else ())
    for name in names:
        if name not in PARTS:
            raise UsageError(f'{option}: unknown part "{name}"; choose from {", ".join(PARTS)}')
    return frozenset(names)
