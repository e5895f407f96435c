"""Run a process and say what it took."""

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, fields
from pathlib import Path

IDENTITY = {
    f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}  # fmt: skip
ENVIRONMENT = {**os.environ, **IDENTITY, "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Cost:
    """What a process and all processes that it started took. CPU time hardly depends on what else the machine does."""

    cpu: float
    elapsed: float
    # The memory of the largest of these processes, in MB.
    memory: float


def run(
    command: tuple[str | Path, ...], cwd: Path | None = None, exits: tuple[int, ...] = (0,), **variables: str
) -> Cost:
    """Run a command and return its cost. Raises: SystemExit with its messages if it fails."""
    with tempfile.TemporaryFile() as messages:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)), cwd=cwd, env={**ENVIRONMENT, **variables},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=messages,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in exits:
            messages.seek(0)
            said = messages.read().decode(errors="replace")
            raise SystemExit(f"{' '.join(map(str, command))}: exit code {process.returncode}\n{said}")
    return Cost(usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss / 1024)


def median(costs: list[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(*(statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(Cost)))


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=ENVIRONMENT)


def release(folder: Path, tag: str) -> Path:
    """Commit everything in a folder as a release, in a pack as in any clone, and return the folder."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", "release")
    git(folder, "tag", tag)
    git(folder, "repack", "-adq")
    return folder
