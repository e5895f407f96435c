"""Every rule: the examples in its document work, and no other rule would have found the error."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.check import engine
from startos_wrapper.check.engine import Outcome, check, codes, repair
from startos_wrapper.check.loaded_bundle import ABOUT_BUNDLE
from startos_wrapper.check.registry import CHECKS, applies
from startos_wrapper.check.rule_docs import FOLDER, TARGETS
from startos_wrapper.data import loader
from tests.check import example_wrapper

DOCUMENTS = sorted(FOLDER.glob("*.yaml"))
RULES: dict[str, dict[str, Any]] = {
    code: entry for path in DOCUMENTS for code, entry in yaml.load(path.read_text(), loader()).items()
}
FIXABLE = [code for code, entry in RULES.items() if entry.get("fixable")]


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide an empty home and no programs, so that rules about the machine depend only on the example."""
    folder = tmp_path_factory.mktemp("machine")
    for name in ("home", "bin"):
        (folder / name).mkdir()
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("PATH", str(folder / "bin"))
    yield folder


def _write(folder: Path, change: dict[str, Any], startos: str = "0.3.5") -> Path:
    home, programs = Path(os.environ["HOME"]), Path(os.environ["PATH"])
    for name, text in change.get("home", {}).items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    for name in change.get("programs", []):
        (programs / name).touch(mode=0o755)
    return example_wrapper.write(folder, change, startos)


def _example(folder: Path, code: str, name: str) -> Path:
    """Write the bad or good example of a rule."""
    return _write(folder, RULES[code][name], RULES[code].get("startos") or "0.3.5")


def _check(folder: Path, example: str, code: str) -> Outcome:
    """Check an example of a rule. The example wrapper isn't ready for a release, so other rules of that kind are off."""
    return check(_example(folder, code, example), shown=lambda other: other == code or not RULES[other].get("release"))


def _at(outcome: Outcome, code: str) -> list[str]:
    """Return the text that the findings of a rule point at."""
    places = [finding.place for finding in outcome.findings if finding.code == code]
    sources = [(outcome.wrapper.sources.get(place.file), place) for place in places]
    return [source.lines[place.line - 1][place.column - 1 :] if source else "" for source, place in sources]


def assert_found(outcome: Outcome, code: str) -> None:
    """Fail unless the outcome has the findings that the rule's bad example promises, at their place, and no others."""
    bad = RULES[code]["bad"]
    found = _at(outcome, code)
    assert len(found) == bad.get("times", 1), outcome.findings
    assert all(text.startswith(bad["at"]) for text in found), found
    others = {finding.code for finding in outcome.findings} - {code}
    assert others == set(bad.get("also", [])), outcome.findings


def test_every_rule_has_a_document_and_every_document_a_rule() -> None:
    assert sorted(RULES) == codes()


@pytest.mark.parametrize("code", RULES)
def test_a_document_is_complete(code: str) -> None:
    entry = RULES[code]
    assert set(entry) <= {"name", "title", "why", "source", "fixable", "pedantic", "release", "startos", "bad", "good"}
    assert entry["name"] == entry["name"].lower() and " " not in entry["name"]
    assert entry["title"] and not entry["title"].endswith(".")
    assert entry["why"].strip() and entry["source"].strip()


def test_the_order_of_the_rules_changes_no_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrappers = [_example(tmp_path / code, code, "bad") for code in RULES]
    found = [check(wrapper).findings for wrapper in wrappers]
    monkeypatch.setattr(engine, "CHECKS", dict(reversed(CHECKS.items())))
    assert [check(wrapper).findings for wrapper in wrappers] == found


def test_the_names_are_unique() -> None:
    assert len({entry["name"] for entry in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("startos", TARGETS)
def test_the_example_wrapper_is_clean(startos: str, tmp_path: Path) -> None:
    assert check(_write(tmp_path / "wrapper", {}, startos)).findings == []


def test_the_documents_say_what_the_rules_are_for() -> None:
    targets: dict[str, set[str]] = {}
    for function, group in CHECKS.items():
        for code in group:
            targets.setdefault(code, set()).update(startos for startos in TARGETS if applies(function, startos))
    said = {code: {RULES[code]["startos"]} if "startos" in RULES[code] else set(TARGETS) for code in targets}
    assert said == targets


@pytest.mark.parametrize("code", sorted(set(RULES) - set(ABOUT_BUNDLE)))
def test_the_bad_example_is_found_at_its_place(code: str, tmp_path: Path) -> None:
    assert_found(_check(tmp_path / "wrapper", "bad", code), code)


@pytest.mark.parametrize("code", RULES)
def test_the_good_example_is_clean(code: str, tmp_path: Path) -> None:
    assert _check(tmp_path / "wrapper", "good", code).findings == []


@pytest.mark.parametrize("code", RULES)
def test_without_the_rule_the_fault_is_missed(code: str, tmp_path: Path) -> None:
    """Disable one rule at a time, as in mutation testing: `assert_found` must fail."""
    outcome = check(_example(tmp_path / "wrapper", code, "bad"), lambda other: other != code)
    with pytest.raises(AssertionError):
        assert_found(outcome, code)


@pytest.mark.parametrize("code", FIXABLE)
def test_a_fix_leaves_the_wrapper_clean_and_has_nothing_more_to_do(code: str, tmp_path: Path) -> None:
    wrapper = _example(tmp_path / "wrapper", code, "bad")
    outcome = repair(wrapper)
    assert code in {finding.code for finding in outcome.fixed}
    assert {finding.code for finding in outcome.findings} <= set(RULES[code]["bad"].get("also", []))
    after = _content(wrapper)
    assert repair(wrapper).fixed == []
    assert _content(wrapper) == after


@pytest.mark.parametrize("code", sorted(set(RULES) - set(FIXABLE)))
def test_what_is_not_called_fixable_is_not_changed(code: str, tmp_path: Path) -> None:
    wrapper = _example(tmp_path / "wrapper", code, "bad")
    before = _content(wrapper)
    outcome = repair(wrapper)
    if not any(RULES[other].get("fixable") for other in RULES[code]["bad"].get("also", [])):
        assert outcome.fixed == [] and _content(wrapper) == before


def _content(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes()) for path in files}
