"""Print a proposal: the answers with where they come from, then the four lists."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from startos_wrapper.new.upstream.proposal import LISTS, Leftover, Proposal
from startos_wrapper.terminal import printable, shorten

_WIDTH = 79
_NAME = 18
_VALUE = 34
_MOST_PLACES = 2
# Fewer leftovers of a kind are shown one by one.
_FEW = 3
# Longer lists of names are cut.
_LONGEST = 150
_VARIABLE = ".environment."
# A digest doesn't fit a line. JSON has it.
_DIGEST = re.compile(r"@sha256:[0-9a-f]{8,}")


def as_json(proposal: Proposal) -> str:
    """Return a proposal as JSON."""
    return json.dumps(proposal.as_json(), indent=2, ensure_ascii=False) + "\n"


def as_text(proposal: Proposal, assumed: Mapping[str, Any], missing: Iterable[str]) -> str:
    """Return a proposal for people, in lines of at most 79 characters.

    `assumed` are the defaults of other answers, and `missing` the names of those that have to be passed.
    """
    return "\n".join(_lines(proposal, assumed, list(missing))) + "\n"


def _lines(proposal: Proposal, assumed: Mapping[str, Any], missing: list[str]) -> Iterator[str]:
    if proposal.main:
        others = f"; --service can also be {_shortened(', '.join(proposal.others))}" if proposal.others else ""
        yield from _wrapped(f"Service: {proposal.main}{others}", "", "  ")
    for note in proposal.notes:
        yield from _wrapped(f"Note: {_DIGEST.sub('@sha256:...', note)}", "", "  ")
    yield ""
    yield "Answers"
    for name, answer in proposal.answers.items():
        yield from _answer(name, answer.value, answer.places)
    for name, value in assumed.items():
        yield from _answer(name, value, ("default",))
    for name in missing:
        yield f"  {name:{_NAME}}missing, see below"
    for name, leftovers in proposal.lists():
        if leftovers:
            yield ""
            yield f"{LISTS[name]} ({len(leftovers)})"
            for leftover in _grouped(leftovers):
                yield from _leftover(leftover)


def _answer(name: str, value: Any, places: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield f"  {name:{_NAME}}{_shown_places(places)}".rstrip()
        for key, item in value.items():
            yield shorten(f"    {printable(key)}: {_flow(item)}", _WIDTH)
        return
    if isinstance(value, list) and value and not all(isinstance(item, str) and len(item) < 12 for item in value):
        yield f"  {name:{_NAME}}{_shown_places(places)}".rstrip()
        yield from (shorten(f"    - {_flow(item)}", _WIDTH) for item in value)
        return
    shown, where = _flow(value), _shown_places(places)
    if len(shown) <= _VALUE and len(where) <= _WIDTH - _NAME - _VALUE - 4:
        yield f"  {name:{_NAME}}{shown:{_VALUE}}  {where}".rstrip()
    else:
        yield shorten(f"  {name:{_NAME}}{shown}", _WIDTH)
        yield from [f"  {'':{_NAME}}{where}"] if where else []


def _shown_places(places: tuple[str, ...]) -> str:
    shown = [printable(place) for place in places[:_MOST_PLACES]]
    more = len(places) - len(shown)
    return shorten(", ".join(shown) + (f" and {more} more" if more else ""), _WIDTH - _NAME - 4)


def _leftover(leftover: Leftover) -> Iterator[str]:
    yield from _wrapped(f"{_shortened(leftover.what)}  {leftover.place}", "  ", "    ")
    todo = "" if leftover.todo == "nothing to do" else leftover.todo
    yield from _wrapped("; ".join(filter(None, (leftover.why, todo))), "      ", "      ")


def _shortened(names: str) -> str:
    """Return a list of names without its end, if it's long. JSON has all of it."""
    if len(names) <= _LONGEST:
        return names
    shown = names[:_LONGEST].rpartition(", ")[0]
    return f"{shown} and {names[len(shown) + 2 :].count(', ') + 1} more" if shown else names


def _grouped(leftovers: list[Leftover]) -> Iterator[Leftover]:
    """Yield leftovers, those that need the same as a single one."""
    groups: dict[tuple[str, ...], list[Leftover]] = {}
    for each in leftovers:
        groups.setdefault(_need(each), []).append(each)
    for group in groups.values():
        first, names = group[0], [each.what for each in group]
        if len(group) < _FEW:
            yield from group
            continue
        why, (head, variable, _) = first.why, first.what.partition(_VARIABLE)
        if variable and first.kind == "companion":
            # Their values are in JSON.
            names = [
                f"{head}.environment: {first.what.removeprefix(head + variable)}",
                *(each.partition(_VARIABLE)[2] for each in names[1:]),
            ]
            why = "" if len({each.why for each in group}) > 1 else why
        yield Leftover(", ".join(names), first.kind, _range([each.place for each in group]), why, first.todo)


def _need(leftover: Leftover) -> tuple[str, ...]:
    """Return what is the same for leftovers that can be shown as one."""
    if leftover.kind != "companion":
        return leftover.kind, leftover.why, leftover.todo.replace(leftover.what, "NAME")
    head, variable, _ = leftover.what.partition(_VARIABLE)
    return (head, leftover.todo) if variable else (leftover.what,)


def _range(places: list[str]) -> str:
    """Return where several things are, e.g. compose.yaml:4-9."""
    files = {place.rpartition(":")[0] for place in places}
    first, last = places[0], places[-1].rpartition(":")[2]
    if len(files) > 1:
        return f"{first}-{places[-1]}"
    return first if first.rpartition(":")[2] == last else f"{first}-{last}"


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    if isinstance(value, str) and "\n" in value:
        # Line breaks would become escapes.
        value = " ".join(value.split())
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)
    return printable(text.removesuffix("\n...\n").strip())
