"""What is rehearsed, what a procedure returned, and how a step ended."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from startos_wrapper.files.source import Place

# StartOS counts both as success. S/procedure/docker.rs:190-196
SUCCESSES = (0, 143)


class Subject(Protocol):
    """What is rehearsed: a package for any StartOS."""

    @property
    def id(self) -> str:
        """The package's id."""

    @property
    def version(self) -> str:
        """The version, as it's written."""


@dataclass(frozen=True)
class Outcome:
    """What a container or a script returned.

    `code` is the exit code, or None if it took too long. `output` is standard output, and `errors` the last 1,000 lines
    of standard error, which StartOS shows. `command` is what ran, for the report. `seconds` is how long it took.
    `is_flood` is true if it printed so much that it was ended.
    """

    command: str
    code: int | None
    output: bytes = b""
    errors: str = ""
    seconds: float = 0.0
    is_flood: bool = False

    @property
    def succeeded(self) -> bool:
        """Return whether StartOS takes this for a success."""
        return self.code in SUCCESSES


class Status(str, Enum):
    """How a step ended."""

    OK = "ok"
    FAILED = "FAIL"
    SKIPPED = "skip"


class StepFailedError(Exception):
    """The step failed. The message says what is wrong in one sentence.

    `todo` says what to do, `outcome` is what ran, `log` the last lines of the log, `place` the key of the manifest.
    """

    def __init__(
        self,
        message: str,
        *,
        todo: str = "",
        outcome: Outcome | None = None,
        log: str = "",
        place: Place | None = None,
    ) -> None:
        """Create the error from what the report shows."""
        super().__init__(message)
        self.todo, self.outcome, self.log, self.place = todo, outcome, log, place


def sentence(text: str) -> str:
    """Return a hint, such as one of `check`, as a separate sentence."""
    return f"{text[:1].upper()}{text[1:]}."


class SkippedError(Exception):
    """The step has nothing to do, or can't be played here. The message says why."""


@dataclass
class StepResult:
    """A line of the report."""

    step: str
    status: Status = Status.OK
    seconds: float = 0.0
    message: str = ""
    failure: StepFailedError | None = None
    # What a step noticed that isn't a failure, each with its place, if it has one.
    warnings: list[tuple[str, Place | None]] = field(default_factory=list)
