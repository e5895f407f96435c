"""`startos-wrapper manage`: take parts out of the template's care and back in without losing a line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from docs.release_tags import releases as releases_in_history

from startos_wrapper.answers_file import ANSWERS, PARTS
from startos_wrapper.cli import main
from startos_wrapper.questions import asked_default, read_config
from tests.conftest import Render
from tests.support.depth import DEEP, sample
from tests.support.limits import little_cpu
from tests.support.tools import ROOT
from tests.update.releases import NEWEST, Project, git, run

Capture = pytest.CaptureFixture[str]
ALL = list(PARTS)
# As Copier writes it, plus a comment and a blank line by the author.
RECORDED = """\
# The answers.
_commit: v0.3.0
_src_path: https://example.com/t.git
advanced: false # mine
service_id: hello-world
volumes:
  main: /root/.hello-world

title: "Müller's #1"
"""
LISTED = RECORDED.replace("advanced: false", "advanced: true").replace(
    "service_id", "manage:\n- manifest\n# Mine.\n- ci # too\nservice_id"
)


@pytest.fixture
def wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with only an answers file, as the working directory."""
    (tmp_path / ANSWERS).write_text(RECORDED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _manage(*arguments: str) -> int:
    """Run `startos-wrapper manage` in this process and return its exit code, also for wrong usage."""
    try:
        return main(["manage", *arguments])
    except SystemExit as left:
        return int(left.code or 0)


def _answers(folder: Path) -> bytes:
    return (folder / ANSWERS).read_bytes()


# ---- The command and the questions agree -------------------------------------------------------------------------


def test_the_parts_are_those_of_the_question_and_of_what_an_update_leaves_out() -> None:
    question = read_config(ROOT)["manage"]
    assert list(question["choices"].values()) == ALL
    assert yaml.safe_load(asked_default(question)) == ALL
    (text,) = read_config(ROOT)["_exclude"]
    excluded = re.findall(r"\{% if '(\w+)' not in manage %\}\n((?:/.+\n)+)\{% endif %\}", text)
    assert {part: tuple(line.strip()[1:] for line in lines.splitlines()) for part, lines in excluded} == PARTS


# ---- Showing -----------------------------------------------------------------------------------------------------


def test_without_a_sign_it_shows_the_parts_and_their_files(render: Render, capsys: Capture) -> None:
    folder = render({"ci": "none", "manage": ["manifest", "ci"]})
    before = _answers(folder)
    assert _manage(str(folder)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "part      managed  files",
        "manifest  yes      manifest.yaml",
        "build     no       Dockerfile, docker_entrypoint.sh",
        "plumbing  no       startos.mk, .dockerignore, .gitignore",
        "ci        yes      renovate.json",
        "docs      no       README.md",
    ]
    assert _answers(folder) == before


def test_json_says_the_same(wrapper: Path, capsys: Capture) -> None:
    (wrapper / ".github").mkdir()
    assert _manage("--format", "json", "-docs") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["version"] == 1
    assert said["changed"] == ["docs"]
    assert [(part["name"], part["kept"]) for part in said["parts"]] == [(part, part != "docs") for part in ALL]
    assert [part["files"] for part in said["parts"] if part["name"] == "ci"] == [[".github/"]]


def test_a_part_that_only_a_newer_template_knows_is_shown_and_kept(wrapper: Path, capsys: Capture) -> None:
    (wrapper / ANSWERS).write_text(LISTED.replace("- manifest\n", '- "new\\e"\n'), encoding="utf-8")
    assert _manage() == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["'new\\x1b'", "yes"]
    assert _manage("+docs", "-ci") == 0
    assert yaml.safe_load(_answers(wrapper))["manage"] == ["docs", "new\x1b"]


# ---- Writing -----------------------------------------------------------------------------------------------------


def test_only_the_lines_of_the_answer_change(wrapper: Path) -> None:
    (wrapper / ANSWERS).write_text(LISTED, encoding="utf-8")
    assert _manage("-ci", "+build", "+docs") == 0
    expected = LISTED.replace("# Mine.\n- ci # too\n", "# Mine.\n- docs\n").replace(
        "- manifest\n", "- manifest\n- build\n"
    )
    assert sorted(_answers(wrapper).decode().splitlines()) == sorted(expected.splitlines())
    assert yaml.safe_load(_answers(wrapper))["manage"] == ["manifest", "build", "docs"]


def test_an_answer_that_is_not_recorded_is_all_parts_and_comes_with_advanced(wrapper: Path, capsys: Capture) -> None:
    assert _manage("-ci") == 0
    answer = "manage:\n- manifest\n- build\n- plumbing\n- docs\n"
    expected = RECORDED.replace("false # mine", "true # mine").replace("service_id", f"{answer}service_id")
    assert _answers(wrapper).decode() == expected
    assert "advanced: true" in capsys.readouterr().out


def test_back_and_forth_gives_the_same_file(wrapper: Path) -> None:
    (wrapper / ANSWERS).write_text(LISTED.replace(" # too", ""), encoding="utf-8")
    before = _answers(wrapper)
    assert _manage("-ci", "+docs") == 0
    assert _answers(wrapper) != before
    assert _manage("+ci", "-docs") == 0
    assert _answers(wrapper) == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LISTED.replace("\n", "\r\n"), id="CRLF"),
        pytest.param("\ufeff" + LISTED, id="byte order mark"),
        pytest.param(LISTED.rstrip("\n"), id="no line end"),
        pytest.param(LISTED.replace("- ", "  - "), id="indented list"),
        pytest.param(LISTED.replace("- manifest\n# Mine.\n- ci # too", "- ci\n- manifest"), id="another order"),
        pytest.param(
            LISTED.replace("manage:\n- manifest\n# Mine.\n- ci # too", "manage: [manifest, ci] # too"), id="flow"
        ),
        pytest.param(LISTED.replace("- ci", "- 'ci'").replace("manage:", '"manage":'), id="quoted"),
        pytest.param("--- # Mine.\n" + LISTED + "...\n", id="document marks"),
    ],
)
def test_every_way_to_write_the_answer_is_edited_in_place(wrapper: Path, text: str) -> None:
    (wrapper / ANSWERS).write_bytes(text.encode())
    before = yaml.safe_load(text)
    assert _manage("+docs", "-manifest") == 0
    after = yaml.safe_load(_answers(wrapper))
    assert sorted(after.pop("manage")) == ["ci", "docs"]
    assert after == {name: value for name, value in before.items() if name != "manage"}
    # The lines before and after the answer are unchanged.
    start, rest = text.split("manage")[0].rstrip('"'), text[text.index("service_id") :]
    assert _answers(wrapper).startswith(start.encode())
    assert _answers(wrapper).endswith(rest.encode())


def test_what_cannot_be_edited_in_place_is_written_as_copier_writes_it(wrapper: Path) -> None:
    values = yaml.safe_load(LISTED)
    (wrapper / ANSWERS).write_text(f"# Mine.\n{json.dumps(values)}\n", encoding="utf-8")
    assert _manage("-ci") == 0
    copiers = yaml.safe_dump({**values, "manage": ["manifest"]}, indent=2, width=120, allow_unicode=True)
    assert _answers(wrapper).decode() == f"# Mine.\n{copiers}"


def test_no_part_at_all_is_an_answer(wrapper: Path) -> None:
    assert _manage(*(f"-{part}" for part in PARTS)) == 0
    assert "manage: []\n" in _answers(wrapper).decode()
    assert _manage("+ci") == 0
    assert "manage:\n- ci\n" in _answers(wrapper).decode()


def test_what_is_so_already_is_said_and_writes_nothing(wrapper: Path, capsys: Capture) -> None:
    # Compared below: the file must not even be rewritten.
    before = (wrapper / ANSWERS).stat()
    assert _manage("+ci", "+docs") == 0
    out = capsys.readouterr().out
    assert "ci: already managed" in out
    assert "commit" not in out
    after = (wrapper / ANSWERS).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_mode_stays_and_nothing_is_left_beside_the_file(wrapper: Path) -> None:
    (wrapper / ANSWERS).chmod(0o640)
    assert _manage("-ci") == 0
    assert (wrapper / ANSWERS).stat().st_mode & 0o777 == 0o640
    assert [path.name for path in wrapper.iterdir()] == [ANSWERS]


def test_a_write_that_fails_leaves_everything_as_it_was(
    wrapper: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert _manage("-ci") == 2
    assert capsys.readouterr().err == f"startos-wrapper: {ANSWERS}: No space left on device\n"
    assert _answers(wrapper).decode() == RECORDED
    assert [path.name for path in wrapper.iterdir()] == [ANSWERS]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-ci", ".", "+docs"],
        [".", "-ci"],
        ["-ci"],
        ["--", "-ci"],
        ["--", ".", "-ci"],
        ["-ci", "--format", "text", "-ci"],
    ],
)
def test_a_part_may_stand_anywhere_on_the_command_line(wrapper: Path, arguments: list[str]) -> None:
    assert _manage(*arguments) == 0
    assert "ci" not in yaml.safe_load(_answers(wrapper))["manage"]


def test_it_says_how_to_commit_the_change_from_here(wrapper: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "it's mine"
    folder.mkdir()
    (folder / ANSWERS).write_text(RECORDED, encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "New wrapper")
    assert _manage(folder.name, "-ci") == 0
    command = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  git"))
    run("sh", "-c", command, cwd=wrapper)
    assert git(folder, "status", "--porcelain") == ""


# ---- Refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-cli"], 'unknown part "cli" (did you mean "ci"?); choose from manifest, build, plumbing, ci, docs'),
        (["+"], 'unknown part ""; choose from'),
        (["-\x1b\n"], 'unknown part "\\x1b\\n"'),
        (["+ci", "-ci"], "+ci and -ci contradict each other; pass only one of them"),
        (["ci"], "ci: no such folder; to change the part, write +ci or -ci"),
        ([".", "ci", "-docs"], "ci: pass only one folder"),
        (["no\nwhere", "-ci"], "no\\nwhere: no such folder"),
        (["", "-ci"], "'': no such folder"),
        ([ANSWERS, "-ci"], "no such folder"),
        (["x" * 5000, "-ci"], "File name too long"),
    ],
)
def test_wrong_usage_is_one_line(wrapper: Path, capsys: Capture, arguments: list[str], said: str) -> None:
    assert _manage(*arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert _answers(wrapper).decode() == RECORDED


@pytest.mark.parametrize("arguments", [["--fromat", "json"], ["--format"], ["--format", "xml"]])
def test_an_unknown_option_is_wrong_usage(wrapper: Path, capsys: Capture, arguments: list[str]) -> None:
    assert _manage("-ci", *arguments) == 2
    assert "usage: startos-wrapper" in capsys.readouterr().err
    assert _answers(wrapper).decode() == RECORDED


@pytest.mark.parametrize(
    ("before", "given", "recorded"),
    [
        ("_src_path: https://example.com/t.git\n", "https://example.com/u.git", "https://example.com/u.git"),
        ("_src_path: .\n", "gh:somebody/template", "gh:somebody/template"),
        ("_src_path: ../template\n", "git@example.com:group/t", "git@example.com:group/t"),
        ("", "https://example.com/group/t", "git+https://example.com/group/t"),
        ("", "https://me:secret@example.com/t.git", "https://example.com/t.git"),
        ("_src_path: /nowhere\n", str(ROOT), str(ROOT)),
    ],
)
def test_the_address_of_the_template_is_recorded(
    wrapper: Path, capsys: Capture, before: str, given: str, recorded: str
) -> None:
    (wrapper / ANSWERS).write_text(RECORDED.replace("_src_path: https://example.com/t.git\n", before))
    assert _manage("--template", given) == 0
    assert _answers(wrapper).decode() == RECORDED.replace("https://example.com/t.git", recorded)
    assert "git commit -m 'Record where the template is' .copier-answers.yml" in capsys.readouterr().out
    assert _manage("--template", given) == 0
    assert "already records" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["nowhere", "/nowhere", "", ".", "hello", "https:/example.com"])
def test_what_is_no_address_of_a_template_is_not_recorded(wrapper: Path, capsys: Capture, given: str) -> None:
    assert _manage("--template", given) != 0
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert _answers(wrapper) == RECORDED.encode()


def _bomb(line: str) -> str:
    """Return a document of a few lines whose aliases expand to 10 ** 9 values."""
    levels = [line.format(level=level, aliases=", ".join([f"*x{level - 1}"] * 10)) for level in range(1, 10)]
    return "\n".join([RECORDED, "x0: &x0 {a: b}", *levels])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "service_id is missing"),
        ("- service_id\n", "service_id is missing"),
        ("_src_path: x\n", "service_id is missing"),
        (RECORDED + "manage: ci\n", "manage must be a list of parts"),
        (RECORDED + "manage: [1]\n", "manage must be a list of parts"),
        (RECORDED + "manage:\n", "manage must be a list of parts"),
        (RECORDED + "<<<<<<< before updating\n", ":10: unresolved merge conflict"),
        (RECORDED.replace("\n", "\r\n") + "=======\r\n", ":10: unresolved merge conflict"),
        (RECORDED + "a: {\n", "invalid YAML"),
        (RECORDED + "a: !!bool maybe\n", "invalid YAML"),
        (RECORDED + "a: !!timestamp maybe\n", "invalid YAML"),
        (RECORDED + "a: 2026-99-99\n", "invalid YAML"),
        (RECORDED + "a: !!python/object/apply:os.abort []\n", "invalid YAML"),
        (RECORDED + f"a: {'1' * 5000}\n", "invalid YAML"),
        (RECORDED + "--- {}\n", "invalid YAML"),
        (RECORDED + "a\0: b\n", "invalid YAML"),
        (RECORDED + f"a: {'[' * 200_000}\n", "too deep"),
        (RECORDED + "".join(f"{' ' * deep}a:\n" for deep in range(500)), "too deep"),
        (RECORDED + f"a: {'x' * 300_000}\n", "too large"),
        (RECORDED.encode() + b"a: \xff\n", "is not UTF-8"),
        (_bomb("x{level}: &x{level} [{aliases}]"), "too many aliases"),
        (_bomb("x{level}: &x{level} {{<<: [{aliases}]}}"), "too many aliases"),
    ],
    ids=lambda value: str(value)[-25:].encode("ascii", "replace").decode(),
)
def test_a_file_that_is_not_the_answers_is_refused_in_one_line(
    wrapper: Path, capsys: Capture, content: str | bytes, said: str
) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (wrapper / ANSWERS).write_bytes(data)
    for arguments in [], ["-ci"]:
        assert _manage(*arguments) == 1
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert ANSWERS in lines[0]
        assert said in lines[0]
    assert _answers(wrapper) == data


def test_the_largest_file_costs_little(wrapper: Path) -> None:
    (wrapper / ANSWERS).write_text(
        RECORDED + "".join(f"k{n}: [a, {{b: c}}]\n" for n in range(10_000)), encoding="utf-8"
    )
    with little_cpu():
        assert _manage() == 0


def test_a_few_aliases_are_an_answers_file(wrapper: Path) -> None:
    (wrapper / ANSWERS).write_text(RECORDED + "a: &a [b]\nc: *a\nd: *a\n", encoding="utf-8")
    assert _manage("-ci") == 0
    assert _answers(wrapper).decode().endswith("a: &a [b]\nc: *a\nd: *a\n")


def test_no_file_a_link_a_folder_or_a_device_is_refused(wrapper: Path, capsys: Capture) -> None:
    target = wrapper / "target.yml"
    (wrapper / ANSWERS).rename(target)
    assert _manage("-ci") == 1
    assert "no wrapper here" in capsys.readouterr().err
    (wrapper / ANSWERS).symlink_to(target)
    assert _manage("-ci") == 1
    assert "this is a symlink" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == RECORDED
    (wrapper / ANSWERS).unlink()
    (wrapper / ANSWERS).mkdir()
    assert _manage("-ci") == 1
    assert "not a regular file" in capsys.readouterr().err
    (wrapper / ANSWERS).rmdir()
    os.mkfifo(wrapper / ANSWERS)
    assert _manage("-ci") == 1
    assert "not a regular file" in capsys.readouterr().err


# Root can read every file unless it drops CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
WITHOUT_OVERRIDE = """\
import ctypes, os, sys
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_file_that_may_not_be_read_is_an_error_of_the_system(wrapper: Path) -> None:
    (wrapper / ANSWERS).chmod(0)
    command = [sys.executable, "-c", WITHOUT_OVERRIDE, str(Path(sys.executable).parent / "startos-wrapper"), "manage"]
    done = subprocess.run(command, cwd=wrapper, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"startos-wrapper: {ANSWERS}: Permission denied\n")


def test_the_command_is_installed_and_helps(wrapper: Path) -> None:
    command = Path(sys.executable).parent / "startos-wrapper"
    changed = subprocess.run([command, "manage", "-ci"], cwd=wrapper, capture_output=True, text=True, check=False)
    assert (changed.returncode, changed.stderr) == (0, "")
    helped = run(command, "manage", "--help", cwd=wrapper).stdout
    assert "[PATH] [+PART ...] [-PART ...]" in helped
    for part, files in PARTS.items():
        # A long list of files takes two lines.
        assert f"  {part:10}{', '.join(files)} " in " ".join(helped.replace("\n            ", " ").split("\n")) + " "
    assert "manage " in run(command, "--help", cwd=wrapper).stdout


# ---- Updates -----------------------------------------------------------------------------------------------------

# Two releases after the working tree: the first appends to every generated file, the second changes its header.
BELOW, HEADER = "v1000.0.0", "v1001.0.0"
_HEADER = "Kept up to date by startos-wrapper"
_FILES = [f"{name}/workflows/{job}.yml" for name in [".github"] for job in ("build", "release")] + [
    # Only a wrapper with a config has settings.sh, and only a package for StartOS 0.4 has startos and what npm reads.
    name
    for files in PARTS.values()
    for name in files
    if name not in {".github", "settings.sh", "startos", "package.json", "package-lock.json", "tsconfig.json"}
]


@pytest.fixture(scope="module")
def future(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's repository with two more releases."""
    folder = tmp_path_factory.mktemp("future") / "template"
    git(folder.parent, "clone", "-q", str(history), str(folder))
    git(folder, "checkout", "-q", f"v{NEWEST}")
    for version in BELOW, HEADER:
        for name in _FILES:
            path = folder / "template" / f"{name}.jinja"
            before = path.read_text(encoding="utf-8")
            after = f"{before}# New below\n" if version == BELOW else before.replace(_HEADER, f"{_HEADER} New above")
            assert after != before
            path.write_text(after, encoding="utf-8")
        git(folder, "commit", "-q", "-a", "-m", version)
        git(folder, "tag", version)
    return folder


def _files(parts: list[str]) -> list[str]:
    return [name for name in _FILES if any(Path(name).is_relative_to(path) for part in parts for path in PARTS[part])]


def _edit(project: Project) -> None:
    """Insert a line by the author after the second line below the header, in every generated file."""
    for name in _FILES:
        path = project.folder / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        header = next(number for number, line in enumerate(lines) if _HEADER in line)
        path.write_text("".join([*lines[: header + 2], "# Mine\n", *lines[header + 2 :]]), encoding="utf-8")


def _contents(project: Project, names: list[str]) -> dict[str, str]:
    return {name: (project.folder / name).read_text(encoding="utf-8") for name in names}


# Outside CI, take all parts out at once. The parts that stay in show that the others are left alone on purpose.
_OUT = [[part] for part in ALL] if DEEP else [["manifest", "plumbing"], ["build", "ci", "docs"]]


@pytest.mark.parametrize("out", _OUT, ids=" ".join)
def test_a_part_that_is_out_is_left_alone_and_one_that_comes_back_is_merged(
    future: Path, tmp_path: Path, out: list[str]
) -> None:
    project = Project.new(tmp_path / "w", future, NEWEST, {})
    _edit(project)
    assert _manage(str(project.folder), *(f"-{part}" for part in out)) == 0
    project.commit()
    before = _contents(project, _FILES)

    project.update("--vcs-ref", BELOW)
    after = _contents(project, _FILES)
    for name in _FILES:
        assert after[name] == before[name] + ("" if name in _files(out) else "# New below\n"), name
    assert project.recorded()["manage"] == [part for part in ALL if part not in out]
    assert project.unmerged == set()
    project.commit("Update")

    assert _manage(str(project.folder), *(f"+{part}" for part in out)) == 0
    project.commit()
    project.update("--vcs-ref", HEADER)
    # Changes that the template made while a part was out aren't applied later, as docs/manage.md says.
    assert _contents(project, _FILES) == {
        name: text.replace(_HEADER, f"{_HEADER} New above") for name, text in after.items()
    }
    assert project.recorded()["manage"] == ALL
    assert project.unmerged == set()


def test_a_file_that_was_deleted_while_its_part_was_out_stays_deleted(future: Path, tmp_path: Path) -> None:
    project = Project.new(tmp_path / "w", future, NEWEST, {"manage": ["docs"]})
    (project.folder / "renovate.json").unlink()
    assert _manage(str(project.folder), "+ci") == 0
    project.commit()
    project.update("--vcs-ref", BELOW)
    assert not (project.folder / "renovate.json").exists()
    assert (project.folder / ".github/workflows/build.yml").read_text(encoding="utf-8").endswith("# New below\n")


@pytest.mark.parametrize("kept", ["manifest, build, plumbing, ci", "manifest, build, plumbing, ci, docs"])
def test_an_update_refuses_to_change_the_answer_and_names_the_command(future: Path, tmp_path: Path, kept: str) -> None:
    """Copier would delete every file of a part taken out, and create conflicts in every file of a part put back."""
    recorded = [] if kept.endswith("docs") else list(PARTS)
    project = Project.new(tmp_path / "w", future, NEWEST, {"advanced": True, "manage": recorded})
    before = git(project.folder, "rev-parse", "HEAD")
    refused = project.update("--vcs-ref", BELOW, "--data", f"manage=[{kept}]", check=False)
    assert refused.returncode == 1
    assert "startos-wrapper manage" in refused.stderr
    assert (project.status(), git(project.folder, "rev-parse", "HEAD")) == ({}, before)


@pytest.mark.parametrize("version", sample(list(releases_in_history()), 1))
def test_a_wrapper_of_any_release_keeps_the_answer(history: Path, tmp_path: Path, version: str) -> None:
    project = Project.new(tmp_path / "w", history, version, {})
    assert _manage(str(project.folder), *(f"-{part}" for part in PARTS)) == 0
    project.commit()
    project.update()
    assert project.status() == {ANSWERS: " M"}
    assert project.recorded()["manage"] == []
    assert project.recorded()["advanced"] is True


def test_without_advanced_copier_refuses_the_answer(history: Path, tmp_path: Path) -> None:
    """If this ever changes, `manage` no longer needs to write `advanced: true`."""
    project = Project.new(tmp_path / "w", history, NEWEST, {})
    with (project.folder / ANSWERS).open("a") as file:
        file.write("manage: [ci]\n")
    project.commit()
    refused = project.update(check=False)
    assert refused.returncode == 1
    assert "advanced" in refused.stderr
