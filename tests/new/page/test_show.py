"""The terminal is put back, whatever ends the page."""

import io

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import Renderer

from startos_wrapper.new.show import show
from tests.new.page.person import HELLO, page_of

ENTERS, LEAVES = "\x1b[?1049h", "\x1b[?1049l"


def test_a_signal_during_the_first_drawing_leaves_no_page_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Renderer.render

    def draw(*arguments: object, **more: object) -> None:
        drawn(*arguments, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(Renderer, "render", draw)
    printed = io.StringIO()
    output = Vt100_Output(printed, lambda: Size(24, 80), term="xterm")
    with create_pipe_input() as keys, create_app_session(keys, output), pytest.raises(KeyboardInterrupt):
        show(page_of(HELLO).flow())
    assert ENTERS in printed.getvalue()
    assert printed.getvalue().rpartition(ENTERS)[2].count(LEAVES) == 1
