"""The editor of each kind of value."""

from startos_wrapper.new.editors.collections_of_values import edit_fields, edit_list, edit_map
from startos_wrapper.new.editors.shapes import Kind
from startos_wrapper.new.editors.single_values import choose, choose_several, edit_text
from startos_wrapper.new.editors.spot import Spot
from startos_wrapper.new.views import BACK, Flow, Line, Menu

_MAP = "map"


def edit(spot: Spot) -> Flow[bool]:
    """Edit a value. Return whether there's a new one."""
    kind = spot.shape.kind
    if kind in (Kind.FLAG, Kind.CHOICE):
        return (yield from choose(spot))
    if kind is Kind.CHOICES:
        return (yield from choose_several(spot))
    if kind is Kind.LIST:
        return (yield from edit_list(spot, edit))
    if kind is Kind.MAP:
        return (yield from edit_map(spot, edit))
    if kind is Kind.FIELDS:
        return (yield from edit_fields(spot, edit))
    if kind is Kind.EITHER:
        return (yield from _either(spot))
    return (yield from edit_text(spot))


def _either(spot: Spot) -> Flow[bool]:
    """Choose between a word and a map."""
    shape = spot.shape
    at = _MAP if isinstance(spot.value, dict) else ("value", spot.value)
    while True:
        lines = [*(Line(("value", word), str(word)) for word in shape.choices), Line(_MAP, "a map, field by field")]
        reply = yield Menu(spot.title, tuple(lines), at, shape.help, enter="choose")
        if reply is BACK:
            return False
        at = reply.line
        if at != _MAP:
            spot.store(at[1])
            return True
        before = spot.value
        spot.store({})
        if (yield from edit_fields(spot, edit)) or spot.content:
            return True
        spot.store(before)
