"""Let Copier merge a release into a temporary repository, which has the wrapper's last commit and nothing else.

The wrapper itself isn't touched. Copier sees the files as they're committed: without uncommitted and ignored files,
without the rest of a larger repository, and without what git's settings and filters would change.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from startos_wrapper.compiled_once import compiled_once
from startos_wrapper.copier_errors import is_missing, refused_answer, told
from startos_wrapper.errors import RefusedError
from startos_wrapper.git_command import Git
from startos_wrapper.given_answers import check_answers, refused_answers, unused_answers
from startos_wrapper.updating.journal import Blob
from startos_wrapper.updating.newest import Recorded, Target, no_release
from startos_wrapper.updating.own_makefile import convert_makefile, is_old
from startos_wrapper.updating.scratch import environment_of, one_commit
from startos_wrapper.work_tree import WorkTree

# Characters with a meaning in .gitignore's syntax.
_SPECIAL = re.compile(r"([\\*?\[\]!# ])")
# What Copier and git say about a tag or commit that the template doesn't have.
_NO_RELEASE = re.compile("Unknown revision: |invalid reference: |not a valid object name|not a commit")


class _OlderError(RefusedError):
    """The release to update to is older than the wrapper's."""


@dataclass(frozen=True)
class Change:
    """A file that the update changes, adds (`before` is None) or deletes (`after` is None)."""

    path: str
    before: Blob | None
    after: Blob | None


@dataclass(frozen=True)
class Request:
    """What the user asks for. `answers` are new answers; with `ask`, Copier asks the other new questions."""

    recorded: Recorded
    target: Target
    answers: dict[str, Any]
    ask: bool


@dataclass(frozen=True)
class Merged:
    """The result in `git.folder`: the changes, the versions of each file in conflict, and what the template says of it.

    `target` is the release that it's at, which is the wrapper's own if that's newer than the requested one.
    `told` has the lists of `hooks/update/changes.jinja`, e.g. of new questions. Older releases don't have it.
    `notes` are lines about the Makefile, if it was converted. `unused` are messages about answers without an effect.
    """

    git: Git
    target: Target
    changes: list[Change]
    conflicts: dict[str, dict[int, Blob]]
    told: dict[str, list[str]]
    notes: list[str]
    unused: list[str]


@contextlib.contextmanager
def merged(work_tree: WorkTree, request: Request) -> Iterator[Merged]:
    """Merge in a temporary folder, which is deleted at the end.

    Raises: CommandError.
    """
    with tempfile.TemporaryDirectory(prefix="startos-wrapper.", ignore_cleanup_errors=True) as folder:
        git, symlinks = one_commit(work_tree.git, Path(folder).resolve() / "wrapper")
        with environment_of(git), compiled_once():
            try:
                told_changes, unused = _run_copier(git, request, symlinks)
            except _OlderError:
                if request.target.otherwise is None:
                    raise
                request = replace(request, target=request.target.otherwise)
                has_more = bool(request.answers) or request.ask
                told_changes, unused = _run_copier(git, request, symlinks) if has_more else ({}, [])
            notes = []
            if is_old(git.folder):
                notes = convert_makefile(work_tree.git, git.folder, request.recorded.source)
        yield Merged(git, request.target, *result_of(git), told_changes, notes, unused)


def _run_copier(git: Git, request: Request, symlinks: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Update the repository with Copier. Return what the template says about the update, and about unused answers.

    Raises: CommandError.
    """
    # Importing Copier takes a third of a second.
    from copier import run_update

    answers = dict(request.answers)
    refused: dict[str, str] = {}
    untyped: RefusedError | None = None
    while True:
        try:
            with told(request.recorded.shown):
                worker = run_update(
                    git.folder,
                    data=answers,
                    vcs_ref=request.target.ref,
                    exclude=["/" + _SPECIAL.sub(r"\\\1", path) for path in symlinks],
                    defaults=not request.ask,
                    skip_answered=request.ask,
                    overwrite=True,
                    quiet=True,
                )
            break
        except RefusedError as error:
            # Copier stops at the first wrong answer, but there may be more.
            name = refused_answer(error.__cause__)
            if name is None and answers and isinstance(error.__cause__, TypeError | ValueError):
                # An answer of the wrong type, which Copier doesn't name. Without answers, it tells us the questions.
                untyped, answers = error, {}
                continue
            stand_in = _placeholder(name) if name and is_missing(error.__cause__) else None
            if name is None or (name not in answers and stand_in is None):
                if refused:
                    break
                raise _explained(error, git, request) from error
            # Without the wrong answer there's none, which isn't worth a second message.
            refused.setdefault(name, str(error))
            answers.pop(name, None)
            if stand_in is not None:
                answers[name] = stand_in
    if refused:
        raise refused_answers(list(refused.values()))
    check_answers(request.answers, questions := worker.template.questions_data)
    if untyped:
        raise _explained(untyped, git, request) from untyped
    changes = worker.answers.combined.get("changes")
    unused = unused_answers(request.answers, worker.answers.hidden, questions)
    return changes if isinstance(changes, dict) else {}, unused


def _placeholder(name: str) -> str | None:
    """Return an answer that fits a question without a default, to find out what else is missing."""
    # Imported late, because only this needs it.
    from startos_wrapper.rendering import Template

    question = Template().questions.get(name, {})
    return str(question["placeholder"]) if "placeholder" in question else None


def _explained(error: RefusedError, git: Git, request: Request) -> RefusedError:
    """Return the error with what to do about it."""
    text = str(error)
    if isinstance(stopped := _first_cause(error), OSError) and stopped.filename:
        text = f"{stopped.filename}: {stopped.strerror}, so the update stops before it writes anything"
    text = text.replace(f"{git.folder}{os.sep}", "")
    release, target = request.recorded.release, request.target.name
    if _NO_RELEASE.search(text):
        return no_release(request.recorded, target if target in text and release not in text else release)
    if "downgrading" in text:
        return _OlderError(f"{target} is older than {release}, which this wrapper is at; updates only go forward")
    return RefusedError(text, *error.more)


def _first_cause(error: BaseException) -> BaseException:
    """Return the error that led to all others."""
    while earlier := error.__cause__ or error.__context__:
        error = earlier
    return error


def result_of(git: Git) -> tuple[list[Change], dict[str, dict[int, Blob]]]:
    """Return the changes, and the versions of the files in conflict by their stages in git's index."""
    conflicts: dict[str, dict[int, Blob]] = {}
    for entry in git.names("ls-files", "-z", "--unmerged"):
        about, path = entry.split("\t", 1)
        mode, value, stage = about.split()
        conflicts.setdefault(path, {})[int(stage)] = Blob(mode, value)
    git.run("add", "--all", "--force", ".")
    changes = []
    fields = iter(git.names("diff-index", "--cached", "-r", "-z", "--no-renames", "--no-ext-diff", "HEAD"))
    for about in fields:
        old_mode, new_mode, old, new, _ = about.removeprefix(":").split()
        before = None if set(old_mode) == {"0"} else Blob(old_mode, old)
        after = None if set(new_mode) == {"0"} else Blob(new_mode, new)
        changes.append(Change(next(fields), before, after))
    return changes, conflicts
