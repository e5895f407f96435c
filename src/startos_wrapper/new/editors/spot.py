"""A value in an answer: the answer itself, or what's below some keys of it."""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from startos_wrapper.new.editors.shapes import CONTAINERS, Kind, Shape, Shapes
from startos_wrapper.new.page_state import PageState
from startos_wrapper.terminal import printable

MISSING: Any = object()


@dataclass(frozen=True)
class Spot:
    """A value that can be edited. What an editor stores becomes the answer at once, even if the rule refuses it."""

    state: PageState
    name: str
    parent: "Spot | None" = None
    key: Any = None

    def child(self, key: Any) -> "Spot":
        """Return the spot below a key of a map, or at a number of a list."""
        return Spot(self.state, self.name, self, key)

    @property
    def path(self) -> tuple[Any, ...]:
        """The keys that lead here from the answer."""
        return (*self.parent.path, self.key) if self.parent else ()

    @property
    def alone(self) -> "Spot | None":
        """The list that this would be the only item of, and whose value it would be."""
        within = self.parent
        is_alone = within and within.shape.kind is Kind.LIST and within.shape.may_be_single and len(within.content) < 2
        return within if is_alone and self.key == 0 else None

    @property
    def help(self) -> str:
        """What people need to know about the value."""
        return self.shape.help or (self.alone.help if self.alone else "")

    @property
    def title(self) -> str:
        """The path as people write it, e.g. interfaces.main.port."""
        if self.alone:
            return self.alone.title
        steps = (
            str(step + 1) if isinstance(step, int) and self._is_in_list(at) else str(step) for at, step in self._steps()
        )
        return ".".join((self.name, *map(printable, steps)))

    def _steps(self) -> Iterator[tuple["Spot", Any]]:
        if self.parent:
            yield from self.parent._steps()
            yield self.parent, self.key

    @staticmethod
    def _is_in_list(parent: "Spot") -> bool:
        return isinstance(parent.content, list)

    @property
    def shape(self) -> Shape:
        """What the value looks like."""
        return Shapes(self.name, self.state.template.questions[self.name]).at(self.path, self.state.value(self.name))

    @property
    def value(self) -> Any:
        """The value, or MISSING."""
        if self.parent is None:
            return self.state.value(self.name)
        within = self.parent.content
        if isinstance(within, dict):
            return within.get(self.key, MISSING)
        return within[self.key] if self.key < len(within) else MISSING

    @property
    def content(self) -> Any:
        """A copy of the value as a map or list. What isn't one is taken as empty."""
        value = None if self.value is MISSING else copy.deepcopy(self.value)
        shape = self.shape
        if shape.kind is Kind.LIST:
            single = [value] if shape.may_be_single and value is not None else []
            return value if isinstance(value, list) else single
        return value if isinstance(value, dict) else {}

    @property
    def is_missing(self) -> bool:
        """Whether nobody has given the answer."""
        return self.name not in self.state.given

    @property
    def is_optional(self) -> bool:
        """Whether the value can be left out of the map that it's in."""
        return self.parent is not None and self.parent.shape.kind is Kind.FIELDS and not self.shape.required

    def fault(self, value: Any) -> str:
        """Return what would be wrong because of a value here, or ""."""
        found = _faults(self.state.fault(self.name, self.answer(value)))
        if found and self.parent:
            before = _faults(self.state.fault(self.name, self.answer(MISSING)))
            found = [fault for fault in found if fault not in before]
        return "; ".join(found)

    def key_fault(self, key: Any) -> str:
        """Return what would be wrong with a new key of the map here, whatever its value is.

        The rule also checks the map with a good key, and what it says about both isn't about the key.
        """
        shape, content = self.shape, self.content
        good = next((known for known in (shape.key, *content) if known is not None), "a")
        faults, usual = (
            _faults(self.state.fault(self.name, self.answer({**content, name: None}))) for name in (key, good)
        )
        about = [_reason(fault).replace(_in_fault(good), _in_fault(key)) for fault in usual]
        return "; ".join(fault for fault in faults if _reason(fault) not in about)

    def answer(self, value: Any) -> Any:
        """Return the whole answer with another value here."""
        return self.parent.answer(self.parent._with(self.key, value)) if self.parent else value

    def store(self, value: Any) -> None:
        """Make a value part of the answer. MISSING removes it."""
        if self.parent:
            self.parent.store(self.parent._with(self.key, value))
        elif value is MISSING:
            self.state.reset(self.name)
        else:
            self.state.set(self.name, value)

    def rename(self, old: Any, new: Any) -> None:
        """Change a key of the map here, in its place."""
        self.store({new if key == old else key: value for key, value in self.content.items()})

    def tidy(self) -> None:
        """Leave out an empty map or list, if it can be left out."""
        if self.is_optional and self.value is not MISSING and self.shape.kind in CONTAINERS and not self.content:
            self.store(MISSING)

    def _with(self, key: Any, value: Any) -> Any:
        """Return the value with another one below a key."""
        content = self.content
        if isinstance(content, dict):
            content.pop(key, None) if value is MISSING else content.update({key: value})
            return content
        content[key : key + 1] = [] if value is MISSING else [value]
        return self.single(content)

    def single(self, items: list[Any]) -> Any:
        """Return a list as it's stored: its only item, if that's usual and the rule doesn't need the list."""
        if len(items) != 1 or not self.shape.may_be_single:
            return items
        alone = self.answer(items[0])
        refused = self.state.fault(self.name, alone) and not self.state.fault(self.name, self.answer(items))
        return items if refused else items[0]


class _InOneLine(yaml.SafeDumper):
    """Writes text with line breaks in double quotes, where they're \\n. Otherwise, they'd be doubled."""

    def represent_scalar(self, tag: str, value: Any, style: str | None = None) -> yaml.ScalarNode:
        """Choose the quotes."""
        node: yaml.ScalarNode = super().represent_scalar(tag, value, '"' if "\n" in str(value) else style)
        return node


def flow(value: Any) -> str:
    """Return a value in one line, as it's typed in YAML, or as plain text."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (dict, list)):
        text = yaml.dump(
            value, Dumper=_InOneLine, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
        )
        return printable(text.removesuffix("\n"))
    return printable(str(value))


def _faults(text: str) -> list[str]:
    """Split what a rule says, where the template joined it: at semicolons outside of parentheses and quotes."""
    found, depth, quoted = [""], 0, False
    for token in re.findall(r"\\.|; |.", text, re.DOTALL):
        quoted ^= token == '"'
        depth += (token == "(") - (token == ")") if not quoted else 0
        if token == "; " and depth <= 0 and not quoted:
            found.append("")
        else:
            found[-1] += token
    return [fault for fault in found if fault]


def _reason(fault: str) -> str:
    """Return a fault without its explanation in parentheses."""
    return fault.partition(" (")[0]


def _in_fault(key: Any) -> str:
    # As `show` in hooks/rules/lib/text.jinja prints it.
    return json.dumps(key)[1:-1] if isinstance(key, str) else str(key)
