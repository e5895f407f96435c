"""What `check` reports: findings of rules, each at a place, some with a fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.source import Edit, Place
from startos_wrapper.files.wrapper import Wrapper


@dataclass(frozen=True)
class MakeExecutable:
    """Set the run bits of a file, for those who may read it."""

    file: str


@dataclass(frozen=True)
class CreateFile:
    """Create an empty file, and the folders above it, where there is none."""

    file: str


Fix = Edit | MakeExecutable | CreateFile


@dataclass(frozen=True)
class Finding:
    """One fault: the rule's code, the place, what is wrong and what to do; `fixes` where there is one right answer."""

    code: str
    place: Place
    what: str
    todo: str
    fixes: tuple[Fix, ...] = ()

    @classmethod
    def of(cls, fault: Fault) -> "Finding":
        """Return the finding that reports a fault of the manifest."""
        return cls(fault.code, fault.place, fault.what, fault.todo, fault.edits)

    @property
    def is_error(self) -> bool:
        """Say whether StartOS or its packer refuses the wrapper for this; else it is a warning."""
        return is_error(self.code)


def is_error(code: str) -> bool:
    """Say whether a rule's code is that of an error (E...) and not of a warning (W...)."""
    return code.startswith("E")


Check = Callable[[Wrapper], Iterator[Finding]]
# Each function that checks, with the codes of the rules that it looks after.
CHECKS: dict[Check, tuple[str, ...]] = {}


def checks(*codes: str) -> Callable[[Check], Check]:
    """Register a function that yields findings of the rules `codes`; `rules/*.yaml` say what each code means."""

    def register(function: Check) -> Check:
        CHECKS[function] = codes
        return function

    return register
