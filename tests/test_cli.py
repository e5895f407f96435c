"""The command, run from a checkout and from a wheel in a clean environment."""

import io
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

from startos_wrapper.cli import main
from startos_wrapper.data import load, pattern
from tests.adopt import services
from tests.check import example_wrapper
from tests.conftest import ROOT
from tests.support.copies import copier
from tests.support.limits import little_cpu
from tests.support.oracle import faults
from tests.update import releases


@pytest.fixture
def wrapper_command() -> str:
    return str(Path(sys.executable).parent / "startos-wrapper")


def _run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=cwd, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )


def test_new_writes_a_wrapper(wrapper_command: str, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    answers.write_text("service_id: hello-world\ntitle: Hello\n")
    result = _run(wrapper_command, "new", tmp_path / "w", "--defaults", "--data-file", answers, "-d", "title=Other")
    assert result.returncode == 0, result.stderr
    assert "title: Other\n" in (tmp_path / "w" / "manifest.yaml").read_text()
    assert faults(tmp_path / "w") == []


@pytest.mark.filterwarnings("ignore::copier.errors.DirtyLocalWarning")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-d", "service_id=hello2"], "only a-z"),
        ([], "service_id: this answer is required"),
        (["-d", "service_id=a", "-d", "volume={}"], 'did you mean "volumes"?'),
        (["-d", "service_id=a", "-d", "changes={}"], 'unknown question "changes"'),
        (["-d", "service_id=a", "-d", "packages=[jq"], "packages: '[jq' isn't valid YAML"),
        (["-d", "service_id=a", "-d", "environment={A: x, A: y}"], "the key A is there twice; remove one of them"),
        (["--data-file", "twice.yml"], "twice.yml:3:1: invalid YAML: the key title is already in line 1"),
        (["-d", "service_id"], "NAME=VALUE"),
        (["--data-file", "nothing.yml"], "nothing.yml: No such file"),
        (["--data-file", "list.yml"], "must be a YAML mapping of answers"),
        (["--data-file", "broken.yml"], "broken.yml"),
    ],
)
def test_a_refusal_is_one_line_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.yml").write_text("- a\n")
    (tmp_path / "broken.yml").write_text("{a\n")
    (tmp_path / "twice.yml").write_text("title: A\nservice_id: a\ntitle: B\n")
    assert main(["new", "w", "--defaults", "--quiet", *arguments]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "w").exists()


def test_what_only_an_image_can_tell_has_no_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its ports and where its data is: a default would only be a guess."""
    image = ["-d", "service_id=a", "-d", "base=image", "-d", "upstream_image=nginx:1.27"]
    arguments = ["new", str(tmp_path / "w"), "--defaults", "--quiet", *image]
    assert main(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:4]] == ["run", "ui_port", "volumes"]
    assert lines[4:] == ["`startos-wrapper image IMAGE` shows what the image says."]
    assert not (tmp_path / "w").exists()
    assert main([*arguments, "-d", "run=nginx", "-d", "ui_port=80", "-d", "volumes={}"]) == 0


def test_copier_says_which_answers_about_an_image_are_guesses(template: Path, tmp_path: Path) -> None:
    image = ["-d", "service_id=a", "-d", "base=image", "-d", "upstream_image=nginx:1.27", "-d", "run=nginx"]
    told = copier("copy", "--defaults", *image, "-d", "ui_port=80", template, tmp_path / "w").stderr
    assert "only the image says what is right. Check these:\n- volumes: {" in told
    told = copier("copy", "--defaults", "-d", "service_id=a", template, tmp_path / "x").stderr
    assert "only the image says" not in told


def test_the_next_command_goes_into_a_folder_that_looks_like_an_option(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = copier("copy", "--defaults", "-d", "service_id=a", template, "./-w").stderr
    assert "\n  cd ./-w\n" in told


def test_an_answer_to_a_question_that_is_not_asked_is_named(wrapper_command: str, tmp_path: Path) -> None:
    """Copier would neither use nor record it, and say nothing."""
    answers = ("-d", "service_id=a", "-d", "base=alpine", "-d", "source=upstream", "-d", "upstream_image=nginx:1.27")
    result = _run(wrapper_command, "new", tmp_path / "w", "--defaults", *answers)
    assert result.returncode == 0
    assert "warning: upstream_image: ignored, because it only applies if base == 'image'\n" in result.stderr
    assert (
        "warning: source: ignored, because it only applies if base in ['golang', 'rust', 'node', 'python']\n"
        in result.stderr
    )
    assert "base: ignored" not in result.stderr
    assert not re.search(
        "^(source|upstream_image):", (tmp_path / "w" / ".copier-answers.yml").read_text(), re.MULTILINE
    )
    # Nothing for a terminal in what a pipe gets, no blank lines around it, and the release as it's recorded.
    told = result.stderr[result.stderr.index("Copying from") :]
    assert "\x1b" not in told
    assert "\n\n\n" not in result.stdout + told + "\n"
    recorded = yaml.safe_load((tmp_path / "w" / ".copier-answers.yml").read_text())["_commit"]
    assert told.startswith(f"Copying from the template's release {recorded}\n")


def test_without_a_terminal_it_says_what_to_do(wrapper_command: str, tmp_path: Path) -> None:
    result = _run(wrapper_command, "new", tmp_path / "w", "-d", "service_id=a")
    assert result.returncode == 1
    assert re.fullmatch("startos-wrapper: .*without a terminal; pass --defaults, .*--data-file FILE\n", result.stderr)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("arguments", "redirections", "code", "said"),
    [
        ("new w", "<&-", 1, "can't ask questions without a terminal"),
        ("new w --data-file -", "<&-", 1, "standard input: must be a YAML mapping"),
        ("new w --defaults --quiet", "<&- >&-", 1, "service_id: this answer is required"),
        ("questions", ">/dev/full", 2, "standard output: No space left on device"),
        ("new --help", ">/dev/full", 2, "standard output: No space left on device"),
        ("--version", ">/dev/full", 2, "standard output: No space left on device"),
    ],
)
def test_a_stream_that_is_closed_or_full_is_one_line(
    wrapper_command: str, tmp_path: Path, arguments: str, redirections: str, code: int, said: str
) -> None:
    result = _run("sh", "-c", f"exec '{wrapper_command}' {arguments} {redirections}", cwd=tmp_path)
    assert (result.returncode, len(result.stderr.splitlines())) == (code, 1), result.stderr
    assert result.stderr.startswith(f"startos-wrapper: {said}")


def test_quiet_prints_no_proposal_unless_its_format_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text("services: {web: {image: 'nginx:1.27'}}\n")
    arguments = ["new", "--from", "compose.yaml"]
    printed = []
    for more in ([], ["--quiet"], ["--quiet", "--format", "json"]):
        assert main([*arguments, *more]) == 0
        printed.append(capsys.readouterr().out)
    assert "nginx:1.27" in printed[0]
    assert printed[1] == ""
    assert '"version": 1' in printed[2]


def test_without_a_terminal_a_file_with_all_answers_is_enough(wrapper_command: str, tmp_path: Path) -> None:
    assert _run(wrapper_command, "new", tmp_path / "w", "--defaults", "-d", "service_id=a").returncode == 0
    answers = tmp_path / "answers.yml"
    recorded = yaml.safe_load((tmp_path / "w" / ".copier-answers.yml").read_text())
    answers.write_text(yaml.safe_dump({name: value for name, value in recorded.items() if not name.startswith("_")}))
    result = _run(wrapper_command, "new", tmp_path / "x", "--data-file", answers)
    assert result.returncode == 0, result.stderr


def test_a_folder_with_files_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("x")
    assert main(["new", str(tmp_path), "--defaults", "-d", "service_id=a"]) == 1
    assert "choose a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_make_new_on_a_clean_clone(tmp_path: Path) -> None:
    """Run the most common task. The environment of the tests replaces the one that make would install."""
    _run("git", "clone", "-q", ROOT, tmp_path / "clone")
    for path in ("Makefile", "copier.yml", "pyproject.toml"):
        assert (tmp_path / "clone" / path).is_file(), "commit first"
    refused = _run("make", "--no-print-directory", "new", "-o", ".venv/installed", cwd=tmp_path / "clone")
    assert refused.returncode != 0
    assert "make new DEST=" in refused.stderr


def test_make_alone_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    listed = _run("make", "--no-print-directory", cwd=ROOT)
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    assert [line.split()[0] for line in lines] == phony.split()
    assert all(len(line.split()) > 2 and len(line) <= 80 for line in lines)
    assert _run("make", "--no-print-directory", "help", cwd=ROOT).stdout == listed.stdout


def test_as_a_wheel_in_a_clean_environment(tmp_path: Path) -> None:
    built = _run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    installed = _run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel)
    assert installed.returncode == 0, installed.stderr
    command = tmp_path / "venv" / "bin" / "startos-wrapper"
    version = _run(command, "--version", cwd=tmp_path)
    assert (
        version.stdout
        == f"startos-wrapper {(ROOT / 'pyproject.toml').read_text().split('version = ')[1].split(chr(34))[1]}\n"
    )
    assert "new" in _run(command, "--help", cwd=tmp_path).stdout
    program = (
        "from startos_wrapper import data; print(data.pattern('id').fullmatch('a-b') is not None, "
        "data.load('bases')['alpine']['image'], (data.template() / 'copier.yml').is_file(), data.checkout())"
    )
    answer = _run(python, "-c", program, cwd=tmp_path)
    assert answer.stdout.split() == ["True", load("bases")["alpine"]["image"], "True", "None"], answer.stderr
    checked = _run(command, "check", example_wrapper.write(tmp_path / "example", {"manifest": "version: 1.0"}))
    assert checked.returncode == 1, checked.stderr
    assert "E111 version: `1.0` is a number, but must be text" in checked.stdout
    assert "Keys of interfaces.ID:" in _run(command, "questions", "interfaces").stdout
    assert "# E316 replaces-too-long" in _run(command, "check", "--explain", "E316").stdout
    old = services.write(tmp_path / "old")
    _adopted_without_an_address(command, old, tmp_path)
    _new_without_a_network(command, tmp_path)
    _a_life(command, tmp_path)


def _adopted_without_an_address(command: Path, old: Path, tmp_path: Path) -> None:
    adopted = _run(command, "adopt", old)
    assert adopted.returncode == 0, adopted.stderr
    assert "startos-wrapper manage --template URL" in adopted.stdout
    assert "_src_path" not in (old / ".copier-answers.yml").read_text()
    address = "https://example.com/template.git"
    managed = _run(command, "manage", "--template", address, old)
    assert managed.returncode == 0, managed.stderr
    release = ["--vcs-ref", _run(command, "--version").stdout.split()[1].join(["v", ""])]
    assert main(["adopt", str(services.write(tmp_path / "same")), "--template", address, *release]) == 0
    assert (old / ".copier-answers.yml").read_text() == (tmp_path / "same" / ".copier-answers.yml").read_text()


def _new_without_a_network(command: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yml"
    for name, text in {"unknown": "{}", "known": "template: https://example.com/group/template"}.items():
        settings.write_text(text)
        made = _run(
            *("env", f"STARTOS_WRAPPER_SETTINGS_PATH={settings}", command),
            *("new", tmp_path / name, "--defaults", "-d", "service_id=hello-world"),
        )
        assert made.returncode == 0, made.stderr
        assert ("startos-wrapper manage --template URL" in made.stderr) == (name == "unknown")
        assert faults(tmp_path / name) == []
        assert os.access(tmp_path / name / "docker_entrypoint.sh", os.X_OK)
    recorded = (tmp_path / "known" / ".copier-answers.yml").read_text()
    assert "_src_path: git+https://example.com/group/template\n" in recorded
    assert (tmp_path / "unknown" / ".copier-answers.yml").read_text() == "".join(
        line for line in recorded.splitlines(keepends=True) if "_src_path" not in line
    )


def _a_life(command: Path, tmp_path: Path) -> None:
    """Create a wrapper, rehearse, update and migrate it, and go back, each as far as that works without an engine."""
    source, wrapper = tmp_path / "source", tmp_path / "life"
    source.mkdir()
    (source / "compose.yaml").write_text("services: {web: {image: 'nginx:1.27', ports: ['80:80']}}\n")
    assert "upstream_image    nginx:1.27" in _run(command, "new", "--from", source / "compose.yaml").stdout
    environment = {**os.environ, "DOCKER_HOST": "unix:///nowhere"}
    template = releases.template(tmp_path / "template")
    for arguments, code, said in (
        (("new", wrapper, "--template", template, "-l", "-d", "service_id=a"), 0, ""),
        (("check", wrapper), 0, "1 warning"),
        (("rehearse", wrapper), 2, "ocker"),
        (("image", "nginx:1.27"), 2, "docker"),
        (("update", wrapper, "-d", "title=Other"), 0, "Changed:"),
        (("undo", wrapper), 0, "Undone"),
        (("migrate", wrapper), 0, "Migrated on the branch startos-0.4"),
        (("check", wrapper), 0, "warnings"),
        (("rehearse", wrapper), 2, "ocker"),
    ):
        result = subprocess.run([command, *arguments], env=environment, text=True, capture_output=True, check=False)
        told = result.stdout + result.stderr
        assert (result.returncode, said in told) == (code, True), told
        if arguments[0] == "new":
            for words in ("init --quiet", "add --all", "commit --quiet -m Create"):
                releases.git(wrapper, *words.split())


@pytest.mark.parametrize("name", load("patterns")["named"])
def test_python_and_jinja_fill_in_the_same_pattern(name: str) -> None:
    assert "%" not in pattern(name).pattern.replace("%-]", "").replace("=~%", "").replace("~%!", "")


@pytest.mark.parametrize(
    ("name", "text", "good"),
    [
        ("range", ">=1.0 <2.0 || ^3.1", True), ("range", ">=1.0, <2.0", False), ("range", "1.x", True),
        ("command", "a 'b ; c' \"$HOME\" ${X} d\\;", True), ("command", "a #b", False), ("command", "a#b", True),
        ("image", "host:5000/a/b:v1@sha256:" + "a" * 64, True), ("image", "A/b:1 ", False),
        ("url", "https://matrix.to/#/!x:example.com", True), ("url", "https:///x", False),
        ("git_ref", "release/1.2", True), ("git_ref", "a..b", False), ("pointer_path", "/", True),
    ],
)  # fmt: skip
def test_patterns(name: str, text: str, good: bool) -> None:
    assert (pattern(name).fullmatch(text) is not None) is good


@pytest.mark.parametrize("name", load("patterns")["named"])
def test_no_pattern_takes_long_over_hostile_text(name: str) -> None:
    expression = pattern(name)
    for text in (
        "a" * 5000 + "\0",
        "a." * 2500 + "\0",
        "/a" * 2500 + "\0",
        "$a" * 2500 + "`",
        "'a' " * 1500 + "`",
        "1." * 2000,
    ):
        with little_cpu():
            expression.fullmatch(text)


def test_the_oldest_copier_that_copier_yml_allows(template: Path, tmp_path: Path) -> None:
    oldest = (ROOT / "copier.yml").read_text().split('_min_copier_version: "')[1].split('"')[0]
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    assert (
        _run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", f"copier=={oldest}").returncode == 0
    )
    result = _run(
        python, "-m", "copier", "copy", "--defaults", "-d", "service_id=hello-world", template, tmp_path / "w"
    )
    assert result.returncode == 0, result.stderr
    assert faults(tmp_path / "w") == []


def test_answers_come_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped = io.TextIOWrapper(io.BytesIO("service_id: a\ntitle: Zoë\n".encode()))
    monkeypatch.setattr("sys.stdin", piped)
    assert main(["new", str(tmp_path / "w"), "--defaults", "--quiet", "--data-file", "-"]) == 0
    assert "title: Zoë\n" in (tmp_path / "w" / ".copier-answers.yml").read_text(encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"- a\n")))
    assert main(["new", str(tmp_path / "x"), "--defaults", "--data-file", "-"]) == 1
    assert "standard input: must be a YAML mapping" in capsys.readouterr().err


def test_unknown_questions_and_refused_values_are_named_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["nosuch=1", "volumes=[", "service_id=A_b", "ui_port=70000"]
    options = [word for item in data for word in ("-d", item)]
    assert main(["new", str(tmp_path / "w"), "--defaults", *options]) == 1
    first, *others = capsys.readouterr().err.splitlines()
    assert first == "startos-wrapper: 4 answers are wrong:"
    starts = ['unknown question "nosuch"', "volumes: ", "service_id: ", "ui_port: "]
    assert all(line.strip().startswith(start) for line, start in zip(others, starts, strict=True))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("uiport", "ui_port"),
        ("user", "user_name"),
        ("website", None),
        ("health-checks", "health_checks"),
        ("id", "service_id"),
    ],
)
def test_an_unknown_question_names_the_one_that_was_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, meant: str | None
) -> None:
    hint = f'; did you mean "{meant}"?' if meant else ""
    assert main(["new", str(tmp_path / "w"), "--defaults", "-d", f"{typed}=x"]) == 1
    assert capsys.readouterr().err == f'startos-wrapper: unknown question "{typed}"{hint}\n'
