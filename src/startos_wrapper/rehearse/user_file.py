"""A file with a config or an action's input, which the user names in an option."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from startos_wrapper.errors import CannotError, UsageError
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Key, Node
from startos_wrapper.files.source import Place, Source, TooLargeError, UnreadableError


@dataclass(frozen=True)
class UserFile:
    """A YAML or JSON file whose content is a mapping."""

    path: Path
    source: Source
    document: Node

    @property
    def content(self) -> Any:
        """The mapping without positions."""
        return self.document.plain_value()

    def place(self, keys: Sequence[str]) -> Place:
        """Return the place of the last key or list entry of a path that exists in the file."""
        node: Node = self.document
        found: Key | Node = node
        for name in keys:
            if name in node.fields:
                found, node = node.keys[name], node.fields[name]
            elif name.isdigit() and int(name) < len(node.items):
                found = node = node.items[int(name)]
            else:
                break
        place = self.source.place(found.start, found.end)
        return Place(str(self.path), place.line, place.column, place.length)


def read_user_file(path: Path) -> UserFile:
    """Read a file as StartOS reads YAML: `no` is a text, and so is a date. Raises: UsageError, CannotError."""
    try:
        source = Source(path.name, path.read_bytes())
    except OSError as error:
        raise CannotError(f"{path}: {error.strerror}") from error
    except UnreadableError as error:
        raise UsageError(f"{path}: can't be read: {error}") from error
    try:
        document = read_document(source)
    except NotADocumentError as error:
        raise UsageError(f"{path}:{source.place(error.offset).line}: can't be read: {error}") from error
    except TooLargeError as error:
        raise UsageError(f"{path}: can't be read: {error}") from error
    if not isinstance(document.value, dict):
        raise UsageError(f"{path}: must be a mapping from keys to values, as in the config spec")
    return UserFile(path, source, document)
