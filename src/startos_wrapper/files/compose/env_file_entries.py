"""Entries of `env_file`: which files they name, whether these exist, and what they set."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from startos_wrapper.files.compose.compose_model import ComposeError, EnvFile, Node, Variable
from startos_wrapper.files.compose.env_files import read_variables, sample_names
from startos_wrapper.files.compose.reading import Reading


@dataclass(frozen=True)
class EnvFolder:
    """The folder of the compose file, and the folder that nothing is read outside of.

    A stranger's file could name any file of the user, and its variables end up in the answers.
    """

    folder: Path
    root: Path

    def inside(self, name: str) -> Path | None:
        """Return the path of a file, or None if it's outside of the root, also if a symlink leads there."""
        try:
            path = (self.folder / name).resolve()
            return path if path.is_relative_to(self.root.resolve()) and not name.startswith("~") else None
        except (OSError, RuntimeError, ValueError):
            return None

    def shown(self, name: str) -> str:
        """Return a file's path relative to the root, for messages and places."""
        path = self.folder / name
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else name

    def read(self, name: str, given: Mapping[str, str], literal: bool = False) -> list[Variable] | None:
        """Return the variables of a file, or None if there's no such file. Raises: ComposeError."""
        path = self.inside(name)
        return None if path is None else read_variables(path, self.shown(name), given, literal)

    def samples(self, name: str) -> dict[str, list[Variable]]:
        """Return the samples of a file that can be read, by their names, and the best one first."""
        head, slash, last = name.rpartition("/")
        found = {}
        for sample in sample_names(last):
            try:
                variables = self.read(head + slash + sample, {})
            except ComposeError:
                # A sample is for people, and isn't always complete.
                continue
            if variables is not None:
                found[head + slash + sample] = variables
        return found


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
    variables = folder.read(name, reading.interpolation.values, literal) if name else None
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
