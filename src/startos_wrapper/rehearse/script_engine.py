"""Find a program that runs scripts/embassy.js: Deno, or else Node.js."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from startos_wrapper.errors import CannotError

# Megabytes of the script's objects.
_HEAP = 512
_DENO = (
    "run", "--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock", "--no-check",
    f"--v8-flags=--max-old-space-size={_HEAP}",
)  # fmt: skip
_NODE = (
    f"--max-old-space-size={_HEAP}", "--experimental-vm-modules", "--no-warnings", "--disable-proto=delete",
    "--disallow-code-generation-from-strings",
)  # fmt: skip
_OLDEST_NODE = 20
# Node.js calls it --permission since this version.
_PERMISSION = 24
_RUNNER = Path(__file__).resolve().with_name("script_runner.js")
PROGRAMS: tuple[str, ...] = ("deno", "node")
_WARNING = (
    "embassy.js runs in Node.js, which doesn't confine it as Deno does; only rehearse scripts that you trust. For Deno:"
    " pip install 'startos-wrapper[scripts]'"
)


@dataclass(frozen=True)
class ScriptEngine:
    """A program with its options, up to the name of the file to run. `warning` says what it can't do."""

    command: tuple[str, ...]
    warning: str = ""


def folders() -> str:
    """Return where to look: the environment of this Python, then the PATH."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


@cache
def script_engine() -> ScriptEngine:
    """Return the best engine. Raises: CannotError if there is none."""
    for name in PROGRAMS:
        program = shutil.which(name, path=folders())
        if program and name == "deno":
            return ScriptEngine((program, *_DENO))
        if program and (version := _version(program)) >= _OLDEST_NODE:
            permission = "--permission" if version >= _PERMISSION else "--experimental-permission"
            return ScriptEngine((program, *_NODE, permission, f"--allow-fs-read={_RUNNER}"), _WARNING)
    raise CannotError(
        "scripts/embassy.js needs Deno or Node.js 20 to run; install Deno with pip install 'startos-wrapper[scripts]'"
    )


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, env={})
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0


def runner_command() -> list[str]:
    """Return the command that runs the runner. Raises: CannotError."""
    return [*script_engine().command, str(_RUNNER)]
