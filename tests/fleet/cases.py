"""Updates of a fleet by Renovate and by docs/fleet/update-all.py. `make fleet` runs this file; plain pytest doesn't."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.release_tags import releases

from startos_wrapper.check.engine import check
from tests.fleet.bot import COPIER, run_renovate, validate
from tests.fleet.forge import USER, Forge, forge
from tests.fleet.wrappers import ANSWERS, NOTES, TEMPLATE, Fleet, next_release, tree
from tests.support.tools import ROOT
from tests.update.edits import NEXT
from tests.update.releases import git, run

BRANCH = "renovate/startos-wrapper"
SCRIPT, SCRIPT_BRANCH = ROOT / "docs/fleet/update-all.py", "startos-wrapper-update"
MARK = b"<<<<<<< before updating"
MINE = "\nThe author's last line.\n"
UPSTREAM = {"base": "rust", "source": "upstream", "advanced": True}
PEOPLE = {"GIT_AUTHOR_EMAIL": "me@example.com", "GIT_COMMITTER_EMAIL": "me@example.com"}


@pytest.fixture(scope="session")
def fleet(whole_history: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A forge with the template, and wrappers that Renovate has updated twice."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "forge").mkdir()
    with forge(folder / "forge") as found:
        fleet = Fleet(found, next_release(whole_history, folder / "template"), folder)
        fleet.publish()
        yield fleet


@pytest.fixture(scope="session")
def proposed(fleet: Fleet) -> Fleet:
    """The fleet after two runs of Renovate, which merges in the second one what it may merge."""
    make = fleet.wrapper
    fleet.commit(make("clean"), instructions_md="Mine.\n")
    fleet.commit(make("conflict"), README_md=MINE)
    for name, address in (("path", str(fleet.template)), ("short", f"gh:{USER}/{TEMPLATE}")):
        fleet.change(make(name), ANSWERS, fleet.forge.address(TEMPLATE), address)
    _upstream(fleet)
    for name, mine in (("automerge", ""), ("automerge-conflict", MINE), ("merged", "")):
        folder = make(name)
        if mine:
            fleet.commit(folder, README_md=mine)
        # What an owner might set for all updates.
        fleet.change(
            folder, "renovate.json", '  "extends"', '  "automerge": true,\n  "ignoreTests": true,\n  "extends"'
        )
    fleet.change(fleet.folder / "merged", "renovate.json", '"automerge": false', '"automerge": true')
    names = ["clean", "conflict", "path", "short", "upstream", "automerge", "automerge-conflict", "merged"]
    fleet.change(fleet.folder / "short", "renovate.json", '"enabled": false', '"enabled": true')
    for name in names:
        fleet.forge.create(name, fleet.folder / name)
        # Renovate only uses labels that a repository on Gitea has.
        fleet.forge.ask("POST", f"repos/{USER}/{name}/labels", {"name": "template", "color": "#00aabb"})
    for _ in range(2):
        run_renovate(fleet.forge, fleet.folder / "renovate", names)
    return fleet


def _upstream(fleet: Fleet) -> None:
    source = fleet.folder / "source"
    source.mkdir()
    git(source, "init", "-q", "-b", "main")
    for version in ("0.9.0", "0.10.0"):
        git(source, "commit", "-q", "--allow-empty", "-m", version)
        git(source, "tag", version)
    fleet.forge.create("source", source, "main", "--tags")
    address = fleet.forge.address("source")
    fleet.wrapper("upstream", {**UPSTREAM, "upstream_repo": address, "upstream_ref": "0.9.0"})


def _branch(fleet: Fleet, name: str, branch: str, folder: Path) -> Path:
    return fleet.forge.clone(name, folder / name, branch)


def _states(forge: Forge, name: str, branch: str) -> dict[str, str]:
    return {each["context"]: each["status"] for each in forge.of(name, f"commits/{branch}/status")["statuses"]}


# ---- Renovate -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [{}, UPSTREAM, {"base": "golang", "source": "submodule"}])
def test_renovate_accepts_the_config(fleet: Fleet, answers: dict[str, object], tmp_path: Path) -> None:
    wrapper = Fleet(fleet.forge, fleet.template, tmp_path).wrapper("wrapper", answers)
    assert "Config validated successfully" in validate(wrapper)


def test_an_update_is_proposed_as_copier_makes_it(proposed: Fleet, tmp_path: Path) -> None:
    (pull,) = proposed.forge.pulls("clean")
    assert pull["title"] == f"Update startos-wrapper to v{NEXT.split('.')[0]}"
    assert pull["head"]["ref"] == BRANCH and [label["name"] for label in pull["labels"]] == ["template"]
    assert NOTES in pull["body"]
    branch = _branch(proposed, "clean", BRANCH, tmp_path)
    assert tree(branch) == tree(proposed.updated("clean"))
    assert tree(branch)["added.sh"][0] and "The template's new last line." in (branch / "README.md").read_text()
    assert not check(branch).findings


def test_a_conflict_is_pushed_with_a_failing_status_and_check_fails_on_it(proposed: Fleet, tmp_path: Path) -> None:
    (pull,) = proposed.forge.pulls("conflict")
    branch = _branch(proposed, "conflict", pull["head"]["ref"], tmp_path)
    assert MARK in (branch / "README.md").read_bytes()
    assert _states(proposed.forge, "conflict", BRANCH) == {"renovate/artifacts": "failure"}
    said = run(COPIER / "startos-wrapper", "check", branch, cwd=tmp_path, check=False)
    assert said.returncode == 1 and "E806" in said.stdout


@pytest.mark.parametrize(("name", "code"), [("path", "W819"), ("short", "W820")])
def test_a_template_that_renovate_cannot_look_up_is_never_updated_and_check_warns(
    name: str, code: str, proposed: Fleet
) -> None:
    assert all(pull["head"]["ref"] != BRANCH for pull in proposed.forge.pulls(name, "all"))
    assert [finding.code for finding in check(proposed.folder / name).findings] == [code]


def test_a_new_tag_of_upstream_changes_the_dockerfile_and_the_answers(proposed: Fleet, tmp_path: Path) -> None:
    pulls = {pull["head"]["ref"]: pull for pull in proposed.forge.pulls("upstream")}
    assert set(pulls) == {BRANCH, "renovate/upstream-0.x"}
    pull = pulls["renovate/upstream-0.x"]
    assert "0.10.0" in pull["title"] and "manifest.yaml" in pull["body"]
    branch = _branch(proposed, "upstream", pull["head"]["ref"], tmp_path)
    before, after = tree(proposed.folder / "upstream"), tree(branch)
    assert {name for name in after if after[name] != before[name]} == {"Dockerfile", ANSWERS}
    assert b'ARG UPSTREAM_REF="0.10.0"' in after["Dockerfile"][1]
    run(COPIER / "copier", "update", "--defaults", "-q", cwd=branch)
    assert "upstream_ref: 0.10.0\n" in (branch / ANSWERS).read_text()
    assert 'ARG UPSTREAM_REF="0.10.0"' in (branch / "Dockerfile").read_text()
    assert git(branch, "diff", "--name-only", "--diff-filter=U") == ""


@pytest.mark.parametrize(
    ("name", "state"), [("automerge", "open"), ("automerge-conflict", "open"), ("merged", "closed")]
)
def test_an_owner_who_merges_everything_automatically_still_decides_about_the_template(
    name: str, state: str, proposed: Fleet
) -> None:
    """The last wrapper allows it for the template, too: that one shows that Renovate would merge."""
    assert [pull["state"] for pull in proposed.forge.pulls(name, "all")] == [state]


@pytest.mark.parametrize(("name", "times"), [("path", 0), ("short", 1)])
def test_the_runners_of_the_workflows_stay_the_templates(name: str, times: int, proposed: Fleet) -> None:
    """The second wrapper allows new runners: that one shows that Renovate would propose them."""
    titles = [pull["title"] for pull in proposed.forge.pulls(name, "all")]
    assert [("ubuntu" in title) for title in titles] == [True] * times


# ---- Without Renovate -----------------------------------------------------------------------------------------------


def _update_all(fleet: Fleet, *names: str) -> tuple[int, list[str], str]:
    environment = {
        "FORGE_TOKEN": fleet.forge.token, "PATH": f"{COPIER}{os.pathsep}{os.environ['PATH']}",
        "BOT_EMAIL": "bot@example.com",
    }  # fmt: skip
    command: list[str | Path] = [sys.executable, SCRIPT, fleet.forge.url, *(f"{USER}/{name}" for name in names)]
    done = run(*command, cwd=fleet.folder, check=False, env=environment)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_a_script_proposes_updates_for_a_list_of_wrappers(fleet: Fleet, tmp_path: Path) -> None:
    newest, oldest = list(releases())[-1], next(iter(releases()))
    fleet.wrapper("one", release=newest)
    fleet.wrapper("oldest", {"base": "alpine"}, release=oldest)
    fleet.commit(fleet.wrapper("two"), README_md=MINE)
    fleet.wrapper("current", release=NEXT)
    names = ["one", "oldest", "two", "current"]
    for name in names:
        fleet.forge.create(name, fleet.folder / name)

    code, lines, errors = _update_all(fleet, *names, "nowhere")
    assert code == 1 and "fleet/nowhere: git clone: " in errors
    assert lines[3] == f"{USER}/current: up to date" and fleet.forge.pulls("current") == []
    title = f"Update startos-wrapper to v{NEXT}"
    for name in ("one", "oldest"):
        (pull,) = fleet.forge.pulls(name)
        assert pull["title"] == title and not pull["draft"]
        assert tree(_branch(fleet, name, SCRIPT_BRANCH, tmp_path)) == tree(fleet.updated(name))
    (pull,) = fleet.forge.pulls("two")
    assert pull["title"] == f"WIP: {title}" and pull["draft"] and "- `README.md`" in pull["body"]
    assert _states(fleet.forge, "two", SCRIPT_BRANCH) == {"startos-wrapper": "failure"}
    assert "with conflicts in README.md" in lines[2]

    before = {name: fleet.forge.of(name, f"branches/{SCRIPT_BRANCH}")["commit"]["id"] for name in names[:3]}
    code, again, _ = _update_all(fleet, *names)
    assert (code, again) == (0, lines)
    for name, commit in before.items():
        assert fleet.forge.of(name, f"branches/{SCRIPT_BRANCH}")["commit"]["id"] == commit
        assert len(fleet.forge.pulls(name, "all")) == 1


def test_the_script_leaves_alone_what_people_did(fleet: Fleet, tmp_path: Path) -> None:
    for name in ("resolved", "declined"):
        fleet.forge.create(name, fleet.commit(fleet.wrapper(name), README_md=MINE))
    assert _update_all(fleet, "resolved", "declined")[0] == 0
    branch = _branch(fleet, "resolved", SCRIPT_BRANCH, tmp_path)
    readme = re.sub(r"(?m)^(<{7} .*|={7}|>{7} .*)\n", "", (branch / "README.md").read_text())
    (branch / "README.md").write_text(readme)
    run("git", "commit", "-qam", "Resolved", cwd=branch, env=PEOPLE)
    fleet.forge.push("resolved", branch, SCRIPT_BRANCH)
    (pull,) = fleet.forge.pulls("declined")
    fleet.forge.ask("PATCH", f"repos/{USER}/declined/pulls/{pull['number']}", {"state": "closed"})

    code, lines, _ = _update_all(fleet, "resolved", "declined")
    assert code == 0 and "has commits by me@example.com" in lines[0] and "somebody closed" in lines[1]
    mine = git(branch, "rev-parse", "HEAD").strip()
    assert fleet.forge.of("resolved", f"branches/{SCRIPT_BRANCH}")["commit"]["id"] == mine
    assert [pull["state"] for pull in fleet.forge.pulls("declined", "all")] == ["closed"]
    assert fleet.forge.pulls("resolved")[0]["title"].startswith("WIP: ")
