"""The lines of the text report: one for each step, and more below a failure."""

import shlex
import textwrap
from collections.abc import Callable, Iterator, Sequence

from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.outcome import Status, StepFailedError, StepResult
from startos_wrapper.terminal import printable, shorten

_WIDTH = 80
# The status, the step and the seconds, with spaces between them.
_NAME, _MARGIN = 12, 28
_LOG_LINES = 20
_LONGEST_LINE = 500
# Only a hostile manifest has longer ones.
_LONGEST_COMMAND = 8000
_COLORS = {Status.OK: "1;32", Status.FAILED: "1;31", Status.SKIPPED: "1;34"}
_WARNING = "1;33"
Paint = Callable[[str, str], str]


def plain(text: str, _: str) -> str:
    """Return text without colors."""
    return text


def colored(text: str, code: str) -> str:
    """Return text in a color."""
    return f"\x1b[{code}m{text}\x1b[0m"


def where(place: Place | None) -> str:
    """Return a place as ` (file:line)`, or nothing."""
    return f" ({place.file}:{place.line})" if place else ""


def duration(seconds: float) -> str:
    """Return seconds as people say it, e.g. `1 min 20 s`."""
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{seconds:.1f} s"


def step_lines(result: StepResult, paint: Paint = plain) -> Iterator[str]:
    """Yield the lines of a step."""
    seconds = "" if result.status is Status.SKIPPED else f"{result.seconds:.1f} s"
    head = f"{result.status.value:<6}{result.step:<{_NAME}}{seconds:>8}  "
    message = result.message + (where(result.failure.place) if result.failure else "")
    yield from _wrapped(head, message, paint, _COLORS[result.status])
    if result.failure:
        yield from _details(result.failure)
    for text, place in result.warnings:
        yield from _wrapped(f"{'warn':<{_MARGIN}}", text + where(place), paint, _WARNING)


def _wrapped(head: str, text: str, paint: Paint, color: str) -> Iterator[str]:
    lines = textwrap.wrap(printable(text), _WIDTH - _MARGIN, break_on_hyphens=False) or [""]
    status, rest = head[:6].rstrip(), head[6:]
    yield f"{paint(status, color)}{' ' * (6 - len(status))}{rest}{lines[0]}".rstrip()
    for line in lines[1:]:
        yield " " * _MARGIN + line


def _details(failure: StepFailedError) -> Iterator[str]:
    outcome = failure.outcome
    if outcome:
        for number, line in enumerate(command_lines(outcome.command, _WIDTH - 15)):
            yield f"      {'command' if number == 0 else '':<9}{line}"
        ended = "printed too much" if outcome.is_flood else "none" if outcome.code is None else str(outcome.code)
        yield f"      exit     {ended} after {duration(outcome.seconds)}"
    errors = outcome.errors.strip() if outcome else ""
    # The log of a procedure is what it printed.
    if errors not in failure.log:
        yield from _excerpt("stderr", errors.splitlines())
    yield from _excerpt("log", failure.log.splitlines())
    if failure.todo:
        lines = textwrap.wrap(printable(failure.todo), _WIDTH - 15, break_on_hyphens=False)
        for number, line in enumerate(lines):
            yield f"      {'do' if number == 0 else '':<9}{line}"


def command_lines(command: str, width: int) -> Iterator[str]:
    """Yield the lines of a command, which a shell can run. A line is longer than the width if a word is."""
    line = ""
    for word in _words(shorten(command, _LONGEST_COMMAND, "…")):
        if line and len(line) + len(word) + 3 > width:
            yield f"{line} \\"
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        # It was cut off in the middle of a word.
        words = [command]
    return [shlex.quote(word) if word.isprintable() else f"$'{_escaped(word)}'" for word in words]


def _escaped(word: str) -> str:
    """Return the inside of a $'…' of bash and zsh: everything on one line."""
    return printable(word.replace("\\", "\\\\").replace("'", "\\'"))


def _excerpt(name: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines[-_LOG_LINES:]):
        shown = shorten(printable(line.expandtabs()), _LONGEST_LINE, "…")
        yield f"      {name if number == 0 else '':<9}| {shown}".rstrip()


def summary(results: Sequence[StepResult]) -> str:
    """Return the last line."""
    failed = sum(result.status is Status.FAILED for result in results)
    played = sum(result.status is not Status.SKIPPED for result in results)
    skipped = len(results) - played
    more = f", {skipped} skipped" if skipped else ""
    took = duration(sum(result.seconds for result in results))
    if failed:
        return f"{failed} of {len(results)} steps failed{more} in {took}"
    return f"{played} step{'' if played == 1 else 's'} passed{more} in {took}"


def not_shown_lines(unshown: Sequence[str]) -> Iterator[str]:
    """Yield the lines that say what only a server shows."""
    for number, text in enumerate(unshown):
        head = f"{'not shown' if number == 0 else '':<11}"
        yield from textwrap.wrap(printable(text), _WIDTH, initial_indent=head, subsequent_indent=" " * 13)
