"""A value that is set as StartOS sets it changes what the running service answers, and secrets are made once.

The entrypoint and the starter run on this machine, with the volume in a temporary folder. tests/images runs them in images.
"""

import html
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.settings.test_values import rows
from tests.support.limits import until
from tests.support.tools import require

# Settings as serde_yaml 0.9 wrote them for compat.
GREETINGS = [(settings["greeting"], written) for settings, _, written in rows() if "greeting" in settings]
DEFAULT = "Hello from your server!"
CALL = """
import * as module from "./embassy.mjs";
import { readFile, writeFile, mkdir } from "node:fs/promises";
const [folder, name, input] = process.argv.slice(2);
const at = ({ path }) => `${folder}/${path}`;
const effects = {
  readFile: (options) => readFile(at(options), "utf8"),
  writeFile: (options) => writeFile(at(options), options.toWrite),
  createDir: (options) => mkdir(at(options), { recursive: true }),
};
console.log(JSON.stringify(await module[name](effects, JSON.parse(input))));
"""


def call(wrapper: Path, data: Path, name: str, value: Any = None) -> Any:
    """Call a function of scripts/embassy.js on a volume."""
    folder = wrapper / "scripts"
    (folder / "embassy.mjs").write_text((folder / "embassy.js").read_text())
    (folder / "call.mjs").write_text(CALL)
    command = [require("node"), folder / "call.mjs", data, name, json.dumps(value)]
    result = subprocess.run(list(map(str, command)), text=True, capture_output=True, check=True)
    return json.loads(result.stdout)["result"]


def configure(wrapper: Path, config: str, data: Path, greeting: str, written: str) -> None:
    """Set the greeting as StartOS does."""
    if config == "script":
        assert call(wrapper, data, "setConfig", {"greeting": greeting}) == {"depends-on": {}}
    else:
        (data / "start9").mkdir(exist_ok=True)
        (data / "start9" / "config.yaml").write_text(written, newline="")


@cache
def _free_port() -> int:
    # Below the ports that the kernel hands out.
    return 20000 + os.getpid() % 10000


@pytest.fixture(scope="module", params=["golang", "rust", "node", "python", "alpine"])
def base(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def program(base: str, render: Render, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the starter as a program, as the Dockerfile would build it."""
    folder = tmp_path_factory.mktemp("program")
    service = render({"base": base}) / "service"
    if base == "golang":
        subprocess.run([require("go"), "build", "-o", folder / "hello-world", "."], cwd=service, check=True)
    elif base == "rust":
        subprocess.run(
            [require("cargo"), "build", "--quiet", "--target-dir", folder / "target"], cwd=service, check=True
        )
        (folder / "hello-world").symlink_to(folder / "target" / "debug" / "service")
    else:
        commands = {
            "node": [require("node"), service], "python": [sys.executable, service / "service.py"],
            "alpine": [require("busybox"), "sh", service / "serve.sh"],
        }  # fmt: skip
        (folder / "hello-world").write_text(f"#!/bin/sh\nexec {shlex.join(map(str, commands[base]))}\n")
        (folder / "hello-world").chmod(0o755)
    return folder


@contextmanager
def running(wrapper: Path, program: Path, log: Path) -> Iterator[str]:
    """Run the entrypoint and yield the greeting on the service's page."""
    address = f"http://127.0.0.1:{_free_port()}/"
    with log.open("a") as output:
        process = subprocess.Popen(
            ["sh", wrapper / "docker_entrypoint.sh"], stdout=output, stderr=output, start_new_session=True,
            env={"PATH": f"{program}:{os.environ['PATH']}"},
        )  # fmt: skip

    def page() -> str:
        with suppress(OSError), urllib.request.urlopen(address) as answer:
            text: str = answer.read().decode()
            return text
        return ""

    try:
        until(lambda: page() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        found = re.search(r"<h1>(.*)</h1>", page(), re.DOTALL)
        assert found
        yield html.unescape(found[1])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@pytest.mark.parametrize("config", ["compat", "script"])
def test_a_setting_changes_what_the_service_answers(
    render: Render, tmp_path: Path, base: str, program: Path, config: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    wrapper = render({"base": base, "config": config, "volumes": {"main": str(data)}, "ui_port": _free_port()})
    log = tmp_path / "log"
    with running(wrapper, program, log) as greeting:
        assert greeting == DEFAULT
    for wanted, written in GREETINGS:
        configure(wrapper, config, data, wanted, written)
        with running(wrapper, program, log) as greeting:
            assert greeting == wanted
    assert "SETTING" not in log.read_text()


def test_a_wrapper_without_settings_has_nothing_of_it(render: Render) -> None:
    for answers in ({}, {"config": "script", "settings": "file"}):
        wrapper = render(answers)
        assert not (wrapper / "settings.sh").exists()
        for name in ("Dockerfile", "docker_entrypoint.sh", ".dockerignore", "startos.mk"):
            assert "settings.sh" not in (wrapper / name).read_text()


# ---- Secrets ---------------------------------------------------------------------------------------------------------

TEXT = 'Admin: "it\'s" $(touch PWNED) `id` \\ % # 🚀'
SECRETS = {"ADMIN_PASSWORD": {"name": TEXT, "description": TEXT}, "KEY": {"name": "Key", "length": 64, "show": False}}
# Keeps what the service gets, in the folder that it runs in.
SERVICE = """#!/bin/sh
printf '%s %s\\n' "$ADMIN_PASSWORD" "$KEY" >>got
"""


def _start(wrapper: Path, folder: Path, shell: list[str]) -> subprocess.CompletedProcess[str]:
    (folder / "service").write_text(SERVICE)
    (folder / "service").chmod(0o755)
    return subprocess.run(
        [require(shell[0]), *shell[1:], wrapper / "docker_entrypoint.sh"], cwd=folder, text=True, capture_output=True,
        env={"PATH": f"{folder}:{os.environ['PATH']}"}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"]], ids=["dash", "busybox"])
@pytest.mark.parametrize("way", ["compat", "script"])
def test_a_secret_is_made_once_shown_under_properties_and_never_logged(
    render: Render, tmp_path: Path, way: str, shell: list[str]
) -> None:
    data = tmp_path / "data"
    wrapper = render({
        "base": "image", "upstream_image": "x:1", "run": "service", "volumes": {"main": str(data)}, "properties": way,
        "config": way, "secrets": SECRETS,
    })  # fmt: skip
    if way == "script":
        assert call(wrapper, data, "properties") == {"version": 2, "data": {}}
    for _ in range(2):
        result = _start(wrapper, tmp_path, shell)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    first, second = (tmp_path / "got").read_text().splitlines()
    assert first == second
    assert re.fullmatch(r"[A-Za-z0-9]{24} [A-Za-z0-9]{64}", first)
    password, key = first.split()
    folder = data / "start9" / "secrets"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"ADMIN_PASSWORD": password, "KEY": key}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    if way == "script":
        shown = call(wrapper, data, "properties")
    else:
        stats = data / "start9" / "stats.yaml"
        assert stats.stat().st_mode & 0o777 == 0o600
        shown = yaml.safe_load(stats.read_text(encoding="utf-8"))
    entry = {"type": "string", "value": password, "description": TEXT, "copyable": True, "qr": False, "masked": True}
    assert shown == {"version": 2, "data": {TEXT: entry}}
    assert not list(tmp_path.rglob("PWNED"))


def test_two_wrappers_have_different_secrets(render: Render, tmp_path: Path) -> None:
    answers = {"base": "image", "upstream_image": "x:1", "run": "service", "properties": "compat", "secrets": SECRETS}
    for name in "ab":
        _start(render({**answers, "volumes": {"main": str(tmp_path / name)}}), tmp_path, ["dash"])
    assert len(set((tmp_path / "got").read_text().split())) == 4


@pytest.mark.parametrize("left", ["", "half"])
def test_a_start_that_was_cut_off_leaves_no_half_of_a_secret(render: Render, tmp_path: Path, left: str) -> None:
    folder = tmp_path / "data" / "start9" / "secrets"
    folder.mkdir(parents=True)
    (folder / "KEY.new").write_text(left)
    (folder / "ADMIN_PASSWORD").write_text("")
    wrapper = render({
        "base": "image", "upstream_image": "x:1", "run": "service", "volumes": {"main": str(tmp_path / "data")},
        "properties": "compat", "secrets": SECRETS,
    })  # fmt: skip
    assert _start(wrapper, tmp_path, ["dash"]).returncode == 0
    assert {len(path.read_text()) for path in folder.iterdir()} == {24, 64}


def test_a_secret_that_cannot_be_kept_stops_the_start(render: Render, tmp_path: Path) -> None:
    """A service with a password that is lost at the next start would lock people out."""
    (tmp_path / "data").write_text("a file where the folder would be")
    wrapper = render({
        "base": "image", "upstream_image": "x:1", "run": "service", "volumes": {"main": str(tmp_path / "data")},
        "properties": "compat", "secrets": SECRETS,
    })  # fmt: skip
    result = _start(wrapper, tmp_path, ["dash"])
    assert result.returncode != 0
    assert str(tmp_path / "data") in result.stderr
    assert not (tmp_path / "got").exists()
