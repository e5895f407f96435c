"""Measure how long the commands take, and print a table: `make bench`.

Each row is the median of several runs of a whole process. Rows take turns, so that a slow moment of the machine affects
all of them. Next to it is its ratio to `copier --version`, the time it takes to import Copier. Copies and updates are
compared with two templates that show what Copier itself takes: `trivial` has one question and two files, while `bare`
asks our questions without validation and writes as many files as we do, without Jinja in them. A row fails if it
exceeds its limit.

`make bench ARGS=images` measures building images instead, which takes minutes and needs a Docker engine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.questions import asked, read_config
from tests.support.tools import MANIFESTS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CORPUS = [path.parent for path in MANIFESTS]
ROUNDS = 10
FILES = 17
FLOOR = "copier --version"
IDENTITY = {
    f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}  # fmt: skip
ENVIRONMENT = {**os.environ, **IDENTITY, "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Row:
    """A row of the table: the command, what to do before each run without measuring it, and the highest ratio."""

    command: tuple[str | Path, ...]
    cwd: Path | None = None
    before: Callable[[], None] = lambda: None
    # The highest ratio to the row with this name, or None for no limit.
    limit: tuple[float, str] | None = None
    # `check` returns 1 for a manifest with errors.
    exits: tuple[int, ...] = (0,)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=ENVIRONMENT)


def _committed(folder: Path) -> Path:
    _git(folder, "init", "-q")
    _git(folder, "add", "--all")
    _git(folder, "commit", "-qm", "release")
    _git(folder, "tag", "v1.0.0")
    return folder


def _template(folder: Path, config: dict[str, Any], files: dict[str, str]) -> Path:
    (folder / "template").mkdir(parents=True)
    (folder / "copier.yml").write_text(yaml.safe_dump({"_subdirectory": "template", **config}, sort_keys=False))
    files |= {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
    for name, text in files.items():
        (folder / "template" / name).write_text(text)
    return _committed(folder)


def _bare_questions() -> dict[str, Any]:
    plain = {"str": "x", "int": 1, "bool": False, "yaml": "{}"}
    config: dict[str, Any] = {}
    for name, question in asked(read_config(ROOT)).items():
        kept = {key: question[key] for key in ("type", "help", "choices", "multiselect") if key in question}
        default = question.get("default") if "choices" in question else plain[question["type"]]
        config[name] = {**kept, "default": default}
        if "advanced" in str(question.get("when")):
            config[name]["when"] = "{{ advanced }}"
    return config


def _ours(folder: Path) -> Path:
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    subprocess.run(["rm", "-rf", folder / ".git"], check=True)
    return _committed(folder)


def _rows(work: Path) -> dict[str, Row]:
    """Create the templates and wrappers to measure, and return all rows in order."""
    templates = {
        "trivial": _template(work / "trivial", {"service_id": "x"}, {"README.md.jinja": "# {{ service_id }}\n"}),
        "bare": _template(work / "bare", _bare_questions(), {f"file{at}": "x\n" for at in range(FILES - 1)}),
        "ours": _ours(work / "ours"),
    }
    rows: dict[str, Row] = {FLOOR: Row((BIN / "copier", "--version"))}
    copy = (BIN / "copier", "copy", "--quiet", "--defaults", "-d", "service_id=hello-world")
    for name, template in templates.items():
        copied = work / f"{name}-copy"
        rows[f"copy, {name}"] = Row((*copy, template, copied), before=lambda copied=copied: _remove(copied))  # type: ignore[misc]
    for name, template in templates.items():
        wrapper = work / f"{name}-wrapper"
        subprocess.run([*copy, template, wrapper], check=True, env=ENVIRONMENT)
        _committed(wrapper)
        rows[f"update, {name}"] = Row((BIN / "copier", "update", "--quiet", "--defaults"), cwd=wrapper)
    check = (BIN / "startos-wrapper", "check", "--strict")
    wrapper = work / "ours-wrapper"
    rows["check, default wrapper"] = Row((*check, wrapper), limit=(0.6, FLOOR))
    rows["check, 1 manifest"] = Row((*check, CORPUS[0]), exits=(1,))
    rows[f"check, {len(CORPUS)} manifests"] = Row((*check, *CORPUS), limit=(3.0, "check, 1 manifest"), exits=(1,))
    old = work / "old"
    subprocess.run(["cp", "-r", CORPUS[0], old], check=True)
    _committed(old)
    answers = old / ".copier-answers.yml"
    adopt = (BIN / "startos-wrapper", "adopt", old)
    rows["adopt, 1 manifest"] = Row(adopt, before=lambda: answers.unlink(missing_ok=True), limit=(2.0, FLOOR))
    return rows


def _remove(folder: Path) -> None:
    subprocess.run(["rm", "-rf", folder], check=True)


def _seconds(row: Row) -> float:
    row.before()
    began = time.perf_counter()
    done = subprocess.run(
        list(map(str, row.command)), cwd=row.cwd, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
        check=False, text=True,
    )  # fmt: skip
    taken = time.perf_counter() - began
    if done.returncode not in row.exits:
        raise SystemExit(f"{' '.join(map(str, row.command))}: exit code {done.returncode}\n{done.stderr}")
    return taken


def main() -> int:
    """Print the table. Return 1 if a limit is exceeded, 2 if this machine can't measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("commands", "images"), default="commands")
    if parser.parse_args().what == "images":
        from tests.bench.images import main as measure_images

        return measure_images()
    with tempfile.TemporaryDirectory() as name:
        rows = _rows(Path(name))
        times: dict[str, list[float]] = {what: [] for what in rows}
        for number in range(-1, ROUNDS):
            print(f"\rround {max(number + 1, 0)} of {ROUNDS}", end="", file=sys.stderr, flush=True)
            for what, row in rows.items():
                taken = _seconds(row)
                if number >= 0:  # The first round warms up.
                    times[what].append(taken)
    print("\r", end="", file=sys.stderr)
    medians = {what: statistics.median(taken) for what, taken in times.items()}
    exceeded = False
    print(f"{'':24}  median  x {FLOOR}")
    for what, row in rows.items():
        text = f"{what:24} {medians[what] * 1000:5.0f} ms  {medians[what] / medians[FLOOR]:5.2f}"
        if row.limit:
            most, other = row.limit
            ratio = medians[what] / medians[other]
            exceeded = exceeded or ratio > most
            text += f"  {ratio:.2f} x {other}, limit {most}{'' if ratio <= most else ': EXCEEDED'}"
        print(text)
    return int(exceeded)


if __name__ == "__main__":
    raise SystemExit(main())
