"""A proposal in the making: the source, the service that is packaged, and what is accounted for."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from startos_wrapper.files.compose import ComposeFile, Keys, Service
from startos_wrapper.new.upstream.claims import Claims
from startos_wrapper.new.upstream.facts import Fact
from startos_wrapper.new.upstream.proposal import Leftover, Proposal, Proposed
from startos_wrapper.new.upstream.service_names import all_names
from startos_wrapper.new.upstream.startos_release import Release, release_of

_Item = TypeVar("_Item")


@dataclass
class Draft:
    """What the modules of this folder read, and write to. Without a compose file, `compose` and `service` are None.

    `stated` are the facts that an app store's files say outright. `facts` come from the source tree, the Dockerfile
    and the image, the most trusted first. `given` are the user's own answers.
    """

    proposal: Proposal
    compose: ComposeFile | None = None
    service: Service | None = None
    claims: Claims = field(default_factory=Claims)
    stated: list[Fact] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    given: Mapping[str, Any] = field(default_factory=dict)
    # The folder that was read, if there's one.
    folder: Path | None = None
    # The file that was read, if it isn't a compose file.
    file: str = ""
    # Where an item of an answer was read, e.g. `environment.TZ`.
    item_places: dict[str, str] = field(default_factory=dict)

    def fact(self, name: str) -> Fact | None:
        """Return the most trusted fact of a name that has a value, or None."""
        return next(
            (fact for fact in (*self.stated, *self.facts) if fact.name == name and fact.value is not None), None
        )

    def all(self, name: str) -> list[Fact]:
        """Return all facts of a name that have a value."""
        return [fact for fact in (*self.stated, *self.facts) if fact.name == name and fact.value is not None]

    def value(self, name: str) -> dict[str, Any]:
        """Return a copy of a proposed answer that's a map, empty if there's none yet."""
        answer = self.proposal.answers.get(name)
        return dict(answer.value) if answer else {}

    def answer(self, name: str, value: Any, places: Iterable[str] = (), *paths: Keys) -> None:
        """Propose an answer, and let it account for paths."""
        before = self.proposal.answers.get(name)
        merged = (*before.places, *places) if before else tuple(places)
        self.proposal.answers[name] = Proposed(value, tuple(dict.fromkeys(merged)))
        for path in paths:
            self.claims.take(path, f"answers.{name}")

    def item(self, name: str, key: str, place: str, path: Keys | None = None) -> None:
        """Record where an item of an answer was read, and let it account for a path."""
        self.item_places[f"{name}.{key}"] = place
        if path:
            self.claims.take(path, f"answers.{name}.{key}")

    def leave(self, where: str, what: str, kind: str, place: str | int, why: str, todo: str, *paths: Keys) -> bool:
        """Put something in one of the four lists, and let it account for paths.

        Return False, and list nothing, if all of the paths are accounted for already.
        """
        taken = [self.claims.take(path, f"{where}.{what}") for path in paths]
        if paths and not any(taken):
            return False
        leftovers: list[Leftover] = getattr(self.proposal, where)
        leftovers.append(Leftover(what, kind, self.place(place), why, todo))
        return True

    def place(self, line: str | int) -> str:
        """Return a place from a line of the compose file."""
        if isinstance(line, str):
            return line
        return f"{self.here}:{line}" if line else self.here

    @cached_property
    def release(self) -> Release:
        """The release of StartOS that the package is for."""
        return release_of(self.given)

    @cached_property
    def names(self) -> dict[str, str]:
        """The names by which containers reach each service, with the service's name."""
        return all_names(self.compose, "") if self.compose else {}

    @property
    def here(self) -> str:
        """The place of the source itself."""
        return self.compose.path if self.compose else self.file or self.proposal.source

    def path(self, *rest: str | int, of: Service | None = None) -> Keys:
        """Return the path of a key of a service, by default of the one that is packaged."""
        service = of or self.service
        return ("services", service.name if service else "", *rest)

    def entries(self, key: str, found: Iterable[_Item], of: Service | None = None) -> Iterator[tuple[Keys, _Item]]:
        """Yield what was read of the entries of a service's key, each with its path.

        An item has a `line`. In a mapping, it also has a `name`. The service is the one that is packaged, or `of`.
        """
        service = of or self.service
        node = service.keys[key].node if service and key in service.keys else None
        items = list(found)
        if node is None:
            return
        if node.kind == "map":
            yield from ((self.path(key, getattr(item, "name", ""), of=of), item) for item in items)
            return
        if node.kind != "list":
            yield from ((self.path(key, of=of), item) for item in items)
            return
        numbers: list[int] = list(range(len(node.items)))
        if len(items) != len(numbers):
            # An entry that couldn't be read is missing.
            lines = [node.items[number].line for number in numbers]
            left = [number for number in numbers if lines[number] in {getattr(item, "line", 0) for item in items}]
            numbers = left if len(left) >= len(items) else numbers
        for number, item in zip(numbers, items, strict=False):
            yield self.path(key, number, of=of), item


def free_name(name: str, taken: Collection[str]) -> str:
    """Return an id that isn't taken: the name itself, or with a letter after it. An id has no digits."""
    candidates = [name, *(f"{name}-{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")]
    return next((each for each in candidates if each not in taken), f"{name}-{'z' * len(taken)}")
