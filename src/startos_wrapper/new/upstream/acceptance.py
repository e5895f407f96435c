"""Hold proposed answers against the template's own rules: a refused one is the user's to decide."""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.merging import MERGED, merged
from startos_wrapper.new.upstream.proposal import Leftover, Proposed
from startos_wrapper.rendering import RefusedAnswerError, Template

# More than a proposal has.
_MOST_TRIES = 200


def keep_what_fits(draft: Draft, given: Mapping[str, Any], template: Template) -> None:
    """Move every proposed answer that the template refuses, or an item of it, to what the user decides."""
    answers = draft.proposal.answers
    for name in list(answers):
        if name not in template.questions:
            del answers[name]
    for name in given:
        if name not in MERGED or not isinstance(given[name], dict):
            answers.pop(name, None)
    order = list(template.questions)
    draft.proposal.answers = answers = dict(sorted(answers.items(), key=lambda item: order.index(item[0])))
    for _ in range(_MOST_TRIES):
        refused = next((each for each in _refusals(draft, given, template) if each.name in answers), None)
        if refused is None:
            return
        value = answers[refused.name].value
        if isinstance(value, dict) and len(value) > 1:
            _drop_items(draft, given, template, refused)
        else:
            _drop(draft, refused, "")


def complete(values: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """Return answers with a placeholder for each that has no default, so that the others can be checked."""
    required = {
        name: question["placeholder"] for name, question in template.questions.items() if "placeholder" in question
    }
    return {**required, **values}


def _refusals(draft: Draft, given: Mapping[str, Any], template: Template) -> list[RefusedAnswerError]:
    values = merged(draft.proposal.values, given)
    if values.get("base") != "image":
        values = {"upstream_image": None, **values}
        del values["upstream_image"]
    return template.refusals(complete(values, template))


def _drop_items(draft: Draft, given: Mapping[str, Any], template: Template, refused: RefusedAnswerError) -> None:
    """Drop the items of a map that are refused by themselves, or else the last one."""
    name, answer = refused.name, draft.proposal.answers[refused.name]
    faults: dict[str, RefusedAnswerError] = {}
    for key, item in answer.value.items():
        alone = complete({**merged(draft.proposal.values, given), name: {key: item}}, template)
        fault = next((each for each in template.refusals(alone) if each.name == name), None)
        if fault:
            faults[key] = fault
    if not faults:
        faults = {list(answer.value)[-1]: refused}
    for key, fault in faults.items():
        _drop(draft, fault, key)


def _drop(draft: Draft, refused: RefusedAnswerError, key: str) -> None:
    name, answers = refused.name, draft.proposal.answers
    answer = answers[name]
    rest = {other: item for other, item in answer.value.items() if other != key} if key else {}
    if rest:
        answers[name] = Proposed(rest, answer.places)
    else:
        del answers[name]
    what = f"{name}.{key}" if key else name
    place = draft.item_places.get(what) or next(iter(answer.places), draft.here)
    draft.proposal.decide.append(
        Leftover(what, "rule", place, f"the template refuses it: {refused.fault}", f"pass another one: -d {name}=VALUE")
    )
    draft.claims.move(f"answers.{name}", f"answers.{name}.{key}" if key else "", f"decide.{what}", not rest)
