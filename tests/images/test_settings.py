"""Settings, secrets, actions and health checks in the built images, on volumes as StartOS mounts them."""

import html
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.images.wrappers import PLATFORMS, Container, Wrapper, Wrappers
from tests.settings.test_services import DEFAULT, GREETINGS, call, configure
from tests.support.limits import until

ARCH = "x86_64"
SECRETS = {"ADMIN_PASSWORD": {"name": "Admin password"}}
ACTION = {"name": "Name", "description": "What it does.", "allowed-statuses": ["running"], "entrypoint": "running.sh"}
CHECK = {"name": "Data", "entrypoint": "check-data.sh"}
# What an author would write into the scripts: they use the volume.
RESET = """#!/bin/sh
set -eu
cat >>/data/input
hostname >>/data/hosts
echo '{"version":"0","message":"Done.","value":null,"copyable":false,"qr":false}'
"""
DATA = "#!/bin/sh\ncat >/data/age\n[ -s /data/input ] || { echo no input yet >&2; exit 61; }\n"


def restart(container: Container) -> None:
    """Stop and start a container, and wait until the service answers."""
    container.stop()
    container.docker("start", container.id)
    until(lambda: container.page() or not container.running())
    assert container.running(), container.log()


def procedure(container: Container, folder: Path, given: dict[str, Any], value: Any) -> tuple[int, str, str]:
    """Run a procedure of the manifest like StartOS: in the running container, or in a new one with its mounts."""
    command: Sequence[str] = (given["entrypoint"], *given["args"])
    text = json.dumps(value) if "io-format" in given else ""
    if given["inject"]:
        assert not given.get("mounts")
        result = container.execute(*command, input=text)
    else:
        mounts = [f"--mount=type=bind,src={folder / id},dst={path}" for id, path in given["mounts"].items()]
        result = subprocess.run(
            ["/usr/bin/docker", "run", "--rm", "--interactive", "--platform", PLATFORMS[ARCH], *mounts, "--entrypoint",
             command[0], container.wrapper.tag, *command[1:]],
            env=container.wrapper.engine.env, input=text, text=True, capture_output=True, check=False,
        )  # fmt: skip
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("config", ["compat", "script"])
@pytest.mark.parametrize("base", ["golang", "rust", "alpine"])
def test_a_setting_changes_the_page_and_a_secret_stays(
    wrappers: Wrappers, base: str, config: str, tmp_path: Path
) -> None:
    wrapper = wrappers.new({"base": base, "config": config, "secrets": SECRETS, "arches": [ARCH]})
    wrapper.make("images")
    data = tmp_path / "main"
    container = wrapper.start(ARCH, tmp_path)
    assert f"<h1>{DEFAULT}</h1>" in container.page()
    secret = (data / "start9" / "secrets" / "ADMIN_PASSWORD").read_text()
    for greeting, written in GREETINGS:
        configure(wrapper.folder, config, data, greeting, written)
        restart(container)
        assert f"<h1>{greeting}</h1>" in html.unescape(container.page())
    assert (data / "start9" / "secrets" / "ADMIN_PASSWORD").read_text() == secret
    if config == "script":
        shown = call(wrapper.folder, data, "properties")
    else:
        shown = yaml.safe_load((data / "start9" / "stats.yaml").read_text())
    assert shown["data"]["Admin password"]["value"] == secret
    assert secret not in container.log()
    (service,) = container.services()
    assert f"ADMIN_PASSWORD={secret}" in Path(f"/proc/{service}/environ").read_text().split("\0")
    container.remove()


@pytest.fixture(scope="module")
def scripted(wrappers: Wrappers) -> Wrapper:
    """A wrapper whose author has filled the scripts."""
    wrapper = wrappers.new({
        "base": "alpine", "arches": [ARCH], "volumes": {"main": "/data"}, "health_checks": {"data": CHECK},
        "actions": {
            "running": ACTION,
            "both": {**ACTION, "allowed-statuses": ["running", "stopped"], "entrypoint": "both.sh"},
            "untouched": {**ACTION, "entrypoint": "untouched.sh"},
        },
    })  # fmt: skip
    for name in ("running.sh", "both.sh"):
        (wrapper.folder / "bin" / name).write_text(RESET)
    (wrapper.folder / "bin" / "check-data.sh").write_text(DATA)
    # Modes don't matter, because not every file system keeps them.
    (wrapper.folder / "bin" / "both.sh").chmod(0o644)
    wrapper.make("images")
    return wrapper


def test_actions_and_checks_run_their_scripts_on_the_volume(scripted: Wrapper, tmp_path: Path) -> None:
    container = scripted.start(ARCH, tmp_path)
    check = scripted.manifest["health-checks"]["data"]
    assert procedure(container, tmp_path, check, 5000) == (61, "", "no input yet\n")
    actions = {id: action["implementation"] for id, action in scripted.manifest["actions"].items()}
    for id, count in (("running", 1), ("both", 2)):
        code, printed, _ = procedure(container, tmp_path, actions[id], {"number": count})
        assert code == 0
        assert json.loads(printed) == {
            "version": "0",
            "message": "Done.",
            "value": None,
            "copyable": False,
            "qr": False,
        }
    assert (tmp_path / "main" / "input").read_text() == '{"number": 1}{"number": 2}'
    # The first ran in the service's container, the second in its own.
    hosts = (tmp_path / "main" / "hosts").read_text().split()
    assert [host == container.id[:12] for host in hosts] == [True, False]
    assert procedure(container, tmp_path, check, 20000)[0] == 0
    assert (tmp_path / "main" / "age").read_text() == "20000"
    # An action whose script nobody has written says so.
    code, printed, said = procedure(container, tmp_path, actions["untouched"], None)
    assert (code, printed, said) == (1, "", "untouched.sh: the action untouched isn't implemented yet\n")
    # A stopped service: the action still reaches the volume.
    container.stop()
    assert procedure(container, tmp_path, actions["both"], {})[0] == 0
    assert (tmp_path / "main" / "input").read_text().endswith("{}")
    container.remove()
