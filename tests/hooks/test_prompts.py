"""The prompts, in a real pseudo-terminal."""

import os
import re
import sys
from pathlib import Path

import pexpect
import pytest
import yaml

from tests.support.limits import HUNG

ENTER, UP, DOWN, BACKSPACE, CLEAR = "\r", "\x1b[A", "\x1b[B", "\x7f", "\x15"


class Terminal:
    """`copier copy` in a pseudo-terminal."""

    def __init__(self, template: Path, destination: Path, *arguments: str) -> None:
        self.destination = destination
        command = ["-m", "copier", "copy", *arguments, str(template), str(destination)]
        env = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "50", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.child = pexpect.spawn(
            sys.executable, command, env=env, timeout=HUNG, encoding="utf-8", dimensions=(50, 200)
        )

    def answer(self, question: str, text: str = "") -> None:
        """Wait for a question by the first words of its help, type the answer, and press Enter."""
        self.child.expect(re.escape(question))
        self.child.send(text + ENTER)

    def finish(self) -> dict[str, object]:
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0, self.child.before
        recorded: dict[str, object] = yaml.safe_load((self.destination / ".copier-answers.yml").read_text())
        return recorded


ORDER = [
    "What's the service called", "What does it do", "Which version", "How is the wrapper licensed", "What's your GitHub user",
    "What is the service's image based on", "Where is the source code", "Do you want to answer the advanced",
    "Which port does the web UI", "How do people configure", "Which volumes keep", "Which folders in assets/",
]  # fmt: skip


def test_a_bad_id_is_refused_in_place_and_corrected_and_the_rest_is_enter(template: Path, tmp_path: Path) -> None:
    terminal = Terminal(template, tmp_path / "w")
    terminal.answer("What's the service's id", CLEAR + "hello2")
    terminal.child.expect("only a-z")
    terminal.child.send(BACKSPACE + ENTER)
    for question in ORDER:
        terminal.answer(question)
    recorded = terminal.finish()
    assert recorded["service_id"] == "hello"
    assert recorded["title"] == "Hello"
    assert recorded["volumes"] == {"main": "/root/.hello"}
    assert (tmp_path / "w" / "service" / "main.go").is_file()


@pytest.mark.parametrize("folder", ["my-service", "my-service-startos", "My_Service"])
def test_the_folder_proposes_the_id(template: Path, tmp_path: Path, folder: str) -> None:
    terminal = Terminal(template, tmp_path / folder)
    for question in ("What's the service's id", *ORDER):
        terminal.answer(question)
    assert terminal.finish()["service_id"] == "my-service"


def test_a_folder_that_cannot_be_an_id_proposes_nothing(template: Path, tmp_path: Path) -> None:
    terminal = Terminal(template, tmp_path / "web2")
    terminal.answer("What's the service's id")
    terminal.child.expect("can't be empty")


def test_lists_are_entered_on_one_line_and_refused_in_place(template: Path, tmp_path: Path) -> None:
    terminal = Terminal(template, tmp_path / "w", "-d", "service_id=hello", "-d", "base=golang")
    for question in ORDER:
        if question == "What is the service's image based on":
            continue
        if question == "Which volumes keep":
            terminal.child.expect(question)
            terminal.child.send(BACKSPACE * 40 + "{main: data}" + ENTER)
            terminal.child.expect("absolute path")
            terminal.child.send(BACKSPACE * 40 + "{main: /data, db: /srv/db}" + ENTER)
        elif question == "Which folders in assets/":
            terminal.answer(question, BACKSPACE * 40 + "{web: /srv/web, more: }")
        else:
            terminal.answer(question)
    recorded = terminal.finish()
    assert recorded["volumes"] == {"main": "/data", "db": "/srv/db"}
    assert recorded["assets"] == {"web": "/srv/web", "more": None}
    assert (tmp_path / "w" / "assets" / "more" / ".gitkeep").is_file()


def test_choices_and_the_questions_of_an_image(template: Path, tmp_path: Path) -> None:
    terminal = Terminal(template, tmp_path / "w", "-d", "service_id=web")
    for question in ORDER[:5]:
        terminal.answer(question)
    terminal.answer("What is the service's image based on", UP)
    terminal.child.expect("Which upstream image")
    terminal.child.send("nginx" + ENTER)
    terminal.child.expect("pin a tag")
    terminal.child.send(":1.27.3" + ENTER)
    for question in ("Do you want to answer the advanced", "What's the URL of the upstream"):
        terminal.answer(question)
    terminal.answer("Which command starts", "nginx")
    for question in ORDER[8:]:
        terminal.answer(question)
    recorded = terminal.finish()
    assert recorded["upstream_image"] == "nginx:1.27.3"
    assert recorded["run"] == "nginx"


@pytest.mark.parametrize("key", ["\x03"])
def test_leaving_writes_nothing(template: Path, tmp_path: Path, key: str) -> None:
    terminal = Terminal(template, tmp_path / "w")
    terminal.child.expect("What's the service's id")
    terminal.child.send(key)
    terminal.child.expect(pexpect.EOF)
    assert not (tmp_path / "w").exists()
