"""What `.backupignore` leaves out of a backup. The oracle is duplicity's own description of its patterns, duplicity(1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from startos_wrapper.rehearse.backup_ignore import below, rules_of


def _is_out(text: str, path: str, folder: str = ".") -> bool:
    rules = below(rules_of(text), folder)
    return next((out for expression, out in rules if re.fullmatch(expression, path)), False)


@pytest.mark.parametrize(
    ("text", "path", "is_out"),
    [
        ("cache", "cache", True), ("cache", "cache/x/y", True), ("cache", "caches", False), ("cache", "sub/cache", False),
        ("cache/", "cache/x", True), ("/cache", "cache", True), ("  cache  \n\n", "cache", True), ("", "x", False),
        ("*.log", "a.log", True), ("*.log", "sub/a.log", False), ("**.log", "sub/a.log", True), ("**/tmp", "a/b/tmp/x", True),
        ("a?c", "abc", True), ("a?c", "a/c", False), ("a.c", "abc", False), ("[ab]x", "ax", True), ("[!ab]x", "ax", False),
        ("!cache/keep\ncache", "cache/keep", False), ("!cache/keep\ncache", "cache/x", True), ("cache\n!cache/keep", "cache/keep", True),
        ("a[", "a[", True), ("(x", "(x", True),
    ],
)  # fmt: skip
def test_paths(text: str, path: str, is_out: bool) -> None:
    assert _is_out(text, path) is is_out


def test_a_volume_in_a_folder_of_the_data_has_the_rest_of_the_path() -> None:
    assert _is_out("db/tmp\ntmp", "tmp", "db")
    assert not _is_out("tmp", "tmp", "db")


@given(st.text(max_size=30))
def test_any_file_makes_valid_expressions(text: str) -> None:
    for expression, _ in rules_of(text):
        re.compile(expression)
