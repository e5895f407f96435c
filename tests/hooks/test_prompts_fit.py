"""A terminal of 80 columns shows every prompt as a whole."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.utils import get_cwidth

from startos_wrapper.questions import asked, read_config
from tests.conftest import ROOT
from tests.support.screen import COLUMNS, Screen

QUESTIONS = asked(read_config(ROOT))
# Ctrl-U deletes what's left of the cursor.
ENTER, DOWN, BACKSPACE, CLEAR = "\r", "\x1b[B", "\x7f", "\x15"
# What Copier and questionary print before the first line of a prompt, and before a choice.
PROMPT, CHOICE = "🎤 ", " » ○ "
# The answers that lead to other prompts than the defaults do. A single letter answers a yes/no question.
TYPED = {
    "service_id": CLEAR + "hello-world" + ENTER,
    "license": DOWN * 5 + ENTER,
    "advanced": "y",
    "upstream_image": "nginx:1.27.3" + ENTER,
    "config": DOWN + ENTER,
    "health_checks": BACKSPACE * 2 + "{web: {name: Web, entrypoint: check-web.sh}}" + ENTER,
}
RARE = {"upstream_image": "image", "upstream_ref": "upstream", "submodule": "submodule"}
# Only asked for StartOS 0.4.
NEWER = {"oneshots"}


def test_no_line_of_a_prompt_is_wider_than_a_terminal() -> None:
    wide = []
    for name, question in QUESTIONS.items():
        choices = question.get("choices", [])
        lines = [CHOICE + choice for choice in choices] + (PROMPT + question["help"]).splitlines()
        wide += [f"{name}: {line}" for line in lines if get_cwidth(line) >= COLUMNS]
    assert wide == []


def test_the_lines_after_the_first_begin_below_its_text() -> None:
    indent = " " * get_cwidth(PROMPT)
    for name, question in QUESTIONS.items():
        _, *more = question["help"].split("\n")
        assert [line for line in more if not line.startswith(indent) or line != line.rstrip()] == [], name


@contextmanager
def prompts(template: Path, destination: Path, *data: str) -> Iterator[Screen]:
    """Run `copier copy` on a screen."""
    arguments = [word for item in data for word in ("-d", item)]
    screen = Screen(sys.executable, "-m", "copier", "copy", *arguments, str(template), str(destination))
    try:
        yield screen
    finally:
        screen.close()


def read(screen: Screen, name: str) -> None:
    """Read a prompt, line by line."""
    for line in QUESTIONS[name]["help"].splitlines():
        screen.wait_for(line)


def test_every_prompt_is_seen_whole(template: Path, tmp_path: Path) -> None:
    with prompts(template, tmp_path / "w", "base=alpine", "build_image=a:1") as screen:
        for name in QUESTIONS:
            if name not in {"base", "build_image", "build", "source", *RARE, *NEWER}:
                read(screen, name)
                screen.send(TYPED.get(name, ENTER))
        screen.wait_for("is ready")


def test_the_prompts_of_compiled_services_are_seen_whole(template: Path, tmp_path: Path) -> None:
    with prompts(template, tmp_path / "w") as screen:
        for name in list(QUESTIONS)[: list(QUESTIONS).index("runtime_image")]:
            if name not in {"license_name", *RARE, *NEWER}:
                read(screen, name)
                screen.send({**TYPED, "license": ENTER}.get(name, ENTER))
        read(screen, "runtime_image")


@pytest.mark.parametrize("name", RARE)
def test_the_prompts_of_other_sources_are_seen_whole(template: Path, tmp_path: Path, name: str) -> None:
    base = "base=image" if RARE[name] == "image" else f"source={RARE[name]}"
    given = [f"{each}=x" for each in ("service_id", "title", "short_description", "github_user")]
    with prompts(template, tmp_path / "w", base, "license=MIT", "version=1", *given) as screen:
        if name != "upstream_image":
            read(screen, "base")
            screen.send(ENTER)
        read(screen, name)


def test_a_prompt_with_a_long_default_is_seen_whole(template: Path, tmp_path: Path) -> None:
    volumes = "{" + ", ".join(f"{letter * 5}: /var/lib/{letter * 9}" for letter in "abcdefgh") + "}"
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / ".copier-answers.yml").write_text(f"volumes: {volumes}\n")
    given = [f"{each}=x" for each in ("service_id", "title", "short_description", "github_user")]
    plain = ("license=MIT", "version=1", "base=golang", "source=starter", "ui_port=1", "config=none")
    with prompts(template, tmp_path / "w", *plain, *given) as screen:
        screen.send("n")
        read(screen, "volumes")
        screen.wait_for("hhhhh")


# Answers that beginners type, with what the line at the bottom of the terminal must say: it has 80 columns, of which Copier
# uses the first half.
WRONG = {
    "service_id": ("hello2", "use only a-z and single hyphens"),
    "title": ("A title of more than 29 bytes is too long", "use at most 29 bytes: it has"),
    "version": ("v1.2.3", "use 1 to 4 numbers, joined by dots"),
    "github_user": ("https://github.com/satoshi", "use letters, digits, single hyphens"),
    "ui_port": ("70000", "use a whole number, 0 to 65535"),
    "volumes": ("{main: data}", "an absolute path, no spaces or .."),
    "assets": ("{web: /proc/web}", "/proc belongs to the kernel: web"),
}
GOOD = {"service_id": "hello-world", "volumes": "{main: /data}", "assets": "{web: /mnt/web}"}


def test_the_bottom_line_says_what_is_wrong(template: Path, tmp_path: Path) -> None:
    plain = ("short_description=x", "license=MIT", "base=golang", "source=starter", "config=none")
    with prompts(template, tmp_path / "w", *plain) as screen:
        for name, (typed, said) in WRONG.items():
            if name == "ui_port":
                read(screen, "advanced")
                screen.send("n")
            read(screen, name)
            screen.send(CLEAR + typed + ENTER)
            screen.wait_for(said)
            screen.send(CLEAR + GOOD.get(name, "1") + ENTER)
        screen.wait_for("is ready")
