"""A sample of `make rehearse-all` that fits into each run of the tests: a whole life, as in the picture in README.md.

The wrapper has two volumes and two processes. It's rehearsed, and updated from a git tag, by a user who isn't root and may
use Docker. This file is also the program that this user runs.
"""

import grp
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from startos_wrapper import cli
from startos_wrapper.rehearse import rehearsal
from tests.images.engine import Engine
from tests.images.wrappers import Render, Wrapper
from tests.rehearse.listing import Listing
from tests.rehearse.lives import FAST
from tests.support.screen import Screen
from tests.support.tools import ROOT

STORED = Path(__file__).parent / "screens" / "rehearse.txt"
COMMAND = "startos-wrapper rehearse --from v0.1.0"
PROMPT = "$"
WORKER = """sh -c 'trap "exit 0" TERM; date >>/root/db/starts; while :; do sleep 1 & wait "$!"; done'"""
ANSWERS = {
    "base": "alpine", "arches": [os.uname().machine], "config": "compat", "packages": ["busybox-extras"],
    "run": ["httpd -f -p 8080 -h /root/.hello-world", WORKER], "health_check": "tcp",
    "volumes": {"main": "/root/.hello-world", "db": "/root/db"},
}  # fmt: skip
USER = 54321
# Python is in a folder of root. The user may read everything, and has no other right of root.
READS = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can enter. git doesn't ask whether a user's rights go beyond the folders' modes."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_new_wrapper_passes_every_step_without_root(engine: Engine, render: Render, public: Path) -> None:
    """Set the variable SCREENS to store the screen of a run at StartOS's pace."""
    wrapper = Wrapper(render(ANSWERS), engine)
    subprocess.run(["git", "tag", "v0.1.0"], cwd=wrapper.folder, check=True)
    manifest = wrapper.folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace('version: "0.1.0"', 'version: "0.2.0"'))
    wrapper.make("images")
    folder, config = public / wrapper.folder.name, public / "docker"
    shutil.copytree(wrapper.folder, folder, symlinks=True)
    shutil.copytree(engine.env["DOCKER_CONFIG"], config)
    subprocess.run(["chown", "-R", "-h", f"{USER}:{USER}", public], check=True)
    env = {**engine.env, "HOME": str(public), "TMPDIR": str(public), "XDG_CACHE_HOME": str(public / ".cache")}
    env |= {"DOCKER_CONFIG": str(config), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with Listing(engine, public / ".cache").nothing_left():
        printed = _as_user(folder, env)
    if os.environ.get("SCREENS"):
        STORED.write_text(_on_a_terminal(wrapper.folder, env))
    stored = STORED.read_text().splitlines()
    assert stored[0] == COMMAND and stored[-1] == PROMPT
    assert _form(printed) == _form("\n".join(stored[1:-1]))


def _as_user(folder: Path, env: dict[str, str]) -> str:
    """Return what the command prints for a user who isn't root, at a faster pace."""
    group = str(grp.getgrnam("docker").gr_gid)
    rights = ("--reuid", str(USER), "--regid", str(USER), "--groups", group, *READS)
    program = ("setpriv", *rights, sys.executable, "-m", "tests.rehearse.test_whole_life")
    done = subprocess.run(program, cwd=folder, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _on_a_terminal(folder: Path, env: dict[str, str]) -> str:
    """Return the screen after the command, at StartOS's pace."""
    path = f"PATH={Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    variables = (path, f"PS1={PROMPT} ", *(f"{name}={env[name]}" for name in ("HOME", "DOCKER_HOST", "DOCKER_CONFIG")))
    screen = Screen("env", "-C", str(folder), *variables, "bash", "--noprofile", "--norc", "-i")
    try:
        screen.wait_for_end(PROMPT)
        screen.clear()
        screen.send(f"{COMMAND}\r")
        screen.wait_for_end(PROMPT)
        return f"{screen.text.rstrip()}\n"
    finally:
        screen.close()


def _form(text: str) -> list[str]:
    """Return the lines without what differs from run to run."""
    text = re.sub(r"[\d.]+ s\b|\d+ min \d+ s\b", "TIME", text)
    return [" ".join(line.split()) for line in re.sub(r"\b(x86_64|aarch64)\b", "PROCESSOR", text).splitlines()]


if __name__ == "__main__":
    assert os.geteuid() == USER
    rehearsal.Settings = partial(rehearsal.Settings, pace=FAST)  # type: ignore[misc, assignment]
    sys.exit(cli.main(COMMAND.split()[1:]))
