"""The server of the template, and the installers that a new user has."""

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.tools import ROOT
from tests.update.releases import NEWEST, git
from tests.walk.machine import Terminal

NEXT = "999.1.0"
Start = Callable[..., Terminal]


@pytest.fixture(scope="session")
def installers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pipx, uv and uvx."""
    folder = tmp_path_factory.mktemp("installers")
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", "pipx", "uv"], check=True)
    (folder / "only").mkdir()
    for name in ("pipx", "uv", "uvx"):
        (folder / "only" / name).symlink_to(folder / "bin" / name)
    return folder / "only"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture
def server(whole_history: Path, tmp_path: Path) -> Path:
    """The repository that README.md clones: every release, and the working tree as the newest."""
    folder = tmp_path / "server"
    git(tmp_path, "clone", "-q", "--bare", str(whole_history), str(folder))
    return folder


@pytest.fixture
def publish(server: Path, tmp_path: Path) -> Callable[[], None]:
    """Return a function that publishes a release after the working tree. It changes the manifest and the README."""

    def publish() -> None:
        folder = tmp_path / "next"
        git(tmp_path, "clone", "-q", str(server), str(folder))
        for name, old, new in (
            ("template/manifest.yaml.jinja", "id: ", "# Never changes.\nid: "),
            ("template/README.md.jinja", "## Build\n", "## Build it\n"),
        ):
            path = folder / name
            text = path.read_text(encoding="utf-8")
            assert text.count(old) >= 1, name
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        git(folder, "commit", "-qam", "The next release")
        git(folder, "tag", f"v{NEXT}")
        git(folder, "push", "-q", "--tags", "origin", "HEAD")

    return publish


@pytest.fixture
def start(server: Path, tmp_path: Path) -> Start:
    """Return a function that opens a terminal with an empty home, and with folders of programs on the PATH."""

    def start(*tools: Path) -> Terminal:
        return Terminal(tmp_path / "home", server, tools)

    assert sys.base_prefix != sys.prefix, "run the tests in a virtual environment"
    assert NEWEST < NEXT
    return start
