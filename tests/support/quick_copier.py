"""Let Copier do in this process what it does anyway, in less time.

- It parses YAML with libyaml. PyYAML's own parser, which takes ten times as long, is a third of a copy. It parses the same
  text once.
- It looks for git once for each PATH, and asks git once per copy whether it ignores modes, instead of before each file.
- It doesn't ask git whether a folder is a bundle, which takes a new repository.
- It checks out a commit of a template once. The next time, it gets a copy of that.

Tests that start `copier` or `startos-wrapper` as a process have none of this.
"""

import contextlib
import os
import pickle
import shutil
import subprocess
import tempfile
import types
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import copier._main
import copier._template
import copier._user_data
import copier._vcs
import yaml
from jinja2_ansible_filters import core_filters  # type: ignore[import-untyped]

from startos_wrapper.data import loader


@contextlib.contextmanager
def quick_copier(folder: Path) -> Iterator[None]:
    """Make Copier quick in this process. `folder` keeps the checkouts of templates."""
    with contextlib.ExitStack() as stack:
        for module in (copier._template, copier._user_data, core_filters):
            stack.enter_context(mock.patch.object(module, "yaml", _libyaml()))
        stack.enter_context(mock.patch.object(copier._main, "is_git_available", _has_git))
        modes = copier._main.Worker._sync_git_index_executable_bit
        stack.enter_context(
            mock.patch.object(copier._main.Worker, "_sync_git_index_executable_bit", _only_if_modes_are_ignored(modes))
        )
        bundle = copier._vcs.is_git_bundle
        stack.enter_context(
            mock.patch.object(copier._vcs, "is_git_bundle", lambda path: not path.is_dir() and bundle(path))
        )
        stack.enter_context(mock.patch.object(copier._template, "clone", _Checkouts(folder)))
        yield


def _libyaml() -> types.ModuleType:
    """Return a module like `yaml` that parses with libyaml by default, and the same text once."""
    module = types.ModuleType("yaml")
    vars(module).update(vars(yaml))
    quick: Any = module
    quick.SafeLoader = loader()
    quick.safe_load = _load
    quick.load_all = _load_all
    quick.safe_load_all = lambda stream: yaml.load_all(stream, loader())
    return module


def _load(stream: Any) -> Any:
    if not isinstance(stream, str):
        return yaml.load(stream, loader())
    documents = pickle.loads(_parsed(stream))
    return documents[0] if len(documents) == 1 else yaml.load(stream, loader())


def _load_all(stream: Any, Loader: Any) -> Any:
    # What a file includes isn't in its text.
    if isinstance(stream, bytes) and b"!include" not in stream:
        return pickle.loads(_parsed(stream))
    return yaml.load_all(stream, Loader)


@lru_cache(maxsize=5000)
def _parsed(text: str | bytes) -> bytes:
    """Return the documents in a text. Copier changes some, so each caller gets its own."""
    return pickle.dumps(list(yaml.load_all(text, loader())))


def _only_if_modes_are_ignored(original: Any) -> Any:
    """Return Copier's method for repositories that ignore modes, which asks git only once per copy."""

    def sync(self: Any, *arguments: Any) -> None:
        if "ignores_modes" not in vars(self):
            setting = _git(self.subproject.local_abspath, "config", "--type=bool", "--get", "core.fileMode")
            object.__setattr__(self, "ignores_modes", setting == "false\n")
        if self.ignores_modes:
            original(self, *arguments)

    return sync


class _Checkouts:
    """Copier's function that clones a template, which is called once for each state of a repository on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._original = folder, copier._vcs.clone
        self._kept: dict[tuple[str, str, str], Path] = {}

    def __call__(self, url: str, ref: str = "HEAD", location: str | None = None) -> str:
        # Of a HEAD, it also takes what isn't committed.
        refs = _git(Path(url), "for-each-ref") if ref != "HEAD" and Path(url).is_dir() else None
        if refs is None or location is None:
            return self._original(url, ref, location)
        key = (url, ref, refs)
        if key not in self._kept:
            kept = Path(tempfile.mkdtemp(dir=self._folder))
            self._original(url, ref, str(kept))
            self._kept[key] = kept
        # Links, because neither Copier nor git changes a file in place.
        shutil.copytree(self._kept[key], location, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
        return location


def _has_git() -> bool:
    return _in_path(os.environ.get("PATH"))


@cache
def _in_path(path: str | None) -> bool:
    return shutil.which("git", path=path) is not None


def _git(folder: Path, *arguments: str) -> str | None:
    """Return git's output, or None if it fails or is missing."""
    if not _has_git():
        return None
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout
