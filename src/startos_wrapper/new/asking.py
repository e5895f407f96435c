"""Show the page on the terminal, and return what the person answered."""

import argparse
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from startos_wrapper.errors import CancelledError, CommandError
from startos_wrapper.given_answers import STANDARD_INPUT
from startos_wrapper.new.from_source import proposer
from startos_wrapper.terminal import is_interactive

# Imported late everywhere below, because only a terminal needs it.
if TYPE_CHECKING:
    from startos_wrapper.new.page_state import Given, PageState
    from startos_wrapper.new.same_again import Again
    from startos_wrapper.new.upstream.proposal import Proposal

    Propose = Callable[[Mapping[str, Any]], Proposal]

CANCELLED = "Cancelled. Nothing was written."
# Without these, the command wouldn't show the same page again.
_SOURCE = {"source": "--from", "service": "--service", "network": "--network"}
_TEMPLATE = {"template": "--template"}


def has_page() -> bool:
    """Return whether the terminal can show the page. Without one, Copier asks, or refuses to."""
    return is_interactive() and os.environ.get("TERM") not in (None, "", "dumb")


def ask_on_the_page(arguments: argparse.Namespace, answers: dict[str, Any]) -> "PageState":
    """Return the answers of a person who wants to write the wrapper. `answers` were passed.

    Raises: CommandError.
    """
    from startos_wrapper.new.page import Left, Page
    from startos_wrapper.new.page_state import PageState
    from startos_wrapper.new.show import show
    from startos_wrapper.rendering import Template
    from startos_wrapper.settings import copiers_defaults

    propose = _with_tags(proposer(arguments)) if arguments.source is not None else None
    proposal = propose(answers) if propose else None
    again = _again(arguments)
    state = PageState(Template(arguments.dest, copiers_defaults()), _given(arguments, answers, proposal))
    if proposal:
        state.proposed = proposal.values
        state.suggest(proposal.drafts, proposal.reasons)
    try:
        left = show(Page(state, again, proposal, propose).flow())
    except (EOFError, KeyboardInterrupt):
        left = Left(write=False)
    if left.write:
        return state
    if left.kept is None:
        raise CancelledError(CANCELLED)
    raise CancelledError(f"{CANCELLED} The answers are in {left.kept}. Go on with:\n  {again.resume(left.kept)}")


@contextlib.contextmanager
def answers_kept(arguments: argparse.Namespace, state: "PageState | None") -> Iterator[None]:
    """Keep the answers of the page in a file if the wrapper can't be written, e.g. because of its folder's owner."""
    try:
        yield
    except CommandError as error:
        if state and not isinstance(error, CancelledError):
            again = _again(arguments)
            kept = again.file
            # The error that's raised may be the reason for this one, too.
            with contextlib.suppress(OSError):
                again.keep(state, kept)
                error.more += (f"The answers are in {kept}. Go on with:", f"  {again.resume(kept)}")
        raise


def after_the_page(state: "PageState", folder: Path) -> None:
    """Print what there is to say after the wrapper was written."""
    from startos_wrapper.new.afterwards import after_writing

    after_writing(state, folder)


def _again(arguments: argparse.Namespace) -> "Again":
    from startos_wrapper.new.same_again import Again

    return Again(arguments.dest, tuple(_options(arguments, _TEMPLATE)), tuple(_options(arguments, _SOURCE)))


def _options(arguments: argparse.Namespace, options: Mapping[str, str]) -> Iterator[str]:
    for name, option in options.items():
        value = getattr(arguments, name)
        if value:
            yield from (option,) if value is True else (option, value)


def _given(arguments: argparse.Namespace, answers: dict[str, Any], proposal: "Proposal | None") -> "dict[str, Given]":
    """Return each answer with where it came from."""
    from startos_wrapper.new.page import proposed_answers
    from startos_wrapper.new.page_state import Given
    from startos_wrapper.new.upstream.merging import merged

    proposed = proposal.answers if proposal else {}
    given = proposed_answers(proposal) if proposal else {}
    on_command_line = {item.partition("=")[0] for item in arguments.data}
    file = "standard input" if str(arguments.data_file) == STANDARD_INPUT else str(arguments.data_file)
    values = merged({name: each.value for name, each in proposed.items()}, answers)
    for name in answers:
        given[name] = Given(values[name], "-d" if name in on_command_line else file, passed=True)
    return given


def _with_tags(propose: "Propose") -> "Propose":
    """Return a function that also proposes the version in the tag of an image that the person named."""
    from startos_wrapper.new.upstream.image_name import version_of
    from startos_wrapper.new.upstream.proposal import Proposed

    def proposed(given: Mapping[str, Any]) -> "Proposal":
        proposal = propose(given)
        version = version_of(str(given.get("upstream_image", "")))
        if version and not {"version"} & {*given, *proposal.answers}:
            proposal.answers["version"] = Proposed(version, ("the image's tag",))
        return proposal

    return proposed
