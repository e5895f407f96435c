"""`startos-wrapper undo`: the state before an update, or one message and nothing changed."""

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.updating import merge, restore, transfer
from tests.support.copies import copier
from tests.update.releases import git
from tests.update.tiny import Tiny

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """A wrapper with a conflict to come, and names that are hard to pass on."""
    tiny = Tiny.new(tmp_path)
    for name in ("mine ü.txt", "mine\n.txt", "-rf", ":(top)x"):
        (tiny.wrapper / name).write_text("mine\n")
    Path(os.fsdecode(os.fsencode(tiny.wrapper) + b"/mine \xff.txt")).write_text("mine\n")
    (tiny.wrapper / "link").symlink_to("nowhere")
    (tiny.wrapper / ".gitignore").write_text("*.s9pk\n")
    tiny.conflict()
    (tiny.wrapper / "mine.s9pk").write_text("ignored\n")
    (tiny.wrapper / "empty").mkdir()
    (tiny.wrapper / "other.txt").chmod(0o600)
    return tiny


def _updated(tiny: Tiny) -> None:
    assert tiny.run("update") == 1


def _readable_names(tiny: Tiny) -> None:
    """Delete the file with a name that Copier itself can't read."""
    git(tiny.wrapper, "rm", "-q", "mine ?.txt")
    tiny.commit()


def _copier_update(tiny: Tiny) -> None:
    copier("update", "--defaults", "-q", tiny.wrapper, check=True)


def _resolve(tiny: Tiny) -> None:
    text = (tiny.wrapper / "text.txt").read_text()
    (tiny.wrapper / "text.txt").write_text(re.sub(r"<{7}.*?={7}\n(.*?)>{7}[^\n]*\n", r"\1", text, flags=re.DOTALL))


# ---- Undone -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "then",
    [
        (),
        ("git add --all --ignore-errors .",),
        ("git add --intent-to-add .",),
        ("git add new text.txt", "git rm -q --cached other.txt"),
        ("git checkout -q --theirs -- other.txt || true", "rm other.txt"),
        ("git stash -q || true",),
        ("git diff > /dev/null",),
    ],
)
def test_everything_is_as_before(tiny: Tiny, then: tuple[str, ...], capsys: Capture) -> None:
    before = tiny.state()
    _updated(tiny)
    assert tiny.state() != before
    for line in then:
        subprocess.run(line, shell=True, cwd=tiny.wrapper, check=True, capture_output=True)
    capsys.readouterr()
    assert tiny.run("undo") == 0
    assert tiny.state() == before
    assert git(tiny.wrapper, "status", "--porcelain") == ""
    said = capsys.readouterr().out
    assert "Undone: back at v1.0.0." in said
    assert "  text.txt\n" in said


def test_files_of_the_authors_from_after_the_update_stay(tiny: Tiny) -> None:
    before = tiny.state()
    _updated(tiny)
    for name in ("new/mine.txt", "mine.txt", "mine.rej"):
        (tiny.wrapper / name).write_text("mine\n")
    git(tiny.wrapper, "add", "mine.txt")
    assert tiny.run("undo") == 0
    assert git(tiny.wrapper, "status", "--porcelain", "--untracked-files=all").splitlines() == [
        "A  mine.txt",
        "?? mine.rej",
        "?? new/mine.txt",
    ]
    git(tiny.wrapper, "rm", "-q", "--cached", "mine.txt")
    for name in ("new/mine.txt", "mine.txt", "mine.rej"):
        (tiny.wrapper / name).unlink()
    (tiny.wrapper / "new").rmdir()
    assert tiny.state() == before


def test_an_unrelated_commit_in_between_stays(tiny: Tiny) -> None:
    before = tiny.files()
    _updated(tiny)
    # git doesn't commit anything during a conflict.
    (tiny.wrapper / "text.txt").write_text(before[b"text.txt"][1].decode())
    git(tiny.wrapper, "reset", "-q")
    (tiny.wrapper / "mine.txt").write_text("mine\n")
    git(tiny.wrapper, "add", "mine.txt")
    git(tiny.wrapper, "commit", "-q", "-m", "Mine")
    assert tiny.run("undo") == 0
    assert git(tiny.wrapper, "status", "--porcelain") == ""
    (tiny.wrapper / "mine.txt").unlink()
    assert tiny.files() == before


def test_an_update_after_an_undo_is_like_the_first_one(tiny: Tiny) -> None:
    _updated(tiny)
    after = tiny.state()
    assert tiny.run("undo") == 0
    _updated(tiny)
    assert tiny.state() == after


def test_an_undo_that_was_killed_goes_on(tiny: Tiny) -> None:
    before = tiny.state()
    _updated(tiny)
    for count in range(4):
        _killed(tiny, "undo", restore, "copy_file", count)
    assert tiny.run("undo") == 0
    assert tiny.state() == before


@pytest.mark.parametrize("name", ["write_file", "delete_file", "set_index"])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_an_update_killed_while_it_writes_is_undone(tiny: Tiny, capsys: Capture, name: str, count: int) -> None:
    before = tiny.state()
    dead = _killed(tiny, "update", transfer, name, count)
    assert dead == (name == "write_file" or count == 0)
    if name != "write_file":
        assert tiny.state() != before
        assert tiny.run("update") == 1
        assert capsys.readouterr().err.endswith("To undo it:\n  startos-wrapper undo\n")
    tiny.run("undo")
    assert tiny.state() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("module", "name", "count"), [(merge, "one_commit", 0), (transfer, "write_file", 4)])
def test_an_update_that_is_asked_to_stop_puts_everything_back(
    tiny: Tiny, tmp_path: Path, number: int, module: Any, name: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a plain `kill`, a terminal that closes, or a machine that shuts down."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    before = tiny.state()
    assert _stopped(tiny, "update", module, name, count, number) == 130
    assert tiny.state() == before
    assert list((tmp_path / "tmp").iterdir()) == []
    assert tiny.run("undo") == 1


def test_nothing_is_left_of_a_file_that_was_being_written(tiny: Tiny) -> None:
    before = tiny.state()
    # The first call writes the list of files, this one a file in a new folder.
    assert _killed(tiny, "update", Path, "replace", 4)
    assert (tiny.wrapper / "new" / "deep" / ".startos-wrapper.new").exists()
    assert tiny.run("undo") == 0
    assert tiny.state() == before


def _killed(tiny: Tiny, command: str, module: Any, name: str, count: int) -> bool:
    """Run a command that is killed at the call number `count` of a function. Return whether it was killed."""
    return _stopped(tiny, command, module, name, count, signal.SIGKILL) == -signal.SIGKILL


def _stopped(tiny: Tiny, command: str, module: Any, name: str, count: int, number: int) -> int:
    """Run a command that gets a signal at the call number `count` of a function, and return its exit code."""
    child = os.fork()
    if child == 0:
        real, calls = getattr(module, name), 0

        def deadly(*arguments: Any) -> Any:
            nonlocal calls
            if calls == count:
                os.kill(os.getpid(), number)
            calls += 1
            return real(*arguments)

        setattr(module, name, deadly)
        code = 99
        try:
            code = tiny.run(command)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# ---- Refused ------------------------------------------------------------------------------------------------------


def test_the_authors_work_is_listed_and_stays(tiny: Tiny, capsys: Capture) -> None:
    _updated(tiny)
    _resolve(tiny)
    (tiny.wrapper / "new" / "deep" / "file.txt").write_text("mine\n")
    (tiny.wrapper / "gone").mkdir()
    (tiny.wrapper / "gone" / "file.txt").write_text("mine\n")
    before = tiny.state()
    assert tiny.run("undo") == 1
    told = capsys.readouterr().err
    assert told.count("\n  ") == 4
    for name in ("text.txt", "new/deep/file.txt", "gone/file.txt", "startos-wrapper undo --force"):
        assert f"  {name}\n" in told
    assert tiny.state() == before


def test_with_force_the_authors_work_is_copied_first(tiny: Tiny, capsys: Capture) -> None:
    before = tiny.state()
    _updated(tiny)
    _resolve(tiny)
    resolved = (tiny.wrapper / "text.txt").read_text()
    (tiny.wrapper / "run.sh").unlink()
    (tiny.wrapper / "run.sh").mkdir()
    (tiny.wrapper / "run.sh" / "mine").write_text("mine\n")
    assert tiny.run("undo", "--force") == 0
    assert tiny.state() == before
    kept = Path(capsys.readouterr().out.splitlines()[-1].strip())
    assert (kept / "text.txt").read_text() == resolved
    assert (kept / "run.sh" / "mine").read_text() == "mine\n"


def test_work_that_is_only_staged_is_listed(tiny: Tiny, capsys: Capture) -> None:
    _updated(tiny)
    path = tiny.wrapper / "other.txt"
    after = path.read_text()
    path.write_text("staged only\n")
    git(tiny.wrapper, "add", "other.txt")
    path.write_text(after)
    before = tiny.state()
    assert tiny.run("undo") == 1
    assert "  other.txt\n" in capsys.readouterr().err
    assert tiny.state() == before


def test_a_committed_update_is_reverted_with_the_printed_command(tiny: Tiny, capsys: Capture) -> None:
    before = tiny.files()
    _updated(tiny)
    _resolve(tiny)
    commit = tiny.commit("Update the template")
    (tiny.wrapper / "later.txt").write_text("mine\n")
    tiny.commit("Later")
    assert tiny.run("undo") == 1
    told = capsys.readouterr().err
    assert f"committed:\n  {commit[:7]} Update the template\n" in told
    assert max(map(len, told.splitlines())) <= 80
    (line,) = [line for line in told.splitlines() if "git revert" in line]
    subprocess.run(line, shell=True, cwd=tiny.wrapper, check=True, capture_output=True)
    (tiny.wrapper / "later.txt").unlink()
    files = tiny.files()
    assert {name: content for name, (_, content) in files.items()} == {
        name: content for name, (_, content) in before.items()
    }
    assert tiny.run("undo") == 1
    assert "nothing to undo" in capsys.readouterr().err


def test_an_update_committed_with_an_amend_is_named(tiny: Tiny, capsys: Capture) -> None:
    _updated(tiny)
    _resolve(tiny)
    git(tiny.wrapper, "add", "-A")
    git(tiny.wrapper, "commit", "-q", "--amend", "-m", "All")
    before = tiny.state()
    assert tiny.run("undo") == 1
    assert "committed" in capsys.readouterr().err
    assert tiny.state() == before


def test_a_half_committed_update_names_the_rest(tiny: Tiny, capsys: Capture) -> None:
    _updated(tiny)
    _resolve(tiny)
    git(tiny.wrapper, "add", ".copier-answers.yml", "other.txt", "text.txt")
    git(tiny.wrapper, "commit", "-q", "-m", "Half")
    before = tiny.state()
    assert tiny.run("undo") == 1
    told = capsys.readouterr().err
    assert "  new/deep/file.txt\n" in told
    assert "git revert" in told
    assert tiny.state() == before


def test_a_lock_that_a_killed_git_left_is_named(tiny: Tiny, capsys: Capture) -> None:
    before = tiny.state()
    _updated(tiny)
    lock = tiny.wrapper / ".git" / "index.lock"
    lock.touch()
    assert tiny.run("undo") == 2
    assert "index.lock" in capsys.readouterr().err
    lock.unlink()
    assert tiny.run("undo") == 0
    assert tiny.state() == before


def test_nothing_is_written_through_a_folder_that_became_a_symlink(tiny: Tiny, tmp_path: Path, capsys: Capture) -> None:
    _updated(tiny)
    (tiny.wrapper / "gone").symlink_to(tmp_path)
    assert tiny.run("undo") == 1
    assert "gone: not a regular folder" in capsys.readouterr().err
    assert not (tmp_path / "file.txt").exists()


# ---- Every piece of advice ends ------------------------------------------------------------------------------------


def _advice(told: str) -> list[str]:
    return [line.strip() for line in told.splitlines() if line.startswith("  git ")]


@pytest.mark.parametrize("change", ["untracked", "edited", "staged"])
@pytest.mark.parametrize("which", [0, 1])
def test_after_each_printed_command_the_update_runs(tiny: Tiny, capsys: Capture, change: str, which: int) -> None:
    """Also when an earlier update is committed, so that there's nothing to undo."""
    _readable_names(tiny)
    _updated(tiny)
    _resolve(tiny)
    tiny.commit("Update the template")
    path = tiny.wrapper / ("new.txt" if change == "untracked" else "same.txt")
    path.write_text("mine\n")
    if change == "staged":
        git(tiny.wrapper, "add", "same.txt")
    capsys.readouterr()
    assert tiny.run("update") == 1
    told = capsys.readouterr().err
    assert "undo it:" not in told
    subprocess.run(_advice(told)[which], shell=True, cwd=tiny.wrapper, check=True, capture_output=True)
    assert tiny.run("update") == 0


def test_an_untracked_file_is_not_what_an_update_wrote(tiny: Tiny, capsys: Capture) -> None:
    """Nothing tells its author to delete it."""
    _updated(tiny)
    assert tiny.run("undo") == 0
    (tiny.wrapper / "new.txt").write_text("mine\n")
    capsys.readouterr()
    assert tiny.run("undo") == 1
    assert "clean" not in capsys.readouterr().err
    assert tiny.run("update") == 1
    told = capsys.readouterr().err
    assert "undo it:" not in told
    subprocess.run(_advice(told)[1], shell=True, cwd=tiny.wrapper, check=True, capture_output=True)
    _updated(tiny)


def test_a_committed_update_is_reverted_with_the_printed_commands_in_a_dirty_tree(tiny: Tiny, capsys: Capture) -> None:
    _readable_names(tiny)
    _updated(tiny)
    _resolve(tiny)
    tiny.commit("Update the template")
    (tiny.wrapper / "text.txt").write_text("mine\n")
    assert tiny.run("undo") == 1
    for command in _advice(capsys.readouterr().err):
        subprocess.run(command, shell=True, cwd=tiny.wrapper, check=True, capture_output=True)
    assert "_commit: v1.0.0" in (tiny.wrapper / ".copier-answers.yml").read_text()


def test_what_no_command_puts_aside_is_named(tiny: Tiny, capsys: Capture) -> None:
    """A repository in the wrapper, and a conflict: `git stash` takes neither."""
    _updated(tiny)
    assert tiny.run("update") == 1
    told = capsys.readouterr().err
    assert "text.txt: in conflict; resolve it" in told
    assert "stash" not in told
    assert tiny.run("undo") == 0
    git(tiny.wrapper, "init", "-q", "inner")
    (tiny.wrapper / "inner" / "file").write_text("")
    assert tiny.run("update") == 1
    assert "inner/: a git repository in the wrapper" in capsys.readouterr().err


# ---- Nothing to undo ----------------------------------------------------------------------------------------------


def test_without_an_update_it_says_so(tiny: Tiny, capsys: Capture) -> None:
    before = tiny.state()
    assert tiny.run("undo") == 1
    assert capsys.readouterr().err.startswith("startos-wrapper: nothing to undo: there's no uncommitted update\n")
    assert tiny.state() == before


def test_a_second_undo_says_so(tiny: Tiny, capsys: Capture) -> None:
    _updated(tiny)
    assert tiny.run("undo") == 0
    before = tiny.state()
    capsys.readouterr()
    assert tiny.run("undo") == 1
    assert capsys.readouterr().err.startswith("startos-wrapper: nothing to undo: there's no uncommitted update\n")
    assert tiny.state() == before


def test_an_update_in_a_stash_is_named_and_undone_once_it_is_back(tiny: Tiny, capsys: Capture) -> None:
    git(tiny.wrapper, "restore", "--source=HEAD~", "text.txt")  # Without the conflict, which git wouldn't stash.
    tiny.commit()
    before = {path: text for path, (_, text) in tiny.files().items() if text}
    assert tiny.run("update") == 0
    git(tiny.wrapper, "stash", "--include-untracked")
    capsys.readouterr()
    assert tiny.run("undo") == 1
    told = capsys.readouterr().err
    assert "the update from v1.0.0 to v2.0.0 is in stash@{0}" in told
    subprocess.run(told.splitlines()[-1], shell=True, cwd=tiny.wrapper, check=True)
    assert tiny.run("undo") == 0
    assert {path: text for path, (_, text) in tiny.files().items() if text} == before


def test_a_stash_from_before_the_update_is_none_of_its_business(tiny: Tiny, capsys: Capture) -> None:
    tiny.edit("other.txt", "line 3\n", "line 3, mine\n")
    git(tiny.wrapper, "stash")
    _updated(tiny)
    assert tiny.run("undo") == 0
    assert tiny.run("undo") == 1
    assert "stash" not in capsys.readouterr().err


def test_after_a_plain_copier_update_the_printed_command_restores_the_last_commit(tiny: Tiny, capsys: Capture) -> None:
    _readable_names(tiny)
    before = tiny.files()
    _copier_update(tiny)
    assert tiny.run("undo") == 1
    told = capsys.readouterr().err
    assert "  other.txt\n" in told
    (line,) = [line for line in told.splitlines() if "git restore" in line]
    subprocess.run(line, shell=True, cwd=tiny.wrapper, check=True, capture_output=True)
    # git doesn't track empty folders, and no permissions.
    assert {name: content for name, (_, content) in tiny.files().items()} == {
        name: content for name, (_, content) in before.items() if name != b"empty"
    }


def test_after_a_committed_copier_update_the_printed_command_reverts_it(tiny: Tiny, capsys: Capture) -> None:
    _readable_names(tiny)
    before = git(tiny.wrapper, "rev-parse", "HEAD^{tree}")
    _copier_update(tiny)
    tiny.commit("Updated")
    assert tiny.run("undo") == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "git revert" in line]
    subprocess.run(line, shell=True, cwd=tiny.wrapper, check=True, capture_output=True)
    assert git(tiny.wrapper, "rev-parse", "HEAD^{tree}") == before


@pytest.mark.parametrize("text", ["", "[]", '{"version": 99}', '{"version": 1}', '{"version": 1, "entries": [{}]}'])
def test_a_broken_list_of_files_is_named(tiny: Tiny, capsys: Capture, text: str) -> None:
    _updated(tiny)
    (tiny.wrapper / ".git" / "startos-wrapper" / "update.json").write_text(text)
    before = tiny.state()
    assert tiny.run("undo") == 2
    assert "update.json: " in capsys.readouterr().err
    assert tiny.state() == before
