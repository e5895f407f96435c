"""Rehearse one built wrapper again and again, each time with another fault in its files."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.rehearse import running_rehearsals
from startos_wrapper.rehearse.outcome import StepResult
from startos_wrapper.rehearse.package import opened
from startos_wrapper.rehearse.playing import Watcher, play
from startos_wrapper.rehearse.rehearsal import Pace, Settings
from tests.images.engine import Engine
from tests.images.wrappers import Wrapper

Manifest = dict[str, Any]
Fault = Callable[[Manifest], None]
FAST = Pace(first=0.5, between=0.3, crash=1.0, settle=0.7)
# What the template's entrypoint exports for the starter.
SERVE = "export PORT=8080 DATA_DIR=/root/.hello-world ASSETS_DIR=; "


@dataclass
class Life:
    """A built wrapper, and the engine on which it's rehearsed."""

    wrapper: Wrapper
    engine: Engine
    folder: Path
    count: int = 0
    # The ids of all rehearsals. Another test session may use the same engine.
    ids: set[str] = field(default_factory=set)

    def planted(self, fault: Fault) -> Path:
        """Return a copy of the wrapper with a fault in its manifest. The images are hard links."""
        self.count += 1
        folder = self.folder / str(self.count)
        unwanted = shutil.ignore_patterns(".git")
        shutil.copytree(self.wrapper.folder, folder, symlinks=True, copy_function=os.link, ignore=unwanted)
        manifest = yaml.safe_load((folder / "manifest.yaml").read_text())
        fault(manifest)
        (folder / "manifest.yaml").unlink()
        (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
        return folder

    def rehearse(self, fault: Fault, *steps: str, wait: float = 20) -> dict[str, StepResult]:
        """Return how each step ended."""
        with opened(self.planted(fault), 1) as package:
            settings = Settings(steps=steps, wait=wait, pace=FAST)
            return {result.step: result for result in play(package, settings, Watcher())}

    def left(self) -> list[str]:
        """Return what rehearsals left on the engine."""
        label = ("--filter", "label=startos-wrapper.rehearsal")
        listed = (
            ("ps", "--all", *label, "--format", "{{.Names}}"),
            ("network", "ls", *label, "--format", "{{.Name}}"),
            ("volume", "ls", *label, "--format", "{{.Name}}"),
            ("image", "ls", "--format", "{{.Tag}}", "startos-wrapper/rehearsal"),
        )
        self.ids |= {path.stem for path in running_rehearsals.folder().glob("*.lock")}
        names = [name for command in listed for name in self.engine.docker(*command).stdout.split()]
        return [name for name in names if any(run in name for run in self.ids)]


@contextmanager
def life_of(wrapper: Wrapper, engine: Engine, folder: Path) -> Iterator[Life]:
    """Let `docker` mean the tests' engine, and keep the locks of rehearsals in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in engine.env.items():
            patch.setenv(name, value)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        life = Life(wrapper, engine, folder)

        def token(length: int) -> str:
            id = secrets.token_bytes(length).hex()
            life.ids.add(id)
            return id

        patch.setattr(secrets, "token_hex", token)
        yield life


def main(entrypoint: str, *args: str, **more: Any) -> Fault:
    """Start something else."""

    def change(manifest: Manifest) -> None:
        manifest["main"] |= {"entrypoint": entrypoint, "args": list(args), **more}

    return change


def shell(script: str, **more: Any) -> Fault:
    """Start a shell script that is process 1."""
    return main("sh", "-c", script, **more)


def check(script: str, **more: Any) -> Fault:
    """Let the health check do something else."""

    def change(manifest: Manifest) -> None:
        manifest["health-checks"]["main"] |= {"args": ["-c", script], **more}

    return change


def several(*faults: Fault) -> Fault:
    """Change several things."""

    def change(manifest: Manifest) -> None:
        for fault in faults:
            fault(manifest)

    return change
