"""Print text for people, without control characters that would affect the terminal."""

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from startos_wrapper.errors import CannotError

PROGRAM = "startos-wrapper"

_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str, mark: str | None = None) -> str:
    """Return text with every character escaped, as in Python, that affects a terminal or isn't visible.

    These are control characters, format characters such as those that change the writing direction, separators other
    than the space, lone surrogates and unassigned characters. If `mark` is given, it replaces each of them instead.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else mark or ascii(letter)[1:-1] for letter in text)


def well_formed(text: str) -> str:
    """Return text with U+FFFD instead of lone surrogates, which UTF-8 can't encode."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def shorten(text: str, most: int, ellipsis: str = "...", kept: int | None = None) -> str:
    """Return text of at most `most` characters as it is, and cut longer text and add an ellipsis.

    A longer text keeps `kept` characters. By default, as many as fit into `most` together with the ellipsis.
    """
    if len(text) <= most:
        return text
    return text[: most - len(ellipsis) if kept is None else kept] + ellipsis


def ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers as text, e.g. 2-4, 7."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(map(str, each)) for each in found)


def commands_for(folder: Path) -> tuple[str, str]:
    """Return how to run git in a folder, and how to pass the folder to this program, for commands that we print."""
    if folder == Path():
        return "git", ""
    path = shlex.quote(printable(str(folder)))
    return f"git -C {path}", f" {path}"


def print_text(text: str) -> None:
    """Print text to standard output in UTF-8, whatever the terminal's encoding. A closed pipe isn't an error.

    Raises: CannotError, e.g. if the disk is full.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    except OSError as error:
        # Python would write what's left of the text when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise CannotError(f"standard output: {error.strerror or error}") from error


def print_error(*lines: str) -> None:
    """Print an error to standard error, prefixed with the program's name."""
    print(f"{PROGRAM}:", "\n".join(map(printable, lines)), file=sys.stderr)


def has_colors(stream: TextIO | None = None) -> bool:
    """Return whether a stream (default: standard output) shows colors. https://no-color.org, https://force-color.org"""
    if os.environ.get("NO_COLOR"):
        return False
    is_shown = is_terminal(sys.stdout if stream is None else stream)
    return bool(os.environ.get("FORCE_COLOR")) or (is_shown and os.environ.get("TERM") != "dumb")


def is_terminal(*streams: TextIO | None) -> bool:
    """Return whether all streams are a terminal. A closed one is None in Python, or refuses to say."""
    try:
        return all(stream is not None and stream.isatty() for stream in streams)
    except (OSError, ValueError):
        return False


def is_interactive() -> bool:
    """Return whether somebody can be asked, and sees the question."""
    return is_terminal(sys.stdin, sys.stdout)


def open_closed_streams() -> None:
    """Replace standard streams that are closed, as with `<&-`, by empty ones.

    Otherwise, the next file that's opened becomes standard input or output, also of other programs.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                os.fstat(number)
                # Something else has the number by now.
                continue
            # The lowest free number is the one that's missing.
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))  # noqa: SIM115
