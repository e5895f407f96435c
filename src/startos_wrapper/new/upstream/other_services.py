"""Services of StartOS that a source needs: the app store's variables and data folders of other apps."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from startos_wrapper.data import loader
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.startos_release import Release


@dataclass(frozen=True)
class OtherService:
    """A service of StartOS: the folder that it shares, by release, and the port where programs reach it."""

    id: str
    paths: Mapping[str, str]
    port: int
    values: tuple[tuple[str, str], ...]


@cache
def _table() -> dict[str, tuple[re.Pattern[str], OtherService]]:
    loaded = yaml.load(Path(__file__).with_name("other_services.yaml").read_text(encoding="utf-8"), loader())
    return {
        name: (
            re.compile(f"({row['variables']}).*"),
            OtherService(name, row["paths"], row["port"], tuple(row["values"].items())),
        )
        for name, row in loaded.items()
    }


def service_of(variables: Iterable[str], own: str = "") -> OtherService | None:
    """Return the service that an app store's variables are about, or None. `own` is the id of the source's own."""
    for variable in variables:
        for name, (pattern, service) in _table().items():
            if name != own and pattern.fullmatch(variable):
                return service
    return None


def known_values(own: str, release: Release) -> Iterator[tuple[str, str, str]]:
    """Yield the variables of other services whose values are known: name, value, and the service.

    `own` is the id of the source's own service, which has no address of another one.
    """
    for name, (_, service) in _table().items():
        for variable, written in service.values:
            value = release.host_of(name) if written == "HOST" else written
            if value and (name != own or value.isdigit()):
                yield variable, value, name


def propose_dependencies(draft: Draft, needed: dict[str, str]) -> None:
    """Propose the dependencies: those that the store names, and `needed` ones, by id with a place."""
    places = {str(fact.value): fact.place for fact in draft.all("dependency")}
    for fact in draft.all("other_dependency"):
        draft.leave(
            "by_hand",
            f"dependency {fact.value}",
            "dependency",
            fact.place,
            "we don't know a service of StartOS for it",
            "name it in the answer dependencies, if there is one",
        )
    for name, place in needed.items():
        places.setdefault(name, place)
    if not places:
        return
    found = {name: {"version": "*", "requirement": "required"} for name in places}
    draft.answer("dependencies", found, places.values())
    for name, place in places.items():
        said = draft.release.said("other_version", id=name)
        draft.leave(
            said.list,
            f"dependencies.{name}.version",
            "dependency",
            place,
            said.why,
            said.todo,
        )
