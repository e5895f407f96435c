"""In a folder without a wrapper, every command says so. Inside of a wrapper, it names the wrapper's folder."""

from pathlib import Path

import pytest
import yaml

from startos_wrapper.cli import main
from startos_wrapper.files.whereabouts import wrapper_above
from tests.update.releases import git

Capture = pytest.CaptureFixture[str]
MERGING = ["update", "undo", "migrate", "manage"]
ALL = [*MERGING, "adopt", "check", "rehearse"]
NEITHER = {"update": "create a wrapper", "adopt": "no startos/manifest/index.ts found"} | {
    "check": "startos/manifest/index.ts for StartOS 0.4",
    "rehearse": "startos/manifest/index.ts of a package for StartOS 0.4; pass a wrapper's folder",
}


def _said(command: str, capsys: Capture) -> str:
    assert main([command]) in (1, 2)
    said = capsys.readouterr()
    return " ".join((said.out + said.err).split())


@pytest.mark.parametrize("repository", ["no repository", "no commit", "a commit"])
@pytest.mark.parametrize("command", ALL)
def test_a_folder_without_a_wrapper_is_named_as_such(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str, repository: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if repository != "no repository":
        git(tmp_path, "init", "-q")
    if repository == "a commit":
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Mine")
        # Nobody should commit this for an update that can't run.
        (tmp_path / "new.txt").write_text("new")
    said = _said(command, capsys)
    assert "git" not in said.replace("startos-wrapper", "")
    assert NEITHER.get(command, NEITHER["update"]) in said


@pytest.mark.parametrize("kind", ["answers", "0.3.5", "0.4"])
@pytest.mark.parametrize("command", ALL)
def test_in_a_folder_of_a_wrapper_the_wrapper_is_named(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str, kind: str
) -> None:
    names = {"answers": ".copier-answers.yml", "0.3.5": "manifest.yaml", "0.4": "startos/manifest/index.ts"}
    path = tmp_path / names[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"service_id": "tides"}))
    inner = tmp_path / "service" / "src"
    inner.mkdir(parents=True)
    (inner / "main.go").write_text("package main\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "Mine")
    (inner / "new.go").write_text("package main\n")
    monkeypatch.chdir(inner)
    said = _said(command, capsys)
    assert ("pass ../.." if command == "rehearse" else "in ../..") in said
    if command == "adopt":
        return
    assert "startos-wrapper adopt" not in said


def test_the_folder_above_is_named_as_it_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "tides" / "service"
    inner.mkdir(parents=True)
    (tmp_path / "tides" / "manifest.yaml").write_text("id: tides\n")
    monkeypatch.chdir(tmp_path)
    assert wrapper_above(Path("tides/service")) == "tides"
    assert wrapper_above(inner) == str(inner.parent)
    assert wrapper_above(Path("tides")) is None
    git(inner, "init", "-q")
    assert wrapper_above(Path("tides/service")) is None


def test_other_peoples_files_above_are_no_wrapper(tmp_path: Path) -> None:
    (tmp_path / ".copier-answers.yml").write_text("_src_path: another\n")
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "inner").mkdir()
    assert wrapper_above(tmp_path / "inner") is None


@pytest.mark.parametrize("command", ["update", "undo", "migrate"])
def test_a_wrapper_without_git_gets_commands_that_run_as_printed(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / ".copier-answers.yml").write_text("service_id: tides\n")
    monkeypatch.chdir(tmp_path)
    said = _said(command, capsys)
    assert (
        "not in a git repository, so you couldn't undo anything; run git init && git add . && git commit -m \"" in said
    )
    git(tmp_path, "init", "-q")
    assert "no commit yet, so you couldn't undo anything; run git add . && git commit -m \"" in _said(command, capsys)
