"""The command on a package for StartOS 0.4, without an engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from startos_wrapper.rehearse.outcome import StepResult
from startos_wrapper.rehearse.report.json_report import as_json
from startos_wrapper.rehearse.report.text_report import not_shown_lines
from startos_wrapper.rehearse.startos04.bundled_package import Package04, is_package_04
from tests.rehearse.startos04.visits_package import VISITS


def test_a_package_is_told_from_a_wrapper(tmp_path: Path) -> None:
    assert is_package_04(VISITS)
    assert not is_package_04(tmp_path)
    (tmp_path / "startos").mkdir()
    (tmp_path / "package.json").write_text((VISITS / "package.json").read_text())
    assert is_package_04(tmp_path)
    (tmp_path / "manifest.yaml").write_text("id: x\n")
    assert not is_package_04(tmp_path)


def _run(*words: str, cwd: Path = VISITS) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "startos_wrapper", "rehearse", *words]
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True, check=False)


def test_unknown_steps_are_those_of_the_target() -> None:
    done = _run("--steps", "configure")
    assert done.returncode == 2
    assert 'unknown step "configure"; the steps of a package for StartOS 0.4 are install, tasks, start' in done.stderr


def test_without_an_engine_nothing_is_rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = _run()
    assert done.returncode == 2
    assert "Docker" in done.stderr or "docker" in done.stderr


def test_what_is_not_shown_is_part_of_each_report() -> None:
    package = Package04(VISITS, VISITS, {"id": "visits", "version": "1.2.3:5"})
    found = json.loads(as_json(package, "x86_64", [StepResult("install")], ["TLS"]))
    assert found["package"] == {"id": "visits", "version": "1.2.3:5"}
    assert found["not_shown"] == ["TLS"]
    assert "not_shown" not in json.loads(as_json(package, "x86_64", []))
    lines = list(not_shown_lines(["TLS", "x" * 30 + " " + "y" * 60]))
    assert lines[0] == "not shown  TLS"
    assert all(line.startswith(" " * 11) and len(line) <= 80 for line in lines[1:])


def test_places_are_in_the_sources() -> None:
    package = Package04(VISITS, Path("visits"))
    found = package.place("no such text", "'config'")
    assert found and found.file == "visits/startos/index.ts"
    assert "'config'" in (VISITS / "startos" / "index.ts").read_text().splitlines()[found.line - 1]
    assert package.place("no such text") is None
