"""A Gitea on a free port of the loopback interface, with one user, and what tests ask it."""

import base64
import contextlib
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fleet.tools import gitea
from tests.update.releases import git

USER = "fleet"
_CONFIG = """\
APP_NAME = fleet
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {static}
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db
[repository]
ROOT = {folder}/repositories
DEFAULT_BRANCH = main
[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
[log]
LEVEL = Warn
ROOT_PATH = {folder}/log
[actions]
ENABLED = false
[cron.update_checker]
ENABLED = false
"""
_WAIT = 120


@dataclass(frozen=True)
class Forge:
    """A running forge: its URL, and the token of its user."""

    url: str
    token: str

    def address(self, repository: str) -> str:
        """Return the URL that anyone can clone a repository from."""
        return f"{self.url}/{USER}/{repository}.git"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request to the API and return the answer.

        Raises: AssertionError with the forge's message if it refuses, URLError if it can't be reached.
        """
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"token {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def of(self, repository: str, path: str) -> Any:
        """Get something about a repository."""
        return self.ask("GET", f"repos/{USER}/{repository}/{path}")

    def create(self, repository: str, folder: Path, *refs: str) -> None:
        """Create a repository and push refs of a folder into it."""
        self.ask("POST", "user/repos", {"name": repository})
        self.push(repository, folder, *(refs or ("main",)))
        # Gitea takes note of a push after it has answered git.
        _until(lambda: not self.ask("GET", f"repos/{USER}/{repository}")["empty"], f"the push to {repository}")

    def push(self, repository: str, folder: Path, *refs: str) -> None:
        """Push refs of a folder."""
        login = base64.b64encode(f"{USER}:{self.token}".encode()).decode()
        header = f"http.extraHeader=Authorization: Basic {login}"
        git(folder, "-c", header, "push", "-q", self.address(repository), *refs)

    def pulls(self, repository: str, state: str = "open") -> list[dict[str, Any]]:
        """Return the pull requests of a repository."""
        found: list[dict[str, Any]] = self.of(repository, f"pulls?state={state}")
        return found

    def clone(self, repository: str, folder: Path, branch: str = "main") -> Path:
        """Clone a branch of a repository into a new folder."""
        git(folder.parent, "clone", "-q", "--branch", branch, self.address(repository), str(folder))
        return folder


@contextlib.contextmanager
def forge(folder: Path) -> Iterator[Forge]:
    """Start a forge with its files in `folder`, and stop it at the end."""
    program = gitea()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "app.ini"
    config.write_text(_CONFIG.format(port=port, static=program, folder=folder, secret=secrets.token_hex(32)))
    command = [str(program / "gitea"), "--work-path", str(folder), "--config", str(config)]
    environment = {**os.environ, "HOME": str(folder)}

    def run(*arguments: str) -> str:
        done = subprocess.run([*command, *arguments], env=environment, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("migrate")
    said = run(
        "admin", "user", "create", "--admin", "--username", USER, "--random-password", "--email", "fleet@example.com",
        "--must-change-password=false", "--access-token", "--access-token-scopes", "all",
    )  # fmt: skip
    token = said.split("Access token was successfully created... ")[1].split()[0]
    with (folder / "output").open("w") as output:
        server = subprocess.Popen([*command, "web"], env=environment, stdout=output, stderr=output)
        try:
            found = Forge(f"http://127.0.0.1:{port}", token)
            _until(lambda: _answers(found, server), "Gitea")
            yield found
        finally:
            server.terminate()
            server.wait()


def _answers(found: Forge, server: "subprocess.Popen[bytes]") -> bool:
    assert server.poll() is None, "Gitea doesn't start"
    with contextlib.suppress(urllib.error.URLError, ConnectionError):
        return bool(found.ask("GET", "version"))
    return False


def _until(done: Callable[[], bool], what: str) -> None:
    """Wait until something has happened.

    Raises: AssertionError if it takes a minute.
    """
    for _ in range(_WAIT):
        if done():
            return
        time.sleep(0.5)
    raise AssertionError(f"Waited a minute for {what}")
