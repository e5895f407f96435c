"""The command line of `startos-wrapper undo`."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.errors import CannotError, Exit, RefusedError
from startos_wrapper.interrupts import uninterrupted
from startos_wrapper.terminal import commands_for, print_text, printable

if TYPE_CHECKING:
    from startos_wrapper.updating.journal import Journal
    from startos_wrapper.updating.restore import Standing
    from startos_wrapper.work_tree import WorkTree

COMMAND = "undo"

_DESCRIPTION = """\
Undo the last `startos-wrapper update`, also one that was interrupted.
The files that it changed are put back as they were; all others stay.
If you've changed one of these files since, they're listed and nothing happens."""
_EPILOG = """\
examples:
  startos-wrapper undo            undo the update of the wrapper in this folder
  startos-wrapper undo --force    put back files that you've changed since, too

exit codes: 0 done, 1 refused or nothing to undo, 2 couldn't run"""
_MOST = 20


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `undo` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="undo the last update, unless it's committed",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("path", metavar="PATH", nargs="?", type=Path, default=Path(), help="the wrapper (default: .)")
    parser.add_argument(
        "--force", action="store_true", help="put back files that you've changed since, too, and keep a copy of each"
    )


def run(arguments: argparse.Namespace) -> int:
    """Undo the last update, print what happened, and return the exit code.

    Raises: CommandError.
    """
    # See `update`.
    from startos_wrapper.files.whereabouts import no_wrapper
    from startos_wrapper.updating.journal import JournalFolder
    from startos_wrapper.updating.restore import restore, standing, stash_of
    from startos_wrapper.work_tree import WorkTree

    folder = arguments.path
    try:
        work_tree = WorkTree(folder)
        place = JournalFolder(work_tree.git)
        journal = place.read()
        if journal is None:
            raise no_wrapper(folder) or _nothing(work_tree)
        found = standing(work_tree, journal)
        if found.committed:
            raise _committed(work_tree, journal, found)
        if not found.back and not found.changed:
            if stash := stash_of(work_tree, journal):
                raise _stashed(folder, journal, stash)
            place.discard()
            raise _nothing(work_tree)
        if found.changed and not arguments.force:
            raise _changed(folder, found.changed)
        there = [path for path in found.changed if os.path.lexists(folder / path)]
        with uninterrupted():
            kept = restore(work_tree, place, journal, there)
    except OSError as error:
        raise CannotError(f"{error.filename or folder}: {error.strerror}; then run undo again") from error
    lines = [f"Undone: back at {journal.old}.", *_listed([*found.back, *found.changed])]
    if kept:
        lines += ["Copies of the files that you changed:", f"  {kept}"]
    print_text("\n".join(lines) + "\n")
    return Exit.DONE


def _changed(folder: Path, paths: list[str]) -> RefusedError:
    force = f"startos-wrapper undo{commands_for(folder)[1]} --force"
    return RefusedError(
        "not undone: you've changed these files since the update:",
        *_listed(paths),
        "Commit or keep what you need. This also puts them back, and keeps a copy of each:",
        f"  {force}",
    )


def _stashed(folder: Path, journal: "Journal", stash: str) -> RefusedError:
    git, _ = commands_for(folder)
    return RefusedError(
        f"nothing to undo: the update from {journal.old} to {journal.new} is in {stash}",
        "To drop it for good:",
        f"  {git} stash drop {stash}",
        "Or to bring it back. Then you can undo it, too:",
        f"  {git} stash pop {stash}",
    )


def _committed(work_tree: "WorkTree", journal: "Journal", found: "Standing") -> RefusedError:
    """Return the error for an update that was committed: which commit it is, and how to revert it."""
    git, _ = commands_for(work_tree.folder)
    pathspecs = [f":(literal){name}" for name in found.committed]
    since = f"{journal.head}..HEAD"
    listed = work_tree.git.ask("log", "--reverse", "--format=%h%x00%p%x00%s", since, "--", *pathspecs) or ""
    if not listed.strip():
        return RefusedError("not undone: the update is part of the last commit, e.g. because it was amended")
    commit, parents, subject = listed.splitlines()[0].split("\0")
    mainline = "-m 1 " if len(parents.split()) > 1 else ""
    lines = [f"  {commit} {printable(subject)}", "To take it back:", f"  {git} revert --no-edit {mainline}{commit}"]
    rest = _uncommitted(work_tree, *(f":(literal){entry.path}" for entry in journal.entries))
    if rest:
        lines[1:1] = ["These files aren't committed:", *_listed(rest), *_aside(work_tree)]
    return RefusedError("not undone: the update is already committed:", *lines)


def _aside(work_tree: "WorkTree") -> list[str]:
    """Return how to get a clean work tree, which git needs to revert a commit."""
    return ["To put aside what isn't committed, until `git stash pop`:", f"  {work_tree.put_aside}"]


def _uncommitted(work_tree: "WorkTree", *pathspecs: str) -> list[str]:
    """Return the files that differ from the last commit."""
    status = work_tree.git.ask("status", "--porcelain", "-z", "--untracked-files=all", "--", *pathspecs) or ""
    # A renamed file has its earlier name after it.
    return [entry[3:] for entry in status.split("\0") if entry[2:3] == " "]


def _nothing(work_tree: "WorkTree") -> RefusedError:
    """Return the error for a wrapper without an update to undo. `copier update` may have changed it."""
    git, _ = commands_for(work_tree.folder)
    what = "nothing to undo: there's no uncommitted update"
    names = _uncommitted(work_tree, ".")
    if names and work_tree.git.ask("diff", "--name-only", "-G^_commit:", "HEAD", "--", ANSWERS):
        return RefusedError(
            what,
            "These files aren't committed. `copier update` wrote at least one of them:",
            *_listed(names),
            "To go back to the last commit. This deletes all changes since then, also yours:",
            f"  {git} restore --source=HEAD --staged --worktree . && {git} clean -fd .",
        )
    last = work_tree.git.ask(
        "log",
        "-1",
        "--diff-filter=M",
        "-G^_commit:",
        '--grep=^Revert "',
        "--invert-grep",
        "--format=%h%x00%s",
        "--",
        ANSWERS,
    )
    if last and "\0" in last:
        commit, subject = last.strip().split("\0")
        return RefusedError(
            what,
            f'The last update that was committed is {commit} "{printable(subject)}".',
            *(_aside(work_tree) if names else []),
            "To take it back:",
            f"  {git} revert --no-edit {commit}",
        )
    return RefusedError(what)


def _listed(paths: list[str]) -> list[str]:
    more = [f"  ... and {len(paths) - _MOST} more"] if len(paths) > _MOST else []
    return [f"  {printable(path)}" for path in paths[:_MOST]] + more
