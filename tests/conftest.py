"""Fixtures: wrappers rendered from the working tree, without trust and without anybody's settings."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

ROOT = Path(__file__).parents[1]
# The fixtures of tests/images, which need a Docker engine, and of tests/update.
pytest_plugins = ["wrappers", "history"]
Render = Callable[[dict[str, Any]], Path]


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep a developer's Copier settings, git configuration and `make test` itself out of the results."""
    folder = tmp_path_factory.mktemp("nobody")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COPIER_SETTINGS_PATH", str(folder / "settings.yml"))
        patch.setenv("GIT_CONFIG_GLOBAL", str(folder / "gitconfig"))
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        # A make that was started by a make says which folder it is in.
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            patch.delenv(name, raising=False)
        (folder / "settings.yml").write_text("{}\n")
        (folder / "gitconfig").write_text(
            "[user]\nname = Test\nemail = test@example.com\n[init]\ndefaultBranch = main\n"
        )
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the working tree as a plain folder: what Copier needs and nothing else."""
    folder = tmp_path_factory.mktemp("template")
    shutil.copy(ROOT / "copier.yml", folder)
    for name in ("template", "hooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="session")
def render(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render a wrapper: `render(answers)` returns its folder. Defaults for the rest, service_id hello-world."""

    def render(answers: dict[str, Any]) -> Path:
        destination = tmp_path_factory.mktemp("wrapper")
        run_copy(
            str(template), destination, data={"service_id": "hello-world", **answers}, defaults=True, quiet=True,
            unsafe=False,
        )  # fmt: skip
        return destination

    return render


def copier(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real `copier` command, without trust and without a terminal."""
    command = [sys.executable, "-m", "copier", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)


# The tests that take minutes, in the order in which they shall begin: one that begins last keeps a worker busy alone.
LONGEST = ("tests/images/", "tests/update/", "test_text.py", "test_the_matrix", "test_fuzz.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest."""
    items.sort(key=lambda item: next((at for at, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST)))
