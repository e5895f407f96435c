"""What the check says of the manifests of real wrappers, all of which went through StartOS's own parser."""

import csv
from collections import Counter
from functools import cache

import pytest

from startos_wrapper.check.engine import Outcome, check
from tests.support.tools import CORPUS, MANIFESTS

# Every error that is reported, with the line of the OS that refuses it. All manifests parse; these are not installed.
ERRORS = {
    # 0.3.0 had no such rule. At v0.3.5.1: core/startos/src/net/interface.rs:78, "lan-config without http".
    ("Start9Labs__bwt-wrapper__4b6e97c8", 130, "E310"),
}
# How many of the 75 manifests have a warning. `facts/wrappers.md` counts 114 wrappers, of which these are about half,
# and some of these are older than the newest tree that it counts.
WARNINGS = {
    # Reversed arguments: 10 of 114. Eleven here, as hello-world and lndg are older trees than those counted.
    "W520": 11,
    # A data volume not in the backup: 5 of 114, and all five are here.
    "W519": 5,
    # No health check: 13 of 114; one without interfaces is not reported.
    "W523": 9,
    # Duplicate keys: 2 of 114, both of which are not in the corpus.
    "W514": 0,
    # Keys that the OS does not know: 4 have min-os-version, 4 environment, one each the rest; 6 manifests have any.
    "W515": 6,
    # A volume never mounted: 2 of 114. It counts assets volumes too, which scripts read without a mount; one is left.
    "W518": 1,
    # eos-version is set in one of 114.
    "W517": 74,
    # Not counted there: config without migrations from and to "*", and words that compat does not take.
    "W508": 6,
    "W526": 2,
    "W506": 1,
}


@cache
def _outcomes() -> dict[str, Outcome]:
    """Check every manifest; the rest of the trees is not in the corpus, so neither are rules about files."""
    return {path.parent.name: check(path.parent, lambda code: not code.startswith(("E2", "W8"))) for path in MANIFESTS}


def test_no_error_on_a_manifest_that_the_os_accepts() -> None:
    found = {
        (name, finding.place.line, finding.code)
        for name, outcome in _outcomes().items()
        for finding in outcome.findings
        if finding.is_error
    }
    assert found == ERRORS
    assert len(_outcomes()) == 75


def test_the_warnings_are_those_that_were_counted() -> None:
    counts = Counter(
        code
        for outcome in _outcomes().values()
        for code in {finding.code for finding in outcome.findings}
        if code[0] == "W"
    )
    assert counts == {code: count for code, count in WARNINGS.items() if count}


def test_the_volumes_without_a_backup_are_those_of_the_index() -> None:
    with (CORPUS / "index.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    counted = {(row["dir"], volume) for row in rows if row["unsaved"] != "-" for volume in row["unsaved"].split("+")}
    found = {
        (name, finding.what.split()[3])
        for name, outcome in _outcomes().items()
        for finding in outcome.findings
        if finding.code == "W519" and "isn't in the backup" in finding.what
    }
    assert found == counted
    assert found


@pytest.mark.parametrize("key", ["min-os-version", "environment", "install-alert", "critical"])
def test_keys_of_other_days_are_found(key: str) -> None:
    assert any(
        finding.code == "W515" and key in finding.what
        for outcome in _outcomes().values()
        for finding in outcome.findings
    )
