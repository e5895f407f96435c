"""Proposed answers, the places where they were read, and what they leave out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.adopt.read import Found
from startos_wrapper.data import pattern


@dataclass(frozen=True)
class Answer:
    """An answer and the places where it was read, empty if it isn't based on the wrapper."""

    value: Any
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """Something that an answer leaves out: which answer, which item, and why."""

    answer: str
    item: str
    reason: str

    def concerns(self, path: tuple[str, ...]) -> bool:
        """Return whether this explains a difference in the manifest at `path`."""
        if not self.item or f".{self.item}." not in f".{'.'.join(path)}.":
            return False
        answer = answer_of(path)
        return self.answer == answer or (answer == "volumes" and self.answer in ("assets", "pointers", "certificates"))


@dataclass
class Proposal:
    """The answers that describe a wrapper, and what they leave out."""

    answers: dict[str, Answer] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """The answers without their places."""
        return {name: answer.value for name, answer in self.answers.items()}

    def places(self, name: str) -> tuple[str, ...]:
        """Return the places where an answer was read, if any."""
        return self.answers[name].places if name in self.answers else ()

    def leave(self, name: str, item: str, reason: str) -> None:
        """Record that an answer leaves something out."""
        if not any((left.answer, left.item) == (name, item) for left in self.left):
            self.left.append(Left(name, item, reason))


def answer_of(path: tuple[str, ...]) -> str:
    """Return the name of the answer that sets the value at `path` in the manifest."""
    return {"health-checks": "health_checks", "main": "container"}.get(path[0], path[0])


def places_of(found: Iterable[Found]) -> tuple[str, ...]:
    """Return the places of facts, without duplicates."""
    return tuple(dict.fromkeys(each.place for each in found))


def fits(name: str, text: str) -> bool:
    """Return whether a text matches the template's pattern of this name."""
    return pattern(name).fullmatch(text) is not None
