"""Run git."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from startos_wrapper.errors import CannotError

# A server that doesn't answer would keep us waiting for minutes.
_SECONDS = 60
# git says this about every server, after the reason.
_NO_REASON = "Could not read from remote repository"


class NoGitError(CannotError):
    """Git isn't installed."""


@dataclass(frozen=True)
class Git:
    """git in a folder, with additional environment variables. A variable that is None is removed."""

    folder: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)

    def run(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> bytes:
        """Return what git prints.

        Raises: CannotError if git isn't installed, fails, or takes longer than `timeout` seconds.
        """
        # Programs that the repository's config names for these don't run.
        command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments]
        environment = {**os.environ, "LANGUAGE": "C", **self.environment}
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={name: value for name, value in environment.items() if value is not None},
                input=data,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CannotError(f"git {arguments[0]}: no answer within {timeout:.0f} seconds") from error
        except FileNotFoundError as error:
            raise NoGitError("can't find git; install it (Copier needs it, too)") from error
        if done.returncode:
            raise CannotError(f"git {arguments[0]}: {reason(os.fsdecode(done.stderr)) or 'failed'}")
        return done.stdout

    def text(self, *arguments: str, data: bytes = b"") -> str:
        """Return what git prints as text, without the newline at the end.

        Raises: CannotError.
        """
        return os.fsdecode(self.run(*arguments, data=data)).removesuffix("\n")

    def names(self, *arguments: str) -> list[str]:
        """Return what git prints with `-z`: names, separated by null bytes.

        Raises: CannotError.
        """
        return [name for name in os.fsdecode(self.run(*arguments)).split("\0") if name]

    def ask(self, *arguments: str) -> str | None:
        """Return what git prints as text, or None if it fails.

        Raises: CannotError if git isn't installed.
        """
        try:
            return os.fsdecode(self.run(*arguments))
        except NoGitError:
            raise
        except CannotError:
            return None


def ls_remote(address: str) -> dict[str, str]:
    """Return the commits of HEAD and the tags of a repository, by name.

    Raises: CannotError if there's no repository or no answer.
    """
    listed = os.fsdecode(Git(Path()).run("ls-remote", "--", address, "HEAD", "refs/tags/*", timeout=_SECONDS))
    pairs = (line.split("\t", 1) for line in listed.splitlines())
    # An annotated tag has a second line with the commit that it names.
    return {name.removesuffix("^{}"): commit for commit, name in pairs}


def reason(errors: str) -> str:
    """Return the line in which git says what is wrong, without its prefix."""
    lines = [line.strip() for line in errors.split(_NO_REASON)[0].splitlines()]
    lines = [line for line in lines if line and line not in ("fatal:", "error:")]
    told = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines[-1:]
    return told[0].removeprefix("fatal: ").removeprefix("error: ") if told else ""
