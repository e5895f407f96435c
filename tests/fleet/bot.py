"""Run the real Renovate over repositories of the forge."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.fleet.forge import USER, Forge
from tests.fleet.tools import renovate

COPIER = Path(sys.executable).parent
# Managers that only need this machine. The others look up images and modules of Go and npm.
_MANAGERS = ["copier", "custom.regex", "github-actions"]


def _command(program: str) -> tuple[list[str], dict[str, str]]:
    node, programs = renovate()
    # No token for GitHub: the machine that runs the tests may have one.
    kept = {
        name: value for name, value in os.environ.items() if "TOKEN" not in name and not name.startswith("RENOVATE_")
    }
    path = f"{COPIER}{os.pathsep}{node.parent}{os.pathsep}{kept['PATH']}"
    return [str(node), str(programs / program)], {**kept, "PATH": path, "LOG_LEVEL": "debug", "LOG_FORMAT": "json"}


def run_renovate(forge: Forge, folder: Path, repositories: list[str]) -> str:
    """Run Renovate once over some repositories, with its files in `folder`, and return its log."""
    # Renovate remembers tags, and wouldn't see new ones.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    config: dict[str, Any] = {
        "platform": "gitea", "endpoint": forge.url, "token": forge.token, "gitAuthor": "Renovate <bot@example.com>",
        "onboarding": False, "requireConfig": "optional", "baseDir": str(folder),
        "repositories": [f"{USER}/{name}" for name in repositories],
        "force": {"enabledManagers": _MANAGERS, "prHourlyLimit": 0, "dependencyDashboard": False},
    }  # fmt: skip
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    command, environment = _command("renovate.js")
    done = subprocess.run(
        command, cwd=folder, env={**environment, "RENOVATE_CONFIG_FILE": str(file)}, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    return done.stdout


def validate(folder: Path) -> str:
    """Validate `renovate.json` in a folder as a repository's config, strictly, and return what is said about it."""
    command, environment = _command("config-validator.js")
    done = subprocess.run(
        [*command, "--strict"], cwd=folder, env={**environment, "LOG_LEVEL": "info", "LOG_FORMAT": ""}, text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
