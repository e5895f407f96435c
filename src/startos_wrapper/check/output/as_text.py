"""Format findings for a terminal: place, code and message, the line with a caret, and what to do."""

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
# We don't use Rich because importing it takes 40 ms.
_COLORS = {"place": "1", "error": "1;31", "warning": "1;33", "frame": "1;34", "clean": "1;32"}

_Paint = Callable[[str, str], str]


def as_text(report: Report, color: bool = False) -> str:
    """Return a block for each finding, a line for each fix, a line per rule for a long list, and a summary line."""
    paint = _colored if color else _plain
    parts = [_block(report, finding, paint) for finding in report.findings]
    if report.fixed:
        parts.append("\n".join(f"{_head(report, f, paint)} fixed: {message(f.what)}" for f in report.fixed))
    if len(report.findings) > _LONG_LIST:
        parts.append("\n".join(_per_rule(report, paint)))
    parts.append(paint(report.summary(), "error" if report.errors else "warning" if report.warnings else "clean"))
    return "\n\n".join(parts) + "\n"


def _per_rule(report: Report, paint: _Paint) -> Iterator[str]:
    """Yield a line per rule with the number of its findings: errors first, then the most frequent."""
    from startos_wrapper.check.rule_docs import rule_doc

    counts = Counter(finding.code for finding in report.findings)
    for code, count in sorted(counts.items(), key=lambda each: (not is_error(each[0]), -each[1], each[0])):
        title = shorten(rule_doc(code).title, _WIDTH - 12, "…")
        yield f"{count:5}  {paint(code, severity(code))} {title}"


def _plain(text: str, _: str) -> str:
    return text


def _colored(text: str, style: str) -> str:
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m"


def _head(report: Report, finding: Finding, paint: _Paint) -> str:
    place = finding.place
    where = f"{printable(report.path(place.file))}:{place.line}:{place.column}:"
    return f"{paint(where, 'place')} {paint(finding.code, severity(finding.code))}"


def _block(report: Report, finding: Finding, paint: _Paint) -> str:
    lines = [f"{_head(report, finding, paint)} {message(finding.what)}"]
    margin = "  "
    line = report.line_of(finding.place)
    if line is not None:
        number = f"  {finding.place.line} "
        margin = " " * len(number)
        text, before, marked = _excerpt(line, finding.place)
        lines.append(f"{paint(number + '|', 'frame')} {text}".rstrip())
        lines.append(f"{paint(margin + '|', 'frame')} {' ' * before}{paint('^' * marked, severity(finding.code))}")
    lines.append(f"{paint(margin + '=', 'frame')} {message(finding.todo)}")
    return "\n".join(lines)


def _excerpt(line: str, place: Place) -> tuple[str, int, int]:
    """Return the visible part of a line, its width before the place, and the width of the place."""
    column = place.column - 1
    start = max(0, min(column - _BEFORE, len(line) - _LONGEST_LINE))
    end = min(len(line), start + _LONGEST_LINE)
    stop = min(end, column + place.length)
    before = ("…" if start else "") + printable(line[start:column])
    marked = printable(line[column:stop])
    after = printable(line[stop:end]) + ("…" if end < len(line) else "")
    return before + marked + after, _width(before), max(1, _width(marked))


def _width(text: str) -> int:
    """Return how many terminal columns a text takes up."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)
