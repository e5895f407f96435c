"""Rules about the files that the build copies into the image."""

import os
import posixpath
import re
from collections.abc import Iterator
from itertools import islice

from startos_wrapper.check.comes_later import comes_later
from startos_wrapper.check.in_dockerfile import copied_paths, copies, finding, model, short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.builds import builds_of
from startos_wrapper.files.fetched import is_remote
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper

_ARCHIVES = re.compile(r"\.(?:tar|tar\.\w+|t[gbx]z2?|txz|tzst|gz|bz2|xz|zst|lzma)$", re.IGNORECASE)
_MOST_ABSENT = 50


@checks("W612")
def add_for_copy(wrapper: Wrapper) -> Iterator[Finding]:
    """Find ADD where COPY would do the same."""
    dockerfile = model(wrapper)
    for instruction, sources, _ in copies(dockerfile.instructions):
        if instruction.name != "ADD" or {"checksum", "keep-git-dir", "unpack"} & set(instruction.flags):
            continue
        if sources and all(_is_plain(word.text) for word in sources):
            word = Word(instruction.name, instruction.start, instruction.start + len(instruction.name))
            what = f"ADD only copies {short(sources[0].text)} here, but it would also unpack an archive"
            written = dockerfile.source.text[word.start : word.end]
            fix = dockerfile.source.edit(word.start, word.end, "copy" if written.islower() else "COPY")
            yield finding("W612", dockerfile, word, what, "write COPY", (fix,))


def _is_plain(source: str) -> bool:
    """Return whether a source is certainly not remote and not an archive. Variables and patterns can be anything."""
    name = posixpath.basename(source.rstrip("/"))
    if source.startswith("$") or "$" in name or (re.search(r"[*?\[]", name) and not re.search(r"\.\w+$", name)):
        return False
    return not is_remote(source) and not _ARCHIVES.search(name)


@checks("E613")
def absent_source(wrapper: Wrapper) -> Iterator[Finding]:
    """Find files that the build copies, but that don't exist and that nothing in the wrapper makes."""
    dockerfile = model(wrapper)
    builds = builds_of(wrapper)
    if any(build.context != "." for build in builds) or _has_target(wrapper):
        return
    absent = ((word, path, why) for _, word, path in copied_paths(dockerfile) if (why := _why_absent(wrapper, path)))
    for word, path, why in islice(absent, _MOST_ABSENT):
        if not comes_later(wrapper, path):
            what = f"The build stops here: {short(path)} {why}, and nothing in the wrapper makes it"
            yield finding("E613", dockerfile, word, what, "add the file, or remove it from the instruction")


def _has_target(wrapper: Wrapper) -> bool:
    """Return whether the Makefile may build another stage than the last one."""
    return wrapper.makefile is not None and any("--target" in line for line in wrapper.makefile.every_line)


def _why_absent(wrapper: Wrapper, path: str) -> str | None:
    """Return why the build context doesn't contain a file or folder. BuildKit follows links inside of the context."""
    file = wrapper.root / path
    try:
        if not os.path.lexists(file):
            return "doesn't exist"
        if file.exists():
            return None
        return f"is a link to {short(str(file.readlink()))}, which doesn't exist" if file.is_symlink() else None
    except (OSError, ValueError):
        return None


@checks("W614")
def git_folder(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a COPY or ADD of the .git folder."""
    dockerfile = model(wrapper)
    for instruction, sources, _ in copies(dockerfile.instructions):
        for word in sources:
            if re.match(r"(?:\./|/)?\.git(?:/|$)", word.text):
                taken = f"{instruction.name} takes {short(word.text)}"
                what = f"{taken}, so the build needs a full clone, and each commit invalidates the build cache"
                todo = "pass what the build needs from git as a build argument"
                yield finding("W614", dockerfile, word, what, todo)
