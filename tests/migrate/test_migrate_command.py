"""`startos-wrapper migrate`: what it refuses, what it prints, and that every way back leads back."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.cli import main
from startos_wrapper.errors import CannotError
from startos_wrapper.migrate import migration
from startos_wrapper.migrate.next_answers import next_answers, next_version, released_version
from tests.migrate import wrappers
from tests.migrate.wrappers import GUIDE, Old
from tests.update.authors import ANSWERS
from tests.update.releases import git

_ANSWERS: dict[str, Any] = {
    "version": "1.2.3.4", "config": "compat", "alerts": {"install": "Careful."}, "container": {"shm-size-mb": 64},
}  # fmt: skip


@pytest.fixture
def old(template: Path, history: Path, tmp_path: Path) -> Old:
    """A wrapper with an alert and a config."""
    folder = tmp_path / "wrapper"
    rendered = wrappers.rendered_by(template, history, folder, _ANSWERS)
    (folder / "assets/compat/config_spec.yaml").write_text(
        "level: {type: number, name: Level, nullable: false, default: 3, range: '[1,9]', integral: true}\n"
        "address: {type: pointer, subtype: package, name: A, package-id: hello-world, target: tor-address, interface: main}\n"
    )
    return Old.of(folder, rendered)


def _state(folder: Path) -> tuple[str, str, str]:
    return git(folder, "branch", "--list"), git(folder, "status", "--porcelain"), git(folder, "rev-parse", "HEAD")


def test_a_wrapper_migrates_and_everything_printed_works_as_typed(
    old: Old, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _state(old.folder)
    monkeypatch.chdir(old.folder)
    assert main(["migrate"]) == 0
    printed = capsys.readouterr().out
    assert "Version: 1.2.3.4 became 1.2.3.5" in printed
    after = old.after
    answers = yaml.safe_load(after[ANSWERS])
    assert (answers["startos"], answers["version"]) == ("0.4", "1.2.3.5")
    assert "shm-size-mb" not in answers.get("container", {}) and not answers.get("alerts")
    assert "1.2.3:5" in after["startos/versions/current.ts"]
    assert "level: Value.number({" in after["startos/settings.ts"] and "address" not in after["startos/settings.ts"]
    guide = after[GUIDE]
    for line in ("  install: Careful.", "  shm-size-mb: 64", "alerts:", "container.shm-size-mb: 64"):
        assert line in guide.splitlines()
    assert "`assets/compat/config_spec.yaml:2` (address)" in guide
    assert old.lost() == {}

    shown = git(old.folder, "diff", "HEAD", "--stat")
    assert "manifest.yaml" in shown and "  git diff HEAD --stat\n" in printed
    # Outside of the tests, PROGRAM is on the PATH.
    back = printed.split("Or go back:\n  ")[1].strip().split(" && ")
    assert back == ["startos-wrapper undo", "git switch main", "git branch -d startos-0.4"]
    assert main(["undo"]) == 0
    for command in back[1:]:
        subprocess.run(command.split(), check=True, capture_output=True)
    assert _state(old.folder) == before


def test_the_old_wrapper_stays_on_its_branch(old: Old) -> None:
    assert old.migrate("--branch", "next/0.4") == 0
    git(old.folder, "add", "-A")
    git(old.folder, "commit", "-q", "-m", "Migrate to StartOS 0.4")
    git(old.folder, "switch", "-q", "main")
    assert old.after == old.before
    git(old.folder, "switch", "-q", "next/0.4")
    assert "startos/main.ts" in old.after


def test_a_build_of_the_package_is_ignored_on_the_old_branch_until_undo(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    exclude = old.folder / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("/mine/\n")
    assert old.migrate() == 0
    assert "/javascript/" in capsys.readouterr().out
    assert {"/mine/", "/javascript/", "/node_modules/"} <= set(exclude.read_text().splitlines())
    assert main(["undo", str(old.folder)]) == 0
    assert exclude.read_text() == "/mine/\n"
    git(old.folder, "switch", "-q", "main")
    assert old.migrate("--branch", "b") == 0
    git(old.folder, "add", "-A")
    git(old.folder, "commit", "-q", "-m", "Migrate to StartOS 0.4")
    for name in ("javascript/index.js", "node_modules/a/b.js"):
        (old.folder / name).parent.mkdir(parents=True)
        (old.folder / name).write_text("x")
    git(old.folder, "switch", "-q", "main")
    assert _state(old.folder)[1] == ""
    assert old.migrate("--branch", "c") == 0


def test_a_failure_leaves_everything_as_it_was(
    old: Old, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _state(old.folder)

    def broken(*_: object) -> None:
        raise CannotError("the disk is full")

    for name in ("transfer", "write_package_files"):
        with monkeypatch.context() as patch:
            patch.setattr(migration, name, broken)
            assert old.migrate() == 2
        assert "the disk is full" in capsys.readouterr().err
        assert _state(old.folder) == before
        assert old.after == old.before


def test_what_it_refuses(old: Old, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def refusal(*arguments: str) -> str:
        before = _state(old.folder)
        assert old.migrate(*arguments) == 1
        assert _state(old.folder) == before
        return capsys.readouterr().err

    git(old.folder, "branch", "startos-0.4")
    assert "the branch startos-0.4 exists; choose another with --branch" in refusal()
    assert "git can't have a branch of this name" in refusal("--branch", "a..b")
    assert "version: " in refusal("--branch", "b", "-d", "version=x")
    assert 'unknown question "versio"; did you mean "version"?' in refusal("--branch", "b", "-d", "versio=1")
    (old.folder / "new").write_text("x")
    assert "not committed" in refusal("--branch", "b")
    (old.folder / "new").unlink()

    answers = yaml.safe_load((old.folder / ANSWERS).read_text())
    (old.folder / ANSWERS).write_text(yaml.safe_dump({**answers, "startos": "0.4"}))
    git(old.folder, "commit", "-q", "-a", "-m", "x")
    assert "already a package for StartOS 0.4" in refusal("--branch", "b")
    git(old.folder, "rm", "-q", ANSWERS)
    git(old.folder, "commit", "-q", "-m", "x")
    assert "run `startos-wrapper adopt`" in refusal("--branch", "b")
    assert main(["migrate", str(tmp_path)]) == 1
    assert "no wrapper here" in capsys.readouterr().err


def test_an_answer_that_leaves_no_package_is_refused(old: Old, capsys: pytest.CaptureFixture[str]) -> None:
    before = _state(old.folder)
    for answers, message in (
        (["startos=0.3.5"], "startos: migrate always answers 0.4; leave it out"),
        (["version=0.3.0", "startos=0.3.5"], "startos: migrate always answers 0.4; leave it out"),
        (["version=1.2.3.4"], "version: 1.2.3.4 isn't above 1.2.3.4; StartOS 0.4 only updates to a higher version"),
        (["version=1.2.3"], "version: 1.2.3 isn't above 1.2.3.4; StartOS 0.4 only updates to a higher version"),
    ):
        assert old.migrate(*(word for answer in answers for word in ("-d", answer))) == 1
        error = capsys.readouterr().err
        assert (
            message in error
            and len([line for line in error.splitlines() if "isn't above" in line or "startos:" in line]) == 1
        )
        assert _state(old.folder) == before
    assert old.migrate("-d", "version=1.2.4", "-d", "startos=0.4") == 0
    assert "1.2.4:0" in old.after["startos/versions/current.ts"]


def test_the_version_in_the_manifest_is_that_of_the_last_release(old: Old, capsys: pytest.CaptureFixture[str]) -> None:
    """The README of a wrapper tells authors to raise it there."""
    path = old.folder / "manifest.yaml"
    path.write_text(path.read_text().replace('version: "1.2.3.4"', 'version: "1.10.0"'))
    git(old.folder, "commit", "-q", "-a", "-m", "Release 1.10.0")
    assert old.migrate("--branch", "b", "-d", "version=1.2.4") == 1
    assert "isn't above 1.10.0" in capsys.readouterr().err
    assert old.migrate() == 0
    printed = capsys.readouterr().out
    note = "manifest.yaml has version 1.10.0, and the answers 1.2.3.4. The higher one counts."
    assert "Version: 1.10.0 became 1.10.0.1\n" in printed and note in printed
    after = old.after
    assert "1.10.0:1" in after["startos/versions/current.ts"] and note in after[GUIDE]
    assert yaml.safe_load(after[ANSWERS])["version"] == "1.10.0.1"


@pytest.mark.parametrize(
    ("answered", "in_manifest", "released"),
    [
        ("0.1.0", "0.5.0", "0.5.0"), ("0.5.0", "0.1.0", "0.5.0"), ("1.0", "1.0.0", "1.0.0"), ("0.9.0", "0.10.0", "0.10.0"),
        ("1.0.0", None, "1.0.0"), ("1.0.0", "x", "1.0.0"), ("1.0.0", "1.1.0-beta", "1.1.0"),
    ],
)  # fmt: skip
def test_the_higher_one_of_two_versions_counts(answered: str, in_manifest: str | None, released: str) -> None:
    assert released_version(answered, in_manifest) == released


@pytest.mark.parametrize(
    ("version", "after"),
    [("1.2.3", "1.2.3.1"), ("1.2.3.4", "1.2.3.5"), ("1.2", "1.2.0.1"), ("1.2.3.0", "1.2.3.1"), ("0.1.0.9", "0.1.0.10")],
)
def test_the_new_version_sorts_above_the_old_one(version: str, after: str) -> None:
    assert next_version(version) == after


@pytest.mark.parametrize(
    ("answers", "taken_out"),
    [
        ({}, {}),
        ({"alerts": {"start": "x"}}, {"alerts": {"start": "x"}}),
        ({"arches": ["armv7", "x86_64"]}, {"arches": "armv7"}),
        ({"container": {"shm-size-mb": 64, "gpu-acceleration": True}}, {"container.shm-size-mb": 64}),
        (
            {"dependencies": {"a": {"version": "*", "requirement": "opt-in", "how": "So."}}},
            {"dependencies.a.how": "So."},
        ),
        (
            {"config": "script", "actions": {"a": {"name": "A", "description": "A.", "allowed-statuses": ["running"]}}},
            {"actions.a": {"name": "A", "description": "A.", "allowed-statuses": ["running"]}},
        ),
        ({"files": {"license": "COPYING", "icon": "art/icon.png"}}, {"files.license": "COPYING"}),
        ({"config": "script", "migrations": "script"}, {"migrations": "script"}),
    ],
)
def test_what_startos_refuses_is_taken_out_of_the_answers(answers: dict[str, Any], taken_out: dict[str, Any]) -> None:
    found = next_answers({"service_id": "hello-world", "advanced": True, "version": "1.0.0", **answers}, {}, "1.0.0")
    assert found.taken_out == taken_out
    assert (found.given["startos"], found.given["version"]) == ("0.4", "1.0.0.1")
    assert found.given.get("service_id") is None
