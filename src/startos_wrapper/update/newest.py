"""The release that a wrapper was made from, and the one to update to. Found without Copier, which takes longer."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from startos_wrapper.answers_file import Answers
from startos_wrapper.errors import CannotError, RefusedError
from startos_wrapper.git_command import ls_remote
from startos_wrapper.repository import for_copier, is_address

# As in Copier, see copier/_vcs.py.
_ALIASES = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
_PASSWORD = re.compile(r"(?<=://)[^/@]*@")
# `git describe`: the tag, how many commits came after it, and the commit.
_DESCRIBED = re.compile(r"(.+)-\d+-g([0-9a-f]+)")
MOVE = "startos-wrapper manage --template URL"
# Copier's name for the recorded release.
CURRENT = ":current:"


@dataclass(frozen=True)
class Recorded:
    """The template and the release that a wrapper was made from, as its answers file records them."""

    file: Path
    source: str
    release: str

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
        if is_address(source):
            if for_copier(source) != _PASSWORD.sub("", source):
                todo = f"run `startos-wrapper manage --template {source}`, which writes it the way Copier needs it"
                raise RefusedError(f"{answers.path}: Copier takes {source} for a folder; {todo}")
        elif not source.startswith(("file:", "git+")):
            path = Path(source).expanduser()
            if not path.is_absolute():
                what = f"the template is recorded as {source!r}, which is only right in the folder it was typed in"
                raise RefusedError(f"{answers.path}: {what}; run `{MOVE}`")
            if not path.exists():
                raise RefusedError(f"{answers.path}: the template isn't at {source} anymore; run `{MOVE}`")
        return cls(answers.path, source, release)

    @property
    def shown(self) -> str:
        """The template's address without a password."""
        return _PASSWORD.sub("", self.source)

    @property
    def address(self) -> str:
        """The template's address for git."""
        for alias, server in _ALIASES.items():
            if self.source.startswith(alias):
                return server + self.source.removeprefix(alias).lstrip("/").removesuffix(".git") + ".git"
        source = self.source.removeprefix("git+")
        is_path = not is_address(source) and not source.startswith("file:")
        return os.path.realpath(Path(source).expanduser()) if is_path else source


@dataclass(frozen=True)
class Target:
    """The release to update to: what Copier checks out, and its name for people."""

    ref: str
    name: str
    is_current: bool


def target(recorded: Recorded, ref: str | None) -> Target:
    """Return the release to update to: `ref`, or the newest one, or the template's last commit if it has no releases.

    Raises: CannotError if the template can't be reached.
    """
    if ref in (CURRENT, recorded.release):
        return Target(recorded.release, recorded.release, True)
    found = _references(recorded)
    tags = {name.removeprefix("refs/tags/") for name in found if name.startswith("refs/tags/")}
    if ref is not None:
        return Target(ref, ref, False)
    releases = {version: tag for tag in tags if (version := _version(tag)) and not version.is_prerelease}
    described = _DESCRIBED.fullmatch(recorded.release)
    if releases:
        newest = max(releases)
        current = _version(described[1] if described else recorded.release)
        if current is not None and current >= newest:
            return Target(recorded.release, recorded.release, True)
        return Target(releases[newest], releases[newest], False)
    head = found.get("HEAD")
    if head is None:
        raise CannotError(f"the template at {recorded.shown} has no commit; run `{MOVE}`")
    # The commit and not HEAD, because Copier would commit uncommitted changes and record a commit that nobody has.
    return Target(head, head[:7], head.startswith(described[2] if described else recorded.release))


def _references(recorded: Recorded) -> dict[str, str]:
    try:
        return ls_remote(recorded.address)
    except CannotError as error:
        reason = _PASSWORD.sub("", str(error).removeprefix("git ls-remote: "))
        todo = f"try again later, or if it has moved, run `{MOVE}`"
        raise CannotError(f"can't read the template at {recorded.shown}: {reason}; {todo}") from error


def _version(tag: str) -> Version | None:
    try:
        return Version(tag)
    except InvalidVersion:
        return None
