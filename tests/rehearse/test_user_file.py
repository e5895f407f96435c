"""A fault in a file that the user names has its place in that file."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from startos_wrapper import cli
from startos_wrapper.files.source import Place
from startos_wrapper.rehearse import configuring
from startos_wrapper.rehearse.configuring import Form, configure
from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal, Settings
from startos_wrapper.rehearse.steps import actions
from startos_wrapper.rehearse.user_file import read_user_file
from tests.rehearse.conftest import MakePackage

PORT = {"type": "number", "name": "N", "nullable": True, "integral": True, "range": "[1,9]"}
SPEC = {"web": {"type": "object", "name": "N", "spec": {"port": PORT}}}
BAD = "# mine\nother: 1\nweb:\n  port: 10\n"


def test_a_config_that_doesnt_fit(make_package: MakePackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    monkeypatch.setattr(configuring, "get_form", lambda _: Form(SPEC, None))
    file, package = read_user_file(tmp_path / "bad.yaml"), make_package()
    settings = Settings(files={"--config": file})
    rehearsal = SimpleNamespace(settings=settings, package=package, place=package.place)
    with pytest.raises(StepFailedError) as raised:
        configure(cast(Rehearsal, rehearsal), file.content, "--config")
    assert str(raised.value) == f"{file.path} doesn't fit the spec: `web.port` is 10, but must be in the range [1,9]"
    assert raised.value.place == Place(str(file.path), 4, 3, 4)
    assert raised.value.todo == "Correct the file."


def test_an_input_that_doesnt_fit(make_package: MakePackage, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    implementation = {"type": "docker", "image": "main", "entrypoint": "x", "mounts": {}}
    package = make_package(actions={"reset": {"implementation": implementation, "input-spec": SPEC}})
    file = read_user_file(tmp_path / "bad.yaml")
    settings = Settings(actions=("reset",), inputs={"reset": file.content}, files={"--actions reset=FILE": file})
    rehearsal = SimpleNamespace(settings=settings, package=package, place=package.place, progress=lambda _: None)
    with pytest.raises(StepFailedError) as raised:
        actions.run(cast(Rehearsal, rehearsal))
    assert str(raised.value).startswith(f"actions.reset: {file.path}: `web.port` is 10")
    assert raised.value.place == Place(str(file.path), 4, 3, 4)


@pytest.mark.parametrize(("content", "line"), [("a: 1\nb: {c: \n", 2), ("a: 1\n\tb: 2\n", 2)])
def test_the_line_of_a_file_that_is_no_yaml(
    make_package: MakePackage, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, line: int
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    assert cli.main(["rehearse", str(make_package().path), "--config", str(path)]) == 2
    assert f"{path}:{line}: can't be read: " in capsys.readouterr().err


def test_the_place_of_an_entry_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("users:\n  - a\n  - b\n")
    file = read_user_file(tmp_path / "list.yaml")
    assert [file.place(path).line for path in (("users", "1"), ("users", "5"), ("nope",), ())] == [3, 1, 1, 1]
