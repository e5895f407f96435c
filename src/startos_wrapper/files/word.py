"""Words of Dockerfiles and shell commands: their text without quotes, and their offsets in the file."""

import re
from dataclasses import dataclass

_QUOTE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A word: its text without quotes, and its offsets in the file."""

    text: str
    start: int
    end: int


def word_of(written: str, start: int) -> Word:
    """Return the word that is `written` at the offset `start`. Its offsets leave out quotes that enclose all of it."""
    text = dequoted(written)
    around = written[0] in "\"'" and written[1:-1] == text
    return Word(text, start + around, start + len(written) - around)


def dequoted(text: str) -> str:
    """Return a word without its quotes and backslashes."""
    if "'" not in text and '"' not in text and "\\" not in text:
        return text
    return _QUOTE.sub(lambda match: next(group for group in match.groups() if group is not None), text)
