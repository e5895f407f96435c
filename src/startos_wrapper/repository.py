"""A local git repository of the template: which commit it's at, and which address serves others."""

import os
from functools import cached_property
from pathlib import Path

from startos_wrapper.files.template_source import for_copier, is_address
from startos_wrapper.git_command import Git


class Repository:
    """The git repository with a template in its top folder."""

    def __init__(self, folder: Path) -> None:
        """Look at a folder. `folder` is absolute afterwards."""
        self.folder = Path(os.path.realpath(folder))

    @property
    def exists(self) -> bool:
        """Whether the folder is the top folder of a git repository with a commit, or a bare one."""
        if self.is_bare:
            return bool(self.describe("HEAD"))
        top = self._git("rev-parse", "--show-toplevel")
        return top is not None and Path(os.path.realpath(top)) == self.folder and bool(self.describe("HEAD"))

    @cached_property
    def is_bare(self) -> bool:
        """Whether the folder has a repository's data, as on a server or in `.git`, instead of files."""
        return self._git("rev-parse", "--is-inside-git-dir") == "true"

    def has(self, file: str) -> bool:
        """Return whether the last commit has a file."""
        return self._git("cat-file", "-e", f"HEAD:{file}") is not None

    def describe(self, ref: str) -> str | None:
        """Return what Copier records for a tag, branch or commit, or None if there's no such commit."""
        commit = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return self._git("describe", "--tags", "--always", commit) if commit else None

    @property
    def has_releases(self) -> bool:
        """Whether there's a tag such as v1.0.0. Without one, Copier takes the last commit."""
        return bool(self._git("tag", "--list", "v[0-9]*", "[0-9]*"))

    @property
    def dirty(self) -> bool:
        """Whether files differ from the last commit. Copier would commit them in a temporary clone."""
        return not self.is_bare and bool(self._git("status", "--porcelain"))

    def address(self, ref: str) -> str | None:
        """Return the address of `origin` if it's on a server and has the commit `ref`, as far as git knows."""
        # Not `git remote get-url`, which replaces it according to the user's own git config.
        url = self._git("config", "--get", "remote.origin.url")
        if not url or not is_address(url):
            return None
        held = self._git("for-each-ref", "--count=1", "--contains", ref, "--format=%(refname)", "refs/remotes/origin")
        return for_copier(url) if held else None

    def _git(self, *arguments: str) -> str | None:
        """Return the output of git, or None if it fails.

        Raises: CannotError if git isn't installed.
        """
        output = Git(self.folder).ask(*arguments)
        return None if output is None else output.strip()
