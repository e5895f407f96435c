"""Versions of StartOS 0.4: which texts are one, and which is lower."""

import pytest

from startos_wrapper.files.package_04.extended_version import from_035, lacks_dots, parse_extended

# From low to high. A prerelease comes before its release, and a number before a word.
ORDER = [
    "0.9:9", "1:0", "1.0.0:1", "1.2.3-1:0", "1.2.3-alpha:0", "1.2.3-alpha.1:0", "1.2.3-alpha.beta:0", "1.2.3-beta:0",
    "1.2.3:0-alpha.0", "1.2.3:0", "1.2.3:1", "1.2.3:1.1", "1.2.3.4:0", "1.2.10:0", "2:0",
]  # fmt: skip


@pytest.mark.parametrize("text", [*ORDER, "#knots:29.1:0", "0.21.2-beta:1", "2026.6.12:0"])
def test_these_are_versions(text: str) -> None:
    version = parse_extended(text)
    assert version is not None and version.text == text


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "v1.2.3:0", "1.2.3:", ":0", "1..2:0", "1.2.3-:0", "1.2.3-beta1:0", "1.2.3+build:0", "#Knots:1:0", "1:0 ", "1:" + "1" * 300],
)  # fmt: skip
def test_these_are_no_versions(text: str) -> None:
    assert parse_extended(text) is None


def test_versions_are_in_order() -> None:
    versions = [version for text in ORDER if (version := parse_extended(text))]
    for at, lower in enumerate(versions):
        assert [other.text for other in versions if lower.is_lower_than(other)] == ORDER[at + 1 :]


def test_versions_of_two_flavors_have_no_order() -> None:
    plain, knots = parse_extended("1.0.0:0"), parse_extended("#knots:2.0.0:0")
    assert plain and knots and not plain.is_lower_than(knots) and not knots.is_lower_than(plain)


@pytest.mark.parametrize(("text", "dots"), [("1.2.3-beta1:0", True), ("1.2.3-1a:0", True), ("1.2.3-beta.1:0", False), ("x1:0", False), ("1.2.3:0", False)])  # fmt: skip
def test_a_prerelease_without_dots_is_told_from_other_faults(text: str, dots: bool) -> None:
    assert lacks_dots(text) == dots


@pytest.mark.parametrize(("text", "expected"), [("1.2.3.4", "1.2.3:4"), ("1.2.3", "1.2.3:0"), ("1.2", None), ("1.2.3.4.5", None), ("x", None)])  # fmt: skip
def test_versions_of_startos_0_3_5_become_others(text: str, expected: str | None) -> None:
    version = from_035(text)
    assert (version and version.text) == expected
