"""A machine of somebody who has just heard of this project: an empty home, a terminal, and the tools they installed."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Self

from tests.support.screen import COLUMNS, Screen

# Where README.md says that the template is. git's insteadOf leads it to a repository on this machine.
ADDRESS = "https://example.com/startos-wrapper.git"
_SYSTEM = "/usr/local/bin:/usr/bin:/bin"
# How installers find the package index and its certificates here.
_NETWORK = re.compile(r"(PIP|UV|SSL|REQUESTS|CURL)_|(https?|no)_proxy$", re.IGNORECASE)
_PROMPT = "$ "


class Terminal:
    """A shell in a terminal of 80 columns and 24 lines."""

    def __init__(self, home: Path, server: Path, tools: tuple[Path, ...] = ()) -> None:
        """Start a shell with `home` as home. `server` is the repository at ADDRESS, `tools` are folders on the PATH."""
        self.home = home
        self._statuses = home.parent / f"{home.name}.statuses"
        self._statuses.write_text("")
        self._screens: dict[str, str] = {}
        home.mkdir(exist_ok=True)
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Sam\n\temail = sam@example.com\n[init]\n\tdefaultBranch = main\n"
            f'[url "{server}"]\n\tinsteadOf = {ADDRESS}\n'
        )
        path = os.pathsep.join([f"{home}/.local/bin", *map(str, tools), _python_alone(home.parent), _SYSTEM])
        environment = {
            **{name: value for name, value in os.environ.items() if _NETWORK.match(name)},
            **{"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "PS1": _PROMPT, "NO_COLOR": "1", "PS0": ""},
            **{"PROMPT_COMMAND": f"echo $? >>{shlex.quote(str(self._statuses))}", "HISTFILE": "/dev/null"},
            # The same on every machine: no Docker engine.
            **{"DOCKER_HOST": f"unix://{home}/docker.sock"},
            **{"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PYTHONWARNINGS": "ignore"},
        }
        given = [f"{name}={value}" for name, value in environment.items()]
        self.screen = Screen("env", "-i", "-C", str(home), *given, "bash", "--noprofile", "--norc", "-i")
        self.screen.wait_for_end(_PROMPT.rstrip())

    def __enter__(self) -> Self:
        """Return the terminal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the terminal."""
        self.screen.close()

    def run(self, command: str, status: int = 0) -> str:
        """Type a command that asks nothing, and return what's on the screen when it's done.

        Raises: AssertionError if its exit code isn't `status`.
        """
        self.start(command)
        return self.finish(status)

    def start(self, command: str) -> None:
        """Type a command on an empty screen."""
        self._done = len(self._statuses.read_text().splitlines())
        self.screen.clear()
        self.screen.send(command + "\r")

    def finish(self, status: int = 0) -> str:
        """Wait until the command is done, and return what's on the screen.

        Raises: AssertionError if its exit code isn't `status`.
        """
        self.screen.wait_until(lambda: len(self._statuses.read_text().splitlines()) > self._done)
        self.screen.wait_for_end(_PROMPT.rstrip())
        got = int(self._statuses.read_text().split()[-1])
        assert got == status, f"exit code {got}\n{self.screen.text}"
        return self.screen.text


def _python_alone(folder: Path) -> str:
    """Return a folder with this Python, without the programs of the tests' environment next to it."""
    alone = folder / "python"
    if not alone.exists():
        alone.mkdir()
        for name in ("python3", "python"):
            (alone / name).symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    return str(alone)


def wide(text: str) -> list[str]:
    """Return the lines of a screen that fill it, and so may go on in the next line."""
    return [line for line in text.splitlines() if len(line) >= COLUMNS]
