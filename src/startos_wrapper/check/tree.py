"""Walk over the files of a wrapper. All walks have a limit, so that a hostile folder can't take minutes."""

import posixpath
from collections.abc import Iterable, Iterator

from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

_WORKFLOWS = ".github/workflows"
# Walks skip these folders and stop after this many files. The folders that authors write contain a few dozen files.
_SKIPPED = {".git", "node_modules", "target", "docker-images"}
_MOST_FILES = 2000
MOST_READ = 400


def walk(wrapper: Wrapper, *folders: str) -> Iterator[str]:
    """Yield the files and symlinks in some folders and their subfolders, one folder after another.

    Symlinks to folders aren't followed.
    """
    submodules = {str(path) for path in wrapper.submodules}
    waiting, left = [posixpath.normpath(folder) for folder in reversed(folders)], _MOST_FILES
    while waiting and left > 0:
        folder = waiting.pop()
        if folder.startswith(("..", "/")) or (wrapper.root / folder).is_symlink():
            continue
        for name in wrapper.listed(folder):
            left -= 1
            path = posixpath.join(folder, name)
            if left < 0 or not name.isprintable() or name in _SKIPPED or path in submodules:
                continue
            if wrapper.is_dir(path) and not (wrapper.root / path).is_symlink():
                waiting.append(path)
            else:
                yield path


def own_files(wrapper: Wrapper) -> Iterator[str]:
    """Yield the files in the wrapper's root and all files in the folders that authors write."""
    for name in wrapper.listed(".")[:_MOST_FILES]:
        if name.isprintable() and wrapper.is_file(name):
            yield name
    yield from walk(wrapper, ".github", wrapper.asset("scripts"), "service", wrapper.asset("assets"))


def scripts(wrapper: Wrapper) -> Iterator[Source]:
    """Yield the source files of the scripts, which embassy.js is built from."""
    files = [file for file in walk(wrapper, wrapper.asset("scripts")) if file.endswith((".ts", ".js"))]
    yield from text_files(wrapper, (file for file in files[:MOST_READ] if not file.endswith("/embassy.js")))


def text_files(wrapper: Wrapper, files: Iterable[str]) -> Iterator[Source]:
    yield from (source for file in files if wrapper.is_file(file) and (source := wrapper.readable(file)))


def workflows(wrapper: Wrapper) -> list[str]:
    names = [name for name in wrapper.listed(_WORKFLOWS) if name.endswith((".yml", ".yaml"))]
    return [f"{_WORKFLOWS}/{name}" for name in names[:MOST_READ]]


def makefiles(wrapper: Wrapper) -> list[str]:
    makefile = wrapper.makefile
    return [each.source.file for each in (makefile, *makefile.included)] if makefile else []
