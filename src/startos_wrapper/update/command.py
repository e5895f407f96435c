"""The command line of `startos-wrapper update`."""

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from startos_wrapper.answers_file import ANSWERS, Answers
from startos_wrapper.errors import CancelledError, CannotError, Exit, RefusedError
from startos_wrapper.given_answers import read_answers
from startos_wrapper.terminal import (
    PROGRAM,
    commands_for,
    has_colors,
    is_interactive,
    print_error,
    print_text,
    printable,
)

if TYPE_CHECKING:
    from startos_wrapper.updating.newest import Recorded, Target
    from startos_wrapper.updating.outcome import Outcome
    from startos_wrapper.work_tree import WorkTree

COMMAND = "update"
# The StartOS of a wrapper before and after: `migrate` takes the first way, and nothing takes the second one.
_FORTH, _BACK = ("0.3.5", "0.4"), ("0.4", "0.3.5")

_DESCRIPTION = f"""\
Update a wrapper to the template's newest release. Every line you wrote stays.
The template and the release that it was made from are in {ANSWERS}.
If something fails, nothing is changed."""
_EPILOG = """\
examples:
  startos-wrapper update                      update the wrapper in this folder
  startos-wrapper update --preview            see what an update would change
  startos-wrapper update -d ui_port=9090      change an answer, too
  startos-wrapper update --ask                answer new questions yourself

exit codes: 0 done or nothing to do, 1 conflicts or refused, 2 couldn't run"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `update` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="update a wrapper to the template's newest release",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("path", metavar="PATH", nargs="?", type=Path, default=Path(), help="the wrapper (default: .)")
    parser.add_argument("-d", "--data", metavar="NAME=VALUE", action="append", default=[], help="change an answer")
    parser.add_argument("--data-file", metavar="FILE", type=Path, help="YAML file with answers to change, or -")
    asking = parser.add_mutually_exclusive_group()
    asking.add_argument("-l", "--defaults", action="store_true", help="use the defaults of new questions (default)")
    asking.add_argument("--ask", action="store_true", help="ask new questions")
    parser.add_argument("--vcs-ref", metavar="REF", help="release to update to, or :current: (default: the newest)")
    parser.add_argument("--preview", action="store_true", help="print what would change as a diff, and write nothing")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing if there are no conflicts")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")


def run(arguments: argparse.Namespace) -> int:
    """Update the wrapper, print what changed, and return the exit code.

    Raises: CommandError.
    """
    # These aren't imported for the other commands, some of which start in a tenth of a second.
    from startos_wrapper.updating.newest import CURRENT, Recorded, target
    from startos_wrapper.updating.outcome import Outcome
    from startos_wrapper.updating.own_makefile import is_old
    from startos_wrapper.work_tree import WorkTree

    folder = arguments.path
    try:
        work_tree = WorkTree(folder)
        _refuse_elsewhere(folder)
        _refuse_changes(work_tree)
        recorded = Recorded.of(Answers(folder))
        if arguments.ask and not is_interactive():
            raise RefusedError("--ask: can't ask questions without a terminal; leave it out to use the defaults")
        answers = read_answers(arguments.data, arguments.data_file, None)
        _refuse_another_startos(folder, recorded.startos, answers.get("startos"))
        wanted = target(recorded, arguments.vcs_ref)
        asks = is_old(folder) or answers or arguments.ask or arguments.vcs_ref == CURRENT
        outcome = Outcome(recorded.shown_release, wanted.name)
        if asks or not wanted.is_current:
            outcome = _update(arguments, work_tree, recorded, wanted, answers)
    except OSError as error:
        raise CannotError(f"{error.filename or folder}: {error.strerror}") from error
    except KeyboardInterrupt as error:
        raise CancelledError("Cancelled. Nothing was changed.") from error
    _print(arguments, outcome)
    return Exit.FOUND if outcome.conflicts else Exit.DONE


def _refuse_elsewhere(folder: Path) -> None:
    """Raise RefusedError if this isn't a wrapper's folder, before anybody commits something for an update."""
    if not os.path.lexists(folder / ANSWERS):
        # Imported late, because only this needs it.
        from startos_wrapper.files.whereabouts import no_wrapper

        if error := no_wrapper(folder):
            raise error


def _refuse_changes(work_tree: "WorkTree") -> None:
    """Raise RefusedError if something isn't committed. If that's an update, say how to undo it."""
    from startos_wrapper.updating.journal import JournalFolder
    from startos_wrapper.updating.restore import standing

    try:
        work_tree.refuse_changes()
    except RefusedError as error:
        journal = JournalFolder(work_tree.git).read()
        found = standing(work_tree, journal) if journal else None
        if journal is None or found is None or found.committed or not (found.back or found.changed):
            raise
        what = f"The update from {journal.old} to {journal.new} isn't committed. To undo it:"
        undo = f"  {PROGRAM} undo{commands_for(work_tree.folder)[1]}"
        raise RefusedError(str(error), *error.more, what, undo) from error


def _refuse_another_startos(folder: Path, old: str, new: object) -> None:
    """Raise RefusedError if the answer is another StartOS. A merge alone would delete files with the author's edits."""
    change = (old, str(new))
    if change not in (_FORTH, _BACK):
        return
    if change == _FORTH:
        todo = f"to go from StartOS {old} to {new}, run `{PROGRAM} migrate{commands_for(folder)[1]}`"
        raise RefusedError(f"startos: `update` doesn't migrate; {todo}")
    todo = f"run `{PROGRAM} undo{commands_for(folder)[1]}`, or use the branch or commit from before the migration"
    raise RefusedError(f"startos: a package for StartOS {old} can't become a wrapper for {new}; {todo}")


def _update(
    arguments: argparse.Namespace,
    work_tree: "WorkTree",
    recorded: "Recorded",
    wanted: "Target",
    answers: dict[str, Any],
) -> "Outcome":
    """Merge, and write the result unless the user only wants to see it.

    Raises: CommandError and OSError.
    """
    # Imported late, because with nothing to do they aren't needed.
    from startos_wrapper.updating.merge import Request, merged
    from startos_wrapper.updating.newest import startos_of
    from startos_wrapper.updating.outcome import Outcome
    from startos_wrapper.updating.transfer import transfer

    if arguments.format == "text" and not arguments.quiet and not wanted.is_current:
        print(f"Updating from {recorded.shown_release} to {wanted.name} ...", file=sys.stderr, flush=True)
    is_written = False
    try:
        with merged(work_tree, Request(recorded, wanted, answers, arguments.ask)) as result:
            if arguments.ask:
                _refuse_another_startos(work_tree.folder, recorded.startos, startos_of(Answers(result.git.folder)))
            if result.unused:
                print_error(*(f"warning: {message}" for message in result.unused))
            if arguments.preview and arguments.format == "text":
                color = "--color=always" if has_colors() else "--color=never"
                print_text(result.git.text("diff", color, "--no-ext-diff", "--no-renames", "--cached", "HEAD") + "\n\n")
            elif result.changes and not arguments.preview:
                transfer(work_tree, result, recorded.shown_release, result.target.name)
                is_written = True
            return Outcome.of(result, recorded.shown_release, result.target.name)
    except KeyboardInterrupt as error:
        if not is_written:
            raise
        raise CancelledError("Interrupted after the update was written. `startos-wrapper undo` undoes it.") from error


def _print(arguments: argparse.Namespace, outcome: "Outcome") -> None:
    from startos_wrapper.updating.outcome import as_json, as_text

    if arguments.format == "json":
        print_text(as_json(outcome))
    elif not arguments.quiet or outcome.conflicts:
        print_text(as_text(outcome, arguments.path, _without_preview(arguments) if arguments.preview else ""))


def _without_preview(arguments: argparse.Namespace) -> str:
    """Return the command that makes the update that was previewed."""
    options = [f"--data-file={arguments.data_file}"] if arguments.data_file else []
    options += [word for item in arguments.data for word in ("-d", item)]
    options += [f"--vcs-ref={arguments.vcs_ref}"] if arguments.vcs_ref else []
    options += ["--ask"] if arguments.ask else []
    words = "".join(f" {shlex.quote(printable(option))}" for option in options)
    return f"{PROGRAM} update{commands_for(arguments.path)[1]}{words}"
