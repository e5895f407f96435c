"""The entrypoint, run by real shells: one or several processes, folders and signals."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.support.limits import HUNG, until
from tests.support.tools import require

SHELLS = [["dash"], ["busybox", "sh"]]
# Records that it runs, waits, and records that it was asked to stop.
SERVICE = """#!/bin/sh
name=$(basename "$0")
trap 'echo stopped >"$LOG/$name.stopped"; kill "$!" 2>/dev/null; exit 0' TERM
echo "$$" >"$LOG/$name.started"
sleep 3600 &
wait
"""


class Container:
    """The entrypoint with fake services on the PATH."""

    def __init__(self, folder: Path, entrypoint: Path, shell: list[str], services: dict[str, str]) -> None:
        self.log = folder / "log"
        tools = folder / "tools"
        self.log.mkdir()
        tools.mkdir()
        for name, text in services.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.process = subprocess.Popen(
            [require(shell[0]), *shell[1:], entrypoint],
            env={"PATH": f"{tools}:{os.environ['PATH']}", "LOG": str(self.log)},
            start_new_session=True,
        )

    def until(self, *names: str) -> None:
        """Wait until all of these files exist."""
        until(lambda: all((self.log / name).exists() for name in names), f"for {names}")

    def ended(self) -> int:
        """Wait until the container has ended and return its exit code."""
        return self.process.wait(HUNG)

    def nothing_is_left(self) -> None:
        """Wait until no process of the container is running."""
        until(lambda: not self._running(), "for processes to end")

    def _running(self) -> list[str]:
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, rest = stat.read_text().rpartition(") ")
            except OSError:
                continue  # It ended in the meantime.
            state, _parent, group, *_ = rest.split()
            if int(group) == self.process.pid and state != "Z":
                found.append(name)
        return found


@pytest.fixture(params=SHELLS, ids=["dash", "busybox"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    chosen: list[str] = request.param
    return chosen


def _entrypoint(render: Render, run: object, **answers: object) -> Path:
    return render({"base": "image", "upstream_image": "x:1", "run": run, **answers}) / "docker_entrypoint.sh"


def test_one_process_replaces_the_shell(render: Render, tmp_path: Path, shell: list[str]) -> None:
    container = Container(tmp_path, _entrypoint(render, "one"), shell, {"one": SERVICE})
    container.until("one.started")
    assert int((container.log / "one.started").read_text()) == container.process.pid
    container.process.send_signal(signal.SIGTERM)
    assert container.ended() == 0
    assert (container.log / "one.stopped").exists()


def test_sigterm_reaches_all_of_several_processes(render: Render, tmp_path: Path, shell: list[str]) -> None:
    container = Container(tmp_path, _entrypoint(render, ["one", "two"]), shell, {"one": SERVICE, "two": SERVICE})
    container.until("one.started", "two.started")
    container.process.send_signal(signal.SIGTERM)
    assert container.ended() in {0, 143}
    assert {"one.stopped", "two.stopped"} <= {path.name for path in container.log.iterdir()}
    container.nothing_is_left()


@pytest.mark.parametrize("code", [0, 3])
def test_the_first_that_ends_stops_the_others_and_gives_the_code(
    render: Render, tmp_path: Path, shell: list[str], code: int
) -> None:
    dies = f'#!/bin/sh\nuntil [ -e "$LOG/one.started" ]; do sleep 0.1; done\nexit {code}\n'
    container = Container(tmp_path, _entrypoint(render, ["one", "two"]), shell, {"one": SERVICE, "two": dies})
    assert container.ended() == code
    assert (container.log / "one.stopped").exists()
    container.nothing_is_left()


def test_folders_are_made_and_a_second_start_finds_them(render: Render, tmp_path: Path, shell: list[str]) -> None:
    folder = tmp_path / "data" / "logs"
    entrypoint = _entrypoint(render, "sleep 0", directories=[str(folder)])
    for _ in range(2):
        subprocess.run([require(shell[0]), *shell[1:], entrypoint], check=True)
        assert folder.is_dir()
        (folder / "mine").write_text("kept")
    assert (folder / "mine").read_text() == "kept"
