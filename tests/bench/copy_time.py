"""How long a default copy takes, against two floors: medians of 10 in one run. Run by `make bench`.

`trivial` is a template of two files and one question. `bare` asks our questions without a rule and writes as many files as
we do without a word of Jinja in them: what Copier itself takes for a template of this shape. All are git repositories with
a tag, and all copies are whole processes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.questions import asked, read_config

ROOT = Path(__file__).parents[2]
ROUNDS = 10
LIMIT = 1.35
FILES = 17


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


def _bare(folder: Path) -> Path:
    """Our questions and the number of our files, with nothing behind them."""
    config: dict[str, Any] = {"_subdirectory": "template"}
    plain = {"str": "x", "int": 1, "bool": False, "yaml": "{}"}
    for name, question in asked(read_config(ROOT)).items():
        kept = {key: question[key] for key in ("type", "help", "choices", "multiselect") if key in question}
        default = question["default"] if "choices" in question else plain[question["type"]]
        config[name] = {**kept, "default": default}
        if "advanced" in str(question.get("when")):
            config[name]["when"] = "{{ advanced }}"
    folder.mkdir()
    (folder / "copier.yml").write_text(yaml.safe_dump(config, sort_keys=False))
    (folder / "template").mkdir()
    for number in range(FILES - 1):
        (folder / "template" / f"file{number}").write_text("x\n")
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
    """Print the medians and their ratios; return 1 when ours is above the limit."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        templates = {
            "trivial": _trivial(work / "trivial"), "bare": _bare(work / "bare"), "ours": _ours(work / "ours")
        }  # fmt: skip
        times: dict[str, list[float]] = {name: [] for name in templates}
        for number in range(-1, ROUNDS):  # The first round warms up, and does not count.
            for kind, template in templates.items():
                taken = _seconds(template, work / f"{kind}{number}")
                if number >= 0:
                    times[kind].append(taken)
    medians = {kind: statistics.median(values) for kind, values in times.items()}
    ratio = {kind: median / medians["trivial"] for kind, median in medians.items()}
    for kind, median in medians.items():
        print(f"{kind:8} {median * 1000:4.0f} ms  {ratio[kind]:.2f} x trivial")
    print(f"limit {LIMIT} x trivial: {'kept' if ratio['ours'] <= LIMIT else 'NOT kept'}")
    return 0 if ratio["ours"] <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
