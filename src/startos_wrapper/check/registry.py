"""Findings, fixes, and the registry of check functions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.source import Edit, Place
from startos_wrapper.files.wrapper import Wrapper


@dataclass(frozen=True)
class MakeExecutable:
    """Make a file executable for everyone who can read it."""

    file: str


@dataclass(frozen=True)
class CreateFile:
    """Create an empty file and its parent folders, unless the file exists."""

    file: str


Fix = Edit | MakeExecutable | CreateFile


@dataclass(frozen=True)
class Finding:
    """A problem that a rule found: the rule's code, the place, what is wrong and what to do.

    `fixes` is empty unless there is only one right answer.
    """

    code: str
    place: Place
    what: str
    todo: str
    fixes: tuple[Fix, ...] = ()

    @classmethod
    def of(cls, fault: Fault) -> "Finding":
        """Convert a fault of the manifest to a finding."""
        return cls(fault.code, fault.place, fault.what, fault.todo, fault.edits)

    @property
    def is_error(self) -> bool:
        """Return whether this is an error and not a warning."""
        return is_error(self.code)


def is_error(code: str) -> bool:
    """Return whether a rule's code is that of an error (E...) and not of a warning (W...)."""
    return code.startswith("E")


# Rules that were warnings once. Options and comments may still use these codes.
_RENAMED = {"W613": "E613", "W618": "E618", "W707": "E707", "W806": "E806", "W807": "E807"}


def current(code: str) -> str:
    """Return the code that a rule has now."""
    return _RENAMED.get(code, code)


Check = Callable[[Wrapper], Iterator[Finding]]
# The check functions, and the codes of the rules that each one implements.
CHECKS: dict[Check, tuple[str, ...]] = {}
# The StartOS that a check function is for, if it's only for one.
_TARGETS: dict[Check, str] = {}


def checks(*codes: str, startos: str | None = None) -> Callable[[Check], Check]:
    """Register a function that yields findings of the rules `codes`, which are documented in `rules/*.yaml`.

    With `startos`, the rules only apply to wrappers for this StartOS: `0.3.5` or `0.4`.
    """

    def register(function: Check) -> Check:
        CHECKS[function] = codes
        if startos:
            _TARGETS[function] = startos
        return function

    return register


def applies(function: Check, startos: str) -> bool:
    """Return whether a check function is for wrappers for a StartOS."""
    return _TARGETS.get(function, startos) == startos
