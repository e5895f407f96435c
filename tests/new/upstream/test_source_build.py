"""Source code of Node.js and Python: what starts it, and what the template's build would stop at."""

import json
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.new.upstream.proposing import assumed, needed
from tests.new.upstream.proposals import proposal_of

NAME: dict[str, Any] = {"name": "clock", "version": "1.2.3", "repository": "github:acme/clock"}
PYPROJECT = '[project]\nname = "clock"\ndependencies = ["flask"]\n'


def _node(**package: Any) -> dict[str, str]:
    return {"package.json": json.dumps({**NAME, **package})}


@pytest.mark.parametrize(
    ("package", "run"),
    [
        ({"bin": {"clock-server": "x.js"}}, "clock-server"),
        ({"bin": "x.js"}, "clock"),
        ({"scripts": {"start": "node dist/index.js --port 80"}}, "node dist/index.js --port 80"),
        ({"scripts": {"start": "NODE_ENV=production node ."}}, "node ."),
        ({"scripts": {"start": "next start"}}, None),
        ({"scripts": {"start": "node --watch x.js"}}, None),
        ({"scripts": {"start": "npm run build && node x.js"}}, None),
        ({}, None),
    ],
)
def test_package_json_starts_a_program_or_somebody_has_to_say_what_does(
    tmp_path: Path, package: dict[str, Any], run: str | None
) -> None:
    found = proposal_of(tmp_path, _node(**package))
    assert found.values.get("run") == run
    said = [each for each in found.decide if each.name == "run"]
    assert bool(said) is (run is None) is ("run" in dict(needed(found, {})))
    assert "run" not in assumed(found, {})


def test_what_the_build_would_stop_at_is_listed_with_an_answer(tmp_path: Path) -> None:
    def build(files: dict[str, str]) -> tuple[str, str]:
        for path in tmp_path.iterdir():
            path.unlink()
        return next(
            ((each.why, each.todo) for each in proposal_of(tmp_path, files).decide if each.what == "build"), ("", "")
        )

    needs = {"dependencies": {"express": "5"}}
    script = {"scripts": {"build": "tsc"}}
    assert "{prepare: [npm ci, npm run build]}" in build(_node(**script) | {"package-lock.json": "{}"})[1]
    assert "{prepare: [pnpm install, pnpm run build]}" in build(_node(**script) | {"pnpm-lock.yaml": ""})[1]
    assert "{prepare: [npm install, npm run build]}" in build(_node(**script, **needs))[1]
    assert "npm install --package-lock-only" in build(_node(**needs))[1]
    assert not build(_node(**needs) | {"yarn.lock": ""})[1]
    assert not build(_node())[1]
    assert "uv pip compile" in build({"requirements.txt": "# web\nflask==3.0\n"})[1]
    assert not build({"requirements.txt": "flask==3.0 --hash=sha256:1\n"})[1]
    assert "{prepare: uv lock}" in build({"pyproject.toml": PYPROJECT})[1]
    assert not build({"pyproject.toml": PYPROJECT, "uv.lock": ""})[1]


SETUP = 'from setuptools import setup\nsetup(\n    name="clock",\n    install_requires=["flask"],\n)\n'


@pytest.mark.parametrize(
    ("files", "place", "todo"),
    [
        ({"Pipfile": '[packages]\nflask = "*"\n'}, "Pipfile:1", "add uv.lock, poetry.lock, pylock.toml or a requirements.txt with hashes"),
        ({"Pipfile": "", "Pipfile.lock": "{}"}, "Pipfile:1", "{prepare: uv tool run pipenv requirements --hash >requirements.txt}"),
        ({"setup.py": SETUP}, "setup.py:4", "{prepare: uv pip compile --output-file pylock.toml setup.py}"),
        ({"setup.py": SETUP, "pyproject.toml": "[build-system]\n"}, "setup.py:4", "{prepare: uv pip compile"),
        ({"setup.py": "setup()\n", "setup.cfg": "[options]\ninstall_requires =\n  flask\n"}, "setup.cfg:2", "setup.py}"),
    ],
)  # fmt: skip
def test_a_file_whose_dependencies_would_not_be_installed_is_listed(
    tmp_path: Path, files: dict[str, str], place: str, todo: str
) -> None:
    (item,) = (each for each in proposal_of(tmp_path, files).decide if each.what == "build")
    file = place.partition(":")[0]
    assert (item.place, item.why) == (
        place, f"{file} isn't supported: the build installs nothing of what it says is needed",
    )  # fmt: skip
    assert todo in item.todo


@pytest.mark.parametrize(
    "files",
    [
        {"Pipfile": "", "uv.lock": ""},
        {"Pipfile": "", "requirements.txt": "flask==3.0 --hash=sha256:1\n"},
        {"setup.py": SETUP, "pyproject.toml": PYPROJECT, "uv.lock": ""},
        {"setup.py": "setup()  # without install_requires=\n"},
    ],
)
def test_such_a_file_beside_a_lock_file_or_without_dependencies_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert not [each for each in proposal_of(tmp_path, files).decide if each.what == "build"]


def test_your_own_answers_settle_it(tmp_path: Path) -> None:
    files = _node(scripts={"build": "tsc"})
    found = proposal_of(tmp_path, files, build={"prepare": []}, run="node x.js")
    assert not {"build", "run"} & {each.name for each in found.decide}


def test_a_command_that_the_image_may_not_have_is_listed(tmp_path: Path) -> None:
    dockerfile = "FROM python:3.13\nRUN pip install gunicorn\nEXPOSE 80\nCMD gunicorn clock:app\n"
    files = {"pyproject.toml": PYPROJECT, "uv.lock": "", "Dockerfile": dockerfile}
    assert "run: gunicorn" in {each.what for each in proposal_of(tmp_path, files).decide}
    files["pyproject.toml"] = PYPROJECT.replace("flask", "Gunicorn[gthread]>=23")
    assert "run: gunicorn" not in {each.what for each in proposal_of(tmp_path, files).decide}
    files["Dockerfile"] = dockerfile.replace("gunicorn clock", "python clock")
    assert not [each for each in proposal_of(tmp_path, files).decide if each.name == "run"]
