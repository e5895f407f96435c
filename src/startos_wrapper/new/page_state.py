"""The answers on the page: where each came from, what's wrong with it, and which questions there are now."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from startos_wrapper.questions import is_advanced
from startos_wrapper.rendering import Looked, Template

# Nobody can guess these, so they're asked first. Of the others, only those without a default are.
FIRST = ("startos", "service_id", "base", "upstream_image", "source")
_ADVANCED = "advanced"


@dataclass(frozen=True)
class Given:
    """An answer, and where it came from: the place of a proposal, or else how it was passed.

    Answers that were passed on the command line or in a file are never dropped silently.
    """

    value: Any
    origin: str = "you"
    passed: bool = False


class PageState:
    """The answers that were given. All others have the template's defaults."""

    def __init__(self, template: Template, given: Mapping[str, Given]) -> None:
        """Start with the answers that were passed or proposed."""
        self.template = template
        self.given = dict(given)
        self.reasons: dict[str, str] = {}
        self._drafts: dict[str, Any] = {}
        # What was proposed, without the answers that were passed.
        self.proposed: dict[str, Any] = {}
        self._first = dict(given)
        self._basic: dict[str, frozenset[str]] = {}

    def suggest(self, drafts: Mapping[str, Any], reasons: Mapping[str, str]) -> None:
        """Take texts to begin with for answers that are missing, and why they are."""
        self._drafts, self.reasons = dict(drafts), dict(reasons)

    def draft(self, name: str) -> Any:
        """Return a text to begin with for a missing answer, or None."""
        return self._drafts.get(name) if name in self.looked.missing and name not in self.given else None

    def propose(self, proposed: Mapping[str, Given]) -> None:
        """Replace the proposed answers by those that follow from what the person answered."""
        self.proposed = {name: given.value for name, given in proposed.items()}
        passed = {name: given for name, given in self._first.items() if given.passed}
        typed = {name: given for name, given in self.given.items() if given != self._first.get(name)}
        self._first = {**proposed, **passed}
        self._replace({**self._first, **typed})

    @property
    def typed(self) -> dict[str, Any]:
        """The answers that were passed, or that the person gave."""
        return {
            name: given.value for name, given in self.given.items() if given.passed or given != self._first.get(name)
        }

    @property
    def changed(self) -> bool:
        """Whether the person gave an answer."""
        return self.given != self._first

    def set(self, name: str, value: Any) -> None:
        """Take an answer from the person. The same value as before keeps its origin."""
        if name not in self.given or self.given[name].value != value:
            self._replace({**self.given, name: Given(value)})

    def reset(self, name: str) -> None:
        """Go back to the answer that was passed or proposed, or else to the template's default."""
        kept = {other: given for other, given in self.given.items() if other != name}
        first = self._first.get(name)
        self._replace(kept if first is None or first == self.given.get(name) else {**kept, name: first})

    def _replace(self, given: dict[str, Given]) -> None:
        self.given = given
        for name in ("looked", "shown", "applied"):
            self.__dict__.pop(name, None)

    @cached_property
    def applied(self) -> dict[str, Any]:
        """The answers for Copier: those to questions that are asked, and those that were passed."""
        values = {name: given.value for name, given in self.given.items()}
        if not values:
            return {}
        asked = set(self.template.look({**values, _ADVANCED: True}, validate=False).recorded)
        return {name: value for name, value in values.items() if name in asked or self.given[name].passed}

    @cached_property
    def looked(self) -> Looked:
        """All answers as Copier records them, and what's wrong with them."""
        return self.template.look(self.applied)

    @cached_property
    def shown(self) -> list[str]:
        """The names of all questions that can be answered now, in order."""
        if self.looked.values.get(_ADVANCED) is True:
            return self.looked.recorded
        return self.template.look({**self.applied, _ADVANCED: True}, validate=False).recorded

    @property
    def faults(self) -> dict[str, str]:
        """What's wrong, by the names of the questions, in order."""
        return self.looked.faults

    def is_folded(self, name: str) -> bool:
        """Return whether a question is one of the advanced ones, with the answers as they are."""
        if name in FIRST:
            return False
        questions = self.template.questions
        plain = {other: value for other, value in self.applied.items() if not is_advanced(questions[other])}
        key = repr(plain)
        if key not in self._basic:
            asked = self.template.look({**plain, _ADVANCED: False}, validate=False)
            self._basic[key] = frozenset(asked.recorded)
        return name not in self._basic[key]

    @property
    def made(self) -> str:
        """Return what the answers make: a wrapper, or for StartOS 0.4 a package."""
        return "wrapper" if self.looked.values.get("legacy", True) else "package"

    def value(self, name: str) -> Any:
        """Return an answer: a refused one as it was given, a missing one as None."""
        if name in self.given:
            return self.given[name].value
        return None if name in self.looked.missing else self.looked.values.get(name)

    def fault(self, name: str, value: Any) -> str:
        """Return what would be wrong with an answer, or ""."""
        return self.template.look({**self.applied, name: copy.deepcopy(value)}).faults.get(name, "")
