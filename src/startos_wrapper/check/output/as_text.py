"""Format findings for a terminal: place, code and message, the line with a caret, and what to do."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from startos_wrapper.check.output.report import Report, message, severity
from startos_wrapper.check.registry import Finding, is_error
from startos_wrapper.files.source import Place
from startos_wrapper.terminal import printable, shorten

# Lines longer than this are cut around the caret, with up to _BEFORE characters before it.
_LONGEST_LINE = 160
_BEFORE = 60
# Lists of more findings don't fit on a screen.
_LONG_LIST, _WIDTH = 10, 80
# On a narrower terminal, lines wrap.
_NARROWEST = 40
_COMMAND = re.compile("`[^`]+`")
# We don't use Rich because importing it takes 40 ms.
_COLORS = {"place": "1", "error": "1;31", "warning": "1;33", "frame": "1;34", "clean": "1;32"}

_Paint = Callable[[str, str], str]


def as_text(report: Report, color: bool = False, width: int | None = None) -> str:
    """Return a block for each finding, a line for each fix, a line per rule for a long list, and a summary line.

    With `width`, the columns of a terminal, texts wrap between words, and lines of files are cut around the caret.
    """
    paint = _colored if color else _plain
    if width is not None:
        # Some terminals wrap already after a character in the last column.
        width = max(width, _NARROWEST) - 1
    parts = [_block(report, finding, paint, width) for finding in report.findings]
    if report.fixed:
        parts.append("\n".join(_headline(report, each, f"fixed: {each.what}", paint, width) for each in report.fixed))
    if len(report.findings) > _LONG_LIST:
        parts.append("\n".join(_per_rule(report, paint, width)))
    parts.append(paint(report.summary(), "error" if report.errors else "warning" if report.warnings else "clean"))
    return "\n\n".join(parts) + "\n"


def _per_rule(report: Report, paint: _Paint, width: int | None) -> Iterator[str]:
    """Yield a line per rule with the number of its findings: errors first, then the most frequent."""
    from startos_wrapper.check.rule_docs import rule_doc

    counts = Counter(finding.code for finding in report.findings)
    for code, count in sorted(counts.items(), key=lambda each: (not is_error(each[0]), -each[1], each[0])):
        title = shorten(rule_doc(code).title, min(width or _WIDTH, _WIDTH) - 12, "…")
        yield f"{count:5}  {paint(code, severity(code))} {title}"


def _plain(text: str, _: str) -> str:
    return text


def _colored(text: str, style: str) -> str:
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m"


def _headline(report: Report, finding: Finding, text: str, paint: _Paint, width: int | None) -> str:
    place = finding.place
    where, code = f"{printable(report.path(place.file))}:{place.line}:{place.column}:", finding.code
    first, begin = f"{paint(where, 'place')} {paint(code, severity(code))}", _width(where) + len(code) + 2
    if width is not None and begin > width // 2 and begin + len(text) > width:
        return f"{first}\n  {_wrapped(message(text), 2, 2, width)}"
    return f"{first} {_wrapped(message(text), begin, 2, width)}"


def _wrapped(text: str, first: int, indent: int, width: int | None) -> str:
    """Wrap a text that begins in the column `first`, and indent its other lines. Commands stay on one line."""
    if width is None:
        return text
    import textwrap

    whole = _COMMAND.sub(lambda match: match[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(
        whole, width, initial_indent=" " * first, subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(lines)[first:].replace("\0", " ")


def _block(report: Report, finding: Finding, paint: _Paint, width: int | None) -> str:
    lines = [_headline(report, finding, finding.what, paint, width)]
    margin = "  "
    line = report.line_of(finding.place)
    if line is not None:
        number = f"  {finding.place.line} "
        margin = " " * len(number)
        text, before, marked = _excerpt(line, finding.place, width and width - len(margin) - 2)
        lines.append(f"{paint(number + '|', 'frame')} {text}".rstrip())
        lines.append(f"{paint(margin + '|', 'frame')} {' ' * before}{paint('^' * marked, severity(finding.code))}")
    todo = _wrapped(message(finding.todo), len(margin) + 2, len(margin) + 2, width)
    lines.append(f"{paint(margin + '=', 'frame')} {todo}")
    return "\n".join(lines)


def _excerpt(line: str, place: Place, width: int | None) -> tuple[str, int, int]:
    """Return the visible part of a line, its width before the place, and the width of the place."""
    column = place.column - 1
    start = max(0, min(column - _BEFORE, len(line) - _LONGEST_LINE))
    end = min(len(line), start + _LONGEST_LINE)
    stop = min(end, column + place.length)
    before = ("…" if start else "") + printable(line[start:column])
    marked = printable(line[column:stop])
    after = printable(line[stop:end]) + ("…" if end < len(line) else "")
    if width is not None:
        before, marked, after = _cut(before, marked, after, width)
    return before + marked + after, _width(before), max(1, _width(marked))


def _cut(before: str, marked: str, after: str, width: int) -> tuple[str, str, str]:
    """Cut what's before and after the marked text to a width. If that isn't enough, cut the marked text, too."""
    # A caret behind the last character needs a column as well.
    marked_width = max(1, _width(marked))
    left = max(width - marked_width, 0)
    # What's before says which key or command this is, so it gets most of the room.
    behind = min(_width(after), left // 4)
    before = _shortened(before[::-1], max(left - behind, min(8, width)))[::-1]
    if _width(before) + marked_width > width:
        return before, _shortened(marked + after, width - _width(before)), ""
    return before, marked, _shortened(after, width - _width(before) - marked_width)


def _shortened(text: str, width: int) -> str:
    """Cut the end of a text to a width, with an ellipsis."""
    if _width(text) <= width:
        return text
    kept = text[: max(width - 1, 0)]
    while kept and _width(kept) >= width:
        kept = kept[:-1]
    return f"{kept}…" if width > 0 else ""


def _width(text: str) -> int:
    """Return how many terminal columns a text takes up."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)
