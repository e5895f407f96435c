"""The page of `new`: ask what nobody can guess, then show every answer, until the wrapper is written or left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from startos_wrapper.new.editors.editing import edit
from startos_wrapper.new.editors.spot import MISSING, Spot
from startos_wrapper.new.page_lines import KEEP, TODO, WRITE, Folds, page_lines
from startos_wrapper.new.page_state import FIRST, Given, PageState
from startos_wrapper.new.same_again import Again
from startos_wrapper.new.upstream.proposal import Proposal
from startos_wrapper.new.views import BACK, DELETE, ENTER, Flow, Input, Interrupted, Line, Menu, View
from startos_wrapper.terminal import printable

_LEAVE, _GO_ON = "leave", "go on"
_WRITE_KEY = "w"


@dataclass(frozen=True)
class Left:
    """The end of a page: whether to write the wrapper, and the file with the answers if they were kept."""

    write: bool
    kept: Path | None = None


def proposed_answers(proposal: Proposal) -> dict[str, Given]:
    """Return the answers of a proposal, with their places."""
    return {name: Given(each.value, ", ".join(each.places)) for name, each in proposal.answers.items()}


@dataclass
class Page:
    """The answers so far, and where on the page the person is."""

    state: PageState
    again: Again
    proposal: Proposal | None = None
    propose: Callable[[Mapping[str, Any]], Proposal] | None = None
    folds: Folds = field(default_factory=Folds)
    at: Any = WRITE
    said: str = ""
    asked: list[str] = field(default_factory=list)

    def flow(self) -> Flow[Left]:
        """Show views until the person is done. Ctrl-C leads to the question whether to keep the answers, and back."""
        while True:
            left = yield from self._interruptible(self._answered())
            left = left or (yield from self._leave())
            if left:
                return left

    def _interruptible(self, within: Flow[Left | None]) -> Flow[Left | None]:
        """Show the views of a flow, which goes on where Ctrl-C interrupted it."""
        view = next(within)
        while True:
            try:
                reply = yield view
            except Interrupted as interrupted:
                view = interrupted.view
                left = yield from self._leave(view)
                if left:
                    return left
                continue
            try:
                view = within.send(reply)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def _answered(self) -> Flow[Left | None]:
        """Ask the first questions, then show the page. Esc goes back through both. Return None after the last one."""
        name = self._unasked()
        while True:
            if name is None:
                left = yield from self._page()
                if left:
                    return left
            elif (yield from edit(Spot(self.state, name))):
                self.asked.append(name)
                self._propose_again()
                name = self._unasked()
                continue
            if not self.asked:
                return None
            name = self.asked.pop()

    def _propose_again(self) -> None:
        """Take what follows from an answer to a first question, e.g. the version from the tag of an image."""
        if self.propose:
            self.proposal = self.propose(self.state.typed)
            self.state.propose(proposed_answers(self.proposal))
            self.state.suggest(self.proposal.drafts, self.proposal.reasons)

    def _unasked(self) -> str | None:
        """Return the next question to ask before the page can be shown."""
        looked = self.state.looked
        first = (name for name in FIRST if name in looked.recorded or name in self.state.shown)
        for name in chain(first, looked.missing):
            if name not in self.asked and (name not in self.state.given or name in looked.faults):
                return name
        return None

    def _page(self) -> Flow[Left | None]:
        """Show the page until the wrapper can be written. Return None after Esc."""
        self.folds.open_given(self.state)
        while True:
            lines = tuple(page_lines(self.state, self.proposal, self.again, self.folds))
            title = f"New {self.state.made} in {printable(str(self.again.dest))}"
            reply = yield Menu(
                title, lines, self._near(lines), self.said, keys={DELETE: "undo the change", _WRITE_KEY: "write"}
            )
            self.said = ""
            if reply is BACK:
                return None
            self.at = WRITE if reply.key == _WRITE_KEY else reply.line
            if self.at == WRITE:
                wrong = next(iter(self.state.faults), None)
                if wrong is None:
                    return Left(write=True)
                self.at = ("answer", wrong)
                yield from edit(Spot(self.state, wrong))
            elif self.at == KEEP:
                yield from self._keep()
            else:
                yield from self._open(reply.line, reply.key)

    def _near(self, lines: tuple[Line, ...]) -> Any:
        """Return the key of the line to select. What's answered leaves its list: then it's that, or the answer."""
        keys = [self.at]
        if self.at[0] == TODO:
            _, list_name, question, _ = self.at
            keys += [("fold", list_name), ("answer", question)]
        known = {line.key for line in lines}
        return next((key for key in keys if key in known), WRITE)

    def _open(self, line: tuple[Any, ...], key: str) -> Flow[None]:
        if line[0] == TODO:
            if line[2] and key == ENTER:
                yield from edit(Spot(self.state, line[2]))
            return
        kind, name = line
        if kind == "answer" and key == DELETE:
            Spot(self.state, name).store(MISSING)
        elif kind == "answer":
            yield from edit(Spot(self.state, name))
        elif kind == "fold" and key == ENTER:
            self.folds.toggle(line)

    def _keep(self) -> Flow[None]:
        failed: dict[str, str] = {}
        text = str(self.again.file)
        while True:
            text = yield Input(
                "Keep the answers in a file",
                text,
                lambda text: failed.get(text, "") or self.again.fault(text),
                "`--data-file FILE` goes on with them.",
            )
            if text is BACK:
                return
            try:
                self.again.keep(self.state, Path(text))
            except OSError as error:
                failed[text] = error.strerror or str(error)
                continue
            self.said = f"The answers are in {printable(text)}."
            return

    def _leave(self, view: View | None = None) -> Flow[Left | None]:
        """Offer to keep the answers. Return None to go on. `view` is the one that was interrupted."""
        typing = view.title if isinstance(view, Input) and view.is_typed else ""
        if not self.state.changed and not typing:
            return Left(write=False)
        fault, kept = "", self.again.file
        lines = [
            Line(KEEP, f"Keep the answers in {printable(str(kept))}, and leave"),
            Line(_LEAVE, "Leave without keeping them"),
            Line(_GO_ON, "Go on"),
        ]
        lost = f"What you're typing for {typing} isn't an answer yet: go on, and press Enter." if typing else ""
        while True:
            try:
                reply = yield Menu(
                    f"Leave without writing the {self.state.made}?", tuple(lines), KEEP, lost, fault, enter="choose"
                )
            except KeyboardInterrupt:
                return Left(write=False)
            if reply is BACK or reply.line == _GO_ON:
                return None
            if reply.line == _LEAVE:
                return Left(write=False)
            try:
                self.again.keep(self.state, kept)
                return Left(write=False, kept=kept)
            except OSError as error:
                fault = f"{kept}: {error.strerror or error}"
