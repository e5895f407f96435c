"""Wait until the service is healthy, as a step or after a restore or an update."""

import time
from collections.abc import Sequence

from startos_wrapper.rehearse.health import Result, run_round
from startos_wrapper.rehearse.inspect_container import Listener, look_into
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.service import End
from startos_wrapper.rehearse.volume_helper import VolumeHelperError
from startos_wrapper.rehearse.why_ended import failure_of

_POLL = 0.1
# Connecting takes 5 s at most.
_PATIENCE = 15.0
_BETWEEN_CONNECTS = 1.0


def live_after(rehearsal: Rehearsal, prefix: str) -> None:
    """Start the service, wait until it's healthy, and stop it. `prefix` says in a failure's message what came before.

    Raises: StepFailedError.
    """
    rehearsal.service.start()
    try:
        wait_until_healthy(rehearsal)
    except StepFailedError as error:
        error.args = (f"{prefix}{error}",)
        raise
    finally:
        rehearsal.service.stop()


def wait_until_healthy(rehearsal: Rehearsal, more_rounds: int = 0) -> None:
    """Wait until all health checks are green, also for some more rounds, and until all ports answer.

    The service must not have ended since its start. If it does, wait for the second end, to tell a crash loop from a
    crash. Raises: StepFailedError, and SkippedError if it isn't started.
    """
    settings, service = rehearsal.settings, rehearsal.service
    if not service.is_started:
        raise SkippedError("the service isn't running")
    pace, began, ends = settings.pace, time.monotonic(), service.ends
    greens, started, last = 0, len(ends), _Round()
    pause = pace.first
    while True:
        _sleep(rehearsal, pause)
        if len(ends) > started:
            # Health checks begin anew after a restart.
            started, greens, pause = len(ends), 0, pace.first
            continue
        last = _Round(run_round(rehearsal), greens > 0)
        if not last.is_green and not service.is_running:
            # A check can't be green because the service has just ended.
            continue
        pause = pace.between
        greens = greens + 1 if last.is_green else 0
        more = f", rounds left: {more_rounds + 1 - greens}" if 0 < greens <= more_rounds else ""
        rehearsal.progress(f"{last.text}{more}" if last.results else "there is no health check")
        if greens > more_rounds or (not last.results and greens):
            break
        if last.was_green and not last.is_green:
            raise _unhealthy(rehearsal, last, "turned green, and failed in the next round")
        if not greens and time.monotonic() - began > settings.wait:
            if ends:
                break
            raise _unhealthy(rehearsal, last, f"not green after {settings.wait:g} s")
    if ends:
        raise failure_of(rehearsal, ends)
    if not last.results:
        rehearsal.warn("the manifest has no health checks, so StartOS can't tell whether the service works")
    _connect_to_all(rehearsal, began + settings.wait)


class _Round:
    """The results of a round."""

    def __init__(self, results: Sequence[Result] = (), was_green: bool = False) -> None:
        self.results, self.was_green = results, was_green

    @property
    def is_green(self) -> bool:
        return all(result.is_green for result in self.results)

    @property
    def text(self) -> str:
        return ", ".join(result.text for result in self.results)


def _sleep(rehearsal: Rehearsal, seconds: float) -> None:
    """Wait while the service runs. Raises: StepFailedError if it has ended twice since its start."""
    service, deadline = rehearsal.service, time.monotonic() + seconds
    known = len(service.ends)
    while True:
        found = service.ends
        if len(found) > 1 or (found and not service.is_running and _pauses(rehearsal, found[-1])):
            raise failure_of(rehearsal, found)
        if service.is_running and (time.monotonic() >= deadline or len(service.ends) > known):
            return
        time.sleep(_POLL)


def _pauses(rehearsal: Rehearsal, end: End) -> bool:
    """Return whether waiting for the restart costs more than it tells: it ended as soon as it had started."""
    return end.seconds < rehearsal.settings.pace.settle


def _unhealthy(rehearsal: Rehearsal, last: _Round, how: str) -> StepFailedError:
    bad = next(result for result in last.results if not result.is_green)
    what = f"health-checks.{bad.id}: {how}: {' '.join(bad.message.split()) or bad.health.value}"
    local = [each for each in _listeners(rehearsal) if each.is_local]
    wanted = _ports(rehearsal)
    reached = next((each for each in local if each.port in wanted), None)
    todo = _hint(rehearsal, bad) if reached is None else _listen_on_all(reached)
    return StepFailedError(
        what,
        todo=todo,
        outcome=bad.outcome,
        log=rehearsal.service.log(),
        place=rehearsal.place("health-checks", bad.id),
    )


def _hint(rehearsal: Rehearsal, bad: Result) -> str:
    if bad.outcome.code is None:
        return "Let the check end by itself: StartOS leaves it running, and starts another one each round."
    listening = sorted({each.text for each in _listeners(rehearsal)})
    where = f"The service listens on {', '.join(listening)}." if listening else "The service listens on no port."
    check = rehearsal.package.procedure("health-checks", bad.id)
    is_script = check is not None and check.kind == "script"
    return where if is_script else f"{where} {rehearsal.settings.how_to_try}"


def _listen_on_all(listener: Listener) -> str:
    return f"Let the service listen on 0.0.0.0: it listens on {listener.text} only."


def _listeners(rehearsal: Rehearsal) -> list[Listener]:
    return list(look_into(rehearsal.docker, rehearsal.compat, rehearsal.service.container).listeners)


def _ports(rehearsal: Rehearsal) -> dict[int, tuple[str, ...]]:
    """Return the ports that Tor and the LAN lead to, each with its key in the manifest."""
    interfaces = rehearsal.package.manifest.get("interfaces")
    found: dict[int, tuple[str, ...]] = {}
    for id, interface in (interfaces.fields if interfaces else {}).items():
        tor = interface.get("tor-config", "port-mapping")
        for external, node in (tor.fields if tor else {}).items():
            _add(found, node.value, ("interfaces", id, "tor-config", "port-mapping", external))
        lan = interface.get("lan-config")
        for external, node in (lan.fields if lan else {}).items():
            port = node.get("internal")
            _add(found, port.value if port else None, ("interfaces", id, "lan-config", external, "internal"))
    return found


def _add(found: dict[int, tuple[str, ...]], port: object, keys: tuple[str, ...]) -> None:
    if str(port).isdecimal():
        found.setdefault(int(str(port)), keys)


def _connect_to_all(rehearsal: Rehearsal, deadline: float) -> None:
    """Connect to each port as StartOS does, from outside the container. S/net/vhost.rs:120-160

    Raises: StepFailedError if one doesn't answer until the deadline.
    """
    for port, keys in _ports(rehearsal).items():
        while reason := _connect(rehearsal, port):
            listeners = _listeners(rehearsal)
            local = next((each for each in listeners if each.port == port and each.is_local), None)
            if local or time.monotonic() > deadline:
                raise _unreachable(rehearsal, keys, f"port {port}: {reason}", listeners, local)
            rehearsal.progress(f"waiting for port {port}")
            time.sleep(_BETWEEN_CONNECTS)


def _connect(rehearsal: Rehearsal, port: int) -> str | None:
    """Return why a port doesn't answer, or None if it does."""
    try:
        reason = rehearsal.helper.ask("connect", host=rehearsal.service.address, port=port, timeout=_PATIENCE)
    except VolumeHelperError as error:
        return str(error)
    return None if reason is None else str(reason)


def _unreachable(
    rehearsal: Rehearsal, keys: Sequence[str], why: str, listeners: Sequence[Listener], local: Listener | None
) -> StepFailedError:
    what = f"{'.'.join(keys[:2])}: nothing answers at the container's {why}"
    others = ", ".join(sorted({each.text for each in listeners}))
    todo = f"Map a port on which the service listens: {others}." if others else "Let the service listen there."
    if local:
        what = f"{'.'.join(keys[:2])}: the service listens on {local.text} only, where StartOS can't reach it"
        todo = _listen_on_all(local)
    return StepFailedError(what, todo=todo, log=rehearsal.service.log(), place=rehearsal.place(*keys))
