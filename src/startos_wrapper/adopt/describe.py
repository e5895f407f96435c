"""A wrapper described by answers, and how much of its manifest they reproduce."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import TemplateError

from startos_wrapper.adopt.answers import Answer, NotAnsweredError, Proposal, concerns, fit, propose, weaken
from startos_wrapper.adopt.compare import Comparison, Difference, compare
from startos_wrapper.adopt.nearness import FILES
from startos_wrapper.adopt.read import Facts
from startos_wrapper.adopt.render import Asked, RefusedAnswerError, Template
from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.files.documents import read_document
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

# Each round leaves something out; a manifest has fewer things that can be.
_MOST_ROUNDS = 100


@dataclass(frozen=True)
class Reason:
    """Why a leaf of the manifest is not as the template writes it.

    `kind` is `corrected` where the wrapper's own value does not work, `harmless` where the template says more that
    changes nothing, `differs` where it says something else, and `missing` where no answer says it.
    """

    kind: str
    text: str


class _Files(Mapping[str, str]):
    """Files of the template by name: a wrapper lacks some of them, and rendering takes a while."""

    def __init__(self, template: Template, asked: Asked, names: set[str]) -> None:
        self._template, self._asked, self._names = template, asked, sorted(names)
        self._texts: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._texts:
            self._texts[name] = self._template.file(name, self._asked)
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Description:
    """Answers for a wrapper, and what the template makes of them."""

    def __init__(self, wrapper: Wrapper) -> None:
        """Read the wrapper and find the answers. Raises NotAnsweredError where the template has none for it."""
        self.template = Template()
        try:
            self.facts = Facts(wrapper)
            self.proposal: Proposal = propose(self.facts)
            self._find()
        except (
            TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            # No manifest that StartOS reads may lead here. If one does, the user is told instead of shown a traceback.
            what = f"adopt fails on this wrapper ({type(error).__name__}: {error}); please report it"
            raise NotAnsweredError(what) from error

    def _find(self) -> None:
        for _ in range(_MOST_ROUNDS):
            self.asked: Asked = fit(self.proposal, self.template)
            self.comparison: Comparison = compare(self.facts.manifest, self._manifest())
            wrong = [each for each in self.comparison.differences if self.reason(each).kind == "differs"]
            if not [each for each in wrong if weaken(self.proposal, each.path, _told(each))]:
                return

    def answer(self, name: str, value: Any) -> None:
        """Set an answer that does not follow from the wrapper alone, or keep it from being asked anew."""
        if self.asked.values.get(name) != value:
            places = self.proposal.answers[name].places if name in self.proposal.answers else ()
            self.proposal.answers[name] = Answer(value, places)
            self.asked = fit(self.proposal, self.template)
            self.__dict__.pop("rendered", None)

    def take(self, recorded: dict[str, Any]) -> None:
        """Take the answers that are recorded already in place of those that were found. Raises NotAnsweredError."""
        known = {name: value for name, value in recorded.items() if name in self.template.questions}
        try:
            self.asked = self.template.ask(known)
        except RefusedAnswerError as error:
            raise NotAnsweredError(f"{ANSWERS}: {error}") from error
        found = self.proposal.answers
        self.proposal.answers = {
            name: Answer(value, found[name].places if name in found else ()) for name, value in known.items()
        }
        self.comparison = compare(self.facts.manifest, self._manifest())

    def _manifest(self) -> dict[str, Any]:
        text = self.template.file("manifest.yaml", self.asked)
        value: dict[str, Any] = read_document(Source("manifest.yaml", text.encode())).plain_value()
        return value

    @cached_property
    def rendered(self) -> Mapping[str, str]:
        """The files of all parts as the template writes them, each when it is asked for."""
        values = self.asked.values
        names = {name for files in FILES.values() for name in files}
        names -= {"renovate.json"} if values["updates"] == "none" else set()
        names -= {name for name in FILES["ci"] if name != "renovate.json"} if values["ci"] == "none" else set()
        return _Files(self.template, self.asked, names)

    def reason(self, difference: Difference) -> Reason:
        """Return why a leaf differs."""
        for corrects, text in _CORRECTIONS:
            if corrects(difference, self.facts.manifest):
                return Reason("corrected", text)
        if _is_harmless(difference):
            return Reason("harmless", "compat gets to see one more volume, which it does not look at")
        kind = "differs" if difference.contradicts else "missing"
        for left in self.proposal.left:
            if concerns(left, difference.path):
                return Reason(kind, left.reason)
        return Reason(kind, "the template writes it so" if difference.contradicts else "no answer says it")


def _mends_duplicity(difference: Difference, manifest: Mapping[str, Any]) -> bool:
    """Say whether the original has arguments of duplicity that compat does not take."""
    step = difference.path[1] if len(difference.path) == 4 else ""
    if difference.path[:1] != ("backup",) or difference.path[2:3] != ("args",) or step not in ("create", "restore"):
        return False
    procedure = manifest["backup"][step]
    if not procedure.get("image") == procedure.get("entrypoint") == "compat":
        return False
    works = ["duplicity", step, (procedure.get("mounts") or {}).get("BACKUP")]
    return difference.rendered is not None and (procedure.get("args") or [])[:3] != works


def _mends_direction(difference: Difference, manifest: Mapping[str, Any]) -> bool:
    """Say whether the original tells the script of a migration another direction than it has, or none."""
    if difference.path[:1] != ("migrations",) or difference.path[3:] != ("args", "0"):
        return False
    direction, versions = difference.path[1:3]
    procedure = ((manifest.get("migrations") or {}).get(direction) or {}).get(versions)
    return procedure is not None and procedure["type"] == "script" and difference.rendered == direction


_CORRECTIONS: tuple[tuple[Callable[[Difference, Mapping[str, Any]], bool], str], ...] = (
    (_mends_duplicity, "compat wants the step, the drive and then the data; as it is, it does not restore"),
    (_mends_direction, "told another direction or none, the SDK takes all migrations as done"),
)


def _is_harmless(difference: Difference) -> bool:
    """Say whether a procedure on the OS's image compat sees one volume more, that of assets."""
    return difference.original is None and difference.path[-2:] == ("mounts", "compat")


def _told(difference: Difference) -> str:
    return f"the template would write {difference.rendered!r} and not {difference.original!r}"
