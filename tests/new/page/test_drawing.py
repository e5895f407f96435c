"""Drawing: nothing is wider or higher than the terminal, and the selected line is always visible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from startos_wrapper.new.drawing import Cursor, Row, draw_menu, width, wrapped
from startos_wrapper.new.views import Line, Menu
from tests.new.page.person import at_the_page, page_of

SIZES = [(80, 24), (200, 50), (40, 10), (20, 5), (10, 3)]


def text_of(row: Row) -> str:
    return "".join(part for _, part in row)


def drawn(menu: Menu, columns: int, rows: int, at: int | None = None) -> list[str]:
    cursor = Cursor(menu.start if at is None else at)
    return [text_of(row) for row in draw_menu(menu, cursor, columns, rows)]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_every_line_of_the_page_can_be_selected_and_seen(columns: int, rows: int) -> None:
    person, _ = at_the_page({"title": "汉字" * 4, "short_description": "x" * 150, "github_user": "é" * 30})
    cursor = Cursor(person.menu.start)
    for _ in range(2 * len(person.menu.lines)):
        lines = [text_of(row) for row in draw_menu(person.menu, cursor, columns, rows)]
        assert len(lines) <= rows
        assert max(map(width, lines)) <= columns
        assert sum(line.startswith(">") for line in lines) == 1
        cursor.move(person.menu, 1)


def test_a_value_that_was_cut_is_shown_whole_below() -> None:
    person, _ = at_the_page({"short_description": "word " * 25 + "end"})
    at = person.menu.lines.index(person.line("short_description"))
    lines = drawn(person.menu, 80, 24, at)
    row = next(line for line in lines if line.startswith(">"))
    assert row.rstrip().endswith("...  -d")
    assert "end" in " ".join(lines[lines.index(row) + 1 :])


def test_an_origin_is_only_cut_for_a_longer_value() -> None:
    origin = "deploy/docker-compose.production.yml:180"
    menu = Menu("t", (Line(1, "one", "x" * 30, origin), Line(2, "two", "plain", "-d")))
    assert drawn(menu, 120, 10)[2].endswith(f"  {origin}")
    assert drawn(menu, 60, 10)[2].endswith("...")
    unnamed = Menu("t", (Line(1, "a service", "", origin), Line(2, "two", "plain", "-d")))
    assert drawn(unnamed, 120, 10)[2].endswith(f"  {origin}")
    long = Menu("t", (Line(1, "one", "x" * 150, origin),))
    lines = drawn(long, 120, 24)
    assert lines[2].endswith("deploy/docker-compose...")
    assert origin in lines[3:]
    # A line without a value or an origin has the whole width.
    wide = Menu("t", (Line(1, "one", "x", origin), Line(2, "y" * 110)))
    assert drawn(wide, 120, 10)[2].endswith(f"  {origin}")


def test_wide_characters_keep_the_columns_straight() -> None:
    menu = Menu("t", (Line(1, "one", "汉字汉字", "a"), Line(2, "two", "plain", "b")))
    first, second = drawn(menu, 60, 10)[2:4]
    assert width(first.partition("  a")[0]) <= width(second.partition("  b")[0]) + 2
    assert width(first) == width(second)


def test_keys_and_rules_are_below() -> None:
    menu = Menu("t", (Line(1, "one", fault="the rule"),), keys={"delete": "remove"})
    assert drawn(menu, 60, 10)[-2:] == ["the rule", "Enter open  Del remove  Esc back  Ctrl-C leave"]


def test_the_page_begins_with_writing_and_ends_with_what_it_makes() -> None:
    person, _ = at_the_page()
    lines = drawn(person.menu, 200, 50)
    assert lines[2] == "> Write the wrapper"
    assert any("--> /root/.hello-world" in line for line in lines)


@given(st.text(max_size=200), st.integers(1, 90))
def test_wrapped_text_fits(text: str, columns: int) -> None:
    assert all(width(line) <= max(columns, 2) for line in wrapped(text, columns))


def test_moving_wraps_around_and_skips_what_cannot_be_selected() -> None:
    menu = Menu("t", (Line(1, "a"), Line(), Line(text="heading"), Line(2, "b")))
    cursor = Cursor(0)
    cursor.move(menu, 1)
    assert cursor.line == 3
    cursor.move(menu, 1)
    assert cursor.line == 0
    cursor.move(menu, -1)
    assert cursor.line == 3
    cursor.move(menu, -50)
    assert cursor.line == 0


def test_a_hostile_value_moves_no_cursor() -> None:
    page = page_of({"service_id": "a", "base": "golang", "source": "starter", "short_description": "\x1b[2J\u202egnp"})
    menu = next(page.flow())
    assert isinstance(menu, Menu)
    assert not any("\x1b" in line or "\u202e" in line for line in drawn(menu, 80, 24))
