"""How long an update with nothing to do takes, against two floors: medians of 10 in one run.

The templates are those of copy_time.py: `trivial` has two files and one question, `bare` our questions and as many files as we
have without a rule or a word of Jinja in them, which is what Copier itself takes for a template of this shape. A project of the
newest release is updated to that release, each time as a whole process. `CPU` is the processors' time of Copier and the gits
that it runs, which other work on the machine disturbs less.
"""

import os
import resource
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# The file is no module of a package: it is run the same way as this one.
COPY_TIME = runpy.run_path(str(Path(__file__).with_name("copy_time.py")))
ROUNDS = 10
LIMIT = 1.4


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def _copier(*arguments: str | Path, cwd: Path) -> None:
    # Copier commits in its temporary folders, so git needs a name.
    environment = {
        **os.environ,
        "PYTHONWARNINGS": "ignore",
        **{f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    command = [sys.executable, "-m", "copier", *map(str, arguments)]
    subprocess.run(command, cwd=cwd, check=True, env=environment, stdin=subprocess.DEVNULL)


def _project(template: Path, folder: Path) -> Path:
    copy = ("copy", "--quiet", "--defaults", "-d", "service_id=hello-world")
    _copier(*copy, template, folder, cwd=folder.parent)
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "project")
    return folder


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _seconds(project: Path) -> tuple[float, float]:
    """Return the time that an update takes, and that of processors."""
    started, used = time.perf_counter(), _used()
    _copier("update", "--quiet", "--defaults", cwd=project)
    taken = time.perf_counter() - started, _used() - used
    changed = _git(project, "status", "--porcelain")
    if changed:
        raise SystemExit(f"the update of {project.name} was to change nothing:\n{changed}")
    return taken


def main() -> int:
    """Print the medians and their ratios; return 1 when ours is above the limit."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        projects = {
            kind: _project(COPY_TIME[f"_{kind}"](work / kind), work / f"{kind}-project")
            for kind in ("trivial", "bare", "ours")
        }
        times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in projects}
        for number in range(-1, ROUNDS):  # The first round warms up, and does not count.
            for kind, project in projects.items():
                taken = _seconds(project)
                if number >= 0:
                    times[kind].append(taken)
    medians = {
        kind: [statistics.median(figures) for figures in zip(*values, strict=True)] for kind, values in times.items()
    }
    ratios = {
        kind: [a / b for a, b in zip(median, medians["trivial"], strict=True)] for kind, median in medians.items()
    }
    for kind, (taken, used) in medians.items():
        print(
            f"{kind:8} {taken * 1000:5.0f} ms  {ratios[kind][0]:.2f} x trivial"
            f"  CPU {used * 1000:5.0f} ms  {ratios[kind][1]:.2f} x trivial"
        )
    kept = ratios["ours"][0] <= LIMIT
    print(f"limit {LIMIT} x trivial: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
