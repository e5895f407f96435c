"""A person at the page: reads the view, and presses keys. It uses the same flow as the terminal."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from startos_wrapper.new.page import Left, Page
from startos_wrapper.new.page_state import Given, PageState
from startos_wrapper.new.same_again import Again
from startos_wrapper.new.upstream.proposal import Proposal
from startos_wrapper.new.views import BACK, ENTER, Flow, Input, Interrupted, Line, Menu, Pressed
from startos_wrapper.rendering import Template

HELLO = {"service_id": "hello-world", "startos": "0.3.5", "base": "golang", "source": "starter"}


class Person:
    """Drives a flow. `result` is what it returned, or None as long as it goes on."""

    def __init__(self, flow: Flow[Any]) -> None:
        self._flow = flow
        self.result: Any = None
        self.view: Any = next(flow)

    @property
    def menu(self) -> Menu:
        assert isinstance(self.view, Menu), self.view
        return self.view

    @property
    def input(self) -> Input:
        assert isinstance(self.view, Input), self.view
        return self.view

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.menu.lines if line.key is not None]

    def line(self, text: str) -> Line:
        """Return the line with a text, or else the first one that begins with it."""
        lines = [line for line in self.menu.lines if line.key is not None]
        found = [line for line in lines if line.text == text]
        found += [line for line in lines if line.text.removeprefix("+ ").removeprefix("- ").startswith(text)]
        assert found, f"{text} isn't in {self.texts}"
        return found[0]

    def press(self, text: str | None = None, key: str = ENTER) -> "Person":
        """Press a key on the line that begins with a text, or on the one that's selected."""
        line = self.menu.lines[self.menu.start] if text is None else self.line(text)
        return self._send(Pressed(line.key, key))

    def type(self, text: str) -> "Person":
        """Type a text instead of the one that's there, and press Enter."""
        assert self.input.check(text) == ""
        return self._send(text)

    def refused(self, text: str) -> str:
        """Return what's wrong with a text."""
        return self.input.check(text)

    def back(self) -> "Person":
        return self._send(BACK)

    def interrupt(self, text: str | None = None) -> "Person":
        """Press Ctrl-C, after typing a text instead of the one that's there."""
        view = self.view if text is None else replace(self.input, text=text, is_typed=True)
        return self._go(lambda: self._flow.throw(Interrupted(view)))

    def _send(self, reply: Any) -> "Person":
        return self._go(lambda: self._flow.send(reply))

    def _go(self, step: Any) -> "Person":
        try:
            self.view = step()
        except StopIteration as end:
            self.view, self.result = None, end.value
        return self


def state_of(given: Mapping[str, Any] | None = None, dest: Path = Path("my-service")) -> PageState:
    return PageState(Template(dest), {name: Given(value, "-d", passed=True) for name, value in (given or {}).items()})


def page_of(
    given: Mapping[str, Any] | None = None, proposal: Proposal | None = None, dest: Path = Path("my-service")
) -> Page:
    """Return a page with some answers, as if they were passed."""
    return Page(state_of(given, dest), Again(dest), proposal)


def at_the_page(given: Mapping[str, Any] | None = None, **more: Any) -> tuple[Person, PageState]:
    """Return a person who sees the page, with the id, base and source answered."""
    page = page_of({**HELLO, **(given or {})}, **more)
    return Person(page.flow()), page.state


WRITTEN = Left(write=True)
