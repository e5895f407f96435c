"""Entries of `env_file`: which files they name, whether these exist, and what they set."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from startos_wrapper.files.compose.compose_model import ComposeError, EnvFile, Node, Variable
from startos_wrapper.files.compose.env_files import read_variables, sample_names
from startos_wrapper.files.compose.reading import Reading


class EnvFolder:
    """The folder of the compose file, and the root, the folder that nothing is read outside of.

    A stranger's file could name any file of the user, and its variables would end up in the answers.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        """Store the folders."""
        self._folder = folder
        self._root = root
        self._inside: dict[str, Path | None] = {}
        self._listed: dict[Path, frozenset[str]] = {}
        # Many services name the same file.
        self._known: dict[tuple[Path, bool], list[Variable] | None] = {}
        self._samples: dict[tuple[Path, str], dict[str, list[Variable]]] = {}

    @cached_property
    def _real_root(self) -> Path:
        return self._root.resolve()

    def inside(self, name: str) -> Path | None:
        """Return the real path of a file, or None if it's outside of the root, also if a symlink leads there."""
        if name not in self._inside:
            self._inside[name] = None if name.startswith("~") else self._resolved(name)
        return self._inside[name]

    def _resolved(self, name: str) -> Path | None:
        try:
            path = (self._folder / name).resolve()
        except (OSError, RuntimeError, ValueError):
            return None
        return path if path.is_relative_to(self._real_root) else None

    def shown(self, name: str) -> str:
        """Return a file's path relative to the root, for messages and places."""
        path, root = (Path(os.path.normpath(path)) for path in (self._folder / name, self._root))
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else name

    def read(self, name: str, given: Mapping[str, str]) -> list[Variable] | None:
        """Return the variables of a file, or None if there's no such file. Raises: ComposeError."""
        path = self.inside(name)
        return None if path is None else read_variables(path, self.shown(name), given)

    def read_entry(self, name: str, given: Mapping[str, str], literal: bool) -> list[Variable] | None:
        """Return the variables of a file in `env_file`. `given` is the same for all. Raises: ComposeError."""
        path = self.inside(name)
        if path is None:
            return None
        if (path, literal) not in self._known:
            self._known[path, literal] = read_variables(path, self.shown(name), given, literal)
        return self._known[path, literal]

    def samples(self, name: str) -> dict[str, list[Variable]]:
        """Return the samples of a file that can be read, by their names, and the best one first."""
        head, slash, last = name.rpartition("/")
        folder = self.inside(head)
        if folder is None:
            return {}
        if (folder, last) not in self._samples:
            self._samples[folder, last] = self._read_samples(folder, head + slash, last)
        return self._samples[folder, last]

    def _read_samples(self, folder: Path, before: str, name: str) -> dict[str, list[Variable]]:
        found = {}
        for sample in sample_names(name):
            if sample not in self._names(folder):
                continue
            try:
                variables = self.read(before + sample, {})
            except ComposeError:
                # A sample is for people, and isn't always complete.
                continue
            if variables is not None:
                found[before + sample] = variables
        return found

    def _names(self, folder: Path) -> frozenset[str]:
        """Return the names of the files in a folder. Asking for each name would be slow with many entries."""
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(path.name for path in folder.iterdir())
            except OSError:
                self._listed[folder] = frozenset()
        return self._listed[folder]


def read_env_files(folder: EnvFolder, reading: Reading, node: Node, what: str) -> list[EnvFile]:
    """Return the files of a path, or of a list of paths. Raises: ComposeError."""
    items = [node] if node.kind == "text" else reading.items(node, what)
    return [_entry(folder, reading, item, f"each item of {what}") for item in items]


def _entry(folder: EnvFolder, reading: Reading, node: Node, what: str) -> EnvFile:
    path = node.get("path") if node.kind == "map" else node
    if path is None:
        raise reading.error(node.line, f"{what} needs a path")
    name = reading.text(path, what).best
    required, layout = node.get_text("required"), node.get_text("format")
    literal = layout is not None and layout.value == "raw"
    variables = folder.read_entry(name, reading.interpolation.values, literal) if name else None
    samples = folder.samples(name) if variables is None and name else {}
    sample = next(iter(samples), "")
    return EnvFile(
        name,
        variables is not None,
        sample,
        node.line,
        required is None or required.value.lower() != "false",
        bool(name) and folder.inside(name) is None,
        tuple(variables or ()),
        tuple(samples.get(sample, ())),
    )
