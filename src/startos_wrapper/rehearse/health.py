"""Rounds of health checks, as StartOS runs them. S/manager/health.rs:22-55, S/status/health_check.rs:142-151"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from startos_wrapper.files.manifest.os_grammar import duration_seconds
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.rehearse.outcome import SUCCESSES, Outcome
from startos_wrapper.rehearse.procedure_runner import run_procedure
from startos_wrapper.rehearse.rehearsal import Rehearsal

# S/status/health_check.rs:50
_SECONDS = 30.0


class Health(str, Enum):
    """What a check says. The UI shows `disabled` as healthy. UI/services/pkg-status-rendering.service.ts:55-85"""

    SUCCESS = "success"
    DISABLED = "disabled"
    STARTING = "starting"
    LOADING = "loading"
    FAILURE = "failing"


_CODES = {59: Health.DISABLED, 60: Health.STARTING, 61: Health.LOADING} | dict.fromkeys(SUCCESSES, Health.SUCCESS)


@dataclass(frozen=True)
class Result:
    """The result of one check in one round. `message` is what the UI shows."""

    id: str
    health: Health
    message: str
    outcome: Outcome

    @property
    def is_green(self) -> bool:
        """Return whether the UI shows the service as healthy, as far as this check is concerned."""
        return self.health in (Health.SUCCESS, Health.DISABLED)

    @property
    def text(self) -> str:
        """Return the check and what it says, in a line."""
        message = " ".join(self.message.split())
        return f"{self.id} {self.health.value}" + (f" ({message})" if message else "")


def health_of(outcome: Outcome, seconds: float) -> tuple[Health, str]:
    """Return what an exit code means, and the message, which is standard error. S/procedure/docker.rs:190-196

    A time-out is an error with the code 143, but a failure. S/procedure/docker.rs:354-360
    """
    if outcome.is_flood:
        return Health.FAILURE, "it prints without end"
    if outcome.code is None:
        return Health.FAILURE, f"no result within {seconds:g} s"
    health = _CODES.get(outcome.code, Health.FAILURE)
    if health is Health.FAILURE:
        return health, outcome.errors.strip() or f"exit code {outcome.code}, and nothing on standard error"
    return health, outcome.errors.strip() if health is Health.LOADING else ""


def checks_of(rehearsal: Rehearsal) -> list[Procedure]:
    """Return the health checks of the manifest."""
    return [each for each in rehearsal.package.wrapper.procedures if each.path[0] == "health-checks"]


def timeout_of(check: Procedure) -> float:
    """Return how many seconds a check may take. S/status/health_check.rs:50"""
    node = check.node.get("timeout")
    seconds = duration_seconds(node.text) if node and node.text else None
    return _SECONDS if seconds is None else seconds


def run_round(rehearsal: Rehearsal) -> list[Result]:
    """Run all checks at once, and return their results when all are done."""
    checks, age = checks_of(rehearsal), rehearsal.service.milliseconds
    if not checks:
        return []
    with ThreadPoolExecutor(len(checks)) as pool:
        return list(pool.map(lambda check: _result(rehearsal, check, age), checks))


def _result(rehearsal: Rehearsal, check: Procedure, age: int) -> Result:
    id, seconds = check.path[1], timeout_of(check)
    outcome = run_procedure(rehearsal, check, given=age, timeout=seconds, name=f"{id}Health")
    health, message = health_of(outcome, seconds)
    return Result(id, health, message, outcome)
