"""Define what is recorded. No other module of tests/golden imports the product's modules or other tests.

If something moves, update the imports and paths here.
"""

import hashlib
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.check.rule_docs import rule_docs
from startos_wrapper.cli import main
from tests.adopt import old_wrappers, services
from tests.check import example_wrapper
from tests.hooks import test_bad_answers
from tests.snapshots.sets import EVERYTHING
from tests.support import tools
from tests.template import test_lint, test_wrapper

__all__ = ["ROOT", "main"]

ROOT = tools.ROOT
#: The commands, each with its own --help. "" is the program itself.
COMMANDS = ("", "new", "image", "check", "update", "undo", "manage", "adopt", "questions")


def copy_template(folder: Path) -> Path:
    """Copy what Copier reads of the working tree into a folder that isn't a git repository, and return it."""
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name.startswith(".") or path.name in {"tests", "docs", "dist"}:
            continue
        if path.is_dir():
            # Some of the template's own files are dotfiles.
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder)
    return folder


def answer_sets() -> dict[str, dict[str, Any]]:
    """Return the answers of all recorded wrappers: the matrix with arches taking turns, the examples and others."""
    found: dict[str, dict[str, Any]] = {}
    turns = itertools.cycle(test_wrapper.ARCHES)
    for base, config in itertools.product(test_wrapper.BASES, ("none", "script", "compat")):
        for volumes, assets in itertools.product(test_wrapper.VOLUMES, test_wrapper.ASSETS):
            more = {"compat": "/mnt/assets"} if config == "compat" else {}
            arches = next(turns)
            kind = "-".join(str(base[key]) for key in ("base", "source") if key in base)
            name = f"{kind}{'-run' if 'run' in base else ''}-{config}-{len(volumes)}-{len(assets)}-{'-'.join(arches)}"
            answers = {**base, "config": config, "volumes": volumes, "assets": {**more, **assets}, "arches": arches}
            found[name] = answers
    for path in sorted((ROOT / "docs" / "examples").glob("*.yml")):
        found[f"example-{path.stem}"] = yaml.safe_load(path.read_text(encoding="utf-8"))
    found |= {f"lint-{name}": answers for name, answers in test_lint.SETS.items()}
    found |= {f"license-{name}": {"license": name} for name in ("Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later")}
    found["everything"] = EVERYTHING
    found["everything-rust"] = {**EVERYTHING, "base": "rust", "config": "script", "backup": {"type": "script"}}
    found["everything-alpine"] = {**EVERYTHING, "base": "alpine", "run": "nginx", "migrations": "compat"}
    return found


def rule_examples() -> dict[str, tuple[dict[str, Any], dict[str, Any], bool]]:
    """Return each rule's bad and good example as changes to a wrapper, and whether the rule has a fix."""
    rules = ((code, rule) for code, rule in rule_docs().items() if rule.startos != "0.4")
    return {code: (rule.bad, rule.good, rule.fixable) for code, rule in rules}


def write_example(folder: Path, change: dict[str, Any]) -> None:
    """Write the example wrapper into a folder with the changes of a rule's example."""
    example_wrapper.write(folder, change)


def corpus() -> dict[str, Path]:
    """Return the folders of the real manifests by name."""
    return {path.parent.name: path.parent for path in tools.MANIFESTS}


def old_trees() -> dict[str, Any]:
    """Return functions that each write and commit a whole old wrapper in a given folder."""
    return {
        "single": lambda folder: old_wrappers.write(folder, old_wrappers.SINGLE),
        "double": lambda folder: old_wrappers.write(folder, old_wrappers.DOUBLE),
        "tides": services.write,
    }


def commit(folder: Path) -> None:
    """Create a git repository in a folder and commit everything."""
    services.commit(folder)


def bad_answers() -> dict[str, tuple[dict[str, Any], str, str]]:
    """Return answers that are refused, with the name of the bad one and the offending item."""
    found = {}
    for answers, name, item, _ in test_bad_answers.BAD:
        key = hashlib.sha256(json.dumps(answers, sort_keys=True, default=str).encode()).hexdigest()[:6]
        assert f"{name}-{key}" not in found, answers
        found[f"{name}-{key}"] = (answers, name, item)
    return found
