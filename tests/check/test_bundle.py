"""`check --bundle`: what the bundle of a package for StartOS 0.4 says, which differs from its sources."""

import os
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check
from startos_wrapper.check.registry import Finding
from startos_wrapper.check.rule_docs import rule_doc
from startos_wrapper.cli import main
from startos_wrapper.errors import CannotError
from tests.check import example_wrapper
from tests.support.tools import require

GOOD = rule_doc("E519").good
BUNDLE = "javascript/index.js"


def package(folder: Path, change: dict[str, Any]) -> Path:
    """Write the example package with a bundle. What is `older` is older than the sources."""
    root = example_wrapper.write(folder / "p", change, "0.4")
    for file in change.get("older", []):
        os.utime(root / file, (0, 0))
    return root


def findings(folder: Path, change: dict[str, Any]) -> list[Finding]:
    """Check the example package with its bundle."""
    require("node")
    return check(package(folder, change), with_bundle=True).findings


def bundle(manifest: str) -> dict[str, Any]:
    """Return the change that makes a bundle with a manifest."""
    return {"files": {BUNDLE: f"console.log('starting'); exports.manifest = {manifest}\n"}}


@pytest.mark.parametrize("code", ["E519", "W416"])
def test_the_examples_of_the_rules(code: str, tmp_path: Path) -> None:
    assert [finding.code for finding in findings(tmp_path / "bad", rule_doc(code).bad)] == [code]
    assert findings(tmp_path / "good", rule_doc(code).good) == []


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ("{ id: 'Hello', version: '1.2.3:5' }", ["E501"]),
        ("{ id: 'hello-sky', version: '1.2.3' }", ["E503"]),
        ("{ id: 'hello-sky', images: { main: { source: { dockerTag: 'a:1', dockerBuild: {} } } } }", ["E504"]),
        ("{ id: 'hello-sky', images: { main: { source: 'packed', arch: ['armv7'] } } }", ["E505"]),
        ("{ id: 'hello-sky', description: { short: 'a'.repeat(121) } }", ["E506"]),
        ("{ id: 'hello-sky', hardwareRequirements: { ram: 2048 } }", ["W403"]),
        ("{ id: 'hello-sky', version: '1.2.3:5' }", []),
        ("undefined", ["E519"]),
    ],
)
def test_the_manifest_of_the_bundle(manifest: str, expected: list[str], tmp_path: Path) -> None:
    found = findings(tmp_path, bundle(manifest))
    assert [finding.code for finding in found] == expected
    assert {finding.place.file for finding in found} <= {BUNDLE}


def test_what_the_sources_say_is_not_said_twice(tmp_path: Path) -> None:
    change = {
        **bundle("{ id: 'Hello', version: '1.2.3:5' }"),
        "replace": {"startos/manifest/index.ts": {"'hello-sky',": "'Hello',"}},
    }
    assert [(each.code, each.place.file) for each in findings(tmp_path, change)] == [
        ("E501", "startos/manifest/index.ts")
    ]


def test_nothing_is_run_without_the_option(tmp_path: Path) -> None:
    assert check(package(tmp_path, rule_doc("E519").bad)).findings == []


def test_a_bundle_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotError, match=r"index\.js doesn't exist; run `make javascript/index\.js` first"):
        check(package(tmp_path, {}), with_bundle=True)


def test_node_js_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotError, match=r"needs Node\.js"):
        check(package(tmp_path, GOOD), with_bundle=True)


def test_a_wrapper_for_0_3_5_has_no_bundle(tmp_path: Path) -> None:
    assert check(example_wrapper.write(tmp_path / "w", {}), with_bundle=True).findings == []


def test_the_command_has_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("node")
    root = package(tmp_path, rule_doc("E519").bad)
    assert main(["check", "--bundle", str(root)]) == 1
    assert "E519 Node.js can't load the bundle" in capsys.readouterr().out
