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
    if spot.shape.may_be_single and not spot.content:
        # Usually there's only one.
        return (yield from edit(spot.child(0)))

    def lines() -> list[Line]:
        return [Line(("item", number), flow(item)) for number, item in enumerate(spot.content)]

    def act(at: Any, key: str) -> Flow[Any]:
        if at == _ADD:
            yield from edit(spot.child(len(spot.content)))
        elif key == DELETE:
            spot.child(at[1]).store(MISSING)
            return ("item", max(at[1] - 1, 0)) if spot.content else _ADD
        else:
            yield from edit(spot.child(at[1]))
        return at

    return (yield from _until_done(spot, lines, act, {}))


def edit_map(spot: Spot, edit: Edit) -> Flow[bool]:
    """Edit a map entry by entry. Return False after Esc without a change."""

    def lines() -> list[Line]:
        return [Line(("item", key), flow(key), flow(value) or "-") for key, value in spot.content.items()]

    def act(at: Any, key: str) -> Flow[Any]:
        if at == _ADD:
            yield from _add(spot, edit)
        elif key == DELETE:
            return _remove(spot, at[1])
        elif key == RENAME:
            new = yield from _key(spot, str(at[1]), renamed=at[1])
            if new is not MISSING:
                spot.rename(at[1], new)
                return "item", new
        else:
            yield from edit(spot.child(at[1]))
        return at

    return (yield from _until_done(spot, lines, act, {RENAME: "rename"}))


def edit_fields(spot: Spot, edit: Edit) -> Flow[bool]:
    """Edit a map with known keys, field by field. Return False after Esc without a change."""

    def lines() -> list[Line]:
        # A map can have a key that isn't known.
        return [_field(spot.child(name)) for name in dict.fromkeys([*spot.shape.fields, *spot.content])]

    def act(at: Any, key: str) -> Flow[Any]:
        if key == DELETE:
            spot.child(at[1]).store(MISSING)
        else:
            yield from edit(spot.child(at[1]))
        return at

    return (yield from _until_done(spot, lines, act, {}, adds=False))


def _until_done(
    spot: Spot,
    lines: Callable[[], list[Line]],
    act: Callable[[Any, str], Flow[Any]],
    keys: dict[str, str],
    adds: bool = True,
) -> Flow[bool]:
    """Show lines for what's in a list or map, and act on each key, which returns the line to select next."""
    before, at = spot.value, None
    more = (*((Line(_ADD, "Add an item"),) if adds else ()), Line(_DONE, "Done"))
    while True:
        fault = spot.state.faults.get(spot.name, "")
        reply = yield Menu(spot.title, (*lines(), *more), at, spot.shape.help, fault, {**_KEYS, **keys})
        at = None if reply is BACK else reply.line
        if at is None or (at == _DONE and reply.key == ENTER):
            spot.tidy()
            return at == _DONE or bool(spot.value != before)
        if reply.key == YAML:
            yield from _as_yaml(spot)
        elif at not in (_ADD, _DONE) or reply.key == ENTER:
            at = yield from act(at, reply.key)


def _remove(spot: Spot, key: Any) -> Any:
    """Remove an entry of a map, and return the line to select next: the one before it."""
    keys = list(spot.content)
    spot.child(key).store(MISSING)
    left = [other for other in keys if other != key]
    return ("item", left[max(keys.index(key) - 1, 0)]) if left else _ADD


def _field(spot: Spot) -> Line:
    shape, value = spot.shape, spot.value
    origin = (
        "required" if shape.required else "optional" if shape.default is None else f"default: {flow(shape.default)}"
    )
    shown = flow(value)
    # An empty value isn't the same as none.
    text = shown if shown or value is MISSING else "-"
    return Line(("item", spot.key), str(spot.key), text, origin if value is MISSING else "", note=shape.help)


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
