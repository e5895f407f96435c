"""Describe a wrapper with answers, and measure how much of its manifest they reproduce."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from jinja2 import TemplateError

from startos_wrapper.adopt.fit import fit, weaken
from startos_wrapper.adopt.nearness import FILES, FOLDERS
from startos_wrapper.adopt.propose.answers import propose
from startos_wrapper.adopt.propose.own_procedures import own_procedures
from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts
from startos_wrapper.adopt.reasons import Reason, reason_for
from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.documents import read_document
from startos_wrapper.files.manifest.compare import Comparison, Difference, compare
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.rendering import Asked, RefusedAnswerError, Template

# Each round leaves something out, and a manifest has fewer things to leave out.
_MOST_ROUNDS = 100
# What the template would write differently, and not because the wrapper's value doesn't work.
_LOST = ("missing", "differs")
# What unexpected values in a manifest may raise.
FAILURES = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Description:
    """Answers for a wrapper, and what the template makes of them.

    `asked` has all answers. `proposal` has those from the wrapper, where they were read, and what they leave out.
    `comparison` is how much of the manifest the template reproduces.
    """

    facts: Facts
    template: Template
    proposal: Proposal
    asked: Asked
    comparison: Comparison

    noun: ClassVar[str] = "manifest"
    can_be_aligned: ClassVar[bool] = True

    @property
    def described(self) -> str:
        """The file or folder that the answers describe."""
        return self.facts.wrapper.manifest_file or "."

    def with_answers(self, answers: Mapping[str, Any]) -> "Description":
        """Return the description with some answers changed. The comparison isn't updated.

        Raises: RefusedError if the template rejects them.
        """
        changed = {name: value for name, value in answers.items() if self.asked.values.get(name) != value}
        if not changed:
            return self
        told = {name: Answer(value, self.proposal.places(name)) for name, value in changed.items()}
        proposal = Proposal({**self.proposal.answers, **told}, [*self.proposal.left])
        asked = fit(proposal, self.template, self.facts.wrapper.root)
        return replace(self, proposal=proposal, asked=asked)

    def with_recorded(self, recorded: Mapping[str, Any]) -> "Description":
        """Return the description with the recorded answers instead of those that were found.

        Raises: RefusedError if the template rejects them.
        """
        known = {name: value for name, value in recorded.items() if name in self.template.questions}
        try:
            asked = self.template.ask(known)
        except RefusedAnswerError as error:
            raise RefusedError(f"{self.facts.wrapper.root}: {ANSWERS}: {error}") from error
        answers = {name: Answer(value, self.proposal.places(name)) for name, value in known.items()}
        described = replace(self, proposal=Proposal(answers, self.proposal.left), asked=asked)
        return replace(described, comparison=described.compared())

    def compared(self) -> Comparison:
        """Compare what the template makes of the answers with the wrapper."""
        return compare(self.facts.manifest, _manifest(self.template, self.asked))

    @cached_property
    def rendered(self) -> Mapping[str, str]:
        """The template's files of all parts, and its Makefile, rendered on first access."""
        values = self.asked.values
        names = {"Makefile", *(name for files in FILES.values() for name in files if name not in FOLDERS)}
        names -= {"renovate.json"} if values["updates"] == "none" else set()
        names -= {name for name in FILES["ci"] if name != "renovate.json"} if values["ci"] == "none" else set()
        # As in hooks/exclude.yml.
        names -= {"settings.sh"} if values["config"] == "none" or values["settings"] != "variables" else set()
        return RenderedFiles(self.template, self.asked, names)

    def answers_file(self, address: str | None, release: str | None) -> str:
        """Return the text of the answers file for a template `source` and a release."""
        return self.template.answers_file(self.asked, address, release)

    def reason(self, difference: Difference) -> Reason:
        """Return why a value differs."""
        return reason_for(difference, self.facts.manifest, self.proposal.left)

    def place(self, difference: Difference) -> str:
        """Return the place of a value in the manifest, or else of the nearest key above it."""
        return self.facts.place(*difference.path)


class RenderedFiles(Mapping[str, str]):
    """The template's files by name, rendered on first access, because rendering is slow and not all are needed."""

    def __init__(self, template: Template, asked: Asked, names: set[str]) -> None:
        """Render files of these names."""
        self._template, self._asked, self._names = template, asked, sorted(names)
        self._texts: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._texts:
            self._texts[name] = self._template.file(name, self._asked)
        return self._texts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def describe(wrapper: Wrapper) -> Description:
    """Find the answers that describe a wrapper.

    Raises: RefusedError if the template accepts no answers for it.
    """
    try:
        facts = Facts(wrapper)
        return _described(facts, propose(facts), Template())
    except FAILURES as error:
        # This is a bug: no manifest that StartOS can read should lead here. We show a message instead of a traceback.
        what = f"adopt failed on this wrapper ({type(error).__name__}: {error}); please report it"
        raise RefusedError(f"{wrapper.root}: {what}") from error


def _described(facts: Facts, proposal: Proposal, template: Template) -> Description:
    """Leave answers out until the template no longer contradicts the wrapper's manifest."""
    for _ in range(_MOST_ROUNDS):
        asked = fit(proposal, template, facts.wrapper.root)
        found = Description(facts, template, proposal, asked, compare(facts.manifest, _manifest(template, asked)))
        lost = [each.path[0] for each in found.comparison.differences if found.reason(each).kind in _LOST]
        if own_procedures(proposal, facts, lost):
            continue
        wrong = [each for each in found.comparison.differences if found.reason(each).kind == "differs"]
        if not [each for each in wrong if weaken(proposal, each.path, _told(each))]:
            break
    return found


def _manifest(template: Template, asked: Asked) -> dict[str, Any]:
    text = template.file("manifest.yaml", asked)
    value: dict[str, Any] = read_document(Source("manifest.yaml", text.encode())).plain_value()
    return value


def _told(difference: Difference) -> str:
    return f"the template would write {difference.rendered!r} instead of {difference.original!r}"
