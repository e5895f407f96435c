"""`startos-wrapper adopt` writes a single file, is idempotent, and refuses what it can't adopt with a short message."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.adopt.fit import fit
from startos_wrapper.adopt.nearness import FILES, THRESHOLD
from startos_wrapper.adopt.propose.proposal import Proposal
from startos_wrapper.cli import main
from startos_wrapper.errors import RefusedError
from startos_wrapper.rendering import Asked, Template
from tests.adopt import services
from tests.adopt.services import commit, manifest, tree, write
from tests.conftest import ROOT, Render
from tests.update.releases import NEWEST, git, run

Capture = pytest.CaptureFixture[str]
ANSWERS = ".copier-answers.yml"


def _adopt(*arguments: str | Path) -> int:
    """Run the command in this process and return its exit code, also for wrong usage."""
    try:
        return main(["adopt", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)


def _json(capsys: Capture, *arguments: str | Path) -> dict[str, Any]:
    capsys.readouterr()
    assert _adopt("--format", "json", *arguments) == 0, capsys.readouterr().err
    loaded: dict[str, Any] = json.loads(capsys.readouterr().out)
    return loaded


def _recorded(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / ANSWERS).read_text(encoding="utf-8"))
    return loaded


# ---- What it writes and prints -----------------------------------------------------------------------------------


def test_only_the_answers_file_is_written(tmp_path: Path, capsys: Capture) -> None:
    before = tree(write(tmp_path))
    assert _adopt(tmp_path) == 0
    after = tree(tmp_path)
    assert after.pop(ANSWERS)
    assert after == before
    assert git(tmp_path, "status", "--porcelain", "--ignored").split() == ["??", ANSWERS]
    assert (tmp_path / ANSWERS).stat().st_mode == (tmp_path / "Makefile").stat().st_mode
    assert "Wrote " in capsys.readouterr().out


def test_every_answer_says_where_it_was_read(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path, TIDES_GITHUB_WORKFLOWS=None)
    answers = _json(capsys, tmp_path)["answers"]
    lines = {name: (tmp_path / name).read_text().splitlines() for name in services.FILES if name != "icon.png"}
    lines["manifest.yaml"] = (tmp_path / "manifest.yaml").read_text().splitlines()
    for name, words in {
        "service_id": "id: tides", "volumes": "main:", "ui_port": "main:", "upstream_image": "FROM example.com",
        "packages": "apk add", "run": "exec tini", "environment": "TIDES_HARBOUR", "directories": "mkdir",
        "github_user": "wrapper-repo", "config": "config:",
    }.items():  # fmt: skip
        file, _, line = answers[name]["places"][0].partition(":")
        assert words in lines[file][int(line) - 1], name
    assert answers["arches"]["places"] == ["Makefile"]
    assert answers["run"]["value"] == ["tides --port 8080"]
    assert answers["environment"]["value"] == {"TIDES_HARBOUR": "Port Blue"}
    assert answers["directories"]["value"] == ["/data/tables"]
    assert answers["packages"]["value"] == ["curl", "yq"]


def test_the_report_names_what_differs_and_what_is_the_authors(tmp_path: Path, capsys: Capture) -> None:
    backup = manifest()["backup"]
    backup["restore"]["args"][2:] = backup["restore"]["args"][:1:-1]
    write(tmp_path, manifest(backup=backup, replaces=["ebb"]))
    assert _adopt(tmp_path) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    at = next(at for at, line in enumerate(lines) if "backup.restore.args.2" in line)
    assert "/data -> /mnt/backup" in lines[at]
    assert re.search(r"manifest\.yaml:\d+", lines[at + 1])
    assert [line for line in lines if len(line) >= 80 and str(tmp_path) not in line] == []
    assert "corrected" in out
    words = " ".join(out.split())
    assert re.search(r"replaces\.0 .*no answer can express it", words)
    assert re.search(r"build yours \d+ %.*Dockerfile, docker_entrypoint\.sh", words)


def test_twice_is_once(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path)
    assert _adopt(tmp_path) == 0
    first = (tmp_path / ANSWERS).read_bytes(), (tmp_path / ANSWERS).stat().st_ino
    assert _json(capsys, tmp_path)["written"] is False
    commit(tmp_path)
    assert _adopt(tmp_path) == 0
    assert "is already up to date" in capsys.readouterr().out
    assert ((tmp_path / ANSWERS).read_bytes(), (tmp_path / ANSWERS).stat().st_ino) == first


def test_a_wrapper_that_changed_since_is_refused_by_the_names_of_the_answers(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path)
    assert _adopt(tmp_path) == 0
    recorded = (tmp_path / ANSWERS).read_bytes()
    write(tmp_path, manifest(version="2.0.0", title="Tides and Moon"))
    capsys.readouterr()
    assert _adopt(tmp_path) == 1
    err = capsys.readouterr().err
    assert "already adopted, with different answers for title, version; run" in err
    assert "startos-wrapper update --data" in err
    assert (tmp_path / ANSWERS).read_bytes() == recorded


def test_a_wrapper_that_the_template_made_has_nothing_to_adopt(tmp_path: Path, capsys: Capture) -> None:
    wrapper = tmp_path / "tides"
    assert main(["new", str(wrapper), "-q", "--defaults", "-d", "service_id=tides"]) == 0
    git(wrapper, "init", "-q")
    commit(wrapper)
    capsys.readouterr()
    assert _adopt(wrapper) == 1
    err = capsys.readouterr().err
    assert "this was made from the template, so updates work already" in err
    assert "already adopted" not in err


def test_parts_that_were_taken_out_since_stay_out(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path)
    assert _adopt("--manage", "ci,docs", tmp_path) == 0
    assert main(["manage", str(tmp_path), "-docs"]) == 0
    commit(tmp_path)
    assert not _json(capsys, tmp_path)["written"]
    assert _recorded(tmp_path)["manage"] == ["ci"]


def test_a_wrapper_in_a_subfolder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    (tmp_path / "other").mkdir()
    git(tmp_path, "init", "-q")
    wrapper = write(tmp_path / "wrappers" / "tides")
    # Uncommitted files elsewhere don't matter.
    (tmp_path / "other" / "new").write_text("x")
    monkeypatch.chdir(wrapper)
    assert _adopt() == 0
    assert set(git(tmp_path, "status", "--porcelain").split()) == {"??", f"wrappers/tides/{ANSWERS}", "other/"}
    assert capsys.readouterr().out.count(ANSWERS) > 1


def test_uncommitted_work_in_a_subfolder_is_named_as_the_user_does(tmp_path: Path, capsys: Capture) -> None:
    git(tmp_path, "init", "-q")
    wrapper = write(tmp_path / "wrappers" / "tides")
    (wrapper / "new.txt").write_text("x")
    assert _adopt(wrapper) == 1
    assert capsys.readouterr().err.startswith(f"startos-wrapper: {wrapper}/new.txt: not committed")


def test_the_origin_can_be_named(tmp_path: Path) -> None:
    write(tmp_path)
    assert _adopt("--template", "https://example.com/template.git", "--vcs-ref", "v7.0.0", tmp_path) == 0
    recorded = _recorded(tmp_path)
    assert (recorded["_src_path"], recorded["_commit"]) == ("https://example.com/template.git", "v7.0.0")


@pytest.mark.parametrize(
    ("template", "told"),
    [("https://example.com/template.git", False), ("gh:a/b", False), (str(ROOT), True)],
)
def test_a_template_that_only_this_machine_finds_is_told(
    template: str, told: bool, tmp_path: Path, capsys: Capture
) -> None:
    assert _adopt("--template", template, write(tmp_path)) == 0
    said = capsys.readouterr().out
    assert ("  startos-wrapper manage --template URL\n" in said) == told
    assert ("only you can update the wrapper" in said) == told


def test_control_characters_of_a_manifest_do_not_reach_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path, manifest(replaces=["a\x1b[31m\x07\u202e"]))
    assert _adopt(tmp_path) == 0
    out = capsys.readouterr().out
    assert "\\x1b[31m" in out
    assert not set(out) & set("\x1b\x07\u202e")


# ---- Updates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("managed", ["none", "all"])
def test_an_update_at_the_same_release_changes_nothing(tmp_path: Path, history: Path, managed: str) -> None:
    write(tmp_path)
    assert _adopt("--manage", managed, "--template", history, "--vcs-ref", f"v{NEWEST}", tmp_path) == 0
    commit(tmp_path)
    before = tree(tmp_path)
    done = run("copier", "update", "--defaults", cwd=tmp_path)
    assert done.returncode == 0
    assert git(tmp_path, "status", "--porcelain", "--ignored") == ""
    assert tree(tmp_path) == before


# ---- Parts -------------------------------------------------------------------------------------------------------


def _parts(capsys: Capture, *arguments: str | Path) -> dict[str, bool]:
    return {part["name"]: part["managed"] for part in _json(capsys, *arguments)["parts"]}


def test_a_part_as_the_template_writes_it_is_managed(render: Render, capsys: Capture) -> None:
    made = render(
        {
            "service_id": "tides",
            "base": "image",
            "upstream_image": "example.com/tides:1",
            "run": "tides",
            "config": "script",
        }
    )
    (made / ANSWERS).unlink()
    commit(made)
    assert _parts(capsys, made) == dict.fromkeys(FILES, True)


def test_parts_of_the_authors_own_are_not(tmp_path: Path, capsys: Capture) -> None:
    assert not any(_parts(capsys, write(tmp_path)).values())


def test_the_threshold_decides(render: Render, capsys: Capture) -> None:
    made = render({"service_id": "tides", "base": "image", "upstream_image": "example.com/tides:1", "run": "tides"})
    (made / ANSWERS).unlink()
    makefile = made / "startos.mk"
    lines = makefile.read_text().splitlines()
    # A changed line also spoils its two neighbors.
    spoilt = len(lines) * (100 - THRESHOLD) // 100 // 3 + 3
    for at in range(1, 1 + 3 * spoilt, 3):
        lines[at] += " # mine"
    makefile.write_text("\n".join(lines) + "\n")
    commit(made)
    found = {part["name"]: part for part in _json(capsys, made)["parts"]}
    assert not found["plumbing"]["managed"]
    assert 70 < found["plumbing"]["nearness"] < THRESHOLD
    assert found["docs"]["managed"]


def test_a_part_without_files_is_not_managed(render: Render, capsys: Capture) -> None:
    made = render(
        {
            "service_id": "tides",
            "base": "image",
            "upstream_image": "example.com/tides:1",
            "run": "tides",
            "ci": "none",
            "updates": "none",
        }
    )
    (made / ANSWERS).unlink()
    commit(made)
    parts = _parts(capsys, made)
    assert not parts.pop("ci")
    assert all(parts.values())


@pytest.mark.parametrize(
    ("arguments", "managed"),
    [
        (["--manage", "docs"], ["docs"]), (["--manage", "docs, ci", "--manage", "build"], ["build", "ci", "docs"]),
        (["--manage", "none"], []), (["--manage", "all"], list(FILES)),
    ],
)  # fmt: skip
def test_parts_can_be_chosen(tmp_path: Path, arguments: list[str], managed: list[str]) -> None:
    write(tmp_path)
    assert _adopt(*arguments, tmp_path) == 0
    assert _recorded(tmp_path)["manage"] == managed


def test_an_aligned_part_that_stays_the_authors_says_why(tmp_path: Path, capsys: Capture) -> None:
    found = {part["name"]: part for part in _json(capsys, write(tmp_path), "--align", "all")["parts"]}
    assert (found["build"]["managed"], found["plumbing"]["managed"]) == (False, True)
    assert found["build"]["reason"] == "the Dockerfile or the entrypoint is your own"


# ---- Refusals ----------------------------------------------------------------------------------------------------


def _without_git(folder: Path) -> None:
    run("rm", "-rf", folder / ".git", cwd=folder)


def _without_commit(folder: Path) -> None:
    _without_git(folder)
    git(folder, "init", "-q")


def _uncommitted(folder: Path) -> None:
    (folder / "Makefile").write_text("all:\n")


def _untracked(folder: Path) -> None:
    (folder / "new.txt").write_text("x")


def _of_0_4(folder: Path) -> None:
    (folder / "manifest.yaml").unlink()
    (folder / "startos").mkdir()
    (folder / "startos" / "index.ts").write_text("export * from './manifest'\n")
    commit(folder)


def _with(name: str, text: str | bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        commit(folder)

    return change


def _says(**changes: Any) -> Callable[[Path], None]:
    return _with("manifest.yaml", yaml.safe_dump(manifest(**changes), sort_keys=False))


def _link(folder: Path) -> None:
    (folder / ANSWERS).symlink_to("elsewhere.yml")
    commit(folder)


OLD = "id: tides\ntitle: Tides\nversion: 0.1.0\ncompat: v0\nports:\n- internal: 80\n  tor: 80\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{', '.join([f'*{chr(97 + at)}'] * 10)}]\n" for at in range(8)
)
REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "without git": (_without_git, "not in a git repository, so you couldn't undo anything; run git -C "),
    "without a commit": (_without_commit, "no commit yet"),
    "uncommitted work": (_uncommitted, "Makefile: not committed, so you couldn't undo it"),
    "untracked work": (_untracked, "new.txt: not committed"),
    "no manifest": (lambda folder: (folder / "manifest.yaml").unlink(), "no manifest.yaml, .toml or .json and no startos/manifest/index.ts found"),
    "broken YAML": (_with("manifest.yaml", "id: tides\ntitle: [\n"), "manifest.yaml:2:9: Invalid YAML"),
    "broken TOML": (_with("manifest.toml", "id = \n"), "manifest.toml:1:6: Invalid TOML"),
    "no text": (_with("manifest.yaml", b"id: \xff\n"), "manifest.yaml:1:1: The manifest can't be read"),
    "an empty manifest": (_with("manifest.yaml", ""), "The manifest is empty"),
    "a list": (_with("manifest.yaml", "- id\n"), "The manifest is a list"),
    "a missing key": (_says(main=None), "manifest.yaml:1:1: The manifest has no main"),
    "a wrong type": (_says(version=1.5), "version: `1.5` is a number, but must be text"),
    "two faults": (_says(version=1.5, title=3), "`startos-wrapper check` shows 1 more"),
    "deep YAML": (_with("manifest.yaml", "id: " + "[" * 500 + "]" * 500 + "\n"), "nested more than 128 levels"),
    "an alias bomb": (_with("manifest.yaml", BOMB), "manifest.yaml"),
    "a huge manifest": (_with("manifest.yaml", "id: tides\n" + "# x\n" * 400_000), "too large"),
    "too many values": (_says(replaces=["x"] * 5_000), "more than 3000 values"),
    "too many volumes": (
        _says(volumes={"a" * at: {"type": "data"} for at in range(1, 102)}),
        "too large to adopt: 101 volumes (at most 100)",
    ),
    "0.2": (_with("manifest.yaml", OLD), "manifest.yaml: a manifest for StartOS 0.2;"),
    "0.4": (_of_0_4, "startos/index.ts: a package for StartOS 0.4"),
    "another template": (_with(ANSWERS, "_commit: v1\n_src_path: gh:a/b\nname: x\n"), "the answers for another template"),
    "another template with an id": (_with(ANSWERS, "_src_path: gh:a/b\nservice_id: x\n"), "the answers for another template"),
    "a conflict in the answers": (_with(ANSWERS, "<<<<<<< a\n"), f"{ANSWERS}:1: unresolved merge conflict"),
    "answers that are no YAML": (_with(ANSWERS, "a: [\n"), "invalid YAML"),
    "a link": (_link, "this is a symlink; replace it with a regular file"),
    "an id that 0.3.5 refuses": (_says(title="T" * 30), "title"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line_and_nothing_written(case: str, tmp_path: Path, capsys: Capture) -> None:
    change, said = REFUSED[case]
    change(write(tmp_path))
    before = {path: os.lstat(path).st_mtime_ns for path in sorted(tmp_path.rglob("*")) if ".git" not in path.parts}
    assert _adopt(tmp_path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    # After the line come commands, if there are any.
    assert [line for line in err.splitlines()[1:] if not line.startswith(("To commit:", "  git "))] == [], err
    assert err.startswith("startos-wrapper: ")
    assert said in err
    assert {p: os.lstat(p).st_mtime_ns for p in sorted(tmp_path.rglob("*")) if ".git" not in p.parts} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["--manage", "workflows"], '--manage: unknown part "workflows"'),
        (["--align", "everything"], '--align: unknown part "everything"'),
    ],
)
def test_wrong_usage_cannot_run(arguments: list[str], said: str, capsys: Capture) -> None:
    assert _adopt(*arguments) == 2
    assert said in capsys.readouterr().err


def test_without_the_program_git_it_cannot_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    write(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert _adopt(tmp_path) == 2
    assert "can't find git" in capsys.readouterr().err


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    write(tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / ANSWERS))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    assert _adopt(tmp_path) == 2
    assert capsys.readouterr().err == f"startos-wrapper: {tmp_path / ANSWERS}: Permission denied\n"
    assert not (tmp_path / ANSWERS).exists()


def test_a_failing_template_is_told_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    write(tmp_path)

    def fail(*_: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr("startos_wrapper.adopt.describe.propose", fail)
    assert _adopt(tmp_path) == 1
    assert "KeyError: 'x'); please report it" in capsys.readouterr().err


def test_a_refusal_at_the_end_of_planning_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    before = tree(write(tmp_path))

    def refuse(proposal: Proposal, template: Template, folder: Path) -> Asked:
        if "manage" in proposal.answers:
            raise RefusedError(f"{folder}: no")
        return fit(proposal, template, folder)

    monkeypatch.setattr("startos_wrapper.adopt.describe.fit", refuse)
    assert _adopt("--align", "all", tmp_path) == 1
    assert capsys.readouterr().err == f"startos-wrapper: {tmp_path}: no\n"
    assert tree(tmp_path) == before


# ---- The process -------------------------------------------------------------------------------------------------


def test_copier_is_not_imported(tmp_path: Path) -> None:
    write(tmp_path)
    program = "import sys; from startos_wrapper.cli import main; main(['adopt', '--format', 'json']); print('copier' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
