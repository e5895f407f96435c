"""Wrong arguments are named before Docker is asked for anything."""

from pathlib import Path

import pytest

from startos_wrapper import cli
from startos_wrapper.rehearse.playing import STEPS, with_needed
from tests.rehearse.conftest import MakePackage
from tests.rehearse.fake_docker import FakeDocker


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--steps", "install,reboot"], 'unknown step "reboot"; the steps are install, configure'),
        (["--steps", ","], "--steps is empty"),
        (["--wait", "soon"], '--wait: "soon" isn\'t a time; write e.g. 180s or 3m'),
        (["--config", "nope.yaml"], "nope.yaml: No such file"),
        (["--actions", "nope"], '--actions: unknown action "nope"; the manifest has reset'),
        (["--from", "v1"], "--from v1: no such file or git tag"),
    ],
)
def test_arguments(
    make_package: MakePackage, fake: FakeDocker, capsys: pytest.CaptureFixture[str], arguments: list[str], why: str
) -> None:
    folder = make_package(actions={"reset": {}}).path
    fake.answer(version="linux/amd64")
    assert cli.main(["rehearse", str(folder), *arguments]) == 2
    assert why in capsys.readouterr().err
    assert [call for call in fake.calls if call[0] != "version"] == []


@pytest.mark.parametrize("content", ["[]", "{a: ", "text"])
def test_a_config_that_is_no_mapping(
    make_package: MakePackage, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    assert cli.main(["rehearse", str(make_package().path), "--config", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ("id: hello\n", "needs a valid id and version"),
        ("id: Hello\nversion: '1'\n", "valid id"),
        ("- a\n", "valid id"),
        ("{", "manifest.yaml: "),
    ],
)
def test_a_manifest_that_startos_could_not_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], manifest: str, why: str
) -> None:
    (tmp_path / "manifest.yaml").write_text(manifest)
    assert cli.main(["rehearse", str(tmp_path)]) == 2
    assert why in capsys.readouterr().err


def test_a_folder_without_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rehearse", str(tmp_path)]) == 2
    assert "there is no manifest.yaml" in capsys.readouterr().err
    assert cli.main(["rehearse", str(tmp_path / "nope")]) == 2


def test_a_file_that_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "icon.png").write_bytes(b"PNG" * 100)
    assert cli.main(["rehearse", str(tmp_path / "icon.png")]) == 2


def test_steps_bring_those_that_they_need() -> None:
    assert with_needed(("restore",)) == ["install", "configure", "start", "healthy", "backup", "restore"]
    assert with_needed(("stop", "install")) == ["install", "configure", "start", "stop"]
    assert with_needed(()) == list(STEPS)
