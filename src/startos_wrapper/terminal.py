"""Text for people: everything that a terminal would obey is written out."""

import os
import sys

PROGRAM = "startos-wrapper"


def printable(text: str) -> str:
    """Return text in which every character that a terminal would obey, or can't show, is escaped as in Python."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shorten(text: str, most: int) -> str:
    """Return text cut to at most `most` characters, with an ellipsis at the end if something was cut."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


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
