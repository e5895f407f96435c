"""Proposed answers with the places they were read from, and everything else that a source has."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# The four lists, in the order in which people read them, with their titles.
LISTS = {
    "decide": "You decide",
    "by_hand": "By hand",
    "cannot": "Not possible on StartOS",
    "left_out": "Left out",
}


@dataclass(frozen=True)
class Proposed:
    """A proposed answer, and the places it was read from, each `file:line` or a short text."""

    value: Any
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leftover:
    """Something of the source that is no answer: what it is, where, why it's no answer, and what to do.

    `kind` is one word for programs: secret, address, open, companion, file, mount, port, user, health, key, rule ...
    """

    what: str
    kind: str
    place: str
    why: str
    todo: str

    @property
    def name(self) -> str:
        """The name of the answer that it's about, if it's about one."""
        return self.what.partition(":")[0].partition(" ")[0]

    def as_json(self) -> dict[str, str]:
        """Return the leftover for `--format json`."""
        return {"what": self.what, "kind": self.kind, "place": self.place, "why": self.why, "todo": self.todo}


@dataclass
class Proposal:
    """What follows from a source: answers by name, and four lists of leftovers.

    `main` is the service that is packaged, `image` its image as the source has it, and `ports` what its container
    listens on. `others` are services that could be packaged instead. `notes` are about how the source was read.
    """

    source: str
    main: str = ""
    image: str = ""
    ports: list[str] = field(default_factory=list)
    answers: dict[str, Proposed] = field(default_factory=dict)
    decide: list[Leftover] = field(default_factory=list)
    by_hand: list[Leftover] = field(default_factory=list)
    cannot: list[Leftover] = field(default_factory=list)
    left_out: list[Leftover] = field(default_factory=list)
    others: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """The answers without their places."""
        return {name: answer.value for name, answer in self.answers.items()}

    @property
    def drafts(self) -> dict[str, Any]:
        """Texts to begin with, by question: the image as the source has it, although it may lack a tag."""
        return {"upstream_image": self.image} if self.image else {}

    @property
    def reasons(self) -> dict[str, str]:
        """Why nothing is proposed, by the questions that the person decides."""
        return {each.name: f"{each.place}: {each.why}" for each in reversed(self.decide)}

    def lists(self) -> Iterator[tuple[str, list[Leftover]]]:
        """Yield each of the four lists with its name."""
        for name in LISTS:
            yield name, getattr(self, name)

    def as_json(self) -> dict[str, Any]:
        """Return the proposal for `--format json`."""
        return {
            "version": 1,
            "source": self.source,
            "main": self.main,
            "others": list(self.others),
            "image": self.image,
            "ports": self.ports,
            "answers": {
                name: {"value": answer.value, "places": list(answer.places)} for name, answer in self.answers.items()
            },
            **{name: [each.as_json() for each in leftovers] for name, leftovers in self.lists()},
            "notes": self.notes,
        }
