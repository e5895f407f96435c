"""Draw a menu as lines of a terminal: what's selected is always visible, and nothing is wider than the terminal."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from wcwidth import wcwidth

from startos_wrapper.new.views import DELETE, RENAME, YAML, Input, Line, Menu
from startos_wrapper.terminal import printable

Styled = tuple[str, str]
Row = list[Styled]
_KEY_NAMES = {DELETE: "Del", YAML: "e", RENAME: "r", " ": "Space"}
_WIDEST_ORIGIN, _WIDEST_NAME = 24, 30
# The pointer, a mark for what's wrong, and the spaces between.
_BETWEEN = 7
_MORE = "..."
_SECOND = "\ue000"


@dataclass
class Cursor:
    """The number of the selected line of a menu, and of the first line that's visible."""

    line: int
    top: int = 0

    def move(self, menu: Menu, steps: int) -> None:
        """Select another line, as far as there are any. One step from the last line leads to the first, and back."""
        known = [number for number, line in enumerate(menu.lines) if line.key is not None]
        if not known:
            return
        at = known.index(self.line) + steps
        self.line = known[at % len(known) if abs(steps) == 1 else min(max(at, 0), len(known) - 1)]


def draw_menu(menu: Menu, cursor: Cursor, columns: int, rows: int) -> list[Row]:
    """Return at most as many rows as the terminal has. Moves the visible part to the selected line."""
    head = [*_heading(menu, columns)]
    selected = menu.lines[cursor.line] if menu.lines else Line()
    foot = [
        *_about(menu, selected, columns, most=max(rows // 4, 1)),
        [("class:keys", _cut(_keys(menu, selected), columns))],
    ]
    # On a tiny terminal, the lines are more important than what's around them.
    head = head[: max(rows - len(foot) - 3, 0)]
    foot = foot[max(len(head) + len(foot) + 1 - rows, 0) :]
    height = max(rows - len(head) - len(foot), 1)
    cursor.top = _top(cursor, len(menu.lines), height)
    visible = range(cursor.top, min(cursor.top + height, len(menu.lines)))
    widths = _widths(menu, columns)
    body = [_row(menu.lines[number], number == cursor.line, widths, columns) for number in visible]
    if cursor.top + height < len(menu.lines):
        body[-1] = body[-1] if cursor.line == visible[-1] else [("class:keys", "  (more below)"[:columns])]
    gap: list[Row] = [[] for _ in range(height - len(body))]
    return [_clipped(row, columns) for row in (*head, *body, *gap, *foot)]


def draw_head(view: Menu | Input, columns: int, rows: int) -> list[Row]:
    """Return the rows above an input: its title and help."""
    return [*_heading(view, columns)][: max(rows // 2, 1)]


def _top(cursor: Cursor, lines: int, height: int) -> int:
    # A line before the selected one and two after it, because the last visible row may say that there are more.
    first = min(cursor.top, max(cursor.line - 1, 0))
    first = max(first, cursor.line + 3 - height)
    return max(min(first, lines - height, cursor.line), 0)


def _heading(view: Menu | Input, columns: int) -> Iterator[Row]:
    yield [("class:title", _cut(view.title, columns))]
    for line in wrapped(view.intro, columns):
        yield [("", line)]
    yield []


def _about(menu: Menu, line: Line, columns: int, most: int) -> list[Row]:
    """Return rows about the selected line: what's wrong, its whole value or origin if that was cut, and its help."""
    fault = line.fault or menu.fault
    rows: list[Row] = [[("class:fault", text)] for text in wrapped(fault, columns)]
    _, values, origins = _widths(menu, columns)
    text = line.value or line.text
    if width(text) > (values if line.value else columns - 4):
        rows += [[("", part)] for part in wrapped(text, columns)]
    if width(line.origin) > origins:
        rows += [[("class:origin", part)] for part in wrapped(line.origin, columns)]
    rows += [[("class:note", text)] for text in wrapped(line.note, columns)]
    if len(rows) > most:
        rows = [*rows[: most - 1], [("class:note", _MORE)]] if most > 1 else rows[:1]
    return [[], *rows] if rows else [[]]


def _keys(menu: Menu, line: Line) -> str:
    enter = menu.enter if line.enter is None else line.enter
    keys = [("Enter", enter), *((_KEY_NAMES.get(key, key), what) for key, what in menu.keys.items())]
    return "  ".join(f"{key} {what}" for key, what in (*keys, ("Esc", "back"), ("Ctrl-C", "leave")) if what)


def _widths(menu: Menu, columns: int) -> tuple[int, int, int]:
    """Return the widths of names, values and origins. Names and origins are as wide as they need to be.

    If there isn't room for everything, long names and origins are cut, too.
    """
    named = [line for line in menu.lines if line.value]
    names = max((width(line.text) + 2 * line.depth for line in named), default=0)
    origins = max((width(line.origin) for line in menu.lines), default=0)
    names = min(names, _WIDEST_NAME, columns // 3)
    texts = (
        width(line.value) or width(line.text) + 2 * line.depth - names
        for line in menu.lines
        if line.value or line.origin
    )
    most = max(min(_WIDEST_ORIGIN, columns // 3), columns // 5)
    origins = min(origins, max(most, columns - names - max(texts, default=0) - _BETWEEN))
    return names, max(columns - names - origins - _BETWEEN, 1), origins


def _row(line: Line, selected: bool, widths: tuple[int, int, int], columns: int) -> Row:
    names, values, origins = widths
    mark = "" if line.chosen is None else "[x] " if line.chosen else "[ ] "
    text = ("> " if selected else "  ") + "  " * line.depth + mark + line.text
    style = "class:pointed" if selected else "class:title" if line.heading else ""
    if not (line.value or line.origin):
        wrong = f"  ({line.fault})" if line.fault else ""
        return (
            [(style, text), ("class:fault", wrong)] if width(text + wrong) < columns else [(style, _cut(text, columns))]
        )
    # A text without a value may take its place.
    most = names + 2 if line.value or line.fault else names + values + 4
    row = [(style, _pad(_cut(text, most), most))]
    if most == names + 2:
        row += [("class:fault", " !" if line.fault else "  "), (style, _pad(_cut(line.value, values), values))]
    return [*row, ("class:origin", f"  {_cut(line.origin, origins)}".rstrip())]


def _clipped(row: Row, columns: int) -> Row:
    """Return what of a row fits the terminal, which only is less than all of it on a tiny one."""
    if sum(width(text) for _, text in row) <= columns:
        return row
    kept: Row = []
    for style, text in row:
        kept.append((style, _cut(text, columns)))
        columns -= width(kept[-1][1])
    return kept


def wrapped(text: str, columns: int) -> list[str]:
    """Return text in lines that fit the terminal. Wide characters count twice."""
    # textwrap counts characters. One that `printable` never returns stands for a wide one's second column. It may
    # begin the next line, so there's a column to spare.
    lines = []
    for paragraph in text.splitlines():
        counted = "".join(letter + _SECOND * (wcwidth(letter) > 1) for letter in printable(paragraph.strip()))
        lines += textwrap.wrap(counted, max(columns - 1, 1), break_on_hyphens=False) or [""]
    return [line.replace(_SECOND, "") for line in lines]


def width(text: str) -> int:
    """Return how many columns a text takes, counted as prompt_toolkit does."""
    return len(text) if text.isascii() else sum(max(wcwidth(letter), 0) for letter in text)


def _cut(text: str, most: int) -> str:
    """Return text that's at most so many columns wide, with dots at the end if something's missing."""
    if width(text) <= most:
        return text
    kept, used = "", 0
    for letter in text:
        used += max(wcwidth(letter), 0)
        if used > most - len(_MORE):
            break
        kept += letter
    return (kept + _MORE)[: max(most, 0)] if most < len(_MORE) else kept + _MORE


def _pad(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))
