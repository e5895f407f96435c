"""Many files as one text, with a line `=== PATH` before each.

Copier checks out this whole repository for every copy and update, so each file makes both slower.
"""

import os
import re
from pathlib import Path

_NAME = re.compile(r"^=== (.+)\n", re.MULTILINE)
_UNFINISHED = "\n\\ No newline at end of file\n"


def pack(files: dict[str, str]) -> str:
    """Return files, given by path, as one text. Raises: ValueError if a file contains what marks another."""
    text = "".join(f"=== {name}\n{_finished(content)}" for name, content in files.items())
    if unpack(text) != files:
        raise ValueError("a line begins with `===`, or a file ends like one without a last newline")
    return text


def unpack(text: str) -> dict[str, str]:
    """Return the files of a text by path."""
    _, *rest = _NAME.split(text)
    return {name: content.removesuffix(_UNFINISHED) for name, content in zip(rest[::2], rest[1::2], strict=True)}


def write(bundle: Path, folder: Path) -> list[Path]:
    """Write the files of a bundle into a folder, unless they're already there, and return their paths in order.

    Several processes may do this at the same time.
    """
    files = unpack(bundle.read_bytes().decode())
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != text.encode():
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f".{path.name}.{os.getpid()}")
            new.write_bytes(text.encode())
            new.replace(path)
    return sorted(folder / name for name in files)


def _finished(content: str) -> str:
    return content if not content or content.endswith("\n") else content + _UNFINISHED
