"""Give the author's variables other names where startos.mk has variables with the same names."""

import re
from collections.abc import Collection, Iterable

_PREFIX = "MY_"


def clashes(text: str, names: Iterable[str]) -> list[str]:
    """Return the names that a Makefile's text assigns or refers to, of those given."""
    return [name for name in names if _references(name).search(text)]


def renamed(text: str, names: Iterable[str], taken: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return the text with other names for some variables, and the new names. `taken` are names in use."""
    found: dict[str, str] = {}
    for name in names:
        new = f"{_PREFIX}{name}"
        while new in taken:
            new += "_"
        text = _references(name).sub(lambda match, new=new: match[1] + new, text)  # type: ignore[misc]
        found[name] = new
    return text, found


def _references(name: str) -> re.Pattern[str]:
    """Return a pattern for everything in a Makefile that refers to a variable. Group 1 is what's before its name."""
    escaped = re.escape(name)
    before = (
        r"\$[({]",
        r"\$[({](?:call|value|origin|flavor)\s+",
        r"^[ ]*ifn?def[ ]+",
        r"^[ ]*(?:(?:export|override|unexport|define)[ ]+)+",
        r"^[ ]*(?=[\w.-]+\s*(?::{0,3}|[?+!])=)",
        r"^[^\t#=\n][^#=\n]*:[ \t]*(?:(?:export|override|private)[ \t]+)*(?=[\w.-]+\s*(?::{0,3}|[?+])=)",
    )
    return re.compile(rf"({'|'.join(before)}){escaped}(?![\w.-])", re.MULTILINE)
