"""`startos-wrapper update`: the same result as `copier update`, or one message and nothing changed."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest
import yaml
from docs.release_tags import releases
from packaging.version import Version

from startos_wrapper.cli import main
from startos_wrapper.files.makefile_conversion import needs_conversion
from startos_wrapper.updating import merge, transfer, write
from startos_wrapper.updating.newest import Recorded, target
from tests.support.copies import copier
from tests.support.limits import HUNG
from tests.update.releases import Project, git
from tests.update.tiny import ANSWERS, SECOND, Tiny

Capture = pytest.CaptureFixture[str]
NEXT = "startos-wrapper check"
PROGRAM = Path(sys.executable).parent / "startos-wrapper"


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return Tiny.new(tmp_path)


def _record(tiny: Tiny, **changes: str | None) -> None:
    """Commit other values in the answers file."""
    path = tiny.wrapper / ANSWERS
    values = {**yaml.safe_load(path.read_text()), **changes}
    path.write_text(yaml.safe_dump({name: value for name, value in values.items() if value is not None}))
    tiny.commit()


def _as_copier_does(tiny: Tiny) -> tuple[dict[bytes, tuple[int, bytes]], str]:
    """Run `copier update` on a copy of the wrapper, and return the files and the index."""
    other = Tiny(tiny.template, tiny.wrapper.parent / "other")
    shutil.copytree(tiny.wrapper, other.wrapper, symlinks=True)
    copier("update", "--defaults", "-q", other.wrapper, check=True)
    return other.files(), other.index()


# ---- The result ---------------------------------------------------------------------------------------------------


def test_an_update_gives_what_copier_gives_and_says_what_changed(tiny: Tiny, capsys: Capture) -> None:
    tiny.edit("text.txt", "line 19\n", "line 19, mine\n")
    tiny.commit()
    expected = _as_copier_does(tiny)
    assert tiny.run("update") == 0
    assert (tiny.files(), tiny.index()) == expected
    text = (tiny.wrapper / "text.txt").read_text()
    assert "line 2, new\n" in text
    assert "line 19, mine\n" in text
    assert os.access(tiny.wrapper / "run.sh", os.X_OK)
    assert not (tiny.wrapper / "gone").exists()
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("Updated from v1.0.0 to v2.0.0.")
    assert "Added: new/deep/file.txt" in said
    assert "Deleted: gone/file.txt" in said
    assert "git restore gone/file.txt" in said
    assert NEXT in said
    assert "Conflict" not in said


def test_the_command_that_restores_many_deleted_files_is_one_line(tiny: Tiny, capsys: Capture) -> None:
    names = [f"gone/a file with a long name, number {number}.txt" for number in range(9)]
    tiny.release("3.0.0", {**SECOND, **{f"template/{name}": "goes\n" for name in names}})
    assert tiny.run("update") == 0
    tiny.commit()
    tiny.release("4.0.0", SECOND)
    capsys.readouterr()
    assert tiny.run("update") == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    (restore,) = re.findall(r"To keep what was deleted:\n  (.+)\nOr go back:", said)
    assert not (tiny.wrapper / "gone").exists()
    subprocess.run(restore, shell=True, cwd=tiny.wrapper, check=True)
    assert all((tiny.wrapper / name).read_text() == "goes\n" for name in names)


def test_a_conflict_is_named_and_unmerged_and_the_exit_code_is_1(tiny: Tiny, capsys: Capture) -> None:
    tiny.conflict()
    expected = _as_copier_does(tiny)
    assert tiny.run("update") == 1
    assert (tiny.files(), tiny.index()) == expected
    assert git(tiny.wrapper, "diff", "--name-only", "--diff-filter=U") == "text.txt\n"
    # git can show all three versions.
    assert "line 2\n" in git(tiny.wrapper, "show", ":1:text.txt")
    assert "line 2, mine\n" in git(tiny.wrapper, "show", ":2:text.txt")
    assert "line 2, new\n" in git(tiny.wrapper, "show", ":3:text.txt")
    said = capsys.readouterr().out
    assert "Conflict in one file:\n  text.txt\n" in said
    assert "Next, once the conflicts are resolved:\n" in said
    assert "other.txt\n" not in said[said.index("Conflict") :]


def test_every_line_fits_a_terminal(tiny: Tiny, capsys: Capture) -> None:
    tiny.conflict()
    tiny.run("update")
    tiny.run("undo")
    said = capsys.readouterr()
    assert max(map(len, (said.out + said.err).splitlines())) <= 80


def test_json_has_the_same(tiny: Tiny, capsys: Capture) -> None:
    tiny.conflict()
    assert tiny.run("update", "--format", "json") == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert said.err == ""
    assert (found["old"], found["new"]) == ("v1.0.0", "v2.0.0")
    assert found["conflicts"] == ["text.txt"]
    assert found["added"] == ["new/deep/file.txt"]
    assert found["deleted"] == ["gone/file.txt"]
    assert "line\nbreak.txt" in found["changed"]


def test_quiet_only_speaks_of_conflicts(tiny: Tiny, capsys: Capture) -> None:
    assert tiny.run("update", "-q") == 0
    assert capsys.readouterr() == ("", "")
    assert tiny.run("undo") == 0
    tiny.conflict()
    capsys.readouterr()
    assert tiny.run("update", "-q") == 1
    assert "text.txt" in capsys.readouterr().out


def test_an_answer_changes_with_its_files_at_the_same_release(tiny: Tiny, capsys: Capture) -> None:
    assert tiny.run("update") == 0
    tiny.commit()
    capsys.readouterr()
    assert tiny.run("update", "-d", "port=90") == 0
    assert (tiny.wrapper / "port.txt").read_text() == "port 90\n"
    assert "port: 90" in (tiny.wrapper / ANSWERS).read_text()
    assert "The release stays v2.0.0" in capsys.readouterr().out


def test_answers_come_from_a_file_as_they_are_written(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "answers.yml").write_text("port: 42\ncolor: 0.10\n")
    assert tiny.run("update", "--data-file", str(tmp_path / "answers.yml")) == 0
    recorded = yaml.safe_load((tiny.wrapper / ANSWERS).read_text())
    assert (recorded["port"], recorded["color"]) == (42, "0.10")


def test_the_wrapper_may_be_elsewhere_and_the_printed_commands_say_where(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    moved = tmp_path / "my wrapper"
    tiny.wrapper.rename(moved)
    monkeypatch.chdir(tmp_path)
    assert main(["update", "my wrapper"]) == 0
    said = capsys.readouterr().out
    assert "git -C 'my wrapper' diff" in said
    subprocess.run(said[said.index("  git -C 'my wrapper' add") :].splitlines()[0], shell=True, check=True)
    assert git(moved, "status", "--porcelain") == ""
    assert main(["undo", "my wrapper"]) == 1
    assert "git -C 'my wrapper' revert" in capsys.readouterr().err


def test_with_ask_only_new_questions_are_asked(tiny: Tiny) -> None:
    child = pexpect.spawn(str(PROGRAM), ["update", "--ask"], cwd=str(tiny.wrapper), timeout=HUNG, dimensions=(24, 80))
    assert child.expect(["color", "port", "size"]) == 0
    child.sendline("\x15blue")
    child.expect("Updated from v1.0.0 to v2.0.0")
    child.expect(pexpect.EOF)
    assert "color: blue" in (tiny.wrapper / ANSWERS).read_text()


def test_ctrl_c_at_a_question_changes_nothing(tiny: Tiny) -> None:
    before = tiny.state()
    child = pexpect.spawn(str(PROGRAM), ["update", "--ask"], cwd=str(tiny.wrapper), timeout=HUNG, dimensions=(24, 80))
    child.expect("color")
    child.sendintr()
    child.expect("Cancelled. Nothing was changed.")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert tiny.state() == before


# ---- Nothing to do ------------------------------------------------------------------------------------------------


def test_with_nothing_to_do_it_says_so_without_copier(
    tiny: Tiny, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.run("update")
    tiny.commit()
    before = tiny.state()
    capsys.readouterr()
    code = "import sys; from startos_wrapper.cli import main; main(['update']); assert 'copier' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=tiny.wrapper, check=True)
    monkeypatch.setattr(merge, "merged", None)
    assert tiny.run("update") == 0
    assert tiny.run("update", "--vcs-ref", "v2.0.0") == 0
    assert tiny.run("update", "--vcs-ref", "") == 0
    assert capsys.readouterr().out == "Nothing changed: already at v2.0.0.\n" * 3
    assert tiny.state() == before


def test_a_prerelease_is_neither_a_target_nor_left_for_an_older_release(tiny: Tiny, capsys: Capture) -> None:
    tiny.release("3.0.0rc1", SECOND)
    assert tiny.run("update") == 0
    assert "to v2.0.0" in capsys.readouterr().out
    tiny.commit()
    _record(tiny, _commit="v3.0.0rc1")
    assert tiny.run("update") == 0
    assert "already at v3.0.0rc1" in capsys.readouterr().out


def test_a_commit_after_the_newest_release_is_the_newest(tiny: Tiny, capsys: Capture) -> None:
    """An installation from the repository records the commit without the tag before it."""
    tiny.run("update")
    git(tiny.template, "commit", "-q", "--allow-empty", "-m", "Later")
    _record(tiny, _commit=(commit := git(tiny.template, "rev-parse", "--short", "HEAD").strip()))
    before = tiny.state()
    capsys.readouterr()
    assert tiny.run("update") == 0
    assert capsys.readouterr().out == f"Nothing changed: already at {commit}.\n"
    assert tiny.state() == before
    assert tiny.run("update", "--vcs-ref", "v2.0.0") == 1
    assert "v2.0.0 is older" in capsys.readouterr().err
    assert tiny.run("update", "-d", "port=90") == 0
    assert (tiny.wrapper / "port.txt").read_text() == "port 90\n"
    tiny.release("3.0.0", SECOND)
    tiny.commit()
    assert tiny.run("update") == 0
    assert "to v3.0.0.\n" in capsys.readouterr().out


def test_the_same_answer_again_changes_nothing(tiny: Tiny, capsys: Capture) -> None:
    tiny.run("update")
    tiny.commit()
    before = tiny.state()
    capsys.readouterr()
    assert tiny.run("update", "-d", "port=80") == 0
    assert capsys.readouterr().out == "Nothing changed: already at v2.0.0.\n"
    assert tiny.state() == before


def test_a_template_without_tags_is_updated_to_its_last_commit(tmp_path: Path, capsys: Capture) -> None:
    tiny = Tiny.new(tmp_path, tagged=False)
    (tiny.template / "template" / "text.txt").write_text("not committed\n")
    assert tiny.run("update") == 0
    assert "line 2, new\n" in (tiny.wrapper / "text.txt").read_text()
    recorded = yaml.safe_load((tiny.wrapper / ANSWERS).read_text())["_commit"]
    assert git(tiny.template, "rev-parse", "HEAD").startswith(recorded)
    tiny.commit()
    capsys.readouterr()
    assert tiny.run("update") == 0
    assert capsys.readouterr().out.startswith("Nothing changed: already at ")


@pytest.mark.parametrize("commit", ["05397a8", "1234567", "1234567" + "8" * 33])
def test_a_commit_that_looks_like_a_version_is_not_newer_than_a_release(tiny: Tiny, commit: str) -> None:
    assert not target(Recorded(tiny.wrapper / ANSWERS, str(tiny.template), commit), None).is_current


def test_a_commit_after_the_newest_release_is_not_older_than_it(tiny: Tiny, capsys: Capture) -> None:
    tiny.release("later", {**SECOND, "template/text.txt": "later\n"}, tagged=False)
    assert tiny.run("update", "--vcs-ref", "HEAD") == 0
    assert (tiny.wrapper / "text.txt").read_text() == "later\n"
    tiny.commit()
    capsys.readouterr()
    assert tiny.run("update") == 0
    assert "Nothing changed" in capsys.readouterr().out


# ---- Preview ------------------------------------------------------------------------------------------------------


def test_a_preview_ends_with_the_command_that_makes_the_same_update(tiny: Tiny, capsys: Capture) -> None:
    answers = tiny.wrapper.parent / "my answers.yml"
    answers.write_text("size: 2\n")
    assert tiny.run("update", "--preview", "--data-file", str(answers), "-d", "port=81", "--vcs-ref", "v2.0.0") == 0
    command = capsys.readouterr().out.splitlines()[-1]
    assert tiny.run(*shlex.split(command)[1:]) == 0
    assert {"port: 81", "size: 2"} <= set((tiny.wrapper / ANSWERS).read_text().splitlines())


def test_a_preview_prints_the_changes_and_makes_none(tiny: Tiny, capsys: Capture) -> None:
    tiny.conflict()
    before = tiny.state()
    assert tiny.run("update", "--preview") == 1
    said = capsys.readouterr().out
    assert "+line 2, new" in said
    assert "+<<<<<<< before updating" in said
    assert "Would update from v1.0.0 to v2.0.0." in said
    assert "Conflict in one file:\n  text.txt" in said
    assert tiny.state() == before
    assert tiny.run("undo") == 1


# ---- Refused ------------------------------------------------------------------------------------------------------


def _tagless(tiny: Tiny) -> str:
    clone = tiny.template.parent / "clone"
    git(clone.parent, "clone", "-q", "--no-tags", str(tiny.template), str(clone))
    return str(clone)


REFUSED: dict[str, tuple[Callable[[Tiny], Any], list[str], str]] = {
    "no address": (lambda tiny: _record(tiny, _src_path=None), [], "manage --template URL"),
    "a relative path": (lambda tiny: _record(tiny, _src_path="."), [], "manage --template URL"),
    "no such folder": (lambda tiny: _record(tiny, _src_path="/nowhere/template"), [], "manage --template URL"),
    "no repository": (lambda tiny: _record(tiny, _src_path="/"), [], "can't read the template at /: "),
    "no server": (lambda tiny: _record(tiny, _src_path="git+http://127.0.0.1:1/a"), [], "127.0.0.1:1/a: "),
    "a page": (
        lambda tiny: _record(tiny, _src_path="https://127.0.0.1/a"),
        [],
        "manage --template https://127.0.0.1/a",
    ),
    "no release": (lambda tiny: _record(tiny, _commit=None), [], "_commit is missing"),
    "an unknown release": (lambda tiny: _record(tiny, _commit="v0.5.0"), [], "has no release v0.5.0"),
    "an unknown newer release": (lambda tiny: _record(tiny, _commit="v9.9.9"), [], "has no release v9.9.9"),
    "an option": (lambda tiny: _record(tiny, _commit="--upload-pack=x"), [], "has no release --upload-pack=x"),
    "a clone without tags": (lambda tiny: _record(tiny, _src_path=_tagless(tiny)), [], "git fetch --tags"),
    "an unknown target": (lambda _: None, ["--vcs-ref", "v9.0.0"], "has no release v9.0.0"),
    "an older release": (
        lambda tiny: (tiny.run("update"), tiny.commit()),
        ["--vcs-ref", "v1.0.0"],
        "v1.0.0 is older than v2.0.0",
    ),
    "a wrong answer": (lambda _: None, ["-d", "port=100"], "port: too high"),
    "two wrong answers": (lambda _: None, ["-d", "port=100", "-d", "size=100"], "size: too large"),
    "a wrong type": (lambda _: None, ["-d", "port=many"], ": port: must be a whole number, not 'many'"),
    "a wrong choice": (lambda _: None, ["-d", "shade=grey"], ": shade: choose from 'dark', 'light'"),
    "an unknown question": (lambda _: None, ["-d", "prot=90"], 'unknown question "prot"; did you mean "port"?'),
    "no value": (lambda _: None, ["-d", "port"], "must be NAME=VALUE"),
    "no terminal": (lambda _: None, ["--ask"], "leave it out to use the defaults"),
    "not committed": (lambda tiny: (tiny.wrapper / "x").write_text(""), [], "x: not committed"),
    "not a wrapper": (lambda tiny: tiny.delete(ANSWERS), [], "no wrapper here; run it in a wrapper's folder"),
    "not adopted": (
        lambda tiny: ((tiny.wrapper / "manifest.yaml").write_text("id: tiny\n"), tiny.delete(ANSWERS)),
        [],
        "run `startos-wrapper adopt`",
    ),
    "a broken template": (
        lambda tiny: tiny.release("3.0.0", {**SECOND, "template/text.txt.jinja": "{{ undefined.name }}"}),
        [],
        "undefined",
    ),
    "a template with tasks": (
        lambda tiny: tiny.release("3.0.0", {**SECOND, "copier.yml": SECOND["copier.yml"] + "_tasks: [rm -rf /]\n"}),
        [],
        "--trust",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_stops_an_update_is_one_message_and_nothing_changes(
    tiny: Tiny, capsys: Capture, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, arguments, said = REFUSED[case]
    prepare(tiny)
    before = tiny.state()
    capsys.readouterr()
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert tiny.run("update", *arguments) in (1, 2)
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert len(re.findall("^startos-wrapper: ", told, re.MULTILINE)) == 1
    assert tiny.state() == before


FORTH = "`update` doesn't migrate; to go from StartOS 0.3.5 to 0.4, run `startos-wrapper migrate`"
BACK = "a package for StartOS 0.4 can't become a wrapper for 0.3.5; run `startos-wrapper undo`, or use the branch or commit"


@pytest.mark.parametrize(
    ("recorded", "given", "said"),
    [(None, "0.4", FORTH), ("0.3.5", "0.4", FORTH), ("0.4", "0.3.5", BACK)],
)
@pytest.mark.parametrize("way", ["option", "file", "preview"])
def test_another_startos_is_refused_with_the_way_to_get_there(
    tiny: Tiny, capsys: Capture, tmp_path: Path, recorded: str | None, given: str, said: str, way: str
) -> None:
    """A merge alone would delete the files of the other one, and write neither a version nor MIGRATION.md."""
    _record(tiny, startos=recorded)
    (tmp_path / "answers.yml").write_text(f"startos: {given}\n")
    before = tiny.state()
    option = ["--data-file", str(tmp_path / "answers.yml")] if way == "file" else ["-d", f"startos={given}"]
    assert tiny.run("update", *option, *(["--preview"] if way == "preview" else [])) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"startos-wrapper: startos: {said}")
    assert told.count("\n") == 1
    assert tiny.state() == before


def test_another_startos_is_refused_when_it_is_chosen_at_the_question(tiny: Tiny) -> None:
    questions = SECOND["copier.yml"] + "startos: {type: str, default: '0.3.5'}\n"
    tiny.release("3.0.0", {**SECOND, "copier.yml": questions})
    before = tiny.state()
    child = pexpect.spawn(str(PROGRAM), ["update", "--ask"], cwd=str(tiny.wrapper), timeout=HUNG, dimensions=(24, 200))
    child.expect("color")
    child.sendline("")
    child.expect("startos")
    child.sendline("\x150.4")
    child.expect_exact(FORTH)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert tiny.state() == before


def test_all_wrong_answers_are_named_at_once(tiny: Tiny, capsys: Capture) -> None:
    assert tiny.run("update", "-d", "port=100", "-d", "size=100", "-d", "color=red") == 1
    told = capsys.readouterr().err
    assert "port: too high" in told
    assert "size: too large" in told


def test_answers_of_a_wrong_type_are_named_with_all_others(tiny: Tiny, capsys: Capture) -> None:
    assert tiny.run("update", "-d", "port=many", "-d", "size=[", "-d", "prot=1") == 1
    told = capsys.readouterr().err
    assert "port: must be a whole number, not 'many'" in told
    assert "size: must be a whole number, not '['" in told
    assert 'unknown question "prot"' in told


def test_an_answer_to_a_question_that_is_not_asked_is_named(tiny: Tiny, capsys: Capture) -> None:
    assert tiny.run("update", "-d", "port=81", "-d", "shade=dark") == 0
    assert "warning: shade: ignored, because it only applies if port == 80\n" in capsys.readouterr().err
    assert "shade" not in (tiny.wrapper / ANSWERS).read_text()


def test_without_git_it_says_so(tiny: Tiny, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert tiny.run("update") == 2
    assert "can't find git" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_given_up(
    tiny: Tiny, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _record(tiny, _src_path="git+ssh://nobody@127.0.0.1/a")
    waits = tmp_path / "ssh"
    waits.write_text("#!/bin/sh\nexec sleep 60\n")
    waits.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(waits))
    monkeypatch.setattr("startos_wrapper.git_command._SECONDS", 1)
    assert tiny.run("update") == 2
    assert "no answer within 1 seconds" in capsys.readouterr().err


def test_a_password_in_the_address_is_not_printed(tiny: Tiny, capsys: Capture) -> None:
    _record(tiny, _src_path="git+http://me:secret@127.0.0.1:1/a")
    assert tiny.run("update") == 2
    assert "secret" not in capsys.readouterr().err


# ---- Interrupted --------------------------------------------------------------------------------------------------


def test_ctrl_c_changes_nothing(tiny: Tiny, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tiny.state()
    monkeypatch.setattr("copier.run_update", _interrupt)
    assert tiny.run("update") == 130
    assert capsys.readouterr().err.endswith("Cancelled. Nothing was changed.\n")
    assert tiny.state() == before


def _interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("written", range(4))
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_the_writing_is_undone_at_once(
    tiny: Tiny, capsys: Capture, monkeypatch: pytest.MonkeyPatch, written: int, error: BaseException
) -> None:
    tiny.conflict()
    before = tiny.state()
    count = 0

    def failing(*arguments: Any) -> None:
        nonlocal count
        if count == written:
            raise error
        count += 1
        write.write_file(*arguments)

    monkeypatch.setattr(transfer, "write_file", failing)
    assert tiny.run("update") == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert "othing was changed" in capsys.readouterr().err
    assert tiny.state() == before
    assert tiny.run("undo") == 1


def test_an_update_killed_while_copier_works_changes_nothing(tiny: Tiny, tmp_path: Path) -> None:
    tiny.conflict()
    before = tiny.state()
    deadly = tmp_path / "bin"
    deadly.mkdir()
    (deadly / "git").write_text(
        f'#!/bin/sh\ncase " $* " in *" apply "*) kill -KILL 0;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    (deadly / "git").chmod(0o755)
    process = subprocess.Popen(
        [PROGRAM, "update"],
        cwd=tiny.wrapper,
        env={**os.environ, "PATH": f"{deadly}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    assert process.wait() == -signal.SIGKILL
    assert tiny.state() == before
    assert tiny.run("update") == 1


# ---- What's around the wrapper ------------------------------------------------------------------------------------


def test_settings_of_git_do_not_matter(tiny: Tiny, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tiny.edit("text.txt", "line 19\n", "line 19, mine   \n")
    tiny.commit()
    expected = _as_copier_does(tiny)
    for name, value in {
        "apply.whitespace": "error",
        "status.showUntrackedFiles": "no",
        "commit.gpgSign": "true",
        "core.hooksPath": str(tmp_path),
        "diff.noprefix": "true",
    }.items():
        git(tiny.wrapper, "config", name, value)
    hook = tmp_path / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.delenv("GIT_DIR")
    assert tiny.run("update") == 0
    assert tiny.files() == expected[0]


def test_a_rejected_patch_of_the_authors_stays(tiny: Tiny) -> None:
    (tiny.wrapper / ".gitignore").write_text("*.rej\n")
    tiny.commit()
    (tiny.wrapper / "text.txt.rej").write_text("mine\n")
    assert tiny.run("update") == 0
    assert (tiny.wrapper / "text.txt.rej").read_text() == "mine\n"


def test_nothing_is_written_through_a_symlink(tiny: Tiny, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(tiny.wrapper / "text.txt", outside)
    for name in ("text.txt", "new"):
        (tiny.wrapper / name).unlink(missing_ok=True)
        (tiny.wrapper / name).symlink_to(outside / name if name == "text.txt" else outside)
    tiny.commit()
    before = (outside / "text.txt").read_bytes()
    assert tiny.run("update") == 0
    assert (outside / "text.txt").read_bytes() == before
    assert [path.name for path in outside.iterdir()] == ["text.txt"]
    assert (tiny.wrapper / "text.txt").is_symlink()


def test_an_ignored_file_in_the_way_is_named_and_stays(tiny: Tiny, capsys: Capture) -> None:
    (tiny.wrapper / ".gitignore").write_text("/new\n")
    tiny.commit()
    mine = tiny.wrapper / "new" / "deep" / "file.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    before = tiny.state()
    assert tiny.run("update") == 1
    assert "new/deep/file.txt: git doesn't have this version" in capsys.readouterr().err
    assert tiny.state() == before


def test_a_change_that_git_hides_is_named_and_stays(tiny: Tiny, capsys: Capture) -> None:
    git(tiny.wrapper, "update-index", "--assume-unchanged", "text.txt")
    (tiny.wrapper / "text.txt").write_text("mine\n")
    before = tiny.files()
    assert tiny.run("update") == 1
    assert "text.txt" in capsys.readouterr().err
    assert tiny.files() == before


def test_a_change_made_meanwhile_is_named_and_stays(
    tiny: Tiny, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = merge._run_copier

    def slowly(*arguments: Any) -> Any:
        (tiny.wrapper / "text.txt").write_text("meanwhile\n")
        return real(*arguments)

    monkeypatch.setattr(merge, "_run_copier", slowly)
    assert tiny.run("update") == 1
    assert "text.txt: not committed" in capsys.readouterr().err
    assert (tiny.wrapper / "text.txt").read_text() == "meanwhile\n"
    assert (tiny.wrapper / "other.txt").read_text() == tiny.files()[b"other.txt"][1].decode()
    assert not (tiny.wrapper / "new").exists()


def test_a_folder_in_place_of_a_file_stops_the_update_before_anything_is_written(tiny: Tiny, capsys: Capture) -> None:
    (tiny.wrapper / "text.txt").unlink()
    (tiny.wrapper / "text.txt").mkdir()
    (tiny.wrapper / "text.txt" / "mine").write_text("mine\n")
    tiny.commit()
    before = tiny.state()
    assert tiny.run("update") in (1, 2)
    assert "text.txt" in capsys.readouterr().err
    assert tiny.state() == before


def test_line_endings_are_those_of_the_checkout(tiny: Tiny) -> None:
    tiny.conflict()
    git(tiny.wrapper, "config", "core.autocrlf", "true")
    git(tiny.wrapper, "rm", "-rq", "--cached", ".")
    git(tiny.wrapper, "reset", "-q", "--hard")
    before = tiny.state()
    assert b"\r\n" in (tiny.wrapper / "text.txt").read_bytes()
    assert tiny.run("update") == 1
    for name in ("text.txt", "other.txt", "new/deep/file.txt"):
        data = (tiny.wrapper / name).read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n") > 0
    conflict = (tiny.wrapper / "text.txt").read_text()
    assert conflict.count("line 19\n") == 1, "only the lines that differ are in conflict"
    assert tiny.run("undo") == 0
    assert tiny.state() == before


def test_filters_and_attributes_apply_to_what_is_written_and_not_to_the_merge(tiny: Tiny) -> None:
    git(tiny.wrapper, "config", "filter.upper.smudge", "tr a-z A-Z")
    git(tiny.wrapper, "config", "filter.upper.clean", "tr A-Z a-z")
    (tiny.wrapper / ".gitattributes").write_text("*.txt text eol=crlf filter=upper\n")
    tiny.commit()
    git(tiny.wrapper, "rm", "-rq", "--cached", ".")
    git(tiny.wrapper, "reset", "-q", "--hard")
    assert (tiny.wrapper / "text.txt").read_bytes().startswith(b"LINE 1\r\n")
    for name, line in {"text.txt": b"LINE 2", "other.txt": b"LINE 19"}.items():
        path = tiny.wrapper / name
        path.write_bytes(path.read_bytes().replace(line + b"\r\n", line + b", MINE\r\n"))
    tiny.commit()
    before = tiny.state()
    assert tiny.run("update") == 1
    assert b"LINE 2, NEW\r\n" in (tiny.wrapper / "other.txt").read_bytes()
    assert b"LINE 19, MINE\r\n" in (tiny.wrapper / "other.txt").read_bytes()
    text = (tiny.wrapper / "text.txt").read_bytes()
    assert text.count(b"LINE 19\r\n") == 1
    assert tiny.run("undo") == 0
    assert tiny.state() == before


def test_two_wrappers_in_one_repository_are_undone_one_by_one(tiny: Tiny, tmp_path: Path) -> None:
    larger = tmp_path / "larger"
    tiny.conflict()
    wrappers = [Tiny(tiny.template, larger / name) for name in ("one", "two")]
    for each in wrappers:
        shutil.copytree(tiny.wrapper, each.wrapper, ignore=shutil.ignore_patterns(".git"))
    git(larger, "init", "-q")
    Tiny(tiny.template, larger).commit()
    before = [each.state() for each in wrappers]
    assert [each.run("update") for each in wrappers] == [1, 1]
    assert wrappers[0].run("undo") == 0
    assert wrappers[0].state() == before[0]
    assert wrappers[1].state() != before[1]
    assert wrappers[1].run("undo") == 0
    assert wrappers[1].state() == before[1]


def test_in_a_folder_of_a_larger_repository_the_rest_stays(tiny: Tiny, tmp_path: Path) -> None:
    larger = tmp_path / "larger"
    folder = larger / "my services" / "wrapper"
    folder.parent.mkdir(parents=True)
    shutil.copytree(tiny.wrapper, folder, ignore=shutil.ignore_patterns(".git"))
    (larger / "text.txt").write_text("another\n")
    git(larger, "init", "-q")
    inner, outer = Tiny(tiny.template, folder), Tiny(tiny.template, larger)
    outer.commit()
    inner.conflict()
    (larger / "text.txt").write_text("not committed\n")
    before = outer.state()
    assert inner.run("update") == 1
    assert git(larger, "diff", "--name-only", "--diff-filter=U") == "my services/wrapper/text.txt\n"
    assert (larger / "text.txt").read_text() == "not committed\n"
    assert inner.run("undo") == 0
    assert outer.state() == before


def test_a_worktree_has_an_update_of_its_own(tiny: Tiny, tmp_path: Path) -> None:
    tiny.conflict()
    second = Tiny(tiny.template, tmp_path / "second")
    git(tiny.wrapper, "worktree", "add", "-q", "--detach", str(second.wrapper))
    before = tiny.state(), second.state()
    assert second.run("update") == 1
    assert tiny.state() == before[0]
    assert tiny.run("undo") == 1
    assert second.run("undo") == 0
    assert second.state() == before[1]


def test_nothing_is_left_behind(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    tiny.conflict()
    tiny.run("update")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert git(tiny.wrapper, "worktree", "list").count("\n") == 1
    assert git(tiny.wrapper, "for-each-ref").count("\n") == 1


# ---- This template ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", releases())
def test_each_release_updates_as_with_copier_and_its_makefile_is_converted_once(
    history: Path, tmp_path: Path, capsys: Capture, version: str
) -> None:
    project = Project.new(tmp_path / "wrapper", history, version, {})
    tiny = Tiny(history, project.folder)
    makefile = project.folder / "Makefile"
    makefile.write_text(makefile.read_text() + "\nmine: all\n\techo mine\n")
    before_makefile = makefile.read_text()
    tiny.edit("manifest.yaml", "title:", "# mine\ntitle:")
    project.commit()
    files, _ = _as_copier_does(tiny)
    before = tiny.state()
    code = tiny.run("update")
    found = tiny.files()
    text = found.pop(b"Makefile")[1].decode()
    files.pop(b"Makefile")
    assert found == files
    assert "include startos.mk" in text
    assert "\nmine: all\n\techo mine\n" in text
    said = capsys.readouterr().out
    # Since 0.7.0, the Makefile is the author's from the start.
    converted = needs_conversion(before_makefile)
    assert converted == (Version(version) < Version("0.7.0"))
    assert ("Makefile is yours from now on." in said) == converted
    assert ("mine: all" in said) == converted
    assert code == bool(project.unmerged)
    assert tiny.run("undo") == 0
    assert tiny.state() == before


def test_a_makefile_is_converted_after_a_plain_copier_update(history: Path, tmp_path: Path, capsys: Capture) -> None:
    project = Project.new(tmp_path / "wrapper", history, "0.6.0", {})
    tiny = Tiny(history, project.folder)
    makefile = project.folder / "Makefile"
    makefile.write_text(makefile.read_text() + "\nmine: all\n\techo mine\n")
    project.commit()
    project.update()
    project.commit()
    assert "include startos.mk" not in makefile.read_text()
    assert tiny.run("update") == 0
    said = capsys.readouterr().out
    assert "Makefile is yours from now on." in said
    assert said.count("Makefile:") == 1 or "mine: all" in said
    assert "docker buildx" not in makefile.read_text()
    assert "\nmine: all\n\techo mine\n" in makefile.read_text()
    tiny.commit()
    assert tiny.run("update") == 0
    assert "Nothing changed" in capsys.readouterr().out
