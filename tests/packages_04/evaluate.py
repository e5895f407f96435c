"""Play the steps of a job with the bundle of a package for StartOS 0.4, in its own mount namespace."""

import functools
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.tools import absent, require

_SCRIPT = Path(__file__).with_name("evaluate.js")
_TIMEOUT = 600


class NoPackageError(Exception):
    """The bundle can't be loaded, e.g. because its version is no ExVer."""


@functools.cache
def _unshare() -> tuple[str, ...]:
    """Return the command that runs another in a mount namespace. Skips the test if this machine can't."""
    command = (require("unshare"), "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))
    if subprocess.run(
        [*command, "mount", "-t", "tmpfs", "tmpfs", "/media"], capture_output=True, check=False
    ).returncode:
        absent("this machine can't make mount namespaces")
    return command


def evaluate(
    bundle: Path,
    steps: Sequence[Mapping[str, Any]],
    *,
    volumes: Path,
    assets: Path | None = None,
    version: str | None = None,
    installed: Sequence[str] = (),
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return what a package did.

    Each step has the key `do`: `init` (with `kind`), `main`, `ready` (the checks of the last `main`, with the ports that are
    `listening`), `input` and `run` (with `action` and `input`), `backup` or `uninit`. A step may have a `name`, and `answers`
    of its own. `volumes` is the folder of the volumes, which the package changes. `version` is the version of the data there. `installed` are the other packages. `answers` says
    what commands in containers end with and print, by program.

    The result has `manifest`, `exports`, `logs`, `state` (what StartOS knows in the end: bindings, interfaces, actions, tasks,
    dependencies, dataVersion) and `played`, which has for each step its `result` or `error`, the `effects` and `commands` it
    called, the `urls` it asked for, and the state afterwards.

    Raises: NoPackageError if the bundle can't be loaded.
    """
    job = {
        "bundle": str(bundle), "steps": list(steps), "volumes": str(volumes), "assets": str(assets) if assets else None,
        "dataVersion": version, "installed": list(installed), "answers": answers or {},
    }  # fmt: skip
    done = subprocess.run(
        [*_unshare(), require("node"), _SCRIPT],
        input=json.dumps(job), capture_output=True, text=True, check=False, timeout=_TIMEOUT,
    )  # fmt: skip
    if not done.stdout:
        raise NoPackageError(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    if "error" in result:
        raise NoPackageError(result["error"])
    assert not result["unhandled"], result["unhandled"]
    return result
