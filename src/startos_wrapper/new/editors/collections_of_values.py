"""Editors of lists and maps, item by item and field by field."""

from collections.abc import Callable
from typing import Any

from startos_wrapper.new.editors.shapes import Kind
from startos_wrapper.new.editors.single_values import as_yaml, from_yaml, number
from startos_wrapper.new.editors.spot import MISSING, Spot, flow
from startos_wrapper.new.views import BACK, DELETE, ENTER, RENAME, YAML, Flow, Input, Line, Menu

Edit = Callable[[Spot], Flow[bool]]
_ADD, _DONE = "add", "done"
_KEYS = {DELETE: "remove", YAML: "edit as YAML"}


def edit_list(spot: Spot, edit: Edit) -> Flow[bool]:
    """Edit a list item by item. Return False after Esc without a change."""
    before, at = spot.value, None
    if spot.shape.may_be_single and not spot.content:
        # Usually there's only one.
        return (yield from edit(spot.child(0)))
    while True:
        items = spot.content
        lines = [Line(("item", number), flow(item)) for number, item in enumerate(items)]
        reply = yield _menu(spot, lines, at if at is not None else _ADD if not items else None, {})
        if _is_done(reply):
            return _left(spot, before, reply)
        at = reply.line
        if reply.key == YAML:
            yield from _as_yaml(spot)
        elif reply.key != ENTER and at in (_ADD, _DONE):
            continue
        elif at == _ADD:
            yield from edit(spot.child(len(items)))
        elif reply.key == DELETE:
            spot.child(at[1]).store(MISSING)
            at = ("item", max(at[1] - 1, 0)) if len(items) > 1 else _ADD
        else:
            yield from edit(spot.child(at[1]))


def edit_map(spot: Spot, edit: Edit) -> Flow[bool]:
    """Edit a map entry by entry. Return False after Esc without a change."""
    before, at = spot.value, None
    while True:
        content = spot.content
        lines = [Line(("item", key), flow(key), flow(value) or "-") for key, value in content.items()]
        reply = yield _menu(spot, lines, at if at is not None else _ADD if not content else None, {RENAME: "rename"})
        if _is_done(reply):
            return _left(spot, before, reply)
        at = reply.line
        if reply.key == YAML:
            yield from _as_yaml(spot)
        elif reply.key != ENTER and at in (_ADD, _DONE):
            continue
        elif at == _ADD:
            yield from _add(spot, edit)
        elif reply.key == DELETE:
            keys = list(content)
            spot.child(at[1]).store(MISSING)
            left = [key for key in keys if key != at[1]]
            at = ("item", left[max(keys.index(at[1]) - 1, 0)]) if left else _ADD
        elif reply.key == RENAME:
            new = yield from _key(spot, str(at[1]), renamed=at[1])
            if new is not MISSING:
                spot.rename(at[1], new)
                at = ("item", new)
        else:
            yield from edit(spot.child(at[1]))


def edit_fields(spot: Spot, edit: Edit) -> Flow[bool]:
    """Edit a map with known keys, field by field. Return False after Esc without a change."""
    before, at = spot.value, None
    while True:
        # A map can have a key that isn't known.
        names = dict.fromkeys([*spot.shape.fields, *spot.content])
        reply = yield _menu(spot, [_field(spot.child(name)) for name in names], at, {}, adds=False)
        if _is_done(reply):
            return _left(spot, before, reply)
        at = reply.line
        if reply.key == YAML:
            yield from _as_yaml(spot)
        elif reply.key != ENTER and at in (_ADD, _DONE):
            continue
        elif reply.key == DELETE:
            spot.child(at[1]).store(MISSING)
        else:
            yield from edit(spot.child(at[1]))


def _is_done(reply: Any) -> bool:
    return reply is BACK or (reply.line == _DONE and reply.key == ENTER)


def _left(spot: Spot, before: Any, reply: Any) -> bool:
    spot.tidy()
    return reply is not BACK or bool(spot.value != before)


def _field(spot: Spot) -> Line:
    shape, value = spot.shape, spot.value
    origin = (
        "required" if shape.required else "optional" if shape.default is None else f"default: {flow(shape.default)}"
    )
    shown = flow(value)
    # An empty value isn't the same as none.
    text = shown if shown or value is MISSING else "-"
    return Line(("item", spot.key), str(spot.key), text, origin if value is MISSING else "", note=shape.help)


def _menu(spot: Spot, lines: list[Line], at: Any, keys: dict[str, str], adds: bool = True) -> Menu:
    more = [Line(_ADD, "Add an item")] if adds else []
    fault = spot.state.faults.get(spot.name, "")
    return Menu(spot.title, (*lines, *more, Line(_DONE, "Done")), at, spot.shape.help, fault, {**_KEYS, **keys})


def _as_yaml(spot: Spot) -> Flow[None]:
    def fault(text: str) -> str:
        try:
            return spot.fault(from_yaml(text))
        except ValueError as error:
            return str(error)

    reply = yield Input(f"{spot.title}, as YAML", as_yaml(spot.value), fault, intro=spot.shape.help)
    if reply is not BACK:
        spot.store(from_yaml(reply))


def _add(spot: Spot, edit: Edit) -> Flow[None]:
    """Add an entry: its key, then its value. Esc in the value leads back to the key."""
    text = ""
    while True:
        key = yield from _key(spot, text)
        if key is MISSING:
            return
        text = str(key)
        child = spot.child(key)
        if child.shape.kind is Kind.FIELDS:
            child.store({})
            done = yield from _required(child, edit)
        else:
            done = yield from edit(child)
        if done or child.shape.kind in (Kind.LIST, Kind.MAP):
            return
        child.store(MISSING)


def _key(spot: Spot, text: str, renamed: Any = MISSING) -> Flow[Any]:
    """Ask for a key of a map. Return MISSING after Esc."""
    shape = spot.shape

    def key_of(text: str) -> Any:
        return number(text) if shape.numbered else text

    def fault(text: str) -> str:
        key = key_of(text)
        if key != renamed and key in spot.content:
            return f"there is already an item with this name: {flow(key)}"
        return spot.key_fault(key)

    reply = yield Input(
        f"{spot.title}, name of the item", text, fault, shape.help, "" if shape.key is None else str(shape.key)
    )
    return MISSING if reply is BACK else key_of(reply)


def _required(spot: Spot, edit: Edit) -> Flow[bool]:
    """Ask for the required fields of a new map, then show all of its fields. Return False after Esc in the first."""
    names = [name for name in spot.shape.fields if spot.child(name).shape.required]
    at = 0
    while at < len(names):
        stored = yield from edit(spot.child(names[at]))
        at += 1 if stored else -1
        if at < 0:
            return False
    yield from edit_fields(spot, edit)
    return True
