"""`startos-wrapper new --from`: show a proposal, write a wrapper with it, and never show a secret."""

import json
import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.cli import main
from startos_wrapper.new.dry_run import described
from startos_wrapper.new.upstream import image_facts
from startos_wrapper.new.upstream.facts import ImageFacts
from tests.support.oracle import faults

Capture = pytest.CaptureFixture[str]

COMPOSE = """\
services:
  clock:
    image: acme/clock:1.2.3
    ports: ["80:8080"]
    volumes: ["data:/data"]
    environment: {TZ: UTC, ADMIN_PASSWORD: keepthis}
    command: clock-server --loud
volumes: {data: }
"""


@pytest.fixture(autouse=True)
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(reference: str, network: bool) -> ImageFacts:
        return ImageFacts(reference, problem=f"{reference}: nobody was asked{' with the network' if network else ''}")

    monkeypatch.setattr(image_facts, "read_image", ask)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "compose.yaml").write_text(COMPOSE)
    return tmp_path / "clock"


def new(*arguments: str | Path) -> int:
    """Run the command in this process and return its exit code, also for wrong usage."""
    try:
        return main(["new", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)


def as_json(capsys: Capture, *arguments: str | Path) -> dict[str, Any]:
    capsys.readouterr()
    assert new("--format", "json", *arguments) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_without_a_folder_a_proposal_is_shown(folder: Path, capsys: Capture) -> None:
    before = sorted(folder.parent.rglob("*"))
    found = as_json(capsys, "--from", folder)
    assert found["version"] == 1
    assert (found["main"], found["image"], found["ports"]) == ("clock", "acme/clock:1.2.3", ["8080/tcp"])
    assert found["answers"]["ui_port"] == {"value": 8080, "places": ["compose.yaml:4"]}
    for name in ("decide", "by_hand", "cannot", "left_out"):
        for item in found[name]:
            assert list(item) == ["what", "kind", "place", "why", "todo"]
    assert [item["what"] for item in found["decide"] if item["kind"] == "secret"] == ["ADMIN_PASSWORD"]
    assert sorted(folder.parent.rglob("*")) == before


def test_the_text_fits_a_terminal(folder: Path, capsys: Capture) -> None:
    assert new("--from", folder / "compose.yaml") == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) < 80
    for line in ("  ui_port           8080                                compose.yaml:4", "You decide (2)"):
        assert line in text.splitlines()
    # What is assumed is shown, too.
    assert re.search(r"^  license +MIT +default$", text, re.MULTILINE)
    assert new("--from", folder, "-d", "ui_port=81") == 0
    assert re.search(r"^  ui_port +81 +your answer$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.filterwarnings("ignore::copier.errors.DirtyLocalWarning")
def test_a_wrapper_is_written_without_a_question(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    made = tmp_path / "made"
    assert new(made, "--from", folder, "--defaults", "-d", "environment={LOUD: '1'}", "-d", "title=My clock") == 0
    shown = capsys.readouterr()
    said = shown.out
    assert "compose.yaml:4" in said
    # The last lines don't let anybody forget the lists above.
    assert shown.err.splitlines()[-3:] == [
        "The lists above have 2 things that the wrapper doesn't do yet.",
        "Without some of them, the service may not start. To see them again:",
        f"  startos-wrapper new --from {folder}",
    ]
    manifest = yaml.safe_load((made / "manifest.yaml").read_text())
    assert (manifest["id"], manifest["title"], manifest["version"]) == ("clock", "My clock", "1.2.3")
    assert manifest["main"]["mounts"] == {"main": "/data"}
    answers = yaml.safe_load((made / ".copier-answers.yml").read_text())
    assert answers["environment"] == {"TZ": "UTC", "LOUD": "1"}
    assert answers["run"] == "clock-server --loud"
    assert faults(made) == []


@pytest.mark.parametrize("options", [["--defaults"], []])
def test_what_is_missing_names_its_flag(folder: Path, tmp_path: Path, capsys: Capture, options: list[str]) -> None:
    """Also without --defaults, because the tests have no terminal."""
    file = folder / "compose.yaml"
    file.write_text(COMPOSE.replace(":1.2.3", ":latest"))
    assert new(tmp_path / "made", "--from", file, "-q", *options) == 1
    said = capsys.readouterr()
    line = "upstream_image: compose.yaml:3: latest means another image tomorrow; -d upstream_image=acme/clock:TAG"
    assert said.err.splitlines()[0].startswith(f"startos-wrapper: {line}")
    assert said.out == ""
    assert not (tmp_path / "made").exists()
    file.write_text(file.read_text().replace("    command: clock-server --loud\n", ""))
    assert new(tmp_path / "made", "--from", file, "-q", *options) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "startos-wrapper: 2 answers are missing:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["upstream_image", "run"]


@pytest.mark.filterwarnings("ignore::copier.errors.DirtyLocalWarning")
def test_a_dry_run_shows_the_tree_and_the_difference(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    made = tmp_path / "made"
    made.mkdir()
    (made / "LICENSE").write_text("Mine.\n")
    (made / "notes.txt").write_text("Mine.\n")
    assert new(made, "--from", folder, "-q", "--defaults", "--dry-run") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"{made}/"
    assert {"  LICENSE  (differs)", "  manifest.yaml", "  .github/", "    workflows/", "      build.yml"} <= set(shown)
    assert {"-Mine.", "+MIT License"} <= set(shown)
    assert not any("notes.txt" in line for line in shown)
    assert sorted(path.name for path in made.iterdir()) == ["LICENSE", "notes.txt"]
    assert (made / "LICENSE").read_text() == "Mine.\n"


def test_binary_files_have_no_difference(tmp_path: Path) -> None:
    for name, icon, same in (("new", b"\x89PNG\xff", "a\tb\n"), ("old", b"\x89PNG\xfe", "a\tb\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "icon.png").write_bytes(icon)
        (tmp_path / name / "same.txt").write_text(same)
    lines = described(tmp_path / "new", tmp_path / "old").splitlines()
    assert lines == [f"{tmp_path / 'old'}/", "  icon.png  (differs)", "  same.txt  (unchanged)"]
    assert described(tmp_path / "new", tmp_path / "gone").splitlines()[1:] == ["  icon.png", "  same.txt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "DEST is missing"),
        (["made", "--network"], "--network: only with --from SOURCE"),
        (["made", "--service", "x"], "--service: only with --from SOURCE"),
        (["--format", "json"], "--format: only with --from SOURCE"),
        (
            ["--from", "gone.yaml"],
            "--from gone.yaml: there's no such file or folder, and it isn't the name of an image",
        ),
        (["--from", ""], "no such file or folder"),
        (["--from", "https://github.com/acme/clock"], "clone it first"),
        (["--from", "https://me:hunter22@github.com/acme/clock"], "clone it first"),
        (["--from", "."], "there's no compose file, Dockerfile or package metadata"),
        (["--from", "acme/clock:1.2.3"], "acme/clock:1.2.3: nobody was asked"),
        (["--from", "acme/clock:1.2.3", "--network"], "nobody was asked with the network"),
        (["--from", "acme/clock:1.2.3", "--service", "x"], "only a compose file has services"),
        (["--from", "broken.yaml"], "broken.yaml:2: "),
        (["--from", "clock/compose.yaml", "--service", "cron"], "compose.yaml only has clock"),
    ],
)
def test_a_refusal_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, arguments: list[str], said: str
) -> None:
    empty = folder.parent / "empty"
    empty.mkdir()
    (empty / "clock").symlink_to(folder)
    monkeypatch.chdir(empty)
    if "broken.yaml" in arguments:
        Path("broken.yaml").write_text("services:\n  a: [\n")
    assert new(*arguments) != 0
    error = capsys.readouterr().err
    assert said in error
    assert "hunter22" not in error
    assert "Traceback" not in error
    assert len(error.splitlines()) <= 2


# Each value is a secret, in all the forms that files have.
PLANTED = {
    "compose.yaml": """\
services:
  clock:
    image: acme/clock:1.2.3
    ports: ["80:8080"]
    command: ["clock-server", "--api-key", "planted01", "--loud"]
    entrypoint: sh -c "exec clock-server --password=planted02"
    healthcheck:
      test: mysqladmin ping -pplanted03
    labels:
      - "auth=admin:planted04"
    environment:
      - DB_PASSWORD=planted05
      - DATABASE_URL=postgres://me:planted06@db:5432/clock
      - OPTIONS=host=db password=planted07
      - CONFIG=${CONFIG_TEXT}
      - LOGIN=${ADMIN_PASSWORD:-planted08}
      - API_TOKENS=planted09
      - MNEMONIC=planted10 planted10
      - EXTRA={"secret":"planted11"}
      - 1BAD_PASSWORD=planted12
    env_file: [clock.env, gone.env]
    build:
      args: {GIT_TOKEN: planted13}
    secrets: [key]
    x-admin: {password: planted14}
    made_up: planted15
    extra_hosts: ["a:planted16"]
  worker:
    image: acme/clock:1.2.3
    command: clock-worker --token=planted17
    environment: {WORKER_SECRET: planted18}
  migrate:
    image: acme/tool:1
    command: ["migrate", "--password", "planted19"]
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: planted20}
    command: postgres -c password=planted21
volumes:
  share:
    driver_opts: {o: "username=me,password=planted22"}
secrets:
  key: {environment: planted23}
configs:
  c: {content: "password: planted24"}
x-shared: {token: planted25}
""",
    ".env": "CONFIG_TEXT='db:\n  password: planted26\n'\nADMIN_PASSWORD=planted27\n",
    "clock.env": "MAIL_PASSWORD=planted28\nSMTP_URL=smtp://me:planted29@mail\n",
    "gone.env.example": "OTHER_SECRET=planted30\n",
    ".env.example": "SAMPLE_TOKEN=planted31\n",
    "Dockerfile": "FROM alpine:3.24\nENV API_SECRET=planted32\nCMD [\"clock\", \"--password\", \"planted33\"]\n",
}  # fmt: skip


# The names that people decide about.
NAMES = ("DB_PASSWORD", "DATABASE_URL", "CONFIG", "LOGIN", "MAIL_PASSWORD", "OTHER_SECRET", "WORKER_SECRET")


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    (tmp_path / "planted").mkdir()
    for name, text in PLANTED.items():
        (tmp_path / "planted" / name).write_text(text)
    return tmp_path / "planted"


@pytest.mark.parametrize(
    ("source", "names"), [("", NAMES), ("compose.yaml", NAMES), ("Dockerfile", ("a secret in it",))]
)
def test_no_value_of_a_secret_is_shown(
    planted: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], source: str, names: tuple[str, ...]
) -> None:
    arguments = ("--from", planted / source)
    assert new(*arguments) == 0
    assert new(*arguments, "--format", "json") == 0
    assert new(tmp_path / "made", *arguments, "--defaults", "-q") == 1
    said = capfd.readouterr()
    assert re.findall("planted[0-9]+", said.out + said.err) == []
    assert all(name in said.out for name in names)


@pytest.mark.filterwarnings("ignore::copier.errors.DirtyLocalWarning")
def test_no_value_of_a_secret_is_written(planted: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "made"
    assert new(made, "--from", planted, "-l", "-d", "service_id=clock", "-d", "run=clock-server") == 0
    written = [path.read_text(errors="replace") for path in made.rglob("*") if path.is_file()]
    assert re.findall("planted[0-9]+", "".join([*capfd.readouterr(), *written])) == []


def test_at_a_terminal_nothing_is_asked_with_defaults(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt would wait for a key, so this would never end."""
    master, slave = pty.openpty()
    (folder / "compose.yaml").write_text(COMPOSE.replace(":1.2.3", ""))
    with os.fdopen(slave) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        assert new(tmp_path / "made", "--from", folder, "--defaults", "-q") == 1
    os.close(master)
