"""What Copier prints after a copy fits the place that the wrapper is in."""

import subprocess
from pathlib import Path

import pytest
from copier import run_copy

COMMIT = 'git add . && git commit -m "New wrapper"'


def _printed(template: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    run_copy(str(template), folder, data={"service_id": "hello-world"}, defaults=True)
    return [line.strip() for line in capsys.readouterr().err.splitlines()]


def test_alone_it_gets_a_repository(template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = _printed(template, tmp_path / "hello world", capsys)
    assert f"git init && {COMMIT}" in lines
    assert not any("the repository" in line for line in lines)


@pytest.mark.parametrize("kind", ["repository", "work tree"])
def test_in_a_repository_it_gets_none_of_its_own(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    services = tmp_path / "[our] services"
    subprocess.run(["git", "init", "-q", services], check=True)
    if kind == "work tree":
        (services / ".git").rename(tmp_path / "git")
        (services / ".git").write_text(f"gitdir: {tmp_path / 'git'}\n")
    lines = _printed(template, services / "a" / "hello", capsys)
    assert COMMIT in lines
    assert f"It's in a folder of the repository {services.resolve()}." in lines


def test_at_the_top_of_a_repository_everything_works(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", tmp_path / "hello"], check=True)
    lines = _printed(template, tmp_path / "hello", capsys)
    assert COMMIT in lines
    assert not any("It's in a folder" in line for line in lines)
