"""A whole life, with an update from a git tag, looks as in the picture in README.md."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from startos_wrapper import cli
from startos_wrapper.rehearse import rehearsal
from tests.images.engine import Engine
from tests.images.wrappers import Render, Wrapper
from tests.rehearse.lives import FAST, life_of
from tests.support.screen import Screen

STORED = Path(__file__).parent / "screens" / "rehearse.txt"
COMMAND = "startos-wrapper rehearse --from v0.1.0"
ANSWERS = {"base": "alpine", "arches": [os.uname().machine], "config": "compat"}
PROMPT = "$"


def _on_a_terminal(folder: Path) -> str:
    """Return the screen after the command, at StartOS's pace."""
    path = f"PATH={Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    screen = Screen("env", "-C", str(folder), path, f"PS1={PROMPT} ", "bash", "--noprofile", "--norc", "-i")
    try:
        screen.wait_for_end(PROMPT)
        screen.clear()
        screen.send(f"{COMMAND}\r")
        screen.wait_for_end(PROMPT)
        return f"{screen.text.rstrip()}\n"
    finally:
        screen.close()


def _form(text: str) -> list[str]:
    """Return the lines without what differs from run to run."""
    text = re.sub(r"[\d.]+ s\b|\d+ min \d+ s\b", "TIME", text)
    return [" ".join(line.split()) for line in re.sub(r"\b(x86_64|aarch64)\b", "PROCESSOR", text).splitlines()]


def test_a_whole_life_prints_what_the_picture_shows(
    engine: Engine,
    render: Render,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Set the variable SCREENS to store the screen of a run at StartOS's pace."""
    wrapper = Wrapper(render(ANSWERS), engine)
    subprocess.run(["git", "tag", "v0.1.0"], cwd=wrapper.folder, check=True)
    manifest = wrapper.folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace('version: "0.1.0"', 'version: "0.2.0"'))
    wrapper.make("images")
    with life_of(wrapper, engine, tmp_path) as life:
        if os.environ.get("SCREENS"):
            STORED.write_text(_on_a_terminal(wrapper.folder))
        monkeypatch.chdir(wrapper.folder)
        monkeypatch.setattr(rehearsal, "Settings", partial(rehearsal.Settings, pace=FAST))
        capfdbinary.readouterr()
        assert cli.main(COMMAND.split()[1:]) == 0
        printed = capfdbinary.readouterr().out.decode()
        assert life.left() == []
    stored = STORED.read_text().splitlines()
    assert stored[0] == COMMAND and stored[-1] == PROMPT
    assert _form(printed) == _form("\n".join(stored[1:-1]))
