"""Text for people: everything that a terminal would obey is written out."""

import os
import re
import sys

PROGRAM = "startos-wrapper"

_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str, mark: str | None = None) -> str:
    """Return text in which every character that a terminal would obey, or can't show, is escaped as in Python.

    These are control characters, formats such as those that turn the direction of writing, separators other than the
    space, halves of surrogate pairs and unassigned characters. With a `mark`, the mark replaces each of them instead.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else mark or ascii(letter)[1:-1] for letter in text)


def well_formed(text: str) -> str:
    """Return text with U+FFFD in place of halves of surrogate pairs, which UTF-8 can't hold."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def shorten(text: str, most: int, ellipsis: str = "...", kept: int | None = None) -> str:
    """Return text of at most `most` characters as it is, and longer text cut, with an ellipsis at its end.

    `kept` characters are left of a longer text; by default as many as fit `most` together with the ellipsis.
    """
    if len(text) <= most:
        return text
    return text[: most - len(ellipsis) if kept is None else kept] + ellipsis


def print_text(text: str) -> None:
    """Print text to standard output in UTF-8, whatever the terminal's encoding. A closed pipe is no error."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(*lines: str) -> None:
    """Print an error to standard error, after the program's name."""
    print(f"{PROGRAM}:", "\n".join(map(printable, lines)), file=sys.stderr)


def has_colors() -> bool:
    """Return whether standard output shows colors. https://no-color.org, https://force-color.org"""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
