"""An update from any release keeps every edit, applies every change, and shows conflicts only where the two overlap."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest
from docs.release_tags import releases

from tests.support.depth import DEEP
from tests.support.oracle import read_manifest
from tests.support.strategies import NASTY
from tests.update import edits
from tests.update.edits import (
    ADDED,
    ANSWERS,
    KINDS,
    NEXT,
    SETS,
    Outcome,
    Renders,
    Tree,
    edit,
    lines,
    managed,
    paths,
    tree,
)
from tests.update.releases import NEWEST, Project, git, run

RELEASES = list(releases())
# How many releases each set of answers starts from, in turn: all of them if there are at most four. Outside CI, a few
# sets start from a single release.
FROM = min(len(RELEASES), 4 if DEEP else 1)
SAMPLE = list(SETS)[:: 1 if DEEP else 5]


class Walk(NamedTuple):
    """An update from a release, with a set of answers, to another release."""

    version: str
    name: str
    to: str

    @property
    def answers(self) -> dict[str, Any]:
        return SETS[self.name]


def _plan() -> Iterator[Walk]:
    for number, name in enumerate(SAMPLE):
        versions = [RELEASES[(number + more) % len(RELEASES)] for more in range(FROM)]
        yield from (Walk(version, name, NEWEST) for version in versions)
        yield Walk(versions[0], name, NEXT)


PLAN = list(_plan())


def _kinds() -> list[dict[str, str]]:
    """Assign an edit to each file in each walk of the plan. Each file gets the kinds in turn."""
    met: Counter[str] = Counter()
    found = []
    for walk in PLAN:
        found.append(
            {path: KINDS[(crc32(path.encode()) + met[path]) % len(KINDS)] for path in paths(walk.answers, walk.version)}
        )
        met.update(list(found[-1]))
    return found


EDITS = _kinds()


@pytest.fixture(scope="module")
def template(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return edits.next_release(history, tmp_path_factory.mktemp("next") / "template")


@pytest.fixture(scope="module")
def renders(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Renders:
    return Renders(template, tmp_path_factory.mktemp("renders"))


def _new(renders: Renders, folder: Path, version: str, answers: dict[str, Any]) -> Project:
    shutil.copytree(renders.of(version, answers), folder)
    git(folder, "init", "-q")
    project = Project(folder, renders.template, answers)
    project.commit("New wrapper")
    return project


def _update(project: Project, to: str) -> None:
    project.update("--vcs-ref", f"v{to}")


def _differences(got: Tree, expected: Tree) -> list[str]:
    return [path for path in sorted({*got, *expected}) if got.get(path) != expected.get(path)]


def _assert_index(project: Project, old: Tree, mine: Tree, new: Tree, conflicts: set[str]) -> None:
    """The index holds the author's commit, or three stages for a conflict: last update, author, template."""
    expected = {path: [(file.mode, file.blob, "0")] for path, file in mine.items()}
    nothing = edits.File(b"", False)
    for path in conflicts:
        stages = enumerate((old.get(path, nothing), mine[path], new[path]), start=1)
        expected[path] = [(mine[path].mode, file.blob, str(stage)) for stage, file in stages]
    assert edits.index(project.folder) == expected


def _assert_own_lines(old: Tree, mine: Tree, after: Tree) -> None:
    """Every line that the author added is still there, as often as before."""
    assert not (lines(mine) - lines(old)) - lines(after)
    marked = {line: count for line, count in lines(mine).items() if b"mine: " in line}
    assert marked == {line: count for line, count in lines(after).items() if b"mine: " in line}


@pytest.mark.parametrize(
    "number", [pytest.param(number, id="-".join(walk), marks=pytest.mark.xdist_group(f"edits-{walk.name}"))
               for number, walk in enumerate(PLAN)]
)  # fmt: skip
def test_every_edit_stays_and_every_change_comes(number: int, renders: Renders, tmp_path: Path) -> None:
    walk = PLAN[number]
    project = _new(renders, tmp_path / "wrapper", walk.version, walk.answers)
    old = tree(project.folder)
    for path, kind in EDITS[number].items():
        edit(project.folder, path, kind, f"{number} {path} {kind}")
    if walk.to == NEXT and number % 2:
        (project.folder / ADDED).write_text(f"mine: {number} before the template had it\n")
    mine = tree(project.folder)
    project.commit("My edits")

    if walk.name == "golang":
        # Run the command in a separate process, as users do.
        run("copier", "update", "--defaults", "--vcs-ref", f"v{walk.to}", cwd=project.folder)
    else:
        _update(project, walk.to)

    recorded = renders.recorded(renders.of(walk.version, walk.answers))
    new = tree(renders.of(walk.to, edits.later_answers(recorded, walk.version)))
    expected = edits.outcome(old, mine, new, walk.answers, tmp_path)
    after = tree(project.folder)
    for path in expected.any_mode:
        expected.files[path] = expected.files[path]._replace(executable=after[path].executable)
    assert not _differences(after, expected.files)
    assert project.unmerged == expected.conflicts
    _assert_index(project, old, mine, new, expected.conflicts)
    _assert_own_lines(old, mine, after)
    if number % 3 == 0:
        _assert_nothing_to_do(project, expected, walk.to)


def _assert_nothing_to_do(project: Project, last: Outcome, to: str) -> None:
    """Resolve the conflicts, commit, and update again."""
    for path in last.conflicts:
        file = project.folder / path
        file.write_bytes(edits.resolved(file.read_bytes()))
    project.commit("Updated")
    before = tree(project.folder)
    _update(project, to)
    assert not project.status()
    assert not _differences(tree(project.folder), before)


@pytest.mark.skipif(not DEEP, reason="the sample of edits does not fall on every file")
def test_every_kind_of_edit_falls_on_every_file() -> None:
    met = {(path, kind) for found in EDITS for path, kind in found.items()}
    # A file that only the last releases have is in fewer walks than there are kinds.
    often = Counter(path for found in EDITS for path in found)
    assert not {(path, kind) for path in often if often[path] >= len(KINDS) for kind in KINDS} - met


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"edits-{name}")) for name in SAMPLE]
)
def test_the_files_of_a_wrapper_are_those_that_are_edited(renders: Renders, name: str) -> None:
    assert {*tree(renders.of(NEWEST, SETS[name]))} - {ANSWERS} == {*paths(SETS[name])}


def test_a_line_that_both_changed_is_a_conflict_and_nothing_else_is(renders: Renders, tmp_path: Path) -> None:
    project = _new(renders, tmp_path / "wrapper", RELEASES[-1], {})
    merged = {path for path in paths({}, RELEASES[-1]) if managed(path, {})}
    for number, path in enumerate(sorted(merged)):
        # The template changes the first, a middle and the last line of each file. A new file is far away from all of
        # them.
        kind = "first line changed" if number % 2 else "new file beside"
        edit(project.folder, path, kind, path)
    project.commit()
    _update(project, NEXT)
    assert project.unmerged == set(sorted(merged)[1::2])
    for path in merged:
        content = (project.folder / path).read_text()
        assert "~next" in content
        assert (f"mine: {path}" in content) == (path in project.unmerged)


def _hostile(turn: int) -> dict[str, Any]:
    """Return answers that contain every nasty text. Each turn puts different ones into the short fields."""
    texts = ["{{ 7*7 }}", "{{ service_id }}", "{% if true %}x{% endif %}", *NASTY]
    nasty = iter(texts[turn * 11 % len(texts) :] + texts)
    everything = "".join(f"{text}{' ' if number % 3 else chr(10)}" for number, text in enumerate(texts))
    return {
        "title": f"{next(nasty)} {next(nasty)}".encode()[:28].decode(errors="ignore").strip(),
        "short_description": f"a{next(nasty)} {next(nasty)}'\""[:160].strip(),
        "long_description": everything,
        "alerts": {name: f"{next(nasty)}\n{next(nasty)}: {next(nasty)}\n" for name in ("install", "restore", "stop")},
        "interfaces": {"main": {"name": f"b{next(nasty)}".strip(), "description": f"{next(nasty)}\n#\n", "port": 8080}},
        "dependencies": {
            "lnd": {"version": "*", "requirement": "opt-in", "how": everything, "description": f"c\n\n{next(nasty)}"}
        },
        "environment": {"NASTY": everything, "LINE": next(nasty)},
        "user_name": f"d{next(nasty)}".strip(),
    }


def _texts(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the texts of a manifest by the names of their answers."""
    main, lnd = manifest["interfaces"]["main"], manifest["dependencies"]["lnd"]
    return {
        "title": manifest["title"],
        "short_description": manifest["description"]["short"],
        "long_description": manifest["description"]["long"],
        "alerts": manifest["alerts"],
        "interfaces": {"main": {"name": main["name"], "description": main["description"], "port": 8080}},
        "dependencies": {"lnd": {"version": "*", **lnd["requirement"], "description": lnd["description"]}},
    }


@pytest.mark.parametrize("turn", range(2 if DEEP else 1))
def test_hostile_text_survives_updates_in_a_row(renders: Renders, tmp_path: Path, turn: int) -> None:
    answers = _hostile(turn)
    project = _new(renders, tmp_path / "wrapper", RELEASES[0], answers)
    for version in [*RELEASES[1:][-2:], NEWEST]:
        earlier = tree(project.folder)
        _update(project, version)
        project.commit(f"Updated to {version}")
        texts = _texts(read_manifest(project.folder / "manifest.yaml"))
        texts["dependencies"]["lnd"]["requirement"] = texts["dependencies"]["lnd"].pop("type")
        assert texts == {name: answers[name] for name in texts}
        assert {name: project.recorded()[name] for name in answers} == answers
    # Managed files equal those of a wrapper created from the newest release. Yours are as before the last update.
    updated, fresh = tree(project.folder), tree(renders.of(NEWEST, renders.recorded(project.folder)))
    for path in _differences(updated, fresh):
        assert not edits.managed(path, answers), path
        assert updated[path] == earlier[path], path
    assert not list(tmp_path.rglob("PWNED"))


# Git settings that an author may have. The first two would make `copier update` lose edits, so SAFE overrides them.
SETTINGS = {
    "apply.whitespace": "error", "status.showUntrackedFiles": "no", "merge.conflictStyle": "diff3",
    "diff.noprefix": "true", "diff.external": "false", "diff.renames": "copies", "color.ui": "always",
}  # fmt: skip
SAFE = {"apply.whitespace": "nowarn", "status.showUntrackedFiles": "normal"}


def test_an_author_s_settings_of_git_do_no_harm(
    renders: Renders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _new(renders, tmp_path / "wrapper", RELEASES[-1], {})
    for name, value in SETTINGS.items():
        git(project.folder, "config", name, value)
    (project.folder / "startos.mk").write_text("mine: with a blank at the end \n")
    with (project.folder / "README.md").open("a") as readme:
        readme.write("mine: here too \n")
    project.commit()
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(SAFE)))
    for number, (name, value) in enumerate(SAFE.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    _update(project, NEXT)
    assert project.unmerged == {"startos.mk"}
    assert "\nmine: with a blank at the end \n" in (project.folder / "startos.mk").read_text()
    assert "\nmine: here too \n" in (project.folder / "README.md").read_text()


def test_what_git_takes_for_binary_is_not_merged_but_the_commit_has_it(renders: Renders, tmp_path: Path) -> None:
    project = _new(renders, tmp_path / "wrapper", RELEASES[-1], {})
    file = project.folder / "Dockerfile"
    file.write_text(f"mine\n{file.read_text()}", encoding="utf-16")  # As some Windows editors do.
    mine = file.read_bytes()
    project.commit()
    _update(project, NEXT)
    assert project.status()["Dockerfile"] == " M"
    git(project.folder, "restore", "--staged", "--worktree", "Dockerfile")
    assert file.read_bytes() == mine
