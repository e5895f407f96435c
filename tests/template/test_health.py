"""The default health checks, run by real shells with each tool that an image may have, against a real server."""

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.rendering import Template
from tests.support.tools import require

# What each kind of image has, apart from busybox's small commands.
TOOLS = {"GNU wget": ["wget"], "busybox wget": ["busybox wget"], "curl": ["curl"], "both": ["curl", "wget"]}
SHELLS = {"dash": "dash", "busybox": "busybox"}
COMMANDS = ("cat", "grep", "head", "printf", "sed", "tail", "timeout")
LONG_AGO, JUST_NOW = "3600000", "1000"


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the status in the path: /401. A redirect leads to a host that doesn't exist."""

    def do_GET(self) -> None:
        status = int(self.path.strip("/").partition("?")[0])
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "https://shop.invalid/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


class Hangs(http.server.BaseHTTPRequestHandler):
    """Accepts connections and never answers."""

    def handle(self) -> None:
        self.rfile.read()


def serve(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    yield from serve(Answers)


class Check:
    """A rendered health check, run with the given tools on the PATH and nothing else."""

    def __init__(self, folder: Path, check: dict[str, Any], tools: list[str], shell: str) -> None:
        self.check, self.folder = check, folder
        folder.mkdir()
        for name in COMMANDS:
            # Debian's busybox prefers its own wget to GNU's, also where `timeout` runs it.
            command = f"{require('busybox')} {name}" if "busybox wget" in tools else require(name)
            (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        for tool in tools:
            program, *applet = tool.split()
            command = " ".join([require(program), *applet])
            (folder / (applet or [program])[0]).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        for path in folder.iterdir():
            path.chmod(0o755)
        self.shell = [require(shell), *(["sh"] if shell == "busybox" else [])]

    def run(self, age: str = LONG_AGO) -> tuple[int, str]:
        """Return the exit code and what StartOS would show."""
        assert self.check["entrypoint"] == "sh"
        result = subprocess.run(
            [*self.shell, *self.check["args"]], env={"PATH": str(self.folder)}, input=json.dumps(int(age)), text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        return result.returncode, result.stderr


def rendered(**answers: object) -> dict[str, Any]:
    """Return the health check of a wrapper."""
    template = Template()
    manifest = template.file("manifest.yaml", template.ask({"service_id": "hello-world", "advanced": True, **answers}))
    check: dict[str, Any] = yaml.safe_load(manifest)["health-checks"]["main"]
    return check


OPTIONS = {"path": "/STATUS?from=check&more=1", "timeout": 1, "grace": 120}


@pytest.fixture(scope="module")
def checks() -> dict[str, dict[str, Any]]:
    """The health checks of an upstream image and of a starter, with a port and a path to be put in."""
    return {
        "image": rendered(base="image", upstream_image="x:1", run="app", ui_port=12345, health_options=OPTIONS),
        "alpine": rendered(base="alpine", ui_port=12345, health_options=OPTIONS),
    }


def at(check: dict[str, Any], port: int, status: int | str) -> dict[str, Any]:
    script = check["args"][1].replace("12345", str(port)).replace(f"{12345:04X}", f"{port:04X}")
    return {**check, "args": ["-c", script.replace("STATUS", str(status))]}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("tools", TOOLS)
def test_any_answer_below_500_is_healthy_and_a_failure_says_what_came(
    checks: dict[str, dict[str, Any]], port: int, tmp_path: Path, tools: str, shell: str
) -> None:
    for status in (200, 204, 301, 401, 403, 404):
        check = Check(tmp_path / f"{status}", at(checks["image"], port, status), TOOLS[tools], shell)
        assert check.run() == (0, ""), status
    check = Check(tmp_path / "503", at(checks["image"], port, 503), TOOLS[tools], shell)
    code, said = check.run()
    assert (code, said.startswith(f"http://127.0.0.1:{port}/503?from=check&more=1: HTTP status 503")) == (1, True), said
    assert check.run(JUST_NOW) == (60, "")
    assert check.run("119999")[0] == 60
    assert check.run("120000")[0] == 1


@pytest.mark.parametrize("tools", TOOLS)
def test_a_port_that_nobody_listens_on_is_a_failure(
    checks: dict[str, dict[str, Any]], tmp_path: Path, tools: str
) -> None:
    code, said = Check(tmp_path / "refused", at(checks["image"], 1, 200), TOOLS[tools], "dash").run()
    assert code == 1
    assert "refused" in said or "connect" in said


@pytest.mark.parametrize("tools", ["busybox wget", "curl"])
def test_a_service_that_hangs_is_a_failure(checks: dict[str, dict[str, Any]], tmp_path: Path, tools: str) -> None:
    for port in serve(Hangs):
        code, said = Check(tmp_path / "hangs", at(checks["image"], port, 200), TOOLS[tools], "dash").run()
        assert code == 1
        assert len(said) > len(f"http://127.0.0.1:{port}/200?from=check&more=1: \n")


def test_without_a_tool_an_open_port_will_do(checks: dict[str, dict[str, Any]], port: int, tmp_path: Path) -> None:
    assert Check(tmp_path / "open", at(checks["image"], port, 503), [], "dash").run() == (0, "")
    code, said = Check(tmp_path / "closed", at(checks["image"], 1, 200), [], "dash").run()
    assert (code, said) == (1, "http://127.0.0.1:1/200?from=check&more=1: nothing listens there\n")


def test_the_starters_check_judges_the_same(checks: dict[str, dict[str, Any]], port: int, tmp_path: Path) -> None:
    for status, expected in {204: 0, 302: 0, 401: 0, 500: 1}.items():
        check = Check(tmp_path / f"{status}", at(checks["alpine"], port, status), ["busybox wget"], "busybox")
        assert check.run()[0] == expected


@pytest.mark.parametrize("base", ["golang", "rust", "node", "python", "alpine"])
def test_a_starter_is_asked_for_a_page_that_counts_no_visit(base: str) -> None:
    assert "url='http://127.0.0.1:8080/health'" in rendered(base=base)["args"][1]


def test_the_check_of_a_port_has_a_grace_too(tmp_path: Path) -> None:
    answers = {"base": "image", "upstream_image": "x:1", "run": "app", "health_check": "tcp", "ui_port": 1}
    check = Check(tmp_path / "tcp", rendered(**answers, health_options={"grace": 5}), [], "dash")
    assert check.run("4999") == (60, "")
    assert check.run("5000") == (1, "nothing listens on port 1\n")
