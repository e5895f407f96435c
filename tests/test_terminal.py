"""Text for people: truncation, and escaping of what a terminal would interpret."""

import io

import pytest

from startos_wrapper.terminal import is_terminal, printable, shorten, well_formed


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, é and 漢", "plain, é and 漢"),
        ("a\x1b[31m\nb", "a\\x1b[31m\\nb"),
        ("\u202eabc\xa0", "\\u202eabc\\xa0"),
        ("\udcff\U000e0001", "\\udcff\\U000e0001"),
        ("a\\b'c", "a\\b'c"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text: str, escaped: str) -> None:
    assert printable(text) == escaped
    assert printable(text).isprintable()


def test_a_mark_stands_for_what_cannot_be_printed() -> None:
    assert printable("a\nb\udcff", "?") == "a?b?"
    assert printable("plain", "?") == "plain"


def test_halves_of_surrogate_pairs_become_a_mark() -> None:
    assert well_formed("a\udcff\ud83d é \U0001f600") == "a\ufffd\ufffd é \U0001f600"


def test_text_is_cut_to_a_length() -> None:
    assert [shorten("x" * length, 10) for length in (9, 10, 11)] == ["x" * 9, "x" * 10, "x" * 7 + "..."]
    assert [shorten("x" * length, 10, "…") for length in (10, 11)] == ["x" * 10, "x" * 9 + "…"]
    assert [shorten("x" * length, 10, "…", kept=10) for length in (10, 11)] == ["x" * 10, "x" * 10 + "…"]


def test_what_is_closed_or_no_file_is_no_terminal() -> None:
    closed = io.StringIO()
    closed.close()
    assert not any(is_terminal(stream) for stream in (None, closed, io.StringIO()))
