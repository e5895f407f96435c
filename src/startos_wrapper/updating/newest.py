"""The release that a wrapper was made from, and the one to update to. Found without Copier, which takes longer."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from startos_wrapper.answers_file import Answers
from startos_wrapper.errors import CannotError, RefusedError
from startos_wrapper.files.template_source import Reach, in_full, reach, without_password
from startos_wrapper.git_command import ls_remote

_FILE_URL = ("file:", "git+file:")
# `git describe`: the tag, how many commits came after it, and the commit.
_DESCRIBED = re.compile(r"(.+)-\d+-g([0-9a-f]+)")
_COMMIT = re.compile("[0-9a-f]{40,64}")
_HASH = re.compile("[0-9a-f]{7,64}")
MOVE = "startos-wrapper manage --template URL"
# Copier's name for the recorded release.
CURRENT = ":current:"
# The answer `startos` of a wrapper that doesn't record it.
_OLDEST = "0.3.5"


@dataclass(frozen=True)
class Recorded:
    """The template and the release that a wrapper was made from, as its answers file records them."""

    file: Path
    source: str
    release: str
    startos: str = _OLDEST

    @classmethod
    def of(cls, answers: Answers) -> "Recorded":
        """Return what the answers file records.

        Raises: RefusedError if Copier couldn't use it.
        """
        source, release = answers.values.get("_src_path"), answers.values.get("_commit")
        if not isinstance(source, str) or not source:
            raise RefusedError(f"{answers.path}: _src_path is missing, so the template is unknown; run `{MOVE}`")
        if not isinstance(release, str) or not release:
            todo = "add the tag of the release that the wrapper was made from"
            raise RefusedError(f"{answers.path}: _commit is missing, so the release is unknown; {todo}")
        found = reach(source)
        if found is Reach.NOT_GIT:
            todo = f"run `startos-wrapper manage --template {source}`, which writes it the way Copier needs it"
            raise RefusedError(f"{answers.path}: Copier takes {source} for a folder; {todo}")
        if found is Reach.RELATIVE:
            what = f"the template is recorded as {source!r}, which is only right in the folder where it was typed"
            raise RefusedError(f"{answers.path}: {what}; run `{MOVE}`")
        if found is Reach.THIS_MACHINE and not source.startswith(_FILE_URL) and not _path(source).exists():
            raise RefusedError(f"{answers.path}: the template isn't at {source} anymore; run `{MOVE}`")
        return cls(answers.path, source, release, startos_of(answers))

    @property
    def shown(self) -> str:
        """The template's address without a password."""
        return without_password(self.source)

    @property
    def shown_release(self) -> str:
        """The release, or the first digits of a commit."""
        return self.release[:7] if _COMMIT.fullmatch(self.release) else self.release

    @property
    def address(self) -> str:
        """The template's address for git."""
        found = reach(self.source)
        if found is Reach.SHORT:
            return in_full(self.source)
        if found is Reach.THIS_MACHINE and not self.source.startswith(_FILE_URL):
            return os.path.realpath(_path(self.source))
        return self.source.removeprefix("git+")


def startos_of(answers: Answers) -> str:
    """Return the StartOS that a wrapper is for."""
    return str(answers.values.get("startos", _OLDEST))


@dataclass(frozen=True)
class Target:
    """The release to update to: what Copier checks out, and its name for people.

    `otherwise` is the target if this one turns out to be older than the wrapper. Only a clone of the template tells.
    """

    ref: str
    name: str
    is_current: bool
    otherwise: "Target | None" = None


def target(recorded: Recorded, ref: str | None) -> Target:
    """Return the release to update to: `ref`, or the newest one, or the template's last commit if it has no releases.

    Raises: CannotError if the template can't be reached, RefusedError if it lacks the wrapper's release.
    """
    if ref in (CURRENT, recorded.release):
        return Target(recorded.release, recorded.release, True)
    found = _references(recorded)
    tags = {name.removeprefix("refs/tags/") for name in found if name.startswith("refs/tags/")}
    if ref:
        return Target(ref, ref, False)
    releases = {version: tag for tag in tags if (version := _version(tag)) and not version.is_prerelease}
    described = _DESCRIBED.fullmatch(recorded.release)
    if not (recorded.release in tags or described or _HASH.fullmatch(recorded.release)):
        raise no_release(recorded, recorded.release)
    if releases:
        newest = max(releases)
        # A commit such as 05397a8 reads as a version, too.
        is_commit = recorded.release not in tags and _HASH.fullmatch(recorded.release)
        current = None if is_commit else _version(described[1] if described else recorded.release)
        # An installation from the repository records the commit, even if a tag is there.
        same = found[f"refs/tags/{releases[newest]}"].startswith(described[2] if described else recorded.release)
        if same or (current is not None and current >= newest):
            return Target(recorded.release, releases[newest] if same else recorded.release, True)
        # A commit after the newest release: an installation from the repository records it without the tag.
        later = Target(recorded.release, recorded.shown_release, True) if is_commit else None
        return Target(releases[newest], releases[newest], False, later)
    head = found.get("HEAD")
    if head is None:
        raise CannotError(f"the template at {recorded.shown} has no commit; run `{MOVE}`")
    # The commit and not HEAD, because Copier would commit uncommitted changes and record a commit that nobody has.
    return Target(head, head[:7], head.startswith(described[2] if described else recorded.release))


def no_release(recorded: Recorded, missing: str) -> RefusedError:
    """Return the error for a release that the template doesn't have."""
    todo = f"if it's a clone, run `git fetch --tags` in it; if it's another repository, run `{MOVE}`"
    return RefusedError(f"the template at {recorded.shown} has no release {missing}; {todo}")


def _path(source: str) -> Path:
    return Path(source).expanduser()


def _references(recorded: Recorded) -> dict[str, str]:
    try:
        return ls_remote(recorded.address)
    except CannotError as error:
        reason = without_password(str(error).removeprefix("git ls-remote: "))
        todo = f"try again later, or if it has moved, run `{MOVE}`"
        raise CannotError(f"can't read the template at {recorded.shown}: {reason}; {todo}") from error


def _version(tag: str) -> Version | None:
    try:
        return Version(tag)
    except InvalidVersion:
        return None
