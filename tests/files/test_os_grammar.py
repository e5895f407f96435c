"""Every acceptor agrees with the independent oracle and with the known behavior of the OS's libraries."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from startos_wrapper.files.manifest import os_grammar, spec_grammar
from startos_wrapper.files.manifest.jsonpath import jsonpath
from tests.support import oracle_values

MANY = settings(max_examples=1500, deadline=None)


def _accepts(acceptor: Callable[[str], str]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            acceptor(text)
        except ValueError:
            return False
        return True

    return accepts


def texts(pieces: list[str], longest: int = 8) -> st.SearchStrategy[str]:
    """Return texts made of a language's typical pieces, with something else in between now and then."""
    piece = st.sampled_from(pieces)
    other = st.sampled_from([" ", "  ", "\t", "\n", "é", "x", "-", ".", "", "0", ","])
    return st.lists(st.one_of(piece, piece, piece, other), max_size=longest).map("".join)


NUMBERS = ["0", "1", "12", "007", ".", ".", "1.2", "1.2.3", "18446744073709551615", "18446744073709551616"]
RANGES = [
    *NUMBERS, ">=", "<=", "!=", "=", ">", "<", "^", "~", " ", " || ", "||", "(", ")", "*", ".x", "-", " - ", "1.x", "=1.0",
    ">=1.2.3", "(=1 || =2)",
]  # fmt: skip


@MANY
@given(texts(NUMBERS))
def test_versions(text: str) -> None:
    assert os_grammar.version(text) is _accepts(oracle_values.version)(text)


@MANY
@given(texts(NUMBERS))
def test_the_numbers_of_a_version_and_what_is_passed_over(text: str) -> None:
    found = oracle_values._numbers(text, 0)
    expected = tuple([*found[0], 0, 0, 0][:4]) if found else None
    assert os_grammar.version_numbers(text) == expected
    assert os_grammar.version_rest(text) == (text[found[1] :] if found else "")


@MANY
@given(texts(RANGES, 12))
def test_ranges(text: str) -> None:
    found = oracle_values._any_range(text, 0)
    assert os_grammar.version_range(text) is (found is not None)
    assert (os_grammar.range_form(text) == ()) is (found is not None and found.text == "*")
    rest = text[found.end :] if found else ""
    assert os_grammar.range_rest(text) == (rest if rest.strip() else "")


@MANY
@given(texts(["1", "30", "0", "5.5", ".5", "1.", "+", "-", "d", "h", "m", "s", "ms", "us", "µs", "μs", "ns", "e3"], 5))
def test_durations(text: str) -> None:
    assert os_grammar.duration(text) is _accepts(oracle_values.duration)(text)


@MANY
@given(texts(["0", "80", "443", "65535", "65536", "+", "-", "00", "٣"], 4))
def test_ports(text: str) -> None:
    assert os_grammar.port(text) is _accepts(oracle_values.port)(text)


@MANY
@given(texts(["a", "z", "-", ",", "0-9", "a-z", "z-a", "é", "~"], 8))
def test_charsets(text: str) -> None:
    assert spec_grammar.charset(text) is _accepts(oracle_values.charset)(text)


@MANY
@given(texts(["[", "(", "]", ")", ",", "*", "1", "-5", "+7", "1.5", "1e3", "inf", "NaN", " ", "1,2", "(*", "*)"], 6))
def test_ranges_of_numbers(text: str) -> None:
    assert spec_grammar.number_range(text) is _accepts(oracle_values.float_range)(text)
    assert spec_grammar.whole_range(text) is _accepts(oracle_values.whole_range)(text)


HOSTS = [
    "a",
    "example.com",
    "1.2.3.4",
    "256",
    "0x7f",
    "[::1]",
    "[",
    "]",
    "%41",
    "%zz",
    "a_b",
    "a-b",
    ".",
    "..",
    "@",
    "u:p@",
]
URLS = ["http", "https", "mailto", "file", "ftp", "x", ":", "://", "//", "/", "\\", "?", "#", ":80", ":99999", *HOSTS]


@MANY
@given(texts(URLS, 7))
def test_urls(text: str) -> None:
    assert os_grammar.url(text) is _accepts(oracle_values.url)(text)


@MANY
@given(st.text(string.ascii_letters + string.digits + ".-:/?#_@", max_size=20).map("https://".__add__))
def test_the_short_way_accepts_no_url_that_the_long_way_refuses(text: str) -> None:
    if os_grammar._PLAIN_URL.fullmatch(text):
        assert _accepts(oracle_values.url)(text)
        from pydantic_core import Url

        assert Url(text)


def test_the_url_of_a_real_wrapper_needs_no_heavy_import() -> None:
    for text in (
        "https://github.com/Start9Labs/hello-world-startos",
        "https://Example.NET/",
        "http://example.com:8080/a?b#c",
    ):
        assert os_grammar._PLAIN_URL.fullmatch(text)


@pytest.mark.parametrize(
    "text",
    ["^[a-z]+$", "a{2}", r"\p{L}", "(?<name>a)", "(?P<name>a)", "[a-z&&[^b]]", r"\x{1F600}", "[[:alpha:]]", r"\z", ""],
)
def test_rust_knows(text: str) -> None:
    assert os_grammar.regex(text) and os_grammar.regex_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(", "unclosed group"),
        ("(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
        (r"(a)\1", "backreferences are not supported"),
        ("*", "repetition operator missing expression"),
        ("(a{1000}){1000}", "Compiled regex exceeds size limit of 10485760 bytes"),
        ("error: a\n(", "unclosed group"),
        (r"\Z", "unrecognized escape sequence"),
    ],
)
def test_rust_refuses(text: str, said: str) -> None:
    assert not os_grammar.regex(text) and os_grammar.regex_fault(text) == said


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("18446744073709551615s", True), ("18446744073709551616s", False), ("18446744073709551616ms", True),
        (f"{2**128 - 1}ns", True), (f"{2**128}ns", False), (f"{10**20}.0s", False), ("9" * 400 + ".0s", False),
        ("0" * 400 + "5s", True), ("-1s", False), ("1h30m", False), ("30", False), ("30 s", False),
    ],
)  # fmt: skip
def test_durations_that_the_os_cannot_hold(text: str, accepted: bool) -> None:
    """The oracle ignores limits. S/util/serde.rs:470-520: u64 for seconds and longer, u128 below, f64 for fractions."""
    assert os_grammar.duration(text) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"), [("[0,18446744073709551615]", True), ("[0,18446744073709551616]", False)]
)
def test_whole_numbers_that_the_os_cannot_hold(text: str, accepted: bool) -> None:
    assert spec_grammar.whole_range(text) is accepted


@pytest.mark.parametrize(
    ("text", "misread"),
    [
        ("500ms", True), ("1500ms", True), ("2000ms", False), ("0ms", False), ("500.0ms", False), ("5us", True), ("5µs", True),
        ("1000000us", False), ("5ns", False), ("30s", False), ("0.5s", False), ("nonsense", False), ("500", False),
    ],
)  # fmt: skip
def test_durations_that_the_os_takes_for_others(text: str, misread: bool) -> None:
    """S/util/serde.rs:497-507: the remainder of whole ms or us is used as nanoseconds."""
    assert os_grammar.duration_is_misread(text) is misread


def _uncovered(text: str) -> object:
    return os_grammar.uncovered([text, text], (5, 0, 0, 0))


@pytest.mark.parametrize(
    ("ranges", "version"),
    [
        (["*"], None), (["<2"], None), (["<=1.9.9"], "1.9.9.1"), (["<1.5", ">=1.5"], None), (["<1.5", ">1.5"], "1.5.0"),
        (["<2.3.1.4", ">=2.3.1.4 <1.5 || >=1.5"], None), ([">=1"], None), (["<1", "1.x"], None),
        (["<1", "=1", "^1.0.1", "=1.0.0.1"], "1.0.0.2"), ([">=0.5 <0.9"], "0.9.0"), (["<1", "!=1"], "1.0.0"), ([], "0.0.0.1"), (["nonsense"], "0.0.0.1"),
        (["(<1 || >1) (<3)", "=1"], None), ([f"={number}" for number in range(1000)], None),
    ],
)  # fmt: skip
def test_the_first_version_that_no_range_contains(ranges: list[str], version: str | None) -> None:
    assert os_grammar.uncovered(ranges, (2, 0, 0, 0)) == version


ACCEPTORS: list[Callable[[str], object]] = [
    os_grammar.version, os_grammar.version_numbers, os_grammar.version_rest, os_grammar.version_range, os_grammar.range_form,
    os_grammar.range_rest, os_grammar.duration, os_grammar.duration_is_misread, os_grammar.port, os_grammar.url, os_grammar.regex,
    spec_grammar.number_range, spec_grammar.whole_range, spec_grammar.charset, jsonpath, _uncovered,
]  # fmt: skip
ENDLESS = ["1", "1.", "(", "((=1) ", "=1 ", "=1||", " ", "a", "a-", "a,", "[", "[1,", "[1e1", "é", "https://a."]


@pytest.mark.parametrize("acceptor", ACCEPTORS, ids=lambda acceptor: acceptor.__name__)
@pytest.mark.parametrize("piece", ENDLESS)
def test_endless_texts_are_read_in_linear_time(acceptor: Callable[[str], object], piece: str) -> None:
    """A quadratic reader would need hours for these."""
    acceptor(piece * (200_000 // len(piece)) + "!")


@MANY
@given(st.text())
def test_no_text_makes_an_acceptor_fail(text: str) -> None:
    for acceptor in ACCEPTORS:
        acceptor(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("0.5s", 0.5), ("2m", 120.0), ("1h", 3600.0), (".5m", 30.0), ("1500ms", 1.0000005), ("250ms", 2.5e-7),
     ("2000ms", 2.0), ("", None), ("30", None), ("-1s", None)],
)  # fmt: skip
def test_durations_last_as_long_as_the_os_waits(text: str, seconds: float | None) -> None:
    assert os_grammar.duration_seconds(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("text", "version", "fits"),
    [(">=1.0.0 <2.0.0", "1.5", True), (">=1.0.0 <2.0.0", "2.0.0", False), ("*", "9", True), ("=1.0.0", "1.0.0.0", True),
     ("nonsense", "1.0.0", False), ("*", "nonsense", False)],
)  # fmt: skip
def test_a_version_is_in_a_range_or_not(text: str, version: str, fits: bool) -> None:
    assert os_grammar.in_range(text, version) is fits
