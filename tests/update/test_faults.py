"""When a plain `copier update` fails, the project is unchanged, or one documented command restores it.

Figures and messages are in docs/update-faults.md.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docs.release_tags import releases as releases_in_history

from tests.support.depth import DEEP
from tests.support.limits import HUNG
from tests.support.tools import ROOT, absent
from tests.update import releases
from tests.update.releases import NEWEST, Project, git, run

# Run in the project's folder, which may be part of a larger repository. Keeps files that git ignores.
UNDO = "git restore --source=HEAD --staged --worktree . && git clean -fd"
# For a checkout with CRLF line endings, once.
LF = """\
echo '* text=auto eol=lf' > .gitattributes
git add .gitattributes
git add --renormalize .
git commit -m "Lines end in LF"
git rm -rq --cached . && git reset -q --hard
"""
MOVED = """\
sed -i "s|^_src_path:.*|_src_path: $NEW|" .copier-answers.yml
git commit -am "The template has moved"
"""
MOMENTS = 30 if DEEP else 6
PARTS = 3
OLDEST, *_ = releases_in_history()
Tree = dict[str, tuple[int, bytes | str]]


def _tree(folder: Path, git_too: bool = False) -> Tree:
    """Return every path below a folder with its mode and content, without `.git` unless `git_too` is true."""
    found: Tree = {}
    for place, folders, files in os.walk(folder):
        if not git_too and ".git" in folders:
            folders.remove(".git")
        for name in (*folders, *files):
            path = Path(place, name)
            content = str(path.readlink()) if path.is_symlink() else "" if path.is_dir() else path.read_bytes()
            found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found


def _repository(folder: Path) -> dict[str, str]:
    """Return the state of a repository that a user could notice: HEAD, branches, index, config and so on."""
    questions = (
        "rev-parse HEAD", "rev-parse --symbolic-full-name HEAD", "for-each-ref", "ls-files --stage", "config --local --list",
        "stash list", "status --porcelain --ignored",
    )  # fmt: skip
    return {question: git(folder, *question.split()) for question in questions}


def _committable(folder: Path) -> Tree:
    """Return the files that a commit of everything would contain."""
    names = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    tree = _tree(folder)
    return {name: tree[name] for name in names if name in tree}


@dataclass
class Scene:
    """A project, and files around it that an update must not touch."""

    project: Project
    around: Path

    @classmethod
    def new(cls, around: Path, folder: Path, template: Path) -> "Scene":
        for name in ("home", "tmp", "neighbour/.git"):
            (around / name).mkdir(parents=True)
        (around / "neighbour" / "file").write_text("not yours\n")
        return cls(Project(folder, template), around)

    @property
    def env(self) -> dict[str, str]:
        return {"HOME": str(self.around / "home"), "TMPDIR": str(self.around / "tmp")}

    def update(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = ("copier", "update", "--defaults", *arguments)
        return run(*command, cwd=self.project.folder, check=False, env={**self.env, **(env or {})})

    def killed(self, after: float, env: dict[str, str] | None = None) -> bool:
        """Start an update and kill its process group after `after` seconds. Return False if it ended earlier."""
        process = subprocess.Popen(
            ["copier", "update", "--defaults"],
            cwd=self.project.folder,
            env={**os.environ, **releases.ENVIRONMENT, **self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while _exists(process.pid):
            time.sleep(0.01)
        return process.returncode == -signal.SIGKILL

    def state(self) -> tuple[Tree, dict[str, str], Tree, Tree]:
        """Return the project, the state of its repository, and everything around it."""
        folder = self.project.folder
        outside = {
            path: entry
            for path, entry in _tree(self.around, git_too=True).items()
            if not (self.around / path).is_relative_to(folder) and path.split("/")[0] != "tmp"
        }
        return _tree(folder), _repository(folder), outside, _tree(self.project.template, git_too=True)

    def sweep(self) -> list[str]:
        """Delete and return the temporary folders that a killed update left behind."""
        left = []
        for path in (self.around / "tmp").iterdir():
            # To find out whether it can write here, Python's tempfile writes this one file and deletes it again.
            if path.is_file() and path.read_bytes() in {b"", b"blat"}:
                path.unlink()
            else:
                shutil.rmtree(path)
                left.append(path.name)
        return left

    def undo(self) -> None:
        """Run the documented command. If git names a lock, do what the docs say."""
        lock = self.project.folder / ".git" / "index.lock"
        done = run("sh", "-c", UNDO, cwd=self.project.folder, check=False)
        if done.returncode and str(lock) in done.stderr:
            lock.unlink()
            done = run("sh", "-c", UNDO, cwd=self.project.folder, check=False)
        assert done.returncode == 0, done.stderr


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def mine(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wrapper of the oldest release with the author's work: an update merges, with a conflict in the manifest."""
    project = Project.new(tmp_path_factory.mktemp("mine") / "wrapper", history, OLDEST, {})
    folder = project.folder
    makefile = folder / "Makefile"
    assert "\nBUILDER ?=\n" in makefile.read_text()
    makefile.write_text(makefile.read_text().replace("\nBUILDER ?=\n", "\nBUILDER ?= mine\n") + "# mine, at the end\n")
    for name in ("README.md", "manifest.yaml", ".gitignore"):
        (folder / name).write_text((folder / name).read_text() + "# mine\n")
    manifest = folder / "manifest.yaml"
    # Later releases write this line differently.
    manifest.write_text(re.sub("(?m)^title:.*", "title: Mine", manifest.read_text()))
    (folder / "renovate.json").unlink()
    (folder / "mine ü.sh").write_text("#!/bin/sh\n")
    (folder / "mine ü.sh").chmod(0o755)
    (folder / "service" / "extra.go").write_text("package main\n")
    project.commit()
    for name in ("wrapper.s9pk", ".data/main/wallet", "service/.data"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("ignored\n")
    with (folder / ".git" / "info" / "exclude").open("a") as exclude:
        exclude.write("/service/.data\n")
    return folder


@pytest.fixture
def scene(mine: Path, history: Path, tmp_path: Path) -> Scene:
    folder = tmp_path / "wrapper"
    shutil.copytree(mine, folder, symlinks=True)
    return Scene.new(tmp_path, folder, history)


@pytest.fixture(scope="module")
def updated(mine: Path, history: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, float]:
    """The result of an update that succeeds, and how many seconds it takes, to choose when to kill others."""
    around = tmp_path_factory.mktemp("updated")
    folder = around / "wrapper"
    shutil.copytree(mine, folder, symlinks=True)
    scene = Scene.new(around, folder, history)
    started = time.monotonic()
    done = scene.update()
    taken = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    assert scene.project.unmerged == {"manifest.yaml"}
    assert scene.sweep() == [], "an update that ends leaves temporary files"
    return _committable(folder), taken


# ---- Killed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PARTS))
def test_an_update_killed_at_a_random_moment_is_undone(scene: Scene, updated: tuple[Tree, float], part: int) -> None:
    before = scene.state()
    chance = random.Random(part)
    for _ in range(MOMENTS // PARTS):
        after = chance.uniform(0, updated[1])
        scene.killed(after)
        scene.undo()
        assert scene.state() == before, f"killed after {after:.3f} s"
        assert all(name.startswith("copier.") for name in scene.sweep())


def _deadly(folder: Path, subcommand: str, lock: bool = False) -> dict[str, str]:
    """Return an environment with a git that kills its process group when it is called with this subcommand."""
    real = shutil.which("git")
    script = folder / "git"
    folder.mkdir()
    locked = 'case "$PWD" in *wrapper) : > .git/index.lock;; esac; ' if lock else ""
    script.write_text(
        f'#!/bin/sh\ncase " $* " in *" {subcommand} "*) {locked}kill -KILL 0;; esac\nexec "{real}" "$@"\n'
    )
    script.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{releases.ENVIRONMENT['PATH']}"}


# Before anything is written, with the new files written but not the author's lines, between two files, and before a
# conflict is marked.
@pytest.mark.parametrize("subcommand", ["write-tree", "apply", "merge-file", "update-index"])
def test_an_update_killed_at_a_bad_moment_shows_in_git_status_is_undone_and_works_again(
    scene: Scene, updated: tuple[Tree, float], tmp_path_factory: pytest.TempPathFactory, subcommand: str
) -> None:
    before = scene.state()
    assert scene.killed(HUNG, _deadly(tmp_path_factory.mktemp("deadly") / "bin", subcommand))
    assert bool(scene.project.status()) == (subcommand != "write-tree")
    if subcommand == "apply":
        assert "# mine" not in (scene.project.folder / "README.md").read_text(), "the worst moment is another one now"
    scene.undo()
    assert scene.state() == before
    assert scene.sweep(), "a killed update leaves Copier's temporary folders"
    if subcommand == "apply":
        assert scene.update().returncode == 0
        assert _committable(scene.project.folder) == updated[0]


def test_a_lock_that_a_killed_git_has_left_is_named_and_nothing_is_lost(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = scene.state()
    assert scene.killed(HUNG, _deadly(tmp_path_factory.mktemp("deadly") / "bin", "checkout --", lock=True))
    lock = scene.project.folder / ".git" / "index.lock"
    assert lock.exists()
    again = scene.update()
    assert again.returncode == 1
    undo = run("sh", "-c", UNDO, cwd=scene.project.folder, check=False)
    assert undo.returncode
    assert str(lock) in undo.stderr
    scene.undo()
    assert scene.state() == before


# ---- A full disk --------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB. It needs a mount because RLIMIT_FSIZE only limits single files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if (
        os.geteuid()
        or not shutil.which("mount")
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        absent("a full disk needs root, who may mount a small one")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(disk: Path, free: int) -> Path:
    """Leave this many KiB free."""
    found = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(max(0, found.f_bavail * found.f_frsize - free * 1024)))
    return filler


@pytest.mark.parametrize("free", [0, 4, 8, 16])
def test_a_full_disk_stops_the_update_aloud_and_is_undone_when_there_is_room(
    mine: Path, history: Path, tmp_path: Path, small_disk: Path, free: int
) -> None:
    folder = small_disk / "wrapper"
    shutil.copytree(mine, folder, symlinks=True)
    (tmp_path / "around").mkdir()
    scene = Scene.new(tmp_path / "around", folder, history)
    before = scene.state()
    filler = _fill(small_disk, free)
    done = scene.update()
    filler.unlink()
    if free == 0:
        assert done.returncode == 1
    if done.returncode == 0:  # There was enough room, so everything must be there.
        assert scene.project.unmerged == {"manifest.yaml"}
        for name in ("README.md", "manifest.yaml", ".gitignore"):
            assert "# mine\n" in (folder / name).read_text()
    scene.undo()
    assert scene.state() == before


@pytest.mark.parametrize("free", [8, 1000])
def test_no_room_for_temporary_files_stops_the_update_and_changes_nothing(
    scene: Scene, small_disk: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With git's examples of hooks, as on any machine: a clone fails on them before it writes its config.
    monkeypatch.delenv("GIT_TEMPLATE_DIR")
    before = scene.state()
    filler = _fill(small_disk, free)
    done = scene.update(env={"TMPDIR": str(small_disk)})
    assert done.returncode == 1
    # The message of the system or of git.
    assert re.search("No space left on device|Out of diskspace", done.stderr)
    filler.unlink()
    assert scene.state() == before


# ---- Refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["changed", "staged", "untracked", "deleted"])
def test_uncommitted_work_is_refused_in_one_line_and_stays(scene: Scene, kind: str) -> None:
    name = {"untracked": "new", "staged": "new"}.get(kind, "README.md")
    path = scene.project.folder / name
    if kind == "deleted":
        path.unlink()
    else:
        path.write_text("not committed\n")
    if kind == "staged":
        git(scene.project.folder, "add", name)
    before = scene.state()
    done = scene.update()
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "dirty" in done.stderr
    assert scene.state() == before


def test_a_lower_release_is_refused_in_one_line(scene: Scene) -> None:
    done = scene.update()
    assert done.returncode == 0
    git(scene.project.folder, "checkout", "-q", "--theirs", "--", "manifest.yaml")
    scene.project.commit()
    before = scene.state()
    done = scene.update("--vcs-ref", f"v{OLDEST}")
    assert done.returncode == 1
    assert done.stderr.strip() == f"You are downgrading from {NEWEST} to {OLDEST}. Downgrades are not supported."
    assert scene.state() == before


def test_a_template_that_lacks_the_recorded_release_is_refused(scene: Scene, history: Path, tmp_path: Path) -> None:
    """As in a fork without tags."""
    fork = tmp_path / "fork"
    git(tmp_path, "clone", "-q", "--no-tags", str(history), str(fork))
    run("sh", "-ec", MOVED, cwd=scene.project.folder, env={"NEW": str(fork)})
    before = scene.state()
    done = scene.update()
    assert done.returncode == 1
    assert f"v{OLDEST}" in done.stderr.strip().splitlines()[-1]
    assert scene.state() == before


def test_a_template_that_moved_changes_nothing_until_its_address_is_changed(
    scene: Scene, updated: tuple[Tree, float], history: Path, tmp_path: Path
) -> None:
    folder = scene.project.folder
    gone, new = tmp_path / "gone", tmp_path / "new"
    run("sh", "-ec", MOVED, cwd=folder, env={"NEW": str(gone)})
    before = scene.state()
    done = scene.update()
    assert done.returncode == 1
    assert scene.state() == before

    shutil.copytree(history, new, symlinks=True)
    run("sh", "-ec", MOVED, cwd=folder, env={"NEW": str(new)})
    assert scene.update().returncode == 0
    assert scene.project.recorded()["_src_path"] == str(new)
    result, answers = _committable(folder), ".copier-answers.yml"
    assert {**result, answers: ()} == {**updated[0], answers: ()}


# ---- Other kinds of checkouts ---------------------------------------------------------------------------------------


def test_a_detached_head_stays_where_it_is(scene: Scene, updated: tuple[Tree, float]) -> None:
    folder = scene.project.folder
    git(folder, "checkout", "-q", "--detach")
    before = scene.state()
    assert scene.update().returncode == 0
    assert _committable(folder) == updated[0]
    assert git(folder, "rev-parse", "--symbolic-full-name", "HEAD") == "HEAD\n"
    scene.undo()
    assert scene.state() == before


def test_a_shallow_clone_is_enough(mine: Path, history: Path, tmp_path: Path, updated: tuple[Tree, float]) -> None:
    folder = tmp_path / "wrapper"
    git(tmp_path, "clone", "-q", "--depth=1", mine.as_uri(), str(folder))
    scene = Scene.new(tmp_path, folder, history)
    before = scene.state()
    assert scene.update().returncode == 0
    assert _committable(folder) == updated[0]
    scene.undo()
    assert scene.state() == before


def test_a_worktree_shows_an_update_and_leaves_the_checkout_alone(scene: Scene, updated: tuple[Tree, float]) -> None:
    before = _tree(scene.project.folder)
    preview = scene.around / "preview"
    git(scene.project.folder, "worktree", "add", "-q", "--detach", "../preview")
    assert run("copier", "update", "--defaults", cwd=preview, env=scene.env).returncode == 0
    assert _committable(preview) == updated[0]
    assert _tree(scene.project.folder) == before
    git(scene.project.folder, "worktree", "remove", "--force", "../preview")
    assert git(scene.project.folder, "status", "--porcelain") == ""


def test_in_a_folder_of_a_larger_repository_the_rest_stays_even_uncommitted(
    mine: Path, history: Path, tmp_path: Path, updated: tuple[Tree, float]
) -> None:
    larger = tmp_path / "larger"
    folder = larger / "services" / "wrapper"
    shutil.copytree(mine, folder, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    (folder / "service" / ".data").unlink()
    for name in ("Makefile", "README.md", "services/other/Makefile"):
        (larger / name).parent.mkdir(exist_ok=True)
        (larger / name).write_text("another\n")
    git(larger, "init", "-q")
    git(larger, "add", "-A")
    git(larger, "commit", "-q", "-m", "All")
    (larger / "services" / "other" / "Makefile").write_text("not committed\n")
    (larger / "new").write_text("not committed\n")
    (larger / "services" / "other" / "staged").write_text("not committed\n")
    git(larger, "add", "services/other/staged")
    rest = {path: entry for path, entry in _tree(larger).items() if not path.startswith("services/wrapper")}
    scene = Scene.new(tmp_path, folder, history)
    before = scene.state()

    assert scene.update().returncode == 0
    assert _committable(folder) == updated[0]
    scene.undo()
    # The repository's own .git is around the project, and git adds objects to it.
    assert scene.state()[:2] == before[:2]
    assert {path: entry for path, entry in _tree(larger).items() if not path.startswith("services/wrapper")} == rest


def _lf(tree: Tree) -> dict[str, bytes]:
    return {
        path: content.replace(b"\r\n", b"\n")
        for path, (_, content) in tree.items()
        if isinstance(content, bytes) and path not in ("icon.png", ".gitattributes")
    }


def test_a_checkout_with_crlf_merges_as_well_and_loses_nothing(
    mine: Path, history: Path, tmp_path: Path, updated: tuple[Tree, float]
) -> None:
    folder = tmp_path / "wrapper"
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(mine), str(folder))
    assert b"\r\n" in (folder / "Makefile").read_bytes()
    scene = Scene.new(tmp_path, folder, history)
    before = scene.state()
    assert scene.update().returncode == 0
    result, expected = _lf(_committable(folder)), _lf(updated[0])
    # If a patch doesn't apply, Copier compares CRLF with LF, and the whole file conflicts.
    unmerged = scene.project.unmerged
    assert unmerged >= {"manifest.yaml"}
    for path in unmerged:
        assert set(result.pop(path).splitlines()) >= set(expected.pop(path).splitlines())
    assert result == expected
    scene.undo()
    assert scene.state() == before


def test_the_documented_gitattributes_makes_a_checkout_with_crlf_like_any_other(
    mine: Path, history: Path, tmp_path: Path, updated: tuple[Tree, float]
) -> None:
    folder = tmp_path / "wrapper"
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(mine), str(folder))
    run("sh", "-ec", LF, cwd=folder)
    scene = Scene.new(tmp_path, folder, history)
    assert scene.project.status() == {}
    assert scene.update().returncode == 0
    assert scene.project.unmerged == {"manifest.yaml"}
    result, expected = _committable(folder), dict(updated[0])
    for tree in (result, expected):
        tree.pop(".gitattributes", None)
    assert result == expected


# ---- Other Copier commands ------------------------------------------------------------------------------------------


def _copier(scene: Scene, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("copier", *arguments, cwd=scene.project.folder, check=False, env=scene.env)


def test_check_update_says_whether_there_is_a_release_and_changes_nothing(scene: Scene) -> None:
    before = scene.state()
    plain, quiet = _copier(scene, "check-update"), _copier(scene, "check-update", "--quiet")
    assert (plain.returncode, quiet.returncode) == (0, 2)
    assert OLDEST in plain.stdout
    assert NEWEST in plain.stdout
    assert quiet.stdout + quiet.stderr == ""
    assert scene.state() == before

    answers = scene.project.folder / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace(f"v{OLDEST}", f"v{NEWEST}"))
    assert _copier(scene, "check-update", "--quiet").returncode == 0
    assert "up-to-date" in _copier(scene, "check-update").stdout


def test_pretend_writes_nothing(scene: Scene) -> None:
    before = scene.state()
    assert scene.update("--pretend").returncode == 0
    assert scene.update("--pretend", "-d", "ui_port=9090").returncode == 0
    assert scene.state() == before


def test_the_current_release_changes_answers_and_nothing_else(scene: Scene) -> None:
    before = scene.state()
    assert scene.update("--vcs-ref", ":current:").returncode == 0
    assert scene.state() == before

    assert scene.update("--vcs-ref", ":current:", "-d", "ui_port=9090").returncode == 0
    recorded = scene.project.recorded()
    assert (recorded["_commit"], recorded["ui_port"]) == (f"v{OLDEST}", 9090)
    assert scene.project.unmerged == set()
    manifest = (scene.project.folder / "manifest.yaml").read_text()
    assert "9090" in manifest
    assert "8080" not in manifest
    assert manifest.endswith("# mine\n")
    assert "BUILDER ?= mine\n" in (scene.project.folder / "Makefile").read_text()


def test_recopy_writes_over_the_authors_lines_which_are_in_the_last_commit(scene: Scene) -> None:
    folder = scene.project.folder
    before = scene.state()
    refused = _copier(scene, "recopy", "--defaults")
    assert refused.returncode == 1
    assert "--overwrite" in refused.stderr
    assert scene.state() == before

    assert _copier(scene, "recopy", "--defaults", "--overwrite").returncode == 0
    assert "mine" not in (folder / "Makefile").read_text()
    assert (folder / "renovate.json").exists()
    assert (folder / "mine ü.sh").exists()
    assert scene.project.status()["Makefile"] == " M"
    scene.undo()
    assert scene.state() == before


def test_recopy_does_not_ask_for_a_commit_first(scene: Scene) -> None:
    """As the docs say, uncommitted changes are lost."""
    readme = scene.project.folder / "README.md"
    readme.write_text(readme.read_text() + "not committed\n")
    assert _copier(scene, "recopy", "--defaults", "--overwrite").returncode == 0
    assert "not committed" not in readme.read_text()


def test_a_template_behind_an_address_is_kept_in_copiers_cache_alone(scene: Scene, history: Path) -> None:
    run("sh", "-ec", MOVED, cwd=scene.project.folder, env={"NEW": f"git+{history.as_uri()}"})
    assert scene.update().returncode == 0
    written = {path for path in _tree(scene.around / "home", git_too=True) if path.count("/") < 2}
    assert written <= {".cache", ".cache/copier", ".cache/copier/git"}
    assert scene.sweep() == []


# ---- The docs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("commands", [UNDO, LF, MOVED])
def test_the_commands_that_these_tests_run_are_the_documented_ones(commands: str) -> None:
    pages = [ROOT / "docs" / name for name in ("update.md", "update-faults.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages if page.exists())
    assert commands.strip() in text.replace("https://example.com/startos-wrapper", "$NEW")
