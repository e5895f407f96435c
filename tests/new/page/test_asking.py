"""From the command line to the page: what's passed and proposed, and what's left out of it."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.cli import main
from startos_wrapper.errors import CancelledError
from startos_wrapper.new import asking, command, show
from startos_wrapper.new.afterwards import after_writing
from startos_wrapper.new.views import DELETE, Flow
from startos_wrapper.settings import copiers_defaults
from tests.conftest import Render
from tests.new.page.person import HELLO, Person, state_of

COMPOSE = """\
services:
  web:
    image: tides/tides:latest
    ports: ["3000:3000"]
    environment: {ADMIN_PASSWORD: hunter2, LOG_LEVEL: info}
    volumes: ["data:/data"]
volumes: {data: }
"""


@pytest.fixture
def at_page(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Person], Any]], None]:
    """Return a function that makes somebody sit at the terminal instead of prompt_toolkit."""

    def sit(act: Callable[[Person], Any]) -> None:
        def shown(flow: Flow[Any]) -> Any:
            person = Person(flow)
            act(person)
            return person.result

        monkeypatch.setattr(show, "show", shown)
        monkeypatch.setattr(command, "has_page", lambda: True)

    return sit


def everything(person: Person) -> str:
    """Return the text of the whole page, with everything unfolded."""
    while folded := [text for text in person.texts if text.startswith("+ ")]:
        person.press(folded[0])
    return "\n".join(" ".join((line.text, line.value, line.origin, line.note)) for line in person.menu.lines)


def test_a_compose_file_fills_the_page_and_no_secret_is_on_it(
    tmp_path: Path, at_page: Callable[[Callable[[Person], Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(COMPOSE)
    pages = []

    def act(person: Person) -> None:
        person.press("0.3.5")
        assert (person.input.title, person.input.text) == ("upstream_image", "tides/tides:latest")
        assert "compose.yaml:3: latest" in person.input.intro
        person.type("tides/tides:1.4")
        assert person.input.title == "run"
        person.type("tides serve")
        pages.append(everything(person))
        assert (person.line("ui_port").value, person.line("ui_port").origin) == ("3000", "compose.yaml:4")
        assert person.line("version").value == "1.4"
        person.press("Write")

    at_page(act)
    assert main(["new", "wrapper", "--from", "compose.yaml", "--quiet"]) == 0
    assert "hunter2" not in pages[0]
    assert "ADMIN_PASSWORD" in pages[0]
    assert "startos-wrapper new wrapper --defaults --data-file" in pages[0]
    written = [path.read_bytes() for path in Path("wrapper").rglob("*") if path.is_file()]
    assert written
    assert not any(b"hunter2" in data for data in written)


def test_a_variable_that_was_removed_stays_away(
    tmp_path: Path, at_page: Callable[[Callable[[Person], Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Continuing later merges the kept answers with the same proposal."""
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(COMPOSE.replace("latest", "1.4").replace("LOG_LEVEL", "OLD: x, LOG_LEVEL"))

    def remove(person: Person) -> None:
        person.press("0.3.5").type("tides serve").press("environment").press("OLD", DELETE).press("Done")
        person.interrupt().press("Keep")

    at_page(remove)
    assert main(["new", "wrapper", "--from", "compose.yaml", "--quiet"]) == 130
    assert yaml.safe_load(Path("wrapper-answers.yml").read_text())["environment"] == {"LOG_LEVEL": "info", "OLD": None}
    seen = []

    def look(person: Person) -> None:
        seen.append(everything(person))
        # Once more, because the answer isn't proposed but passed by now.
        person.press("title").type("Ebbs").interrupt().press("Keep")

    at_page(look)
    assert main(["new", "wrapper", "--from", "compose.yaml", "--quiet", "--data-file", "wrapper-answers.yml"]) == 130
    assert "LOG_LEVEL" in seen[0]
    assert "OLD" not in seen[0]
    assert yaml.safe_load(Path("wrapper-answers-2.yml").read_text())["environment"] == {
        "LOG_LEVEL": "info",
        "OLD": None,
    }
    answers = ["--defaults", "--data-file", "wrapper-answers-2.yml"]
    assert main(["new", "wrapper", "--from", "compose.yaml", "--quiet", *answers]) == 0
    assert "OLD" not in Path("wrapper/docker_entrypoint.sh").read_text()


def test_answers_keep_the_option_or_file_that_they_are_from(
    tmp_path: Path, at_page: Callable[[Callable[[Person], Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("answers.yml").write_text("service_id: tides\nstartos: '0.3.5'\nbase: rust\nsource: starter\ntitle: Tides\n")

    def act(person: Person) -> None:
        assert person.line("title").origin == "-d"
        assert person.line("base").origin == "answers.yml"
        person.press("title").type("Ebbs").interrupt().press("Keep")

    at_page(act)
    with pytest.raises(CancelledError, match="startos-wrapper new wrapper --data-file wrapper-answers"):
        asking.ask_on_the_page(
            argparse.Namespace(
                dest=Path("wrapper"), data=["title=X"], data_file=Path("answers.yml"), source=None, service=None,
                template=None, network=False,
            ),
            {**HELLO, "title": "X"},
        )  # fmt: skip
    assert main(["new", "wrapper", "--data-file", "answers.yml", "-d", "title=X"]) == 130
    assert not Path("wrapper").exists()


def test_answers_arent_lost_if_the_wrapper_cannot_be_written(
    tmp_path: Path,
    at_page: Callable[[Callable[[Person], Any]], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    def act(person: Person) -> None:
        person.press("title").type("Ebbs")
        Path("folder").write_text("")
        person.press("Write")

    at_page(act)
    data = [word for name, value in HELLO.items() for word in ("-d", f"{name}={value}")]
    assert main(["new", "folder/wrapper", *data, "--quiet"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert "Not a directory" in told[-3]
    assert told[-1] == "  startos-wrapper new folder/wrapper --data-file wrapper-answers.yml"
    assert "title: Ebbs\n" in Path("wrapper-answers.yml").read_text()


@pytest.mark.parametrize("text", ["", "[]", "defaults: 1", "defaults: [", "\xff"])
def test_copiers_settings_may_be_empty_or_wrong(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yml").write_text(text, encoding="latin-1")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "settings.yml"))
    assert copiers_defaults() == {}


def test_copiers_settings_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yml").write_text("defaults: {user_name: Sam}\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "settings.yml"))
    assert copiers_defaults() == {"user_name": "Sam"}


# --- Afterwards ---------------------------------------------------------------------------------------------------------


def test_what_was_assumed_and_what_check_finds_is_said(
    render: Render, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    folder = render({})
    recorded = folder / ".copier-answers.yml"
    text = re.sub("(?m)^_src_path: .*", "_commit: v1.0.0\n_src_path: https://example.com/x.git", recorded.read_text())
    recorded.write_text(text)
    state = state_of(HELLO)
    after_writing(state, folder)
    said = " ".join(capsys.readouterr().err.split())
    assert "Assumed: title: Hello World;" in said
    assert "service_id" not in said
    assert "`make check` finds nothing, once the wrapper is committed." in said
    assert "rehearse" not in said
    recorded.write_text(re.sub("(?m)^_src_path: .*\n", "", text))
    after_writing(state, folder)
    assert "`make check` finds nothing else, once the wrapper is committed." in capsys.readouterr().err
    (folder / "manifest.yaml").write_text("id: x\n")
    after_writing(state, folder)
    assert "- manifest.yaml:1: E" in capsys.readouterr().err


def test_rehearse_is_only_offered_if_docker_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for code in (0, 1):
        docker.write_text(f"#!/bin/sh\nexit {code}\n")
        docker.chmod(0o755)
        after_writing(state_of(HELLO), tmp_path)
        assert ("`make rehearse`" in capsys.readouterr().err) == (code == 0)
