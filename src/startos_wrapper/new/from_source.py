"""`startos-wrapper new --from`: the answers that follow from a source, before a wrapper is written."""

import argparse
import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from startos_wrapper.errors import RefusedError, UsageError
from startos_wrapper.terminal import print_text, printable

# Imported late everywhere below, because only --from needs it.
if TYPE_CHECKING:
    from startos_wrapper.new.upstream.proposal import Proposal

_ONLY_WITH_SOURCE = ("network", "service", "format")


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `new` that are about a source."""
    options = parser.add_argument_group("what upstream has")
    options.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        help="propose answers from a folder, compose file, Dockerfile, image's tar or image's name",
    )
    options.add_argument("--service", metavar="NAME", help="the service of the compose file to package")
    options.add_argument("--network", action="store_true", help="ask the image's registry, with docker buildx")
    options.add_argument("--format", choices=("text", "json"), help="print the proposal as text (default) or JSON")


def require_source(arguments: argparse.Namespace) -> None:
    """Raise UsageError if options need --from, or if there's nothing to do without DEST."""
    if arguments.source is not None:
        return
    for name in _ONLY_WITH_SOURCE:
        if getattr(arguments, name):
            raise UsageError(f"--{name}: only with --from SOURCE")
    if arguments.dest is None:
        raise UsageError("DEST is missing: the folder to create; without it, pass --from SOURCE to see a proposal")


def propose_from(arguments: argparse.Namespace, given: Mapping[str, Any]) -> "Proposal":
    """Return what follows from --from. `given` are the user's own answers, which take precedence.

    Raises: CommandError.
    """
    return proposer(arguments)(given)


def proposer(arguments: argparse.Namespace) -> "Callable[[Mapping[str, Any]], Proposal]":
    """Read the source, and return a function that returns what follows from it and from the user's own answers.

    Raises: CommandError.
    """
    from startos_wrapper.new.upstream.proposing import propose
    from startos_wrapper.new.upstream.upstream_source import read_source

    source = read_source(arguments.source, arguments.network)
    return lambda given: propose(source, arguments.service or "", given)


def print_proposal(proposal: "Proposal", given: Mapping[str, Any], style: str | None) -> None:
    """Print the proposal as text or JSON, with the user's own answers and what else is assumed."""
    from startos_wrapper.new.upstream.proposal_text import as_json, as_text
    from startos_wrapper.new.upstream.proposing import assumed, needed, with_given

    shown = with_given(proposal, given)
    if style == "json":
        print_text(as_json(shown))
    else:
        missing = needed(proposal, given)
        print_text(as_text(shown, {} if missing else assumed(proposal, given), [name for name, _ in missing]))


def left_to_do(arguments: argparse.Namespace, proposal: "Proposal") -> list[str]:
    """Return lines that count what the answers don't do, and say where it was shown."""
    number = len(proposal.decide) + len(proposal.by_hand) + len(proposal.cannot)
    if not number:
        return []
    options = ["--from", arguments.source, *(["--service", arguments.service] if arguments.service else [])]
    shown = "The JSON above has" if arguments.format == "json" else "The lists above have"
    things = "1 thing" if number == 1 else f"{number} things"
    return [
        f"{shown} {things} that the wrapper doesn't do yet.",
        "Without some of them, the service may not start. To see them again:",
        f"  startos-wrapper new {printable(shlex.join(options))}",
    ]


def answers_from(proposal: "Proposal", given: Mapping[str, Any], complete: bool) -> dict[str, Any]:
    """Return the proposed answers with the user's own ones.

    Raises: RefusedError with `complete` that names each missing answer, and how to pass it.
    """
    from startos_wrapper.new.upstream.merging import merged
    from startos_wrapper.new.upstream.proposing import needed

    missing = [f"{name}: {how}" for name, how in needed(proposal, given)] if complete else []
    if len(missing) == 1:
        raise RefusedError(missing[0])
    if missing:
        raise RefusedError(f"{len(missing)} answers are missing:", *(f"  {line}" for line in missing))
    return merged(proposal.values, given)
