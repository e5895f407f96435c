"""How the faults of a manifest name what is written there."""

import re

from startos_wrapper.terminal import shorten

LONGEST_WORD = 40
LONGEST_SHOWN = 60

MERGE = "StartOS doesn't support merge keys, so everything under << has no effect"
MERGE_TODO = "write the keys out, or use an alias (*name) for the whole mapping"


def shown(text: str) -> str:
    """Return a text in one line, cut where it is long."""
    return shorten(" ".join(text[: 4 * LONGEST_SHOWN].split()), LONGEST_SHOWN, "…", kept=LONGEST_SHOWN)


def listed(words: list[str], joined: str = "and") -> str:
    """Return words with commas, and `joined` before the last one."""
    return " ".join([", ".join(words[:-1]), joined, words[-1]]) if len(words) > 1 else words[0]


def kebab(name: str) -> str:
    """Return a key in the manifest's way of writing: sigtermTimeout and sigterm_timeout are sigterm-timeout."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_ ]", "-", name[:LONGEST_WORD]).lower()
