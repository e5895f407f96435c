"""Check the manifests of real wrappers, all of which StartOS's own parser accepts."""

import csv
from collections import Counter
from functools import cache

import pytest

from startos_wrapper.check.engine import Outcome, check
from tests.support.tools import CORPUS, MANIFESTS

# Every error in the corpus, with the line of the OS that causes it. All manifests parse, but these can't be installed
# or restored.
ERRORS = {
    # 0.3.0 had no such rule. At v0.3.5.1: core/startos/src/net/interface.rs:78, "lan-config without http".
    ("Start9Labs__bwt-wrapper__4b6e97c8", 130, "E310"),
    # It passes `start-sdk verify`, but compat has no command duplicity-restore. system-images/compat/src/main.rs:134-162
    ("intrinsicinvestment91__bitagent__03fe1782", 97, "E703"),
}
# How many of the 75 manifests have a warning. `facts/wrappers.md` counts 114 wrappers, of which about half are here,
# some in an older version than the one that it counts.
WARNINGS = {
    # Reversed arguments: 10 of 114. Eleven here, because hello-world and lndg are older than those counted.
    "W520": 11,
    # A data volume that isn't backed up: 5 of 114, and all five are here.
    "W519": 5,
    # No health check: 13 of 114. Wrappers without interfaces aren't reported.
    "W523": 9,
    # Duplicate keys: 2 of 114, neither of which is in the corpus.
    "W514": 0,
    # Unknown keys: 4 have min-os-version, 4 environment, and one each has the others. 6 manifests have any.
    "W515": 6,
    # A volume that is never mounted: 2 of 114, counting assets volumes, which scripts read without a mount. One is
    # left.
    "W518": 1,
    # 1 of 114 sets eos-version.
    "W517": 74,
    # Not counted there: config without migrations from and to "*", and arguments that compat doesn't know.
    "W508": 6,
    "W526": 2,
    # Of the data volumes at /root in compat, hello-world's is older than those counted, and only a part of it is saved.
    "W528": 1,
    "W530": 2,
    "W506": 1,
}


@cache
def _outcomes() -> dict[str, Outcome]:
    """Check every manifest. The corpus doesn't have the other files, so rules about files are left out."""
    of_files = ("E2", "E701", "E704", "W8")
    return {path.parent.name: check(path.parent, lambda code: not code.startswith(of_files)) for path in MANIFESTS}


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
