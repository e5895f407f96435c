"""The lines of the page: the answers, the advanced ones by topic, what's left to do, and what will be written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.data import load
from startos_wrapper.new.editors.spot import flow
from startos_wrapper.new.page_state import PageState
from startos_wrapper.new.preview import files, picture
from startos_wrapper.new.same_again import Again
from startos_wrapper.new.upstream.proposal import LISTS, Leftover, Proposal
from startos_wrapper.new.views import Line
from startos_wrapper.question_docs import sections
from startos_wrapper.terminal import printable

WRITE, KEEP, TODO = "write", "keep", "todo"
# An answer as an option in the advice of a proposal: its name, its value, and whether another one follows.
_OPTION = re.compile(r"-d (?:'(\w+)=([^']*)'|(\w+)=(\{[^}]*\}|[^\s,;]+))( (?=-d ))?")
# An answer that the advice only names.
_ANSWER = re.compile(r"\banswer (\w+)")
_DEFAULT, _GUESS = "default", "a guess"
_FILES, _PICTURE, _AGAIN = "files", "picture", "again"


@dataclass
class Folds:
    """Which parts of the page are unfolded, by the keys of their lines."""

    opened: set[Any] = field(default_factory=lambda: {("fold", _PICTURE)})
    is_new: bool = True

    def open_given(self, state: PageState) -> None:
        """At first, unfold the topics with an answer that was passed or proposed."""
        if self.is_new:
            self.opened |= {("fold", sections()[name]) for name in state.applied if state.is_folded(name)}
        self.is_new = False

    def toggle(self, key: Any) -> None:
        """Fold an unfolded part, or the other way around."""
        self.opened ^= {key}


def page_lines(state: PageState, proposal: Proposal | None, again: Again, folds: Folds) -> Iterator[Line]:
    """Yield the lines of the page, from top to bottom."""
    faults = [name for name in state.faults if name in state.shown]
    count = f"{len(faults)} answer{'s' * (len(faults) > 1)} to correct first" if faults else ""
    names = files(state.template, state.looked)
    yield Line(
        WRITE,
        f"Write the {state.made}",
        fault=count,
        note=f"{len(names)} files in {printable(str(again.dest))}",
        enter="write",
    )
    yield Line()
    for name in state.shown:
        if not state.is_folded(name):
            yield _answer(state, name)
    yield from _topics(state, folds)
    if proposal:
        yield from _leftovers(proposal, state, folds)
    yield from _below(state, again, folds, names)


def _answer(state: PageState, name: str, depth: int = 0) -> Line:
    given = state.given.get(name)
    usual = "Copier's settings" if name in state.template.defaults else _GUESS if _is_guess(state, name) else _DEFAULT
    reason = state.reasons.get(name, "") if given is None else ""
    return Line(
        ("answer", name),
        name,
        flow(state.value(name)),
        given.origin if given else "" if name in state.looked.missing else usual,
        "\n".join(filter(None, (reason, state.template.questions[name]["help"]))),
        state.faults.get(name, ""),
        depth,
    )


def _is_guess(state: PageState, name: str) -> bool:
    """Return whether only an image can say what's right, and the default is a guess."""
    return "upstream_image" in state.looked.recorded and name in load("image_guesses")


def _topics(state: PageState, folds: Folds) -> Iterator[Line]:
    topics: dict[str, list[str]] = {}
    for name in state.shown:
        if state.is_folded(name):
            topics.setdefault(sections()[name], []).append(name)
    if topics:
        yield from _heading("Advanced answers")
    for title, names in topics.items():
        given = [name for name in names if name in state.given]
        wrong = [name for name in names if name in state.faults]
        key = ("fold", title)
        shut = key not in folds.opened and not wrong
        count = f"{len(given)} of {len(names)} given" if given else str(len(names))
        yield _fold(key, title, shut, count, ", ".join(names))
        if not shut:
            yield from (_answer(state, name, depth=1) for name in names)


def _leftovers(proposal: Proposal, state: PageState, folds: Folds) -> Iterator[Line]:
    lists = [
        (name, [(at, each) for at, each in enumerate(found) if not _is_answered(each, state)])
        for name, found in proposal.lists()
    ]
    if any(leftovers for _, leftovers in lists):
        yield from _heading(f"Not answers, in {printable(proposal.source)}")
    for name, leftovers in lists:
        if not leftovers:
            continue
        key = ("fold", name)
        yield _fold(key, LISTS[name], key not in folds.opened, str(len(leftovers)))
        if key in folds.opened:
            for at, each in leftovers:
                yield _leftover((TODO, name, _question(each, state), at), each)


def _leftover(key: tuple[str, str, str, int], leftover: Leftover) -> Line:
    # Here, an option is a line of the page.
    todo = _OPTION.sub(_in_line, leftover.todo)
    note = "\n".join(printable(text) for text in (leftover.why, todo) if text)
    return Line(
        key, printable(leftover.what), "", printable(leftover.place), note, depth=1, enter="answer" if key[2] else ""
    )


def _in_line(option: re.Match[str]) -> str:
    return f"{option[2] or option[4]} in the line {option[1] or option[3]}" + (", " if option[5] else "")


def _question(leftover: Leftover, state: PageState) -> str:
    """Return the question whose answer decides about a leftover, or ""."""
    option, answer = _OPTION.search(leftover.todo), _ANSWER.search(leftover.todo)
    names = ((option[1] or option[3]) if option else "", leftover.name, answer[1] if answer else "")
    return next((name for name in names if name in state.shown), "")


def _is_answered(leftover: Leftover, state: PageState) -> bool:
    """Return whether an answer was given that is about a leftover, or has it as a key."""
    value = state.given[name].value if (name := _question(leftover, state)) in state.given else None
    return leftover.name in state.given or (isinstance(value, dict) and leftover.name in value)


def _below(state: PageState, again: Again, folds: Folds, names: list[str]) -> Iterator[Line]:
    yield from _heading("What this makes")
    parts = (
        (_PICTURE, "Ports and mounts", "", picture(state.template, state.looked)),
        (_FILES, "Files", str(len(names)), names),
        (_AGAIN, "The same without questions", "", [again.command(state), "", *again.file_lines(state)]),
    )
    for part, title, count, texts in parts:
        key = ("fold", part)
        yield _fold(key, title, key not in folds.opened, count)
        if key in folds.opened:
            yield from (Line((part, at), printable(text) or " ", depth=1, enter="") for at, text in enumerate(texts))
    yield Line(KEEP, "Keep the answers in a file")


def _heading(text: str) -> Iterator[Line]:
    yield Line()
    yield Line(text=text, heading=True)


def _fold(key: Any, title: str, shut: bool, count: str, note: str = "") -> Line:
    return Line(key, f"{'+' if shut else '-'} {title}" + (f" ({count})" if count else ""), note=note)
