"""Words of Dockerfiles and of the commands in them: without quotes, with their places in the file."""

import re
from dataclasses import dataclass

_QUOTE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A word: its text without quotes, and where it stands in the file."""

    text: str
    start: int
    end: int


def word_of(written: str, start: int) -> Word:
    """Return the word that is `written` at the offset `start` of a file, with its place inside quotes around it."""
    text = dequoted(written)
    around = written[0] in "\"'" and written[1:-1] == text
    return Word(text, start + around, start + len(written) - around)


def dequoted(text: str) -> str:
    """Return a word without its quotes and backslashes."""
    if "'" not in text and '"' not in text and "\\" not in text:
        return text
    return _QUOTE.sub(lambda match: next(group for group in match.groups() if group is not None), text)
