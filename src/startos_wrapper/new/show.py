"""Show the views of a flow on the terminal, with prompt_toolkit."""

import termios
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    DynamicContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.styles import Style

from startos_wrapper.new.drawing import Cursor, Row, draw_head, draw_menu, wrapped
from startos_wrapper.new.views import BACK, DELETE, ENTER, Flow, Input, Interrupted, Menu, Pressed, View

T = TypeVar("T")
# Seconds after which Esc counts as a key. Until then, it may begin an arrow key, or Alt and a letter.
_ESCAPE = 0.05
_STYLE = Style.from_dict(
    {
        "title": "bold",
        "pointed": "bold ansicyan",
        "fault": "bold ansired",
        "origin": "ansigreen",
        "note": "",
        "keys": "ansiblue",
        "placeholder": "ansiblue",
    }
)
# Keys that remove text. prompt_toolkit doesn't bind them while something is selected.
_REMOVING = ("delete", "c-d", "c-h", "c-k", "c-u", "c-w")
# Keys that move the cursor, and would leave a part selected.
_MOVING = ("c-a", "c-b", "c-e", "c-f")
_INPUT_KEYS = "Enter done  Ctrl-J new line  Esc back  Ctrl-C leave"


def show(flow: Flow[T]) -> T:
    """Show the views of a flow until it ends, and return its result.

    Raises: KeyboardInterrupt if the flow lets it pass, and EOFError if the terminal goes away.
    """
    return _Screen(flow).run()  # type: ignore[no-any-return]


class _Screen:
    """The terminal, with the view that a flow shows now."""

    def __init__(self, flow: Flow[Any]) -> None:
        self._flow = flow
        self._view: View = next(flow)
        self._cursor = Cursor(0)
        # Enter was pressed on a text that's wrong.
        self._insists = False
        self._checked: tuple[str, str] | None = None
        self._buffer = Buffer(multiline=True)
        self._menu = Window(FormattedTextControl(self._drawn, focusable=True, show_cursor=False), wrap_lines=False)
        self._input = Window(
            BufferControl(self._buffer), wrap_lines=True, dont_extend_height=True, get_line_prefix=_prefix
        )
        self._form = self._make_form()
        self._app: Application[Any] = Application(
            Layout(DynamicContainer(lambda: self._menu if isinstance(self._view, Menu) else self._form)),
            key_bindings=self._bindings(),
            style=_STYLE,
            full_screen=True,
            erase_when_done=True,
            enable_page_navigation_bindings=False,
        )
        self._app.ttimeoutlen = self._app.timeoutlen = _ESCAPE

    def run(self) -> Any:
        """Show the first view, and all others that follow. Return the flow's result."""
        self._enter(self._view)
        with self._app.input.raw_mode():
            self._forget_keys()
            try:
                return self._app.run()
            finally:
                # prompt_toolkit leaves the terminal as it is if a signal arrives while it draws the first view.
                self._app.renderer.reset()

    def _forget_keys(self) -> None:
        """Drop what was typed before there was anything to answer. An Enter of then would arrive as a line break."""
        # Standard input may be something else than a terminal.
        with suppress(termios.error, OSError):
            termios.tcflush(self._app.input.fileno(), termios.TCIFLUSH)

    # ---- What happens ---------------------------------------------------------------------------------------------

    def _reply(self, reply: Any) -> None:
        self._advance(lambda: self._flow.send(reply))

    def _interrupt(self) -> None:
        view = self._view
        if isinstance(view, Menu):
            view = replace(view, at=view.lines[self._cursor.line].key)
        elif self._buffer.text != view.text:
            view = replace(view, text=self._buffer.text, is_typed=True)
        self._advance(lambda: self._flow.throw(Interrupted(view)))

    def _advance(self, step: Any) -> None:
        """Go on with the flow. What it raises ends the application, because prompt_toolkit would only print it."""
        try:
            self._enter(step())
        except StopIteration as end:
            self._app.exit(result=end.value)
        except BaseException as error:
            self._app.exit(exception=error)

    def _enter(self, view: View) -> None:
        self._view, self._insists, self._checked = view, False, None
        if isinstance(view, Menu):
            self._cursor = Cursor(view.start, self._cursor.top)
            self._app.layout.focus(self._menu)
        else:
            self._buffer.reset(Document(view.text))
            if not view.is_typed:
                self._select_all()
            self._app.layout.focus(self._input)

    def _select_all(self) -> None:
        """Select a proposed line, so that typing replaces it and an arrow key edits it."""
        if self._buffer.text and "\n" not in self._buffer.text:
            self._buffer.cursor_position = 0
            self._buffer.start_selection()
            assert self._buffer.selection_state
            self._buffer.selection_state.enter_shift_mode()
            self._buffer.cursor_position = len(self._buffer.text)

    # ---- What's drawn ---------------------------------------------------------------------------------------------

    @property
    def _size(self) -> tuple[int, int]:
        size = self._app.output.get_size()
        return size.columns, size.rows

    def _drawn(self) -> StyleAndTextTuples:
        if not isinstance(self._view, Menu):
            return []
        return _joined(draw_menu(self._view, self._cursor, *self._size))

    def _make_form(self) -> HSplit:
        def head() -> StyleAndTextTuples:
            return _joined(draw_head(self._view, *self._size))

        def below() -> StyleAndTextTuples:
            fault = self._fault() if self._insists or self._buffer.text else ""
            return [("class:fault", "\n".join(["", *wrapped(fault, self._size[0])]))]

        def placeholder() -> StyleAndTextTuples:
            return [("class:placeholder", f"  e.g. {getattr(self._view, 'placeholder', '')}")]

        is_empty = Condition(lambda: not self._buffer.text and bool(getattr(self._view, "placeholder", "")))
        hint = ConditionalContainer(Window(FormattedTextControl(placeholder), height=1), is_empty)
        return HSplit(
            [
                Window(FormattedTextControl(head), dont_extend_height=True),
                self._input,
                hint,
                Window(FormattedTextControl(below)),
                Window(FormattedTextControl([("class:keys", _INPUT_KEYS)]), height=1),
            ]
        )

    def _fault(self) -> str:
        """Return what's wrong with the text. Drawing needs it more often than it changes."""
        assert isinstance(self._view, Input)
        text = self._buffer.text
        if self._checked is None or self._checked[0] != text:
            self._checked = (text, self._view.check(text))
        return self._checked[1]

    # ---- Keys -----------------------------------------------------------------------------------------------------

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()
        in_menu = Condition(lambda: isinstance(self._view, Menu))
        for names, steps in ((("up", "k", "c-p"), -1), (("down", "j", "c-n"), 1)):
            for name in names:
                keys.add(name, filter=in_menu)(lambda _, steps=steps: self._move(steps))
        for name, screens in (("pageup", -1), ("pagedown", 1), ("home", -100), ("end", 100)):
            keys.add(name, filter=in_menu)(lambda _, screens=screens: self._move(screens * max(self._size[1] - 6, 2)))
        keys.add("escape")(lambda _: self._reply(BACK))
        keys.add("c-c", eager=True)(lambda _: self._interrupt())
        keys.add("<sigint>")(lambda _: self._interrupt())
        # Without this, prompt_toolkit would insert it.
        keys.add("c-z", eager=True)(lambda event: event.app.suspend_to_background())
        keys.add("enter", filter=in_menu)(lambda _: self._press(ENTER))
        keys.add("enter", filter=~in_menu)(lambda _: self._done())
        keys.add("c-j", filter=~in_menu)(lambda _: self._insert("\n"))
        keys.add("<bracketed-paste>")(lambda event: self._paste(event.data))
        selected = Condition(lambda: self._buffer.selection_state is not None)
        for name in _REMOVING:
            keys.add(name, filter=~in_menu & selected)(lambda _: self._buffer.cut_selection())
        for name in _MOVING:
            keys.add(name, filter=~in_menu & selected)(self._deselect)
        for name in (DELETE, "backspace"):
            keys.add(name, filter=in_menu)(lambda _: self._press(DELETE))
        keys.add("<any>", filter=in_menu)(self._other)
        return keys

    def _other(self, event: KeyPressEvent) -> None:
        self._press(event.data)

    def _deselect(self, event: KeyPressEvent) -> None:
        """Select nothing anymore, as prompt_toolkit does for an arrow key, and do what the key does then."""
        self._buffer.exit_selection()
        event.key_processor.feed(event.key_sequence[0], first=True)

    def _paste(self, text: str) -> None:
        """Insert what was pasted. In a menu, it would be keys that nobody pressed."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if isinstance(self._view, Input):
            # A line that was copied often ends in a line break, which isn't part of the value.
            self._insert(text.removesuffix("\n") if text.count("\n") == 1 else text)

    def _insert(self, text: str) -> None:
        """Insert text instead of what's selected."""
        if self._buffer.selection_state:
            self._buffer.cut_selection()
        self._buffer.insert_text(text)

    def _move(self, steps: int) -> None:
        assert isinstance(self._view, Menu)
        self._cursor.move(self._view, steps)

    def _press(self, key: str) -> None:
        assert isinstance(self._view, Menu)
        if key == ENTER or key in self._view.keys:
            self._reply(Pressed(self._view.lines[self._cursor.line].key, key))

    def _done(self) -> None:
        self._insists = True
        if not self._fault():
            self._reply(self._buffer.text)


def _prefix(line: int, wrap: int) -> str:
    return "  " if line or wrap else "> "


def _joined(rows: list[Row]) -> StyleAndTextTuples:
    fragments: StyleAndTextTuples = []
    for number, row in enumerate(rows):
        fragments += [("", "\n")] if number else []
        fragments += row
    return fragments
