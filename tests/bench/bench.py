"""Measure how long the commands take, and print a table: `make bench`.

Each row is the median CPU time of several runs of a whole process and all processes that it starts. Rows take turns, so
that a slow moment of the machine affects all of them. Next to it is its ratio to `copier --version`, the time it takes to
import Copier. Copies and updates are compared with two templates that show what Copier itself takes: `trivial` has one
question and two files. `bare` is the floor: it asks our questions without validation, writes as many files as we do,
without Jinja in them, and lies in a repository with this one's other files, because an update checks out five clones of
it. A row fails if it exceeds its limit. At the end, the page of `new` is shown, see `page.py`, and many wrappers are
updated, see `fleet.py`.

`make bench ARGS=images` measures building images instead, which takes minutes and needs a Docker engine.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.questions import asked, read_config
from tests.bench import fleet, page
from tests.bench.process import Cost, median, release, run
from tests.support.tools import MANIFESTS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CORPUS = [path.parent for path in MANIFESTS]
ROUNDS = 10
FILES = 17
FLOOR = "copier --version"
# What a copy and an update may take, compared with what Copier itself takes.
COPY, UPDATE = (1.4, "copy, bare"), (1.5, "update, bare")


@dataclass(frozen=True)
class Row:
    """A row of the table: the command, what to do before each run without measuring it, and the highest ratio."""

    command: tuple[str | Path, ...]
    cwd: Path | None = None
    before: Callable[[], None] = lambda: None
    # The highest ratio to the row with this name, or None for no limit.
    limit: tuple[float, str] | None = None
    # Another row to print the ratio to.
    beside: str = ""
    # `check` returns 1 for a manifest with errors.
    exits: tuple[int, ...] = (0,)


def _template(folder: Path, config: dict[str, Any], files: dict[str, str]) -> Path:
    (folder / "template").mkdir(parents=True)
    (folder / "copier.yml").write_text(yaml.safe_dump({"_subdirectory": "template", **config}, sort_keys=False))
    files |= {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
    for name, text in files.items():
        (folder / "template" / name).write_text(text)
    return release(folder, "v1.0.0")


def _first(question: dict[str, Any]) -> Any:
    """Return the first choice, as Copier wants it: a list in YAML if several can be chosen."""
    choices = question["choices"]
    first = next(iter(choices.values() if isinstance(choices, dict) else choices))
    return f"[{first}]" if question.get("multiselect") else first


def _bare_questions() -> dict[str, Any]:
    plain = {"str": "x", "int": 1, "bool": False, "yaml": "{}"}
    config: dict[str, Any] = {}
    for name, question in asked(read_config(ROOT)).items():
        kept = {key: question[key] for key in ("type", "help", "choices", "multiselect") if key in question}
        default = _first(question) if "choices" in question else plain[question["type"]]
        config[name] = {**kept, "default": default}
        if "advanced" in str(question.get("when")):
            config[name]["when"] = "{{ advanced }}"
    return config


def _ours(folder: Path) -> Path:
    return release(_without_history(folder), "v1.0.0")


def _bare(folder: Path) -> Path:
    _without_history(folder)
    for name in ("copier.yml", "hooks", "template"):
        _remove(folder / name)
    return _template(folder, _bare_questions(), {f"file{at}": "x\n" for at in range(FILES - 1)})


def _without_history(folder: Path) -> Path:
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    _remove(folder / ".git")
    return folder


def _rows(work: Path) -> dict[str, Row]:
    """Create the templates and wrappers to measure, and return all rows in order."""
    templates = {
        "trivial": _template(work / "trivial", {"service_id": "x"}, {"README.md.jinja": "# {{ service_id }}\n"}),
        "bare": _bare(work / "bare"),
        "ours": _ours(work / "ours"),
    }
    rows: dict[str, Row] = {FLOOR: Row((BIN / "copier", "--version"))}
    copy = (BIN / "copier", "copy", "--quiet", "--defaults", "-d", "service_id=hello-world")
    for name, template in templates.items():
        copied = work / f"{name}-copy"
        rows[f"copy, {name}"] = Row(
            (*copy, template, copied),
            before=lambda copied=copied: _remove(copied),  # type: ignore[misc]
            limit=COPY if name == "ours" else None,
            beside="" if name == "trivial" else "copy, trivial",
        )
    for name, template in templates.items():
        wrapper = work / f"{name}-wrapper"
        run((*copy, template, wrapper))
        release(wrapper, "v1")
        update = (BIN / "copier", "update", "--quiet", "--defaults")
        rows[f"update, {name}"] = Row(
            update,
            cwd=wrapper,
            limit=UPDATE if name == "ours" else None,
            beside="" if name == "trivial" else "update, trivial",
        )
    # With an answer, even one that stays the same, it doesn't stop because there's no newer release.
    again = (BIN / "startos-wrapper", "update", "--preview", "--quiet", "-d", "ui_port=8080")
    rows["startos-wrapper update"] = Row(again, cwd=work / "ours-wrapper", limit=(1.0, "update, ours"))
    check = (BIN / "startos-wrapper", "check", "--strict")
    wrapper = work / "ours-wrapper"
    # W819: it records a folder of this machine.
    rows["check, default wrapper"] = Row((*check, "--ignore", "W819", wrapper), limit=(0.6, FLOOR))
    rows["check, 1 manifest"] = Row((*check, CORPUS[0]), exits=(1,))
    rows[f"check, {len(CORPUS)} manifests"] = Row((*check, *CORPUS), limit=(1.8, FLOOR), exits=(1,))
    old = work / "old"
    subprocess.run(["cp", "-r", CORPUS[0], old], check=True)
    release(old, "v1")
    answers = old / ".copier-answers.yml"
    adopt = (BIN / "startos-wrapper", "adopt", old)
    rows["adopt, 1 manifest"] = Row(adopt, before=lambda: answers.unlink(missing_ok=True), limit=(2.0, FLOOR))
    return rows


def _remove(folder: Path) -> None:
    subprocess.run(["rm", "-rf", folder], check=True)


def _measured(rows: dict[str, Row]) -> dict[str, Cost]:
    """Run all rows in turn, several times, and return the medians."""
    costs: dict[str, list[Cost]] = {what: [] for what in rows}
    for number in range(-1, ROUNDS):
        print(f"\rround {max(number + 1, 0)} of {ROUNDS}", end="", file=sys.stderr, flush=True)
        for what, row in rows.items():
            row.before()
            cost = run(row.command, cwd=row.cwd, exits=row.exits)
            if number >= 0:  # The first round warms up.
                costs[what].append(cost)
    print("\r", end="", file=sys.stderr)
    return {what: median(each) for what, each in costs.items()}


def _printed(rows: dict[str, Row], costs: dict[str, Cost]) -> bool:
    """Print the table, and return whether all rows keep their limits."""
    kept = True
    print(f"{'':24}      CPU  elapsed   memory  CPU x {FLOOR}")
    for what, row in rows.items():
        cost = costs[what]
        text = f"{what:24} {cost.cpu * 1000:5.0f} ms {cost.elapsed * 1000:5.0f} ms  {cost.memory:4.0f} MB"
        text += f"  {cost.cpu / costs[FLOOR].cpu:5.2f}"
        if row.beside:
            text += f"  {cost.cpu / costs[row.beside].cpu:.2f} x {row.beside}"
        if row.limit:
            most, other = row.limit
            ratio = cost.cpu / costs[other].cpu
            kept = kept and ratio <= most
            text += f"  {ratio:.2f} x {other}, limit {most}{'' if ratio <= most else ': EXCEEDED'}"
        print(text)
    return kept


def main() -> int:
    """Print the table. Return 1 if a limit is exceeded, 2 if this machine can't measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("commands", "images"), default="commands")
    if parser.parse_args().what == "images":
        from tests.bench.images import main as measure_images

        return measure_images()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        rows = _rows(work)
        kept = _printed(rows, _measured(rows))
        quick = page.measure(work, BIN / "copier")
        flat = fleet.measure(work, work / "ours", BIN / "copier")
    return int(not (kept and quick and flat))


if __name__ == "__main__":
    raise SystemExit(main())
