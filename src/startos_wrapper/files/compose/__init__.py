"""Read compose files as Docker Compose does, and what they say with the line of each value.

`read_compose(path)` is the entry. Nothing here starts a program, asks the network, or depends on StartOS.
"""

from startos_wrapper.files.compose.compose_file import read_compose
from startos_wrapper.files.compose.compose_model import (
    Build,
    Command,
    ComposeError,
    ComposeFile,
    EnvFile,
    Extends,
    Granted,
    Health,
    KeyAt,
    Keys,
    Mount,
    Node,
    NoServicesError,
    Port,
    Service,
    Text,
    Variable,
)

__all__ = [
    "Build", "Command", "ComposeError", "ComposeFile", "EnvFile", "Extends", "Granted", "Health", "KeyAt", "Keys",
    "Mount", "NoServicesError", "Node", "Port", "Service", "Text", "Variable", "read_compose",
]  # fmt: skip
