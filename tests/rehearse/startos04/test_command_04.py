"""The command on a package for StartOS 0.4, without an engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from startos_wrapper import cli
from startos_wrapper.check.engine import check
from startos_wrapper.errors import UsageError
from startos_wrapper.rehearse.outcome import StepResult
from startos_wrapper.rehearse.report.json_report import as_json
from startos_wrapper.rehearse.report.text_report import not_shown_lines
from startos_wrapper.rehearse.startos04.bundled_package import Package04
from startos_wrapper.rehearse.startos04.from_older import opened_older_04
from tests.rehearse.startos04.visits_package import VISITS

_SDK = '{"dependencies": {"@start9labs/start-sdk": "2.0.9"}}'
_PACKAGE = {"startos/manifest/index.ts": "", "package.json": _SDK}
_MANIFEST = {"manifest.yaml": "id: hello\nversion: 1.0.0\n"}


@pytest.mark.parametrize(
    ("files", "startos"),
    [
        (_PACKAGE, "0.4"),
        # Halfway through a migration, or kept: the SDK in package.json decides.
        (_PACKAGE | _MANIFEST, "0.4"),
        (_PACKAGE | {"manifest.toml": ""}, "0.4"),
        (_PACKAGE | _MANIFEST | {"package.json": "{}"}, "0.3.5"),
        ({"startos/main.ts": "", "package.json": _SDK}, "0.3.5"),
        ({"startos/main.ts": "", "package.json": _SDK} | _MANIFEST, "0.3.5"),
        (_MANIFEST, "0.3.5"),
        ({}, "0.3.5"),
    ],
)
def test_check_and_rehearse_agree_on_what_a_folder_is(
    files: dict[str, str], startos: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert check(tmp_path).wrapper.startos == startos
    # The steps of each release are told before anything else.
    assert cli.main(["rehearse", str(tmp_path), "--steps", "none"]) == 2
    assert ("the steps of a package for StartOS 0.4 are" in capsys.readouterr().err) == (startos == "0.4")


def test_from_takes_versions_that_the_sdk_parses() -> None:
    with opened_older_04("1.2.3-RC.1:0", VISITS, "x86_64", print) as older:
        assert older and older.version == "1.2.3-RC.1:0"
    refused = pytest.raises(
        UsageError, match=r"^--from 1\.2\.3-beta1:0: a prerelease needs a dot between letters and digits"
    )
    with refused, opened_older_04("1.2.3-beta1:0", VISITS, "x86_64", print):
        pass


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
