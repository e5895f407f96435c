"""Fit answers to the template: leave out what its validators reject, and what would contradict the wrapper."""

import re
from pathlib import Path
from typing import Any

from startos_wrapper.adopt.propose.proposal import Answer, Proposal, answer_of
from startos_wrapper.errors import RefusedError
from startos_wrapper.rendering import Asked, RefusedAnswerError, Template

# Each item takes a round, and a manifest has fewer items.
_MOST_ROUNDS = 200
_BY_ENTRYPOINT = ("run", "directories")
_NEEDED = ("service_id", "title", "version", "short_description", "advanced")


def fit(proposal: Proposal, template: Template, folder: Path) -> Asked:
    """Remove the answers from the proposal that a validator rejects, and return all answers.

    Raises: RefusedError with the wrapper's folder, for an answer that can't be left out.
    """
    # Answers without a question in this template. Copier would drop them silently.
    for name in list(proposal.answers):
        if name not in template.questions:
            del proposal.answers[name]
    for _ in range(_MOST_ROUNDS):
        try:
            return template.ask(proposal.values)
        except RefusedAnswerError as error:
            if not (_leave_items_out(proposal, error) or _leave_out(proposal, error)):
                raise RefusedError(f"{folder}: {error}") from error
    raise RefusedError(f"{folder}: the template rejects too many of the answers that describe it")


def _leave_items_out(proposal: Proposal, error: RefusedAnswerError) -> bool:
    """Remove the items that a validator names from an answer. Return whether it names any."""
    answer = proposal.answers.get(error.name)
    if answer is None or not isinstance(answer.value, dict):
        return False
    items: dict[str, str] = {}
    for fault in error.fault.split("; "):
        # A fault is REASON: ITEM, maybe with a key below the item, the value, and more in parentheses.
        item = re.split(r"[.:\s]", fault.partition(": ")[2], maxsplit=1)[0].strip('"')
        if item in answer.value:
            items.setdefault(item, fault)
    if items:
        kept = {name: value for name, value in answer.value.items() if name not in items}
        proposal.answers[error.name] = Answer(kept, answer.places)
    for item, fault in items.items():
        proposal.leave(error.name, item, fault)
    return bool(items)


def _leave_out(proposal: Proposal, error: RefusedAnswerError) -> bool:
    """Leave out a whole answer that a validator rejects. Return whether the template works without it."""
    answer = proposal.answers.get(error.name)
    if answer is None or error.name in _NEEDED:
        return False
    if error.name == "container" and (without := [name for name in _BY_ENTRYPOINT if name in proposal.answers]):
        # The manifest's entrypoint may not be the one that these answers are for.
        for name in without:
            del proposal.answers[name]
            proposal.leave(name, "", "the manifest names another entrypoint than docker_entrypoint.sh")
        return True
    proposal.leave(error.name, "", error.fault)
    if isinstance(answer.value, dict) and answer.value:
        # The default may contradict the wrapper, but an empty answer doesn't.
        proposal.answers[error.name] = Answer({})
    elif answer.value == {} or error.name == "config":
        return error.name in ("volumes", "assets") and _do_without_config(proposal)
    else:
        del proposal.answers[error.name]
    return True


def _do_without_config(proposal: Proposal) -> bool:
    """Leave out the config, which may require a volume. Return whether there was a config."""
    if proposal.values.get("config") == "none":
        return False
    proposal.answers["config"] = Answer("none")
    proposal.answers.pop("settings", None)
    for name in ("properties", "migrations"):
        if proposal.values.get(name) in ("as-config", "compat"):
            proposal.answers[name] = Answer("none")
    return True


def weaken(proposal: Proposal, path: tuple[str, ...], said: str) -> bool:
    """Leave out the answer, or the item in it, that makes the manifest different at `path`.

    Return whether there was something to leave out. `said` is the reason for the report.
    """
    name, item = answer_of(path), path[1] if len(path) > 1 else ""
    answer = proposal.answers.get(name)
    if answer is None:
        return False
    if isinstance(answer.value, dict) and item in answer.value:
        kept = _without(name, answer.value, path)
        proposal.answers[name] = Answer(kept, answer.places)
        if name == "health_checks" and not kept:
            proposal.answers["health_check"] = Answer("none")
    elif name in ("config", "properties", "migrations") and answer.value != "none":
        proposal.answers[name] = Answer("none", answer.places)
        for other in ("properties", "migrations") if name == "config" else ():
            if proposal.answers[other].value == "as-config":
                proposal.answers[other] = Answer(answer.value, proposal.answers[other].places)
    else:
        return False
    proposal.leave(name, ".".join(path), said)
    return True


def _without(name: str, items: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return an answer without the item that sets the value at `path`. From a dependency, only remove its config."""
    item = path[1]
    if name == "dependencies" and path[2] == "config" and "config" in items[item]:
        value = {key: inner for key, inner in items[item].items() if key != "config"}
        return {**items, item: value}
    return {key: inner for key, inner in items.items() if key != item}
