"""The `startos-wrapper check` command: arguments, exit codes, quiet output, fixes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from startos_wrapper.check.engine import codes
from startos_wrapper.check.rule_docs import rule_docs
from startos_wrapper.cli import main
from tests.check import example_wrapper
from tests.support.screen import Screen
from tests.support.tools import ROOT

FAULTY = {"manifest": "title: Hello Sky\nversion: 1.0\nhealth-checks: {}\n"}  # an error and a warning


@pytest.fixture
def wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = example_wrapper.write(tmp_path / "wrapper", FAULTY)
    monkeypatch.chdir(folder)
    return folder


def _codes(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    code = main(["check", "--format", "json", *arguments])
    return code, [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]]


@pytest.mark.usefixtures("wrapper")
def test_errors_fail_and_warnings_only_if_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert _codes(capsys) == (1, ["E111", "W523"])
    assert _codes(capsys, "--ignore", "E111") == (0, ["W523"])
    assert _codes(capsys, "--ignore", "E111", "--strict") == (1, ["W523"])
    assert _codes(capsys, "--select", "W8", "--strict") == (0, [])


def test_lines_fit_the_terminal(tmp_path: Path) -> None:
    long = f"title: [{', '.join(['Hello'] * 20)}]\n"
    wrapper = example_wrapper.write(tmp_path / "w", {"manifest": long})
    command = (sys.executable, "-m", "startos_wrapper", "check", "--select", "E111")
    screen = Screen("env", "-C", str(wrapper), "NO_COLOR=1", *command, columns=60)
    assert screen.exit_code() == 1
    head, line, caret, *_ = screen.text.splitlines()
    assert head == "manifest.yaml:2:8: E111 title is a list, but must be text"
    assert line == f"  2 | {long[:52]}…" and caret == f"    |        {'^' * 46}"
    done = subprocess.run(command, cwd=wrapper, capture_output=True, text=True, check=False)
    assert long.rstrip() in done.stdout


@pytest.mark.usefixtures("wrapper")
@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--select", "E"], ["E111"]),
        (["--select", "w5"], ["W523"]),
        (["--select", "E1,W523"], ["E111", "W523"]),
        (["--select", "E1", "--select", "W523"], ["E111", "W523"]),
        (["--select", "E1,W5", "--ignore", "W523"], ["E111"]),
    ],
)
def test_codes_are_chosen_by_how_they_begin(
    arguments: list[str], codes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _codes(capsys, *arguments)[1] == codes


@pytest.mark.usefixtures("wrapper")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--select", "W5200"], 'unknown rule "W5200"; did you mean "W520"?'),
        (["--ignore", "F401"], 'unknown rule "F401"; did you mean'),
        (["--explain", "E82"], '"E82" is a group of 3 rules; pass the codes of rules, e.g. E820'),
        (["--explain", "X"], 'unknown rule "X"; `startos-wrapper check --list` lists them'),
        (["--explain", "W601,E1111"], 'unknown rule "E1111"; did you mean "E111"?'),
        (["--explain", " ,"], "--explain is empty; pass codes"),
        (["--select", ""], "--select is empty; pass codes"),
        (["--select", "W6", "--ignore", "W"], "no rule is left to check"),
        (["--list", "--format", "sarif"], "--list can't print sarif; use --format text or"),
        (["nowhere"], "nowhere isn't a folder; pass the path of a wrapper"),
        (["manifest.yaml"], "manifest.yaml isn't a folder; pass the path of a wrapper"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith(f"startos-wrapper: {said}")


@pytest.mark.usefixtures("wrapper")
def test_a_manifest_that_is_too_large_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    Path("manifest.yaml").write_text("# " + "x" * 2**20)
    assert main(["check"]) == 2
    assert "manifest.yaml is larger than 1024 KiB, too large to check" in capsys.readouterr().err


@pytest.mark.usefixtures("wrapper")
def test_a_rule_that_fails_is_named_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("startos_wrapper.files.wrapper.Wrapper.at_key", lambda *_: 1 / 0)
    assert main(["check", "--select", "W523"]) == 2
    assert "the rule W523 failed on this wrapper" in capsys.readouterr().err


@pytest.mark.usefixtures("wrapper")
def test_several_wrappers_in_one_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example_wrapper.write(tmp_path / "other", FAULTY)
    assert main(["check", ".", "../other", "--format", "json", "--select", "E1"]) == 1
    files = [finding["file"] for finding in json.loads(capsys.readouterr().out)["findings"]]
    assert files == ["../other/manifest.yaml", "manifest.yaml"]


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "w520"]) == 0
    said = capsys.readouterr().out
    assert "W520" in said and "system-images/compat/src/main.rs" in said and "/mnt/backup" in said


def test_explain_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--explain", ",".join(codes())])
    text = re.sub(r"(?ms)^```.*?^```$", "", capsys.readouterr().out)
    # One word may be longer: a URL or the bytes of a file.
    assert [line for line in text.splitlines() if len(line) > 79 and " " in line.strip()] == []


def test_explain_takes_several_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "w520, E111"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[1] for line in said.splitlines() if line.startswith("# ")][:2] == ["W520", "E111"]


def test_the_list_has_every_rule_once_and_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = {line[:4]: line for line in lines if line[1:4].isdigit()}
    assert list(listed) == list(rule_docs())
    assert listed["E111"] == "E111* 3 A value has the wrong type"
    assert listed["E507"] == "E507  4 The Dockerfile of an image doesn't exist"
    assert listed["W601"] == "W601    The base image has no fixed version"
    assert listed["W612"].startswith("W612*+ ") and listed["W517"].startswith("W517+ ")
    assert "Dockerfile (warnings)" in lines
    assert [line for line in lines if len(line) > 80] == []


def test_the_list_as_json_of_selected_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--list", "--format", "json", "--select", "E1", "--ignore", "E10"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert {
        "code": "E111",
        "name": "wrong-type",
        "severity": "error",
        "title": "A value has the wrong type",
        "fixable": True,
        "pedantic": False,
        "release": False,
        "startos": ["0.3.5"],
    } in rules
    assert all(rule["code"].startswith("E1") and not rule["code"].startswith("E10") for rule in rules)


# --- Quiet output ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manifest", "codes"),
    [
        ("health-checks: {}  # startos-wrapper: ignore W523", []),
        ("# startos-wrapper: ignore W523\nhealth-checks: {}", []),
        ("# It has none. startos-wrapper: ignore W523\nhealth-checks: {}", []),
        ("health-checks: {}\nalerts: {}  # startos-wrapper: ignore W523", ["W523", "W901"]),
        ("# startos-wrapper: ignore W523\n# and more\nhealth-checks: {}", []),
        ("health-checks: {}  # startos-wrapper: ignore W523, W514", ["W901"]),
        ("health-checks: {}  # startos-wrapper: ignore", ["W523"]),
        ("health-checks: {}  # startos-wrapper: ignore W52", ["W523"]),
        ("health-checks: {}  # startos-wrapper: ignore W999 W523", ["W901"]),
        ("health-checks: {}\n# startos-wrapper: ignore W523\n", ["W523", "W901"]),
        ("health-checks: {}\nalerts: {start: 'startos-wrapper: ignore W523'}", ["W523"]),
    ],
)
def test_a_comment_silences_one_rule_on_one_line(
    manifest: str, codes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrapper = example_wrapper.write(tmp_path / "w", {})
    parts = example_wrapper.stanzas((wrapper / "manifest.yaml").read_text())
    (wrapper / "manifest.yaml").write_text("".join({**parts, "health-checks": manifest + "\n"}.values()))
    assert _codes(capsys, str(wrapper))[1] == codes


def test_a_leftover_of_a_merge_fails_and_its_old_code_still_silences_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conflict = "<<<<<<< before updating\na\n=======\nb\n>>>>>>> after updating\n"
    files = {"README.md": conflict, "Makefile.rej": ""}
    left = str(example_wrapper.write(tmp_path / "left", {"files": files}))
    assert _codes(capsys, left) == (1, ["E807", "E806"])
    assert _codes(capsys, left, "--select", "w806") == (1, ["E806"])
    assert _codes(capsys, left, "--ignore", "W806,W807") == (0, [])
    assert _codes(capsys, left, "--ignore", "W8") == (1, ["E807", "E806"])
    for number, code in enumerate(["W806", "E806"]):
        files = {"README.md": f"<!-- startos-wrapper: ignore {code} -->\n{conflict}"}
        silenced = str(example_wrapper.write(tmp_path / str(number), {"files": files}))
        assert _codes(capsys, silenced) == (0, [])
    files = {"README.md": "<!-- startos-wrapper: ignore W806 -->\nText\n"}
    main(["check", str(example_wrapper.write(tmp_path / "vain", {"files": files}))])
    assert "This comment silences W806, which reports nothing there" in capsys.readouterr().out
    assert main(["check", "--explain", "W807"]) == 0
    assert "E807" in capsys.readouterr().out


def test_outside_of_a_wrapper_there_is_one_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _codes(capsys, str(tmp_path)) == (1, ["E100"])


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_a_fault_at_the_end_of_a_file_is_in_its_last_line(
    end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrapper = example_wrapper.write(tmp_path / "w", {})
    (wrapper / "manifest.yaml").write_bytes(f"id: a\ntitle: [b{end}".encode())
    main(["check", str(wrapper), "--format", "json", "--select", "E1"])
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["code"], finding["line"], finding["column"]) == ("E101", 2, 10)


def test_a_comment_works_in_every_kind_of_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dockerfile = "# startos-wrapper: ignore W601\nFROM alpine\nCOPY docker_entrypoint.sh /usr/bin/\n"
    entrypoint = "#!/bin/sh\nset -eu\nexec a | b # startos-wrapper: ignore W702\n"
    files = {"Dockerfile": dockerfile, "docker_entrypoint.sh": entrypoint}
    folder = example_wrapper.write(tmp_path / "w", {"files": files, "modes": {"docker_entrypoint.sh": "755"}})
    assert _codes(capsys, str(folder)) == (0, [])


def test_silence_in_vain_is_not_told_when_rules_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = example_wrapper.write(tmp_path / "w", {"manifest": "health-checks: {}  # startos-wrapper: ignore W523"})
    assert _codes(capsys, str(folder), "--ignore", "W523") == (0, [])


# --- Fixes -------------------------------------------------------------------------------------------------------------


def test_without_fix_nothing_is_written(wrapper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in wrapper.rglob("*") if path.is_file()}
    main(["check"])
    assert {path: path.read_bytes() for path in wrapper.rglob("*") if path.is_file()} == before
    capsys.readouterr()


def test_a_fix_keeps_line_ends_marks_and_mode(wrapper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = Path("manifest.yaml")
    data = b"\xef\xbb\xbf# A comment\r\n" + manifest.read_bytes().replace(b"\n", b"\r\n").replace(
        b"Hello Sky", "Größe".encode()
    )
    manifest.write_bytes(data)
    manifest.chmod(0o640)
    assert main(["check", "--fix", "--select", "E"]) == 0
    assert "1 fixed" in capsys.readouterr().out
    assert manifest.read_bytes() == data.replace(b"version: 1.0\r", b'version: "1.0"\r')
    assert manifest.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in wrapper.iterdir() if ".manifest" in path.name] == []


@pytest.mark.usefixtures("wrapper")
def test_a_fix_does_not_follow_a_link_out_of_the_wrapper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = tmp_path / "outside.yaml"
    shutil.move("manifest.yaml", outside)
    Path("manifest.yaml").symlink_to(outside)
    before = outside.read_bytes()
    assert main(["check", "--fix"]) == 1
    assert outside.read_bytes() == before and Path("manifest.yaml").is_symlink()
    (tmp_path / "elsewhere").mkdir()
    Path("assets").symlink_to(tmp_path / "elsewhere")
    Path("manifest.yaml").unlink()
    manifest = before + b"volumes:\n  main:\n    type: data\n  web:\n    type: assets\n"
    Path("manifest.yaml").write_bytes(manifest.replace(b"volumes:\n  main:\n    type: data\ni", b"i"))
    main(["check", "--fix"])
    assert list((tmp_path / "elsewhere").iterdir()) == []
    capsys.readouterr()


# --- Everything else ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("wrapper")
def test_a_reader_that_leaves_early_is_no_fault() -> None:
    command = f"{sys.executable} -m startos_wrapper check | head -n 1"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], text=True, capture_output=True, check=False)
    assert result.stderr == ""
    assert result.stdout.startswith("manifest.yaml:")


@pytest.mark.usefixtures("wrapper")
@pytest.mark.parametrize(
    ("environment", "colored"),
    [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({}, False)],
)
def test_colors_only_where_they_are_wanted(environment: dict[str, str], colored: bool) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR")}
    command = [sys.executable, "-m", "startos_wrapper", "check"]
    said = subprocess.run(command, text=True, capture_output=True, check=False, env={**kept, **environment}).stdout
    assert ("\x1b[" in said) == colored


def test_the_pre_commit_hook_runs_before_the_first_commit(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    wrapper = example_wrapper.write(tmp_path / "wrapper", {})
    shutil.rmtree(wrapper / ".git")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def run() -> int:
        return subprocess.run(
            hook["entry"].split(), cwd=wrapper, env={**os.environ, "PATH": path}, check=False
        ).returncode

    assert run() == 0
    (wrapper / "icon.png").unlink()
    assert run() == 1


# --- Style -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("wrapper")
def test_a_group_of_rules_that_are_off_is_checked_if_it_is_selected(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a check that checks nothing would pass."""
    manifest = Path("manifest.yaml")
    manifest.write_text(re.sub("(?m)^release-notes:.*", 'release-notes: ""', manifest.read_text()))
    assert main(["check", "--select", "E8"]) == 0
    assert main(["check", "--select", "E82"]) == 1
    assert "E822" in capsys.readouterr().out


@pytest.mark.usefixtures("wrapper")
def test_style_is_only_checked_if_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("manifest.yaml").write_text(Path("manifest.yaml").read_text().replace("version: 1.0\n", 'version: "1.0"\n'))
    styled = "FROM alpine:3.24\nADD docker_entrypoint.sh /usr/local/bin/\n"
    Path("Dockerfile").write_text(styled)
    assert main(["check", "--fix", "--select", "W6"]) == 0
    assert "no findings" in capsys.readouterr().out and Path("Dockerfile").read_text() == styled
    for options in (["--pedantic"], ["--pedantic", "--select", "W6"], ["--select", "W612"]):
        main(["check", *options])
        assert "W612" in capsys.readouterr().out
    main(["check", "--pedantic", "--ignore", "W6"])
    assert "W612" not in capsys.readouterr().out
    main(["check", "--explain", "W612"])
    assert "--pedantic" in capsys.readouterr().out
    main(["check", "--pedantic", "--select", "W612", "--format", "sarif"])
    (rule,) = json.loads(capsys.readouterr().out)["runs"][0]["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"] == {"level": "warning", "enabled": False}
    Path("Dockerfile").write_text(styled.replace("\n", "\n# startos-wrapper: ignore W612\n", 1))
    main(["check"])
    assert "W901" not in capsys.readouterr().out
    main(["check", "--pedantic", "--fix"])
    assert "COPY" not in Path("Dockerfile").read_text()
