"""Helpers for the texts of faults."""

import re

from startos_wrapper.terminal import shorten

LONGEST_WORD = 40
LONGEST_SHOWN = 60

MERGE = "StartOS doesn't support merge keys, so everything under << has no effect"
MERGE_TODO = "write the keys out, or use an alias (*name) for the whole mapping"


def shown(text: str) -> str:
    """Return a text on one line, shortened if it's long."""
    return shorten(" ".join(text[: 4 * LONGEST_SHOWN].split()), LONGEST_SHOWN, "…", kept=LONGEST_SHOWN)


def listed(words: list[str], joined: str = "and") -> str:
    """Join words with commas, and with `joined` before the last word."""
    return " ".join([", ".join(words[:-1]), joined, words[-1]]) if len(words) > 1 else words[0]


def kebab(name: str) -> str:
    """Convert a key to kebab-case: sigtermTimeout and sigterm_timeout become sigterm-timeout."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_ ]", "-", name[:LONGEST_WORD]).lower()
