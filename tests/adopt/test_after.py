"""After adoption, the next release of the template updates managed files and leaves the author's files alone.

That release changes startos.mk, a workflow, the manifest's backup stanza and a comment in the manifest.
"""

import csv
from pathlib import Path

import pytest

from tests.adopt import after, old_wrappers
from tests.adopt.after import CHANGED, After
from tests.support.depth import sample
from tests.support.tools import CORPUS
from tests.update import authors
from tests.update.authors import ANSWERS, Author
from tests.update.releases import NEWEST, Project, git

# Every so many wrappers are one test, so that they run side by side. Outside CI, only the first of these tests runs.
PARTS = 7
PARTS_CHANGED = {"startos.mk", ".github/workflows/build.yml", "manifest.yaml"}


@pytest.fixture(scope="module")
def everybody() -> list[Author]:
    """An author for each manifest in the corpus."""
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Author(CORPUS / row["dir"] / row["manifest_file"], row) for row in rows]


@pytest.fixture(scope="module")
def plain(later: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain folder of the working tree."""
    return authors.plain(later, NEWEST, tmp_path_factory.mktemp("plain") / "template")


def _keeps_what_is_the_authors(found: After) -> None:
    assert found.lost == {}
    assert found.touched_unmanaged == set()
    for path, places in found.conflicts.items():
        assert set(places) <= CHANGED[path], f"{path}: a conflict outside of what both changed"


def _is_rare(conflicting: list[str], whole: int) -> None:
    assert len(conflicting) * 10 <= whole, conflicting


each_part = pytest.mark.parametrize("part", sample(range(PARTS), 1))


@each_part
def test_an_adopted_wrapper_keeps_what_is_its_authors(
    part: int, everybody: list[Author], later: Path, plain: Path, tmp_path: Path
) -> None:
    conflicting = []
    # Every second one: without alignment, an update has little to write.
    chosen = everybody[part :: 2 * PARTS]
    for number, author in enumerate(chosen):
        folder = after.old(tmp_path / str(number), author)
        code, said = after.adopt(folder, later)
        assert code == 0, said
        after.commit(folder)
        found = after.update(folder, plain, tmp_path / f"{number}.rendered")
        _keeps_what_is_the_authors(found)
        assert found.touched - {ANSWERS} == set() or found.managed
        conflicting += [author.id] if found.conflicts else []
    _is_rare(conflicting, len(chosen))


@each_part
def test_an_aligned_wrapper_gets_what_the_template_changes(
    part: int, everybody: list[Author], later: Path, plain: Path, tmp_path: Path
) -> None:
    """After alignment, the author puts what no answer covers back into the manifest."""
    conflicting = []
    chosen = everybody[1:][part::PARTS]
    for number, author in enumerate(chosen):
        folder = after.old(tmp_path / str(number), author)
        code, said = after.adopt(folder, later, "--align", "all")
        assert code == 0, said
        after.commit(folder)
        after.put_back(folder, author)
        found = after.update(folder, plain, tmp_path / f"{number}.rendered")
        assert found.managed == ["manifest", "plumbing", "ci", "docs"]
        _keeps_what_is_the_authors(found)
        assert found.touched >= PARTS_CHANGED
        assert b"distclean): clean ##" in found.after["startos.mk"].content
        assert b"\n  merge_group:\n" in found.after[".github/workflows/build.yml"].content
        assert b"# This is the container that runs" in found.after["manifest.yaml"].content
        # The author's work that align kept, including in a managed file.
        assert found.after["Makefile"] == found.before["Makefile"]
        assert found.after["Makefile"].content.decode() != found.rendered["Makefile"]
        assert found.after[".gitignore"] == found.before[".gitignore"]
        assert found.after[".gitignore"].content.decode() != found.rendered[".gitignore"]
        conflicting += [author.id] if found.conflicts else []
    _is_rare(conflicting, len(chosen))


def test_an_update_at_the_same_release_changes_nothing(everybody: list[Author], later: Path, tmp_path: Path) -> None:
    for number, author in enumerate(sample(everybody[2::8], 2)):
        folder = after.old(tmp_path / str(number), author)
        assert after.adopt(folder, later, "--align", "all")[0] == 0
        after.commit(folder)
        Project(folder, later).update("--vcs-ref", f"v{NEWEST}")
        assert git(folder, "status", "--porcelain") == ""


def test_a_wrapper_that_was_near_the_template_gets_its_changes(later: Path, plain: Path, tmp_path: Path) -> None:
    """Like after losing the answers file or copying another wrapper."""
    folder = authors.render(plain, old_wrappers.ANSWERS, tmp_path / "wrapper")
    (folder / ANSWERS).unlink()
    for file, mine in (("Makefile", "\nmine:\n\techo mine\n"), (".github/workflows/build.yml", "# mine\n")):
        (folder / file).write_text((folder / file).read_text() + mine)
    # The author has taken over this part.
    (folder / "README.md").write_text("# Clock\n\nMine.\n")
    git(folder, "init", "-q")
    after.commit(folder)
    assert after.adopt(folder, later)[0] == 0
    after.commit(folder)
    found = after.update(folder, plain, tmp_path / "rendered")
    assert found.managed == ["manifest", "build", "plumbing", "ci"]
    _keeps_what_is_the_authors(found)
    assert found.touched - {ANSWERS} == PARTS_CHANGED and found.conflicts == {}
    assert found.after["Makefile"].content.endswith(b"\nmine:\n\techo mine\n")
