"""What `start-sdk pack` can't pack in the folder of an assets volume.

It follows links, opens every other file and stops at the first error. tokio-tar src/builder.rs (append_dir_all)
"""

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from startos_wrapper.check.packing import exists, kind_of
from startos_wrapper.files.wrapper import Wrapper

_MOST_FILES = 2000
# Nobody nests folders as deep, and links can make any folder as deep.
_DEEPEST = 40


def unpackable(wrapper: Wrapper, folder: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each file that stops the packer, and what is wrong with it."""
    for path, is_circle in islice(_walk(wrapper, folder), _MOST_FILES):
        problem = "links to a folder that contains it" if is_circle else _problem(wrapper.root / path)
        if problem and not wrapper.made(path):
            yield path, problem


def _walk(wrapper: Wrapper, folder: str) -> Iterator[tuple[str, bool]]:
    """Yield everything in a folder and the folders that links lead to, and whether such a folder is one above."""
    waiting: list[tuple[str, tuple[Path, ...]]] = [(folder, ())]
    while waiting:
        here, above = waiting.pop()
        above = (*above, Path(os.path.realpath(wrapper.root / here)))
        for name in wrapper.listed(here):
            path = f"{here}/{name}"
            is_folder = wrapper.is_dir(path)
            real = os.path.realpath(wrapper.root / path)
            is_circle = is_folder and any(each.is_relative_to(real) for each in above)
            yield path, is_circle
            if is_folder and not is_circle and len(above) < _DEEPEST:
                waiting.append((path, above))


def _problem(path: Path) -> str | None:
    if not exists(path):
        return f"is {kind_of(path)}"
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        return "isn't readable"
    mode = path.stat().st_mode
    return f"is {kind_of(path)}" if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode) else None
