"""Editors of single values: text, numbers, and choices."""

import re
from typing import Any

import yaml

from startos_wrapper.new.editors.shapes import Kind
from startos_wrapper.new.editors.spot import MISSING, Spot, flow
from startos_wrapper.new.views import BACK, ENTER, Flow, Input, Line, Menu
from startos_wrapper.questions import typed

_NUMBER = re.compile("-?[0-9]+")
_OUT = "out"
SPACE = " "


def edit_text(spot: Spot) -> Flow[bool]:
    """Edit a value as text. Return whether there's a new one, which isn't so after Esc."""
    question = spot.state.template.questions[spot.name]
    is_whole = not (spot.alone or spot).parent
    reply = yield Input(
        spot.title,
        _text(spot),
        lambda text: _fault(spot, text),
        intro="\n".join(filter(None, (spot.help, spot.state.reasons.get(spot.name) if spot.is_missing else ""))),
        placeholder=question.get("placeholder", "") if is_whole else "",
    )
    if reply is BACK:
        return False
    spot.store(_value(spot, reply))
    return True


def _text(spot: Spot) -> str:
    if spot.is_missing and (draft := spot.state.draft(spot.name)) is not None:
        return str(draft)
    if isinstance(spot.value, str):
        return spot.value
    return flow(spot.value) if spot.shape.kind is not Kind.FREE else as_yaml(spot.value)


def _fault(spot: Spot, text: str) -> str:
    try:
        value = _value(spot, text)
    except ValueError as error:
        return str(error)
    return "" if value is MISSING else spot.fault(value)


def _value(spot: Spot, text: str) -> Any:
    """Return what a text means. Raises: ValueError."""
    shape = spot.shape
    if spot.parent is None and shape.kind is not Kind.FREE:
        return typed(spot.state.template.questions[spot.name], text)
    if not text and spot.is_optional:
        return MISSING
    if not text and shape.may_be_empty:
        return None
    if shape.kind is Kind.FREE:
        return from_yaml(text)
    return number(text) if shape.kind is Kind.NUMBER else text


def number(text: str) -> Any:
    """Return a text as a number, or as it is: then the rule says what's wrong."""
    return int(text) if _NUMBER.fullmatch(text) else text


def as_yaml(value: Any) -> str:
    """Return a value as YAML in lines, to edit it."""
    if value is MISSING or value is None:
        return ""
    text: str = yaml.safe_dump(value, default_flow_style=False, sort_keys=False, allow_unicode=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def from_yaml(text: str) -> Any:
    """Return what YAML means. Raises: ValueError."""
    return typed({"type": "yaml"}, text)


def choose(spot: Spot) -> Flow[bool]:
    """Choose one of several values. Return whether there's a new one."""
    shape = spot.shape
    choices: dict[Any, str] = {True: "yes", False: "no"} if shape.kind is Kind.FLAG else dict(shape.choices)
    width = max(len(str(value)) for value in choices) + 3
    lines = [Line(("value", value), _choice(value, label, width)) for value, label in choices.items()]
    if spot.is_optional:
        lines.append(
            Line(_OUT, "leave it out", origin="" if shape.default is None else f"default: {flow(shape.default)}")
        )
    at: Any = ("value", spot.value) if spot.value is not MISSING else _OUT
    fault = ""
    while True:
        reply = yield Menu(spot.title, tuple(lines), at, shape.help, fault, enter="choose")
        if reply is BACK:
            return False
        at = reply.line
        value = MISSING if at == _OUT else at[1]
        fault = "" if value is MISSING else spot.fault(value)
        if not fault:
            spot.store(value)
            return True


def _choice(value: Any, label: str, width: int) -> str:
    if isinstance(value, bool):
        return label
    # Labels in copier.yml begin with the value.
    return label if label.startswith(str(value)) else f"{value!s:{width}}{label}".rstrip()


def choose_several(spot: Spot) -> Flow[bool]:
    """Choose any number of values. Return whether there's a new answer."""
    shape = spot.shape
    chosen = [value for value in (spot.value or []) if value in shape.choices]
    at, fault = next(iter(shape.choices), None), ""
    while True:
        lines = [
            Line(value, _choice(value, label, 0), chosen=value in chosen) for value, label in shape.choices.items()
        ]
        reply = yield Menu(spot.title, tuple(lines), at, shape.help, fault, {SPACE: "choose"}, "done")
        if reply is BACK:
            return False
        at = reply.line
        if reply.key == SPACE:
            chosen = [value for value in shape.choices if (value in chosen) != (value == at)]
        fault = spot.fault(chosen)
        if reply.key == ENTER and not fault:
            spot.store(chosen)
            return True
