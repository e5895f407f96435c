"""What a terminal shows, and what a person does with it: plain data, so that a test can be the person.

The page and its editors are generators, see `Flow`. They yield what to show, and get back what the person did.
"""

from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
ENTER, DELETE, YAML, RENAME = "enter", "delete", "e", "r"


@dataclass(frozen=True)
class Line:
    """A line of a menu: a text, or a name with a value and where that came from.

    A line without a key can't be selected. `note` and `fault` are shown while the line is selected. `chosen` is for
    lines of which several can be chosen. `enter` says what Enter does if it isn't the same as on the menu's others.
    """

    key: Hashable = None
    text: str = ""
    value: str = ""
    origin: str = ""
    note: str = ""
    fault: str = ""
    depth: int = 0
    chosen: bool | None = None
    heading: bool = False
    enter: str | None = None


@dataclass(frozen=True)
class Menu:
    """Lines to choose from.

    `at` is the key of the line that's selected first. `keys` says what else can be pressed, and
    what it does, as `enter` does for Enter.
    """

    title: str
    lines: tuple[Line, ...]
    at: Hashable = None
    intro: str = ""
    fault: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    enter: str = "open"

    @property
    def start(self) -> int:
        """The number of the line that's selected first."""
        numbers = {line.key: number for number, line in reversed(list(enumerate(self.lines))) if line.key is not None}
        return numbers.get(self.at, min(numbers.values(), default=0))


@dataclass(frozen=True)
class Input:
    """A text to edit. `check` returns what's wrong with a text, or "".

    The text is selected, so that typing replaces it, unless it's one that the person was typing.
    """

    title: str
    text: str
    check: Callable[[str], str]
    intro: str = ""
    placeholder: str = ""
    is_typed: bool = False


@dataclass(frozen=True)
class Pressed:
    """A key that was pressed on a line of a menu. Enter on an input is the text."""

    line: Any
    key: str = ENTER


class Back:
    """Esc: the person goes back one step."""


BACK = Back()
View: TypeAlias = Menu | Input


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. `view` is what the person saw: with the text so far, or with the line that was selected."""

    def __init__(self, view: View) -> None:
        """Remember the view."""
        super().__init__()
        self.view = view


# Yields views, gets replies, and returns a result. Ctrl-C is an Interrupted at the `yield`.
Flow: TypeAlias = Generator[View, Any, T]
