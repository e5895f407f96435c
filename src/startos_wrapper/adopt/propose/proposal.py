"""Proposed answers, where each was read, and what they leave out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.adopt.read import Found
from startos_wrapper.data import pattern


@dataclass(frozen=True)
class Answer:
    """An answer and where it was read; no place where it follows from nothing in the wrapper."""

    value: Any
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """Something that no answer says: which answer could not, and why."""

    answer: str
    item: str
    reason: str

    def concerns(self, path: tuple[str, ...]) -> bool:
        """Say whether this is why a leaf of the manifest is not as it was."""
        if not self.item or f".{self.item}." not in f".{'.'.join(path)}.":
            return False
        answer = answer_of(path)
        return self.answer == answer or (answer == "volumes" and self.answer in ("assets", "pointers", "certificates"))


@dataclass
class Proposal:
    """The answers that describe a wrapper, and what of it they leave out."""

    answers: dict[str, Answer] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """The answers alone."""
        return {name: answer.value for name, answer in self.answers.items()}

    def places(self, name: str) -> tuple[str, ...]:
        """Return where an answer was read, nothing for one that was not."""
        return self.answers[name].places if name in self.answers else ()

    def leave(self, name: str, item: str, reason: str) -> None:
        """Note that an answer cannot say something."""
        if not any((left.answer, left.item) == (name, item) for left in self.left):
            self.left.append(Left(name, item, reason))


def answer_of(path: tuple[str, ...]) -> str:
    """Return the name of the answer that a leaf of the manifest comes from."""
    return {"health-checks": "health_checks", "main": "container"}.get(path[0], path[0])


def places_of(found: Iterable[Found]) -> tuple[str, ...]:
    """Return where facts were read, each place once."""
    return tuple(dict.fromkeys(each.place for each in found))


def fits(name: str, text: str) -> bool:
    """Say whether a text is what the template's pattern of this name takes."""
    return pattern(name).fullmatch(text) is not None
