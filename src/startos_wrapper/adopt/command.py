"""`startos-wrapper adopt`: arguments in, the answers file and a report out, and an exit code."""

import argparse
import re
from pathlib import Path

from startos_wrapper.answers_file import ANSWERS, PARTS
from startos_wrapper.data import checkout
from startos_wrapper.errors import CannotError, Exit, RefusedError, UsageError
from startos_wrapper.terminal import print_text

COMMAND = "adopt"
_VERSION = re.compile(r'^version = "([^"]+)"', re.MULTILINE)

_DESCRIPTION = f"""\
Bring a wrapper that exists into the template's care: read its files and write the answers that describe it into
{ANSWERS}. No other file is changed, unless --align asks for it."""
_EPILOG = """\
parts: manifest, build, plumbing, ci, docs; docs/adopt.md says what they hold and when the template may manage one

examples:
  startos-wrapper adopt                       describe this folder's wrapper
  startos-wrapper adopt --manage none ../a    leave every file to its author
  startos-wrapper adopt --align plumbing,ci   and replace Makefile and workflows by the template's, for you to review

exit codes: 0 done, 1 refused, 2 could not run"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the arguments of `adopt` to the command line."""
    parser = commands.add_parser(
        COMMAND,
        help="describe a wrapper that exists, so that `copier update` works",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("path", metavar="PATH", nargs="?", type=Path, default=Path(), help="the wrapper's folder")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.add_argument(
        "--manage",
        metavar="PARTS",
        action="append",
        help="the parts that `copier update` keeps up to date (commas between; none; all), instead of the near ones",
    )
    parser.add_argument(
        "--align", metavar="PARTS", action="append", help="replace these parts by the template's in the work tree"
    )
    parser.add_argument("--template", metavar="URL", help="the template's repository, when it is not this checkout")
    parser.add_argument("--vcs-ref", metavar="REF", help="its release that the answers are for (default: this one)")


def run(arguments: argparse.Namespace) -> int:
    """Adopt, print, and return the exit code. Raises CommandError."""
    from startos_wrapper.adopt.answers import NotAnsweredError

    try:
        print_text(_adopt(arguments))
    except NotAnsweredError as error:
        raise RefusedError(f"{arguments.path}: {error}") from error
    except OSError as error:
        raise CannotError(f"{error.filename or arguments.path}: {error.strerror}") from error
    return Exit.DONE


def _adopt(arguments: argparse.Namespace) -> str:
    """Do what was asked and return what to print. Raises RefusedError, NotAnsweredError, CannotError, UsageError."""
    managed, aligned = _parts(arguments.manage, "--manage"), _parts(arguments.align, "--align") or frozenset()
    source, release = _origin(arguments)
    folder = arguments.path
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")

    from startos_wrapper.adopt.adoption import Origin, adopt
    from startos_wrapper.adopt.summary import as_json, as_text

    report = adopt(folder, managed, aligned, Origin(source, release))
    return (as_json if arguments.format == "json" else as_text)(report)


def _parts(given: list[str] | None, option: str) -> frozenset[str] | None:
    """Return the parts of a repeated option, None where it is not given. Raises UsageError."""
    if given is None:
        return None
    names = [name.strip() for item in given for name in item.split(",") if name.strip()]
    if names in (["none"], ["all"]):
        return frozenset(PARTS if names == ["all"] else ())
    for name in names:
        if name not in PARTS:
            raise UsageError(f"{option} {name}: there is no such part; the parts are {', '.join(PARTS)}")
    return frozenset(names)


def _origin(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return where Copier finds the template, and the release that the answers are for. Raises UsageError."""
    folder = checkout()
    source = arguments.template or (str(folder) if folder else None)
    if source is None:
        raise UsageError("say where the template is: --template URL of its git repository")
    return source, arguments.vcs_ref or f"v{_version(folder)}"


def _version(folder: Path | None) -> str:
    if folder and (match := _VERSION.search((folder / "pyproject.toml").read_text(encoding="utf-8"))):
        return match[1]
    from importlib.metadata import version

    return version("startos-wrapper")
