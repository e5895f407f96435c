"""Every real manifest can be adopted: no traceback, valid answers, and a render that reproduces nearly all of it."""

import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from docs import adopt_table

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.cli import main
from startos_wrapper.files.manifest.compare import compare
from tests.adopt.services import commit, tree
from tests.conftest import ROOT
from tests.support.depth import sample
from tests.support.oracle import read_manifest
from tests.support.tools import MANIFESTS

# How many of them are rendered outside CI.
MOST = 15


@pytest.fixture(scope="module")
def corpus() -> list[Path]:
    return [path.parent for path in MANIFESTS]


@pytest.fixture(scope="module")
def rows(corpus: list[Path]) -> list[Any]:
    return [adopt_table.row(folder) for folder in corpus]


def test_nearly_everything_is_reproduced(rows: list[Any]) -> None:
    assert len(rows) == 75
    assert sum(row.share == 100 for row in rows) >= 74
    assert statistics.median(row.share for row in rows) >= 92
    simple = [row.share for row in rows if row.simple]
    assert len(simple) == 33
    assert min(simple) >= 98


def test_nothing_is_written_that_contradicts_the_original(rows: list[Any]) -> None:
    assert {row.name: row.keys["differs"] for row in rows if row.keys["differs"]} == {}


def test_what_is_corrected_is_what_does_not_work(rows: list[Any]) -> None:
    corrected = {key.rpartition(".args.")[0] or key for row in rows for key, _ in row.keys["corrected"]}
    procedures = {"backup.create", "backup.restore", "migrations.from.*", "migrations.to.*"}
    # At /root, a volume hides the home of compat.
    mounts = {"backup.create.mounts.main", "backup.restore.mounts.main"}
    assert corrected == {*procedures, *mounts, "actions.*.allowed-statuses.stopped"}
    assert sum(bool(row.keys["corrected"]) for row in rows) == 17


def test_the_table_in_the_documentation_is_the_current_one(rows: list[Any]) -> None:
    written = (ROOT / "docs" / "adopt.md").read_text(encoding="utf-8")
    assert written == adopt_table.page(rows), "run .venv/bin/python -m docs.adopt_table"


def test_only_the_answers_file_is_written_and_copier_takes_it(
    corpus: list[Path], template: Path, tmp_path: Path
) -> None:
    rendered = sample(corpus, MOST)
    for folder in corpus:
        wrapper = tmp_path / "wrappers" / folder.name
        shutil.copytree(folder, wrapper, copy_function=shutil.copyfile)
        commit(wrapper)
        before = tree(wrapper)
        assert main(["adopt", str(wrapper)]) == 0, folder.name
        after = tree(wrapper)
        answers = yaml.safe_load(after.pop(ANSWERS))
        assert after == before
        if folder in rendered:
            made = tmp_path / "made" / folder.name
            given = {name: value for name, value in answers.items() if not name.startswith("_")}
            run_copy(str(template), made, data=given, defaults=True, quiet=True, unsafe=False)
            again = yaml.safe_load((made / ANSWERS).read_text(encoding="utf-8"))
            assert {name: value for name, value in again.items() if not name.startswith("_")} == given
            (original,) = wrapper.glob("manifest.*")
            compared = compare(read_manifest(original), read_manifest(made / "manifest.yaml"))
            assert len(compared.same) >= 0.9 * (len(compared.same) + len(compared.differences))
