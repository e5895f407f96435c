"""A `docker` that says what a test wants, instead of Docker's own."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest


def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a `docker` first in PATH, and return the function that says what it prints and how it exits.

    That function returns the path of a log of all arguments.
    """
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    def say(printed: Any, errors: str = "", code: int = 0) -> Path:
        (tmp_path / "out").write_text(printed if isinstance(printed, str) else json.dumps(printed))
        (tmp_path / "err").write_text(errors)
        script = tmp_path / "bin/docker"
        here = shlex.quote(str(tmp_path))
        script.write_text(f'#!/bin/sh\necho "$@" >> {here}/log\ncat {here}/out\ncat {here}/err >&2\nexit {code}\n')
        script.chmod(0o755)
        return tmp_path / "log"

    return say


def inspected(**settings: Any) -> list[dict[str, Any]]:
    """Return what `docker image inspect` prints."""
    digest = f"web@sha256:{'a' * 64}"
    return [{"Os": "linux", "Architecture": "arm64", "RepoDigests": [digest], "Config": settings}]


def several(**platforms: dict[str, Any]) -> dict[str, Any]:
    """Return what `docker buildx imagetools inspect` prints for an image with several platforms."""
    images = {
        f"linux/{name}": {"os": "linux", "architecture": name, "config": inner} for name, inner in platforms.items()
    }
    images["unknown/unknown"] = {"os": "unknown", "architecture": "unknown"}
    return {"name": "web", "manifest": {"digest": f"sha256:{'b' * 64}"}, "image": images}
