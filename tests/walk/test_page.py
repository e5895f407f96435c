"""The page of `new` in a pseudo-terminal: what a person sees, and what happens with each key."""

import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.support.screen import Screen
from tests.support.tools import ROOT
from tests.walk.test_walk import seen

ENTER, ESC, CTRL_C, CTRL_Z, DELETE, BACKSPACE, CLEAR = "\r", "\x1b", "\x03", "\x1a", "\x1b[3~", "\x7f", "\x15"
UP, DOWN, END = "\x1b[A", "\x1b[B", "\x1b[F"
READY = ("-d", "service_id=hello-world", "-d", "startos=0.3.5", "-d", "base=golang", "-d", "source=starter")


class Person:
    """Somebody at a terminal in which `new` runs."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        columns: int = 80,
        lines: int = 24,
        redirected: str = "",
        in_shell: bool = False,
        **variables: str,
    ) -> None:
        environment = {"HOME": str(folder), "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore", **variables}
        given = [f"{name}={value}" for name, value in environment.items()]
        program = (sys.executable, "-m", "startos_wrapper", "new", "my-service", *arguments)
        if redirected:
            program = ("sh", "-c", f'exec "$@" >{redirected}', "sh", *program)
        if in_shell:
            typed, program = shlex.join(program), ("bash", "--noprofile", "--norc", "-i")
        self.screen = Screen("env", "-C", str(folder), *given, *program, columns=columns, lines=lines)
        if in_shell:
            self.screen.wait_for_end("$")
            self.screen.clear()
            self.screen.send(f"{typed}\r")
        self.pressed = 0

    @property
    def selected(self) -> str:
        """The selected line of a menu, or "" if there's none."""
        return next((line[2:] for line in self.screen.text.splitlines() if line.startswith("> ")), "")

    @property
    def keys(self) -> str:
        """The line that says which keys can be pressed, below everything else."""
        return self.screen.text.rstrip().rpartition("\n")[2]

    def sees(self, *texts: str) -> "Person":
        for text in texts:
            self.screen.wait_for(text)
        return self

    def until(self, done: Callable[[], bool]) -> None:
        """Wait for the page, which takes at most a moment, also on a busy machine."""
        self.screen.wait_until(done, seconds=120)

    def press(self, *keys: str) -> "Person":
        """Press keys. What they do is awaited with `sees`."""
        for key in keys:
            self.screen.send(key)
            self.pressed += 1
        return self

    def select(self, text: str, key: str = DOWN) -> "Person":
        """Select the line that begins with a text."""
        seen_lines = []
        self.until(lambda: bool(self.selected))
        while not self.selected.strip().startswith(text):
            seen_lines.append(self.selected)
            assert len(seen_lines) < 100, f"{text} isn't in {seen_lines}"
            self.screen.send(key)
            # A screen is drawn line by line, so for a moment no line is selected.
            self.until(lambda: self.selected not in ("", seen_lines[-1]))
        return self

    def open(self, text: str, title: str | None = None) -> "Person":
        """Open the line that begins with a text, and wait until its editor is there."""
        self.select(text)
        before = self.keys
        self.press(ENTER)
        # The line with the keys is drawn last.
        self.until(lambda: self.screen.text.startswith(title or text) and self.keys != before)
        return self

    def on(self, title: str, keys: str) -> "Person":
        """Wait for a view with a title and some keys."""
        self.until(lambda: self.screen.text.startswith(title) and keys in self.keys)
        return self

    def on_page(self) -> "Person":
        """Wait for the page."""
        return self.on("New wrapper in my-service", "w ")


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def start(*arguments: str, **more: object) -> Person:
        people.append(Person(tmp_path, *arguments, **more))  # type: ignore[arg-type]
        return people[-1]

    yield start
    for each in people:
        each.screen.close()


Start = Callable[..., Person]


def pasted(text: str) -> str:
    """Return what a terminal sends for a paste, in bracketed paste mode."""
    return f"\x1b[200~{text}\x1b[201~"


def recorded(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load((folder / "my-service" / ".copier-answers.yml").read_text("utf-8"))
    return loaded


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])
def test_defaults_are_five_keys_away(columns: int, lines: int, person: Start, tmp_path: Path) -> None:
    someone = person(columns=columns, lines=lines)
    someone.sees("> 0.3.5").press(ENTER).sees("service_id").press(ENTER).sees("golang").press(ENTER).sees(
        "starter"
    ).press(ENTER)
    someone.on_page().sees("> Write the wrapper")
    if columns == 80:
        seen("page", someone.screen.text)
    assert someone.selected == "Write the wrapper"
    assert someone.press(ENTER).screen.exit_code() == 0
    assert someone.pressed <= 8
    assert recorded(tmp_path)["service_id"] == "my-service"
    assert "make check\n" in someone.screen.text
    assert "`make check` finds" in someone.screen.text


def test_three_volumes_are_added_one_is_changed_one_removed(person: Start, tmp_path: Path) -> None:
    someone = person(*READY, "-d", "volumes={main: /data}").on_page()
    someone.open("volumes")
    for name, path in (("db", "/db"), ("logs", "/logs"), ("cache", "/cache")):
        someone.open("Add an item", "volumes, name of the item").press(name, ENTER).sees(f"volumes.{name}")
        someone.press(path, ENTER).on("volumes\n", "rename").sees(path)
    someone.open("db", "volumes.db").press(END, "-2", ENTER).on("volumes\n", "rename").sees("/db-2")
    someone.select("logs", UP).press(DELETE)
    # The lines below move up one by one.
    someone.until(lambda: "logs" not in someone.screen.text and someone.screen.text.count("Add an item") == 1)
    seen("page-volumes", someone.screen.text)
    someone.press(ESC).on_page().select("Write", UP).press(ENTER)
    assert someone.screen.exit_code() == 0
    assert recorded(tmp_path)["volumes"] == {"main": "/data", "db": "/db-2", "cache": "/cache"}


def test_esc_leads_back_from_each_kind_of_editor(person: Start) -> None:
    someone = person(*READY, "-d", "advanced=true").on_page()

    def is_selected(name: str) -> bool:
        return someone.selected.strip().startswith(name)

    for name in ("title", "ui_port", "license", "advanced", "volumes"):
        someone.open(name).press(ESC).on_page().until(partial(is_selected, name))
    for topic, name in (
        ("+ The image", "arches"), ("+ What the entrypoint", "directories"), ("+ How the container", "container"),
    ):  # fmt: skip
        someone.select(topic).press(ENTER).sees("- " + topic[2:]).open(name).press(ESC).on_page()
        someone.until(partial(is_selected, name))


def test_a_refused_value_keeps_its_text_and_is_corrected(person: Start, tmp_path: Path) -> None:
    someone = person(*READY).on_page().open("title")
    someone.press(CLEAR, "Hello Wörld 汉字汉字汉字汉字汉字").sees("use at most 29 bytes")
    someone.press(ENTER).sees("use at most 29 bytes")
    seen("page-refused", someone.screen.text)
    someone.press(BACKSPACE * 6)
    someone.until(lambda: "use at most" not in someone.screen.text)
    someone.press(ENTER).on_page().sees("Hello Wörld 汉字", "you").select("Write", UP).press(ENTER)
    assert someone.screen.exit_code() == 0
    assert recorded(tmp_path)["title"] == "Hello Wörld 汉字汉字"


def test_pasted_text_replaces_the_proposed_one_and_ctrl_u_removes_it(person: Start) -> None:
    someone = person(*READY, "-d", "title=Old").on_page().open("title")
    someone.press(pasted("Tides\r\n")).sees("> Tides")
    assert "Old" not in someone.screen.text
    someone.press(pasted(" and\r\nEbbs")).sees("  Ebbs")
    someone.press(ESC).on_page().open("title").sees("> Old").press(CLEAR)
    someone.until(lambda: "Old" not in someone.screen.text)
    someone.press(ESC).on_page().open("title").sees("> Old").press("\x05", "er").sees("> Older")
    # In a menu, a paste is no key: `w` would write the wrapper.
    someone.press(ESC).on_page().press(pasted("w")).open("license")


def test_questions_come_and_go_with_other_answers(person: Start) -> None:
    someone = person(*READY).on_page().open("source").select("upstream").press(ENTER)
    someone.on_page().sees("upstream_ref", "v0.1.0")
    someone.open("base").select("alpine").press(ENTER).on_page().sees("packages")
    assert "upstream_ref" not in someone.screen.text


def test_ctrl_c_keeps_the_answers_and_data_file_goes_on(person: Start, tmp_path: Path) -> None:
    someone = person(*READY).on_page().open("title").press(CLEAR, "Tides", ENTER).on_page().open("license")
    someone.press(CTRL_C).sees("Leave without writing the wrapper?")
    seen("page-leave", someone.screen.text)
    someone.press(ENTER)
    assert someone.screen.exit_code() == 130
    command = "startos-wrapper new my-service --data-file my-service-answers.yml"
    assert command in someone.screen.text
    assert not (tmp_path / "my-service").exists()
    other = person("--data-file", "my-service-answers.yml").on_page().sees("Tides")
    assert re.search(r"title +Tides +my-service-answers.yml", other.screen.text)


def test_after_ctrl_c_typing_goes_on(person: Start) -> None:
    someone = person(*READY).on_page().open("title").press(CLEAR, "Tid").sees("> Tid")
    someone.press(CTRL_C).sees("Leave without", "What you're typing for title").press(DOWN, DOWN).sees("> Go on")
    someone.press(ENTER).on("title\n", "Enter done").sees("> Tid").press("es", ENTER).on_page()
    someone.until(lambda: re.search(r"title +Tides +you", someone.screen.text) is not None)


@pytest.mark.parametrize("keys", [(ENTER,) * count for count in range(5)])
def test_ctrl_c_twice_leaves_from_everywhere(keys: tuple[str, ...], person: Start, tmp_path: Path) -> None:
    someone = person().sees("> 0.3.5")
    for key, text in zip(keys, ("service_id", "golang", "starter", "Write the wrapper"), strict=False):
        someone.press(key).sees(text)
    someone.press(CTRL_C)
    if keys:
        someone.sees("Leave without").press(CTRL_C)
    assert someone.screen.exit_code() == 130
    assert "Cancelled. Nothing was written." in someone.screen.text
    assert list(tmp_path.iterdir()) == []


def test_without_colors_only_bold_is_left(person: Start) -> None:
    someone = person(*READY, NO_COLOR="1").on_page()
    styles = set(re.findall(r"\x1b\[([0-9;]*)m", someone.screen.raw))
    assert "0;1" in styles
    assert styles <= {"", "0", "0;1"}


def test_a_page_and_a_text_are_drawn_again_after_a_resize(person: Start) -> None:
    someone = person(*READY, "-d", "short_description=" + "word " * 25 + "end").on_page()
    someone.screen.resize(50, 14)
    someone.until(lambda: someone.screen.text.startswith("New wrapper") and "more below" in someone.screen.text)
    someone.open("short_descrip", "short_description")
    someone.screen.resize(120, 44)
    someone.sees("word " * 20)
    someone.press(ESC).on_page().sees("Ports and mounts")


def test_thirty_volumes_can_all_be_reached(person: Start) -> None:
    volumes = ", ".join(f"v{chr(97 + at // 26)}{chr(97 + at % 26)}: /data/{at}" for at in range(30))
    someone = person(*READY, "-d", f"volumes={{{volumes}}}").on_page().open("volumes")
    someone.press(END).sees("vbd", "> Done").press(UP, UP).sees("> vbd").press(ENTER).sees("volumes.vbd")


def test_a_signal_puts_the_terminal_back(person: Start) -> None:
    someone = person(*READY).on_page()
    someone.screen.kill(signal.SIGTERM)
    assert someone.screen.exit_code() == 130
    assert "Cancelled. Nothing was written." in someone.screen.text
    assert "\x1b[?1049l" in someone.screen.raw


def test_ctrl_z_suspends_until_fg(person: Start) -> None:
    someone = person(*READY, in_shell=True, PS1="$ ").on_page()
    someone.press(CTRL_Z).sees("Stopped").press("fg", ENTER).on_page()
    someone.open("title").press(CLEAR, "Tid", CTRL_Z).sees("Stopped").press("fg", ENTER).on("title\n", "Enter done")
    someone.press("es", ENTER).on_page()
    someone.until(lambda: re.search(r"title +Tides +you", someone.screen.text) is not None)


def test_what_is_typed_before_the_first_question_answers_nothing(person: Start) -> None:
    someone = person().press("tides", ENTER, ENTER).sees("> 0.3.5").press(ENTER).sees("service_id", "> my-service")
    someone.press(ENTER).sees("golang").press(ENTER).sees("starter").press(ENTER).on_page()
    assert re.search(r"service_id +my-service +you", someone.screen.text)


def test_a_dumb_terminal_gets_copiers_prompts(person: Start) -> None:
    someone = person(TERM="dumb").sees("What's the service's id?")
    assert "\x1b[?1049h" not in someone.screen.raw


@pytest.mark.parametrize("arguments", [(), ("--template", str(ROOT), "--vcs-ref", "HEAD")], ids=["ours", "other"])
def test_with_the_output_in_a_file_nobody_types_blindly(
    arguments: tuple[str, ...], person: Start, tmp_path: Path
) -> None:
    someone = person(*arguments, redirected="out.txt")
    assert someone.screen.exit_code() == 1
    assert "can't ask questions" in someone.screen.text
    assert "--defaults" in someone.screen.text
    assert (tmp_path / "out.txt").read_text("utf-8") == ""
    assert not (tmp_path / "my-service").exists()
