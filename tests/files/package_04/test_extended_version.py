"""Versions of StartOS 0.4: which texts are one, and which is lower."""

import json
import subprocess

import pytest

from startos_wrapper.files.package_04.extended_version import from_035, lacks_dots, parse_either, parse_extended
from tests.conftest import Render
from tests.support import start_sdk
from tests.support.tools import require

# Prints for each version whether the SDK parses it.
_PARSE = """
const [sdk, ...texts] = process.argv.slice(1)
const { ExtendedVersion } = require(sdk)
const parses = text => { try { return Boolean(ExtendedVersion.parse(text)) } catch { return false } }
console.log(JSON.stringify(texts.map(parses)))
"""
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3.4", "1.2.3:4"), ("1.2.3", "1.2.3:0"), ("1.2.3:4", "1.2.3:4"), ("#knots:29.1-beta.1:0", "#knots:29.1-beta.1:0"),
        ("1.2.3-RC.1:0", "1.2.3-RC.1:0"), ("1.2.3-beta1:0", None), ("1.2.3:0-beta1", None), ("v1.2.3", None), ("1.2", None), ("main", None),
    ],
)  # fmt: skip
def test_versions_of_both_releases(text: str, expected: str | None) -> None:
    version = parse_either(text)
    assert (version and version.text) == expected


def test_the_sdk_parses_the_same_versions(render: Render) -> None:
    others = (
        "#knots:1:0",
        "#Knots:1:0",
        "1:0-rc.1",
        "1:0-rc1",
        "1-beta1:0",
        "1-1a:0",
        "1-BETA.1:0",
        "1.2",
        "1:0 ",
        "1-:0",
    )
    texts = [*ORDER, *others]
    sdk = start_sdk.node_modules(render({"startos": "0.4"})) / "@start9labs" / "start-sdk"
    done = subprocess.run([require("node"), "-e", _PARSE, str(sdk), *texts], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [parse_extended(text) is not None for text in texts]
