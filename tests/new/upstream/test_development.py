"""What developers add to a compose file: their source code over the program, and commands that watch it."""

import shlex
from pathlib import Path

import pytest

from startos_wrapper.new.upstream.developer_commands import is_for_developers
from tests.new.upstream.proposals import everything, kinds, proposal_of

PACKAGE = '{"name": "clock", "version": "1.2.3", "repository": "github:acme/clock", "bin": {"clock": "clock.js"}}'
DOCKERFILE = "FROM node:22-alpine\nWORKDIR /app\nCOPY . .\nEXPOSE 3000\nCMD %s\n"


def _files(volumes: str, command: str = "npm run dev", cmd: str = '["node", "clock.js"]') -> dict[str, str]:
    compose = f"services: {{app: {{build: ., volumes: {volumes}, command: {command}, ports: ['3000:3000']}}}}\n"
    return {
        "compose.yaml": compose, "package.json": PACKAGE, "Dockerfile": DOCKERFILE % cmd, "src/clock.js": "",
        "config/clock.yaml": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mount", "is_volume"),
    [
        (".:/app", False),
        ("${PWD}:/app", False),
        ("./:/srv/clock", False),
        ("./src:/app/src", False),
        ("./data:/app/data", True),
        ("./config:/app/config", True),
        ("/srv/clock:/data", True),
        ("clock:/data", True),
    ],
)
def test_the_source_code_is_no_volume(tmp_path: Path, mount: str, is_volume: bool) -> None:
    found = proposal_of(tmp_path, _files(f"['{mount}', './more:/more']"))
    target = mount.rpartition(":")[2]
    assert (target in found.values["volumes"].values()) is is_volume
    left = [each for each in found.left_out if each.what.endswith(target)]
    assert is_volume or "for developers" in left[0].why


def test_a_folder_without_source_code_is_a_volume_of_an_image(tmp_path: Path) -> None:
    compose = "services: {app: {image: 'acme/clock:1.2.3', volumes: ['.:/config']}}\n"
    assert proposal_of(tmp_path, compose).values["volumes"] == {"main": "/config"}
    with_source = {"compose.yaml": compose, "package.json": PACKAGE}
    assert not proposal_of(tmp_path, with_source).values.get("volumes")


def test_the_dockerfile_starts_the_service_instead_of_a_command_for_developers(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, _files("['./data:/data']"))
    assert found.values["run"] == "node clock.js"
    said = next(each for each in found.decide if each.name == "run")
    assert (said.what, said.place) == ("run: npm run dev", "compose.yaml:1")
    assert "run is what Dockerfile starts" in said.why


def test_a_dockerfile_for_developers_starts_nothing(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, _files("['./data:/data']", cmd='["npx", "nodemon", "clock.js"]'))
    assert "nodemon" not in str(found.values)
    assert kinds(found, "decide")["run: npm run dev"] == "open"
    assert "npx nodemon" in everything(found)


def test_the_start_script_counts_if_the_dockerfile_is_for_developers(tmp_path: Path) -> None:
    files = _files("['./data:/data']", cmd='["npm", "run", "dev"]')
    files["compose.yaml"] = files["compose.yaml"].replace("command: npm run dev, ", "")
    assert "run" not in {**proposal_of(tmp_path, {**files, "package.json": '{"name": "clock"}'}).values}
    scripts = '{"name": "clock", "scripts": {"start": "node clock.js"}}'
    found = proposal_of(tmp_path, {**files, "package.json": scripts})
    assert found.values["run"] == "node clock.js"
    said = next(each for each in found.decide if each.name == "run")
    assert said.place == "Dockerfile:5"
    assert "run is what package.json says" in said.todo


@pytest.mark.parametrize(
    "command",
    [
        "npm run dev", "yarn dev", "pnpm run start:dev", "bun --hot run x.ts", "npx vite", "vite --host", "next dev",
        "nodemon x.js", "node --watch x.js", "flask run --debug", "python -m flask --app x run --debug",
        "uvicorn x:app --reload", "poetry run uvicorn x:app --reload", "python manage.py runserver 0.0.0.0:80",
        "sh -c 'npm install && npm run dev'", "go run .", "cargo watch -x run",
    ],
)  # fmt: skip
def test_a_command_for_developers(command: str) -> None:
    assert is_for_developers(shlex.split(command))


@pytest.mark.parametrize(
    "command",
    [
        "npm start", "npm run start", "yarn start:prod", "node x.js", "vite preview", "flask run", "uvicorn x:app",
        "gunicorn x:app", "python manage.py migrate", "server --debug", "bitcoind --debug", "start-dev", "go", "",
        "sh -c 'unclosed \"'", "sh -c", "nginx -g 'daemon off;'",
    ],
)  # fmt: skip
def test_a_command_for_users(command: str) -> None:
    assert not is_for_developers(shlex.split(command))
