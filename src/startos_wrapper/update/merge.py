"""Let Copier merge a release into a repository of its own, which has the wrapper's last commit and nothing else.

The wrapper itself isn't touched. Copier sees the files as they're committed: without uncommitted and ignored files,
without the rest of a larger repository, and without what git's settings and filters would change.
"""

import contextlib
import difflib
import os
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from startos_wrapper.copier_errors import told
from startos_wrapper.errors import CancelledError, RefusedError
from startos_wrapper.git_command import Git
from startos_wrapper.given_answers import refused_answers
from startos_wrapper.update.journal import Blob
from startos_wrapper.update.newest import MOVE, Recorded, Target
from startos_wrapper.update.own_makefile import convert_makefile, is_old
from startos_wrapper.work_tree import WorkTree

# Every file as it's in the repository: no line endings, filters and encodings of the work tree.
_ATTRIBUTES = "* !text !eol !crlf !ident !filter !working-tree-encoding\n"
# Settings with which `git apply` changes or rejects the author's lines, or with which Copier overlooks files.
_SETTINGS = {
    "apply.whitespace": "nowarn",
    "apply.ignoreWhitespace": "no",
    "commit.gpgSign": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.safecrlf": "false",
    "status.showUntrackedFiles": "normal",
}
# Set by git for its hooks. They would lead away from the repository.
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
_SYMLINK = "120000"
# What Copier and git say about a tag or commit that the template doesn't have.
_NO_RELEASE = re.compile("Unknown revision: |invalid reference: |not a valid object name|not a commit")
# Characters with a meaning in .gitignore's syntax.
_SPECIAL = re.compile(r"([\\*?\[\]!# ])")


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

    `told` has the lists of `hooks/update/changes.jinja`, e.g. of new questions. Older releases don't have it.
    `notes` are lines about the Makefile, if it was converted.
    """

    git: Git
    changes: list[Change]
    conflicts: dict[str, dict[int, Blob]]
    told: dict[str, list[str]]
    notes: list[str]


@contextlib.contextmanager
def merged(work_tree: WorkTree, request: Request) -> Iterator[Merged]:
    """Merge in a temporary folder, which is deleted at the end.

    Raises: CommandError.
    """
    with tempfile.TemporaryDirectory(prefix="startos-wrapper.", ignore_cleanup_errors=True) as folder:
        git = _repository(work_tree.git, Path(folder).resolve() / "wrapper")
        with _environment_of(git):
            told_changes = _run_copier(git, request)
            notes = []
            if is_old(git.folder):
                notes = convert_makefile(work_tree.git, git.folder, request.recorded.source)
        yield Merged(git, *_result(git), told_changes, notes)


def _repository(wrapper: Git, folder: Path) -> Git:
    """Make a repository in a folder with one commit: the files of the wrapper's last one.

    Objects are borrowed from the wrapper's repository.
    """
    folder.mkdir()
    objects = (wrapper.folder / wrapper.text("rev-parse", "--git-path", "objects")).resolve()
    hashes = wrapper.text("rev-parse", "--show-object-format")
    git = Git(folder, _environment(hashes))
    git.run("init", "-q", "--template=")
    info = folder / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text(_ATTRIBUTES)
    # In quotes, a path may have any character.
    quoted = str(objects).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    (folder / ".git" / "objects" / "info" / "alternates").write_bytes(os.fsencode(f'"{quoted}"\n'))
    tree = wrapper.text("rev-parse", "HEAD:./")
    identity = ["-c", "user.name=startos-wrapper", "-c", "user.email=startos-wrapper@localhost"]
    commit = git.text(*identity, "commit-tree", "-m", "The last commit", tree)
    git.run("reset", "-q", "--hard", commit)
    return git


def _environment(hashes: str) -> dict[str, str | None]:
    """Return the environment variables for git in the temporary repository, and in those that Copier makes."""
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    settings: dict[str, str | None] = {"GIT_CONFIG_COUNT": str(count + len(_SETTINGS)), "GIT_DEFAULT_HASH": hashes}
    for number, (name, value) in enumerate(_SETTINGS.items(), count):
        settings |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {**dict.fromkeys(_LOCAL), **settings, "LANGUAGE": "C"}


@contextlib.contextmanager
def _environment_of(git: Git) -> Iterator[None]:
    """Let Copier run git with the same environment variables, and say nothing itself."""
    from plumbum import local

    with warnings.catch_warnings(), local.env():
        warnings.simplefilter("ignore")
        for name, value in git.environment.items():
            if value is not None:
                local.env[name] = value
            elif name in local.env:
                del local.env[name]
        yield


def _run_copier(git: Git, request: Request) -> dict[str, list[str]]:
    """Update the repository with Copier, and return what the template says about the update.

    Raises: CommandError.
    """
    # Importing Copier takes a third of a second.
    from copier import run_update

    try:
        with told(request.recorded.shown):
            worker = run_update(
                git.folder,
                data=request.answers,
                vcs_ref=request.target.ref,
                exclude=_symlinks(git),
                defaults=not request.ask,
                skip_answered=request.ask,
                overwrite=True,
                quiet=True,
            )
    except KeyboardInterrupt as error:
        raise CancelledError("Cancelled. Nothing was changed.") from error
    except RefusedError as error:
        raise _explained(error, request) from error
    _refuse_unknown(request.answers, worker.template.questions_data)
    changes = worker.answers.combined.get("changes")
    return changes if isinstance(changes, dict) else {}


def _explained(error: RefusedError, request: Request) -> RefusedError:
    """Return the error with what to do about it."""
    text, release, target = str(error), request.recorded.release, request.target.name
    if _NO_RELEASE.search(text):
        missing = target if target in text and release not in text else release
        todo = f"if it's a clone, run `git fetch --tags` in it; if it's another repository, run `{MOVE}`"
        return RefusedError(f"the template at {request.recorded.shown} has no release {missing}; {todo}")
    if "downgrading" in text:
        return RefusedError(f"{target} is older than {release}, which this wrapper is at; updates only go forward")
    return error


def _refuse_unknown(answers: dict[str, Any], questions: Iterable[str]) -> None:
    """Raise RefusedError for answers without a question, which Copier drops silently."""
    unknown = []
    for name in answers:
        if name not in questions:
            near = difflib.get_close_matches(str(name), questions, n=1)
            unknown.append(f'unknown question "{name}"' + (f'; did you mean "{near[0]}"?' if near else ""))
    if unknown:
        raise refused_answers(unknown)


def _symlinks(git: Git) -> list[str]:
    """Return patterns for the symlinks, which Copier would replace or follow out of the repository."""
    entries = (entry.split("\t", 1) for entry in git.names("ls-files", "-z", "--stage"))
    return ["/" + _SPECIAL.sub(r"\\\1", path) for stage, path in entries if stage.startswith(_SYMLINK)]


def _result(git: Git) -> tuple[list[Change], dict[str, dict[int, Blob]]]:
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
