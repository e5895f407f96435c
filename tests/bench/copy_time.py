"""How long a default copy takes, against a trivial template of two files: medians of 10 in one run.

Run by `make bench`. Both templates are git repositories with a tag, and both copies are whole processes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 10
LIMIT = 1.35


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def _release(folder: Path) -> Path:
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "release")
    _git(folder, "tag", "v1.0.0")
    return folder


def _trivial(folder: Path) -> Path:
    folder.mkdir()
    (folder / "copier.yml").write_text("_subdirectory: template\nservice_id: hello-world\n")
    (folder / "template").mkdir()
    (folder / "template" / "README.md.jinja").write_text("# {{ service_id }}\n")
    (folder / "template" / "{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers | to_nice_yaml }}")
    return _release(folder)


def _ours(folder: Path) -> Path:
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    subprocess.run(["rm", "-rf", folder / ".git"], check=True)
    return _release(folder)


def _seconds(template: Path, destination: Path) -> float:
    command = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", "-d", "service_id=hello-world"]
    started = time.perf_counter()
    subprocess.run([*command, template, destination], check=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    return time.perf_counter() - started


def main() -> int:
    """Print both medians and their ratio; 1 when it is above the limit."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        templates = {"trivial": _trivial(work / "trivial"), "ours": _ours(work / "ours")}
        times: dict[str, list[float]] = {name: [] for name in templates}
        for number in range(-1, ROUNDS):  # The first round warms up, and does not count.
            for kind, template in templates.items():
                taken = _seconds(template, work / f"{kind}{number}")
                if number >= 0:
                    times[kind].append(taken)
    medians = {kind: statistics.median(values) for kind, values in times.items()}
    ratio = medians["ours"] / medians["trivial"]
    print(
        f"trivial {medians['trivial'] * 1000:.0f} ms, ours {medians['ours'] * 1000:.0f} ms, ratio {ratio:.2f} (limit {LIMIT})"
    )
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
