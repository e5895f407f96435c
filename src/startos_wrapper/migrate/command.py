"""The command line of `startos-wrapper migrate`."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.errors import CancelledError, CannotError, Exit
from startos_wrapper.terminal import PROGRAM, commands_for, print_error, print_text, printable

if TYPE_CHECKING:
    from startos_wrapper.migrate.migration import Migration

COMMAND = "migrate"
_BRANCH = "startos-0.4"
_DESCRIPTION = f"""\
Migrate a wrapper for StartOS 0.3.5 to a package for StartOS 0.4, on a branch.
The answers in {ANSWERS} give its files. Your Dockerfile, entrypoint,
service, assets and documents stay. MIGRATION.md quotes everything that needs
you, and says where it goes. If something fails, nothing is changed."""
_EPILOG = """\
examples:
  startos-wrapper migrate                     migrate the wrapper in this folder
  startos-wrapper migrate --branch next       on a branch of another name
  startos-wrapper migrate -d version=2.0.0.1  change an answer, too

exit codes: 0 done, 1 conflicts or refused, 2 couldn't run"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `migrate` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="migrate a wrapper to StartOS 0.4",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--branch", metavar="NAME", default=_BRANCH, help=f"the new branch (default: {_BRANCH})")
    parser.add_argument("path", metavar="PATH", nargs="?", type=Path, default=Path(), help="the wrapper (default: .)")
    parser.add_argument("-d", "--data", metavar="NAME=VALUE", action="append", default=[], help="change an answer")
    parser.add_argument("--vcs-ref", metavar="REF", help="release of the template (default: the newest)")


def run(arguments: argparse.Namespace) -> int:
    """Migrate the wrapper, print what to do next, and return the exit code.

    Raises: CommandError.
    """
    # --help and wrong usage don't need these.
    from startos_wrapper.given_answers import read_answers
    from startos_wrapper.migrate.migration import Wish, migrate
    from startos_wrapper.rendering import Template

    folder = arguments.path
    try:
        answers = read_answers(arguments.data, None, Template().questions)
        print("Migrating to StartOS 0.4 ...", file=sys.stderr, flush=True)
        migration = migrate(folder, Wish(arguments.branch, answers, arguments.vcs_ref))
    except OSError as error:
        raise CannotError(f"{error.filename or folder}: {error.strerror}; nothing was changed") from error
    except KeyboardInterrupt as error:
        raise CancelledError("Cancelled. Nothing was changed.") from error
    if migration.unused:
        print_error(*(f"warning: {message}" for message in migration.unused))
    print_text(_as_text(migration, folder))
    return Exit.FOUND if migration.outcome.conflicts else Exit.DONE


def _as_text(migration: "Migration", folder: Path) -> str:
    git, path = commands_for(folder)
    outcome, guide = migration.outcome, migration.guide
    branch = shlex.quote(printable(guide.branch))
    make = f"make -C{path}" if path else "make"
    back = ("--detach " if migration.is_detached else "") + shlex.quote(printable(migration.came_from))
    shown = migration.came_from[:7] if migration.is_detached else printable(migration.came_from)
    lines = [
        f"Migrated on the branch {printable(guide.branch)}.",
        f"  Version: {guide.old} became {guide.new}",
        *([f"  {printable(guide.version_note)}"] if guide.version_note else []),
        *([f"  Answers from {guide.manifest}: {', '.join(guide.carried)}"] if guide.carried else []),
        f"  Changed: {len(outcome.changed)} files, added: {len(outcome.added)}, deleted: {len(outcome.deleted)}",
        *(
            [f"  git ignores on every branch: {printable(' '.join(guide.excluded))} (.git/info/exclude)"]
            if guide.excluded
            else []
        ),
        f"{shown} stays a wrapper for StartOS 0.3.5.",
        "",
    ]
    if outcome.conflicts:
        lines += ["Conflicts. Keep what you want of both, delete the markers, and `git add` the file:"]
        lines += [*(f"  {printable(name)}" for name in outcome.conflicts), ""]
    todo = (
        f"MIGRATION.md has {migration.places} place{'s that need' if migration.places != 1 else ' that needs'} you."
        if migration.places
        else "MIGRATION.md says what went where."
    )
    lines += [todo, outcome.next_title, f"  {git} diff HEAD --stat", f"  {make} javascript/index.js"]
    lines += [f"  {PROGRAM} check{path}", f'  {git} add --all . && {git} commit -m "Migrate to StartOS 0.4"']
    lines += ["Or go back:", f"  {PROGRAM} undo{path} && {git} switch {back} && {git} branch -d {branch}", ""]
    return "\n".join(lines)
