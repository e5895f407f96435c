"""Reading a manifest as the packer does, and where each value stands. S/s9pk/mod.rs:43-62"""

from pathlib import PurePosixPath

from startos_wrapper.files.documents.value import Node, NotADocumentError
from startos_wrapper.files.source import Source

__all__ = ["NotADocumentError", "read_document"]


def read_document(source: Source) -> Node:
    """Return the value of a TOML, YAML or JSON file, by its name's ending.

    Raises NotADocumentError where the OS's own reader stops, and TooLargeError where aliases blow the value up.
    """
    match PurePosixPath(source.file).suffix:
        case ".toml":
            from startos_wrapper.files.documents.from_toml import read
        case ".json":
            from startos_wrapper.files.documents.from_json import read
        case _:
            from startos_wrapper.files.documents.from_yaml import read
    return read(source)
