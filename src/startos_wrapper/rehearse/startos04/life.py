"""What the steps share: the service in its container, and what the user chose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.outcome import StepFailedError, StepResult
from startos_wrapper.rehearse.rehearsal import Checked, Finding, Pace, no_findings
from startos_wrapper.rehearse.startos04.bundled_package import Package04
from startos_wrapper.rehearse.startos04.from_older import Older
from startos_wrapper.rehearse.startos04.runtime import FailedError, Runtime, TookTooLongError
from startos_wrapper.rehearse.startos04.service_container import ServiceContainer

_STOPPING = 75.0


@dataclass(frozen=True)
class Settings04:
    """What the user chose, as `Settings` for 0.3.5. `older` is what --from says."""

    steps: tuple[str, ...] = ()
    wait: float = 180.0
    keep: bool = False
    config: Mapping[str, Any] | None = None
    actions: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    older: str | None = None
    pace: Pace = field(default_factory=Pace)
    check: Callable[[Checked], list[Finding]] = no_findings


@dataclass
class Life:
    """A service on its server. `runtime` runs the package's code, and `result` is the line of the step that runs.

    `unshown` is what the service asked for that a rehearsal can't give it.
    """

    settings: Settings04
    docker: Docker
    processor: str
    container: ServiceContainer
    package: Package04
    bundle: Path
    runtime: Runtime
    progress: Callable[[str], None]
    is_installed: bool = False
    is_ready_to_start: bool = False
    was_healthy: bool = False
    is_running: bool = False
    has_backup: bool = False
    result: StepResult = field(default_factory=lambda: StepResult(""))
    unshown: set[str] = field(default_factory=set)
    older: Older | None = None

    def call(self, method: str, what: str, *texts: str, **params: Any) -> Any:
        """Return the result of a method of the runtime. `what` names it in a failure, `texts` find it in startos/.

        Raises: StepFailedError if the package's code fails or takes too long.
        """
        # StartOS waits for daemons as long as their sigtermTimeout says, a minute by default.
        timeout = self.settings.wait + (_STOPPING if method == "stop" else 0)
        try:
            return self.runtime.call(method, timeout=timeout, **params)
        except TookTooLongError as error:
            todo = "Let it end sooner, or raise --wait."
            raise self.failure(f"{what}: {error}", *texts, todo=todo) from error
        except FailedError as error:
            todo = "Correct it; below startos/ is the code that throws this."
            raise self.failure(f"{what}: {error}", *texts, todo=todo) from error

    def failure(self, what: str, *texts: str, todo: str, log: str | None = None) -> StepFailedError:
        """Return a failure with the service's log, and with its place in startos/."""
        shown = self.runtime.log() if log is None else log
        return StepFailedError(what, todo=todo, log=shown, place=self.package.place(*texts) if texts else None)

    def warn(self, message: str, place: Place | None = None) -> None:
        """Report what isn't a failure."""
        if (message, place) not in self.result.warnings:
            self.result.warnings.append((message, place))

    def state(self) -> Mapping[str, Any]:
        """Return what StartOS keeps of the service, and what it did. Raises: StepFailedError."""
        found: Mapping[str, Any] = self.call("state", "the package's code")
        self.unshown.update(found["unshown"], (f"the effect {name}" for name in found["unknown"]))
        return found

    def use(self, package: Package04, bundle: Path, kept: Mapping[str, Any]) -> None:
        """Run another version's code, or the same again, with what StartOS keeps.

        Raises: StepFailedError, CannotError.
        """
        self.runtime.close()
        self.container.clean()
        self.container.put_package(package.root, bundle)
        self.runtime, self.bundle = self.container.runtime(), bundle
        self.package = package
        loaded = self.call("load", "javascript/index.js", bundle="index.js", kept=dict(kept))
        self.package = Package04(package.root, package.path, loaded["manifest"])

    def start(self) -> None:
        """Start the service. Raises: StepFailedError."""
        self.call("start", "main", "setupMain")
        self.is_running = True

    def stop(self) -> Sequence[Mapping[str, Any]]:
        """Stop the service, and return the commands that were killed. Raises: StepFailedError."""
        self.is_running = False
        self.call("stop", "main", "setupMain")
        return [each for each in self.state()["commands"] if each["isKilled"] and each["isDaemon"]]
