"""Realistic authors update: they lose nothing, and conflicts occur only where both sides changed the same lines."""

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs import update_table
from docs.release_tags import releases

from tests.support.depth import DEEP, sample
from tests.support.oracle import read_manifest
from tests.update import authors
from tests.update.authors import ANSWERS, DISORDERED, EDITS, NEW, NEXT, OLDEST, REFUSED, Author, Outcome
from tests.update.releases import NEWEST, Project, git, run

# How many wrappers Copier itself updates. For the others, git's merge must match the table.
UPDATED = 10 if DEEP else 3
RELEASES = [*releases(), NEWEST]
EACH_RELEASE = 2 if DEEP else 1
# How many parts the rows of the table are split into. A change of the template affects most of the rows.
PARTS = 8


@pytest.fixture(scope="module")
def everybody() -> list[Author]:
    return authors.authors()


@pytest.fixture(scope="module")
def fitting(everybody: list[Author]) -> list[Author]:
    """The authors whose answers the template accepts."""
    return [author for author in everybody if author.id not in REFUSED]


@pytest.fixture(scope="module")
def plain(later: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Plain folders of the oldest release, the working tree and the release after it."""
    folder = tmp_path_factory.mktemp("plain")
    return {version: authors.plain(later, version, folder / version) for version in (OLDEST, NEWEST, NEXT)}


def _said(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return loaded


def _look_at(project: Project, outcome: Outcome) -> None:
    """Nothing is lost, the author's new files are unchanged, and merged files still work and mean the same."""
    rendered = authors.first_commit(project)
    assert authors.lost(rendered, outcome.before, outcome.after) == {}
    assert all(outcome.after[name] == outcome.before[name] for name in NEW)
    assert set(outcome.conflicts) <= set(EDITS)
    if "manifest.yaml" not in outcome.conflicts:
        was, mine, now = (_said(files["manifest.yaml"]) for files in (rendered, outcome.before, outcome.after))
        assert {key: now[key] for key in mine if mine[key] != was.get(key)} == {
            key: mine[key] for key in mine if mine[key] != was.get(key)
        }
    assert outcome.after["Makefile"] == outcome.before["Makefile"]
    assert "warning" not in run("make", "-n", "help", "clean", cwd=project.folder).stderr
    if "docker_entrypoint.sh" not in outcome.conflicts:
        run("sh", "-n", "docker_entrypoint.sh", cwd=project.folder)


def _second_update_changes_nothing(project: Project, keep: str) -> None:
    authors.resolve(project, keep)
    mine = authors.tree(project.folder)
    project.update()
    assert project.status() == {}
    assert authors.tree(project.folder) == mine


@pytest.mark.parametrize("number", range(UPDATED))
def test_a_real_author_updates_the_oldest_release(
    number: int, fitting: list[Author], history: Path, plain: dict[str, Path], tmp_path: Path
) -> None:
    author = fitting[number * len(fitting) // UPDATED]
    project = authors.start(tmp_path / "wrapper", history, OLDEST, author)
    outcome = authors.update(project)
    _look_at(project, outcome)

    forecast = authors.forecast(author, plain[OLDEST], plain[NEWEST], tmp_path)
    assert (outcome.merged, outcome.conflicts) == (forecast.merged, forecast.conflicts)
    assert {name: outcome.after[name] for name in EDITS} == forecast.after
    assert forecast.converted.isdigit()

    _second_update_changes_nothing(project, "both" if number % 2 else "mine")


@pytest.mark.parametrize("version", sample(RELEASES, 3))
def test_a_real_author_updates_each_release_to_the_next(
    version: str, fitting: list[Author], later: Path, tmp_path: Path
) -> None:
    first = RELEASES.index(version) * 7 + 3
    for number in range(EACH_RELEASE):
        author = fitting[(first + number * 5) % len(fitting)]
        project = authors.start(tmp_path / author.id, later, version, author)
        outcome = authors.update(project)
        _look_at(project, outcome)
        assert "  merge_group:" in outcome.after[".github/workflows/build.yml"].splitlines()
        assert "distclean): clean ## Remove the volumes of `make run` too" in outcome.after["startos.mk"]
        assert "# This is the container that runs" in outcome.after["manifest.yaml"]
        assert "    io-format: json" in outcome.after["manifest.yaml"].splitlines()


def test_volumes_in_another_order_than_their_ids_are_updated_once_they_are_recorded_so(
    fitting: list[Author], history: Path, tmp_path: Path
) -> None:
    """Releases up to 0.3.0 recorded volumes sorted by ID, an order in which the outer volume hides the inner one."""
    author = next(author for author in fitting if author.id in DISORDERED)
    project = authors.start(tmp_path / "wrapper", history, OLDEST, author)
    given = list(authors.answers(author)["volumes"])
    git(project.folder, "checkout", "-q", "HEAD~1", "--", ANSWERS)
    project.commit("As it was recorded")
    assert list(project.recorded()["volumes"]) == sorted(given) != given
    refused = project.update(check=False)
    assert refused.returncode == 1 and "list the outer volume first" in refused.stderr
    assert project.status() == {}

    authors.put_in_order(project, author)
    project.commit("In order")
    _look_at(project, authors.update(project))
    _second_update_changes_nothing(project, "mine")
    assert list(project.recorded()["volumes"]) == given


@pytest.mark.parametrize("part", sample(range(PARTS), 2))
def test_the_table_says_what_happens(
    part: int, everybody: list[Author], plain: dict[str, Path], tmp_path: Path
) -> None:
    lines = update_table.PAGE.read_text(encoding="utf-8").splitlines()
    for author in everybody[part::PARTS]:
        assert update_table.row(author, plain, tmp_path / author.id) in lines, "run `python -m docs.update_table`"


def test_the_table_has_every_author_and_the_sums_are_those_of_its_rows(everybody: list[Author]) -> None:
    text = update_table.PAGE.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [author.id for author in everybody]
    assert len(everybody) - len(REFUSED) >= 30
    assert text == update_table.page(rows)
    assert update_table.SUMMARY.read_text(encoding="utf-8") == update_table.summary(rows)


@pytest.mark.parametrize("id", REFUSED)
def test_an_author_is_left_out_only_if_the_template_refuses_the_answers(
    id: str, everybody: list[Author], history: Path, tmp_path: Path
) -> None:
    author = next(author for author in everybody if author.id == id)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        authors.start(tmp_path / "wrapper", history, OLDEST, author)
    assert "Validation error for question" in refused.value.stderr


def test_an_author_has_edited_every_file(everybody: list[Author], plain: dict[str, Path], tmp_path: Path) -> None:
    """The manifest has the author's values. For a usual backup, it has the template's."""
    author = everybody[0]
    rendered = authors.render(plain[OLDEST], authors.answers(author), tmp_path / "wrapper")
    mine = authors.edited(rendered, author)
    assert all(text != (rendered / name).read_text(encoding="utf-8") for name, text in mine.items())
    (tmp_path / "manifest.yaml").write_text(mine["manifest.yaml"], encoding="utf-8")
    said = read_manifest(tmp_path / "manifest.yaml")
    assert {key: said[key] for key in author.manifest if key != "backup"} == {
        key: value for key, value in author.manifest.items() if key != "backup"
    }


def test_a_lost_line_is_found_in_the_file_that_had_it() -> None:
    rendered = {"a": "one\ntwo\n", "b": ""}
    before = {"a": "one\nmine\nmine\ntwo\n", "b": "mine\n", "c": "new\n"}
    assert authors.lost(rendered, before, before) == {}
    assert authors.lost(rendered, before, {"a": "mine\n", "b": "mine\nmine\n"}) == {
        "a": Counter({"mine": 1}),
        "c": Counter({"new": 1}),
    }


def test_a_conflict_is_named_after_what_it_lies_in() -> None:
    conflict = "<<<<<<< before updating\n\tmine\n=======\n\ttheirs\n>>>>>>> after updating\n"
    assert authors.places(f"A := 1\nclean: all ## Remove\n{conflict}") == ["clean"]
    assert authors.places(f"A := 1\n{conflict.replace(chr(9), 'run: ')}") == ["run"]
    assert authors.places("<<<<<<< before updating\nno end\n") == []
