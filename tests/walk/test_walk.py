"""Type what README.md says, command by command, and what each command says to type next."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from startos_wrapper.rendering import Template
from tests.adopt import services
from tests.support.tools import ROOT
from tests.update.releases import git
from tests.walk.conftest import NEXT, Start
from tests.walk.machine import ADDRESS, Terminal, wide
from tests.walk.picture import PICTURES, Picture

Publish = Callable[[], None]
SCREENS = Path(__file__).parent / "screens"
ENTER, BACKSPACE, CLEAR = "\r", "\x7f", "\x15"
# Typed elsewhere, because they need a Docker engine and start-sdk: tests/images, tests/rehearse.
IMAGES = {"make images", "make rehearse", "make"}


def commands(heading: str) -> list[str]:
    """Return the commands below a heading of README.md, up to the next heading, without comments."""
    found: list[str] = []
    inside = code = False
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            code = line == "```sh"
        elif line.startswith("#") and not code:
            inside = line.lstrip("#").strip() == heading
        elif inside and code:
            found.append(re.sub(r"\s+#.*", "", line))
    return found


def recorded(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load((folder / ".copier-answers.yml").read_text(encoding="utf-8"))
    return loaded


def seen(name: str, text: str) -> None:
    """Compare a screen with the stored one. Set the variable SCREENS to store it instead."""
    text = re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text.rstrip()) + "\n"
    text = re.sub(r"startos\.mk:\d+", "startos.mk:LINE", text)
    path = SCREENS / f"{name}.txt"
    if os.environ.get("SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
    # Copier's prompts show one line of an error, and begin it with these words.
    assert [line for line in wide(text) if not line.startswith("Validation error for question")] == []


def next_steps(screen: str) -> list[str]:
    """Return the commands that a screen says to type: the indented lines below "Next:"."""
    lines = screen.partition("Next:\n")[2].lstrip("\n").splitlines()
    return [line.strip() for line in lines[: lines.index("")]]


def answer(terminal: Terminal, name: str) -> None:
    """Answer Copier's prompts: the first with a mistake, and all others with their defaults."""
    template = Template()
    first, *others = [
        template.questions[each]["help"].splitlines()[0]
        for each in template.ask({"service_id": "hello-world"}).recorded
    ]
    mistake(terminal, name, first)
    for prompt in others:
        terminal.screen.wait_for(prompt)
        terminal.screen.send(ENTER)


def answer_page(terminal: Terminal, name: str) -> None:
    """Answer what `new` asks: the id with a mistake, and all others with their defaults. Then write the wrapper."""
    terminal.screen.wait_for("> 0.3.5")
    terminal.screen.send(ENTER)
    mistake(terminal, name, "service_id")
    for text in ("golang", "starter", "Write the wrapper"):
        terminal.screen.wait_for(f"> {text}")
        terminal.screen.send(ENTER)


def mistake(terminal: Terminal, name: str, prompt: str) -> None:
    """Answer the question for the id with a digit, then correct it."""
    terminal.screen.wait_for(prompt)
    terminal.screen.send(CLEAR + "hello2" + ENTER)
    terminal.screen.wait_for("single hyphens")
    seen(f"{name}-wrong", terminal.screen.text)
    terminal.screen.send(BACKSPACE + "-world" + ENTER)


def test_with_pipx(start: Start, installers: Path, publish: Publish) -> None:
    """Install the command, answer the questions, type what's next, and the day after: update, undo, manage."""
    with start(installers) as terminal:
        for command in commands("Install"):
            terminal.run(command)
        new, cd, *rest = commands("Create a wrapper")
        terminal.start(new)
        answer_page(terminal, "new")
        screen = terminal.finish()
        seen("new", screen)
        # make rehearse makes the images that it needs.
        assert next_steps(screen) == [cd, *(step for step in rest[:5] if step != "make images")]
        for step in [cd, *(step for step in rest[:5] if step not in IMAGES)]:
            screen = terminal.run(step)
        seen("make-check", screen)
        wrapper = terminal.home / "my-service"
        assert recorded(wrapper)["_src_path"] == ADDRESS
        # The rest doesn't ask anything.
        shutil.copy(ROOT / "docs" / "examples" / "lnd.yml", terminal.home / "answers.yml")
        leave, *others = rest[5:]
        terminal.run(leave)
        for command in others:
            seen(command.split()[-1], terminal.run(command))
        publish()
        terminal.run("cd my-service")
        update, undo, manage, *more = commands("Keep a wrapper up to date")
        assert more == []
        seen("update", terminal.run(update))
        assert recorded(wrapper)["_commit"] == f"v{NEXT}"
        seen("undo", terminal.run(undo))
        assert git(wrapper, "status", "--short") == ""
        seen("manage", screen := terminal.run(manage))
        (commit,) = [line.strip() for line in screen.splitlines() if line.startswith("  git ")]
        terminal.run(commit)


def test_a_conflict_and_the_way_back(start: Start, installers: Path, publish: Publish) -> None:
    """With uv. The author has changed a line that the next release changes, too."""
    with start(installers) as terminal:
        terminal.run(f"uv tool install git+{ADDRESS}")
        terminal.run("startos-wrapper new --quiet --defaults --data service_id=hello-world w && cd w")
        terminal.run('git init && git add . && git commit -m "New wrapper"')
        seen("update-nothing", terminal.run("startos-wrapper update"))
        terminal.run("sed -i 's/^## Build$/## How to build/' README.md && git commit -am Mine")
        publish()
        seen("update-conflict", terminal.run("startos-wrapper update", status=1))
        terminal.run("startos-wrapper check --select E", status=1)
        seen("undo-conflict", terminal.run("startos-wrapper undo"))
        assert git(terminal.home / "w", "status", "--short") == ""
        # The colleague, on another machine.
        terminal.run("uv tool uninstall startos-wrapper && git clone . ../colleague && cd ../colleague")
        terminal.run("make check")
        terminal.run(
            "uvx --from git+$(sed -n 's/^_src_path: //p' .copier-answers.yml) startos-wrapper update", status=1
        )


def test_with_a_wheel_and_no_network(start: Start, installers: Path, server: Path, wheel: Path) -> None:
    """Everything but the address of the template is in the wheel, and the command says how to add it."""
    with start(installers) as terminal:
        terminal.run(f"uv tool install {wheel}")
        server.rename(server.with_name("unreachable"))
        terminal.start("startos-wrapper new my-service")
        answer_page(terminal, "wheel-new")
        seen("wheel-new", screen := terminal.finish())
        assert "_src_path" not in recorded(terminal.home / "my-service")
        for step in next_steps(screen):
            if step not in IMAGES:
                terminal.run(step)
        terminal.run("startos-wrapper update", status=1)
        terminal.run(f"startos-wrapper manage --template {ADDRESS}")
        terminal.run("git commit -am Address")
        assert "can't read the template" in terminal.run("startos-wrapper update", status=2)


def test_from_a_clone(start: Start) -> None:
    """With Python, git and make only. `make check` then needs the command on the PATH, as README.md says."""
    with start() as terminal:
        clone, cd, new, path, inside = commands("From a clone")
        for command in (clone, cd):
            terminal.run(command)
        terminal.start(new)
        answer_page(terminal, "make-new")
        seen("make-new", terminal.finish())
        for command in (path, inside, 'git init && git add . && git commit -m "New wrapper"', "make check"):
            screen = terminal.run(command)
        seen("make-check", screen)
        assert recorded(terminal.home / "my-service")["_src_path"] == ADDRESS


def test_with_copier(start: Start, installers: Path, publish: Publish) -> None:
    """From the address, and from a relative path: both can be updated."""
    with start(installers) as terminal:
        terminal.run("uv tool install copier")
        (copy,) = commands("With Copier")
        terminal.start(copy)
        answer(terminal, "copier-copy")
        seen("copier-copy", terminal.finish())
        assert recorded(terminal.home / "my-service")["_src_path"] == ADDRESS
        terminal.run(f"git clone {ADDRESS} template && cd template")
        terminal.run("copier copy --defaults --data service_id=hello-world . ../other")
        assert recorded(terminal.home / "other")["_src_path"] == str(terminal.home / "template")
        for folder in ("my-service", "other"):
            terminal.run(f'cd ~/{folder} && git init && git add . && git commit -m "New wrapper"')
            # The command isn't installed: uvx gets it from the recorded address.
            # Only this machine has the folder that the other one records.
            assert ("W819" in terminal.run("make check")) == (folder == "other")
            terminal.run("copier update --defaults")
        publish()
        terminal.run("git -C ~/template fetch --tags")
        for folder in ("my-service", "other"):
            terminal.run(f"cd ~/{folder}")
            terminal.run("copier update --defaults")
            assert recorded(terminal.home / folder)["_commit"] == f"v{NEXT}"


@pytest.mark.parametrize("installer", ["pipx", "uvx"])
def test_a_colleague_checks_with_whatever_they_have(
    start: Start, installers: Path, tmp_path: Path, installer: str
) -> None:
    only = tmp_path / "only"
    only.mkdir()
    (only / installer).symlink_to(installers / installer)
    with start(only, installers) as terminal:
        terminal.run("uv tool install copier")
        terminal.run(f"copier copy --quiet --defaults --data service_id=hello-world {ADDRESS} w && cd w")
        terminal.run('git init && git add . && git commit -m "New wrapper"')
    with start(only) as terminal:
        assert "no findings" in terminal.run("cd w && make check")


def test_a_colleague_without_anything_learns_what_to_install(start: Start, installers: Path) -> None:
    with start(installers) as terminal:
        terminal.run("uv tool install copier")
        terminal.run(f"copier copy --quiet --defaults --data service_id=hello-world {ADDRESS} w")
    with start() as terminal:
        terminal.run("cd w && git init && git add . && git commit -m x")
        seen("make-check-missing", terminal.run("make check", status=2))


def test_adopt_in_a_clone_without_tags(start: Start, installers: Path, server: Path) -> None:
    """What `adopt` records is what Copier finds."""
    for tag in git(server, "tag").split():
        git(server, "tag", "-d", tag)
    with start(installers) as terminal:
        services.write(terminal.home / "old")
        terminal.run("uv tool install copier")
        terminal.run(f"git clone {ADDRESS} && cd startos-wrapper && make .venv/installed")
        terminal.run('export PATH="$PWD/.venv/bin:$PATH" && cd ../old')
        seen("adopt", screen := terminal.run("startos-wrapper adopt"))
        steps = [line.strip() for line in screen.splitlines() if line.startswith("  git ")]
        for step in steps:
            terminal.run(step)
        terminal.run("copier update --defaults")
        assert git(terminal.home / "old", "status", "--short") == ""


@pytest.mark.parametrize("picture", PICTURES, ids=lambda each: each.path.stem)
def test_a_picture_in_the_readme_is_of_a_stored_screen(picture: Picture) -> None:
    assert picture.path.read_text(encoding="utf-8") == picture.drawn(), "run `make docs`"
    assert f"({picture.path.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")
