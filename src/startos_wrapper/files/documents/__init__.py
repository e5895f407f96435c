"""Parse YAML, TOML and JSON as `start-sdk pack` does, with the position of each value. S/s9pk/mod.rs:43-62"""

from pathlib import PurePosixPath

from startos_wrapper.files.documents.value import Node, NotADocumentError
from startos_wrapper.files.source import Source

__all__ = ["NotADocumentError", "read_document"]


def read_document(source: Source) -> Node:
    """Parse a TOML, JSON or YAML file. The file extension decides the format, and YAML is the default.

    Raises: NotADocumentError if the parser in StartOS rejects the file, TooLargeError if aliases expand to too much.
    """
    match PurePosixPath(source.file).suffix:
        case ".toml":
            from startos_wrapper.files.documents.from_toml import read
        case ".json":
            from startos_wrapper.files.documents.from_json import read
        case _:
            from startos_wrapper.files.documents.from_yaml import read
    return read(source)
