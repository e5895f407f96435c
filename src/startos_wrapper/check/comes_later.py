"""Whether a file that doesn't exist yet comes from a build."""

import contextlib
import fnmatch
import re
from functools import lru_cache
from itertools import islice

from startos_wrapper.check.tree import workflows
from startos_wrapper.files.source import TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

_MOST_SCRIPTS = 30
_LARGEST_SCRIPT = 100_000
_RULE = re.compile(r"^[^\t\n#=:]+:[^=\n]*$", re.MULTILINE)


def comes_later(wrapper: Wrapper, path: str) -> bool:
    """Return whether a build can make a file: Makefile or scripts name it, git ignores it, or it's in a submodule."""
    parts = path.split("/")[:20]
    names = {"/".join(parts[: count + 1]) for count in range(len(parts))} | {parts[-1]}
    plain, patterns = _ignored(wrapper)
    if wrapper.made(path) or names & plain or any(fnmatch.fnmatch(name, each) for each in patterns for name in names):
        return True
    mentioned = {parts[-1].encode(), parts[0].encode()} - {b"scripts", b"assets"}
    return any(name in text for text in _builders(wrapper) for name in mentioned)


@lru_cache(maxsize=1)
def _ignored(wrapper: Wrapper) -> tuple[set[str], list[str]]:
    """Return the paths in .gitignore, and up to 100 of its patterns."""
    source = wrapper.readable(".gitignore")
    lines = {line.strip().removeprefix("/").rstrip("/") for line in source.lines} - {""} if source else set()
    patterns = {line for line in lines if re.search(r"[*?\[]", line)}
    return lines - patterns, list(islice(patterns, 100))


@lru_cache(maxsize=1)
def _builders(wrapper: Wrapper) -> list[bytes]:
    """Return the texts of the files that can make others: the Makefile, workflows, scripts in the root and scripts/."""
    names = [name for name in wrapper.listed(".") if name.endswith((".sh", ".mk"))]
    names += [f"scripts/{name}" for name in wrapper.listed("scripts") if name.endswith(".sh")]
    names += workflows(wrapper)
    # Without the lines of targets and prerequisites: a mere prerequisite isn't made by its rule.
    found = [_RULE.sub("", wrapper.makefile.text).encode()] if wrapper.makefile else []
    for name in names[:_MOST_SCRIPTS]:
        with contextlib.suppress(TooLargeError, UnreadableError):
            found.append(read_bytes(wrapper.root / name, _LARGEST_SCRIPT) or b"")
    return found
