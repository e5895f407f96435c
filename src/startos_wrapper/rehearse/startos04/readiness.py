"""Wait until all daemons are ready and all health checks are green."""

import shlex
import time
from collections.abc import Mapping, Sequence
from typing import Any

from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.startos04.life import Life

_GREEN = ("success", "disabled")
_POLL = 0.3
_LONGEST = 60


def wait_until_ready(life: Life) -> None:
    """Wait until everything is ready, and stays so for a while. All ports of interfaces must be open.

    Raises: StepFailedError.
    """
    deadline = time.monotonic() + life.settings.wait
    steady = life.settings.pace.settle * 2
    ready_since: float | None = None
    while True:
        seen = life.call("glance", "main", "setupMain")
        _see_crashes(life, seen)
        waiting = [each for each in seen["daemons"] if each["result"] not in _GREEN]
        now = time.monotonic()
        if waiting:
            if ready_since is not None:
                raise _not_ready(life, waiting[0], f"turned green, and then {waiting[0]['result']}")
            if now > deadline:
                raise _not_ready(life, waiting[0], f"not ready after {life.settings.wait:.0f} s")
            life.progress(f"waiting for {', '.join(each['id'] for each in waiting)}")
        else:
            ready_since = ready_since or now
            if now - ready_since >= steady:
                break
        time.sleep(_POLL)
    _see_ports(life, seen["listeners"])


def live_after(life: Life, prefix: str) -> None:
    """Start the service, wait until it's ready, and stop it. `prefix` says in a failure's message what came before.

    Raises: StepFailedError.
    """
    life.start()
    try:
        wait_until_ready(life)
    except StepFailedError as error:
        error.args = (f"{prefix}{error}",)
        raise
    finally:
        life.stop()


def _see_crashes(life: Life, seen: Mapping[str, Any]) -> None:
    """Warn of errors in the background. Raises: StepFailedError if a daemon ended."""
    if seen["crashes"]:
        crash = seen["crashes"][0]
        ended = f"signal {crash['signal']}" if crash["signal"] else f"exit code {crash['code']}"
        what = f"`{command_of(crash)}` ended with {ended} after {crash['seconds']:.1f} s; StartOS starts it anew"
        raise life.failure(
            what, *crash["command"][:1], "setupMain", todo="Read the log: the command says why it ended."
        )
    for problem in seen["problems"]:
        # StartOS only logs it.
        life.warn(f"an error in the package's code that nobody catches: {problem}")


def command_of(command: Mapping[str, Any]) -> str:
    """Return a recorded command for messages."""
    text = shlex.join(map(str, command["command"]))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _not_ready(life: Life, daemon: Mapping[str, Any], why: str) -> StepFailedError:
    said = f": {daemon['message']}" if daemon["message"] else ""
    kind = {"oneshot": "oneshot", "health": "health check"}.get(str(daemon["kind"]), "daemon")
    todo = "Let it turn green, or raise --wait if it only needs more time."
    return life.failure(f"{kind} {daemon['id']}: {why}{said}", f"'{daemon['id']}'", "setupMain", todo=todo)


def _see_ports(life: Life, listeners: Sequence[Mapping[str, Any]]) -> None:
    """Raises: StepFailedError if nothing listens where an interface leads."""
    state = life.state()
    for binding in state["kept"]["bindings"].values():
        port = binding["internalPort"]
        here = [each for each in listeners if each["port"] == port]
        if not here:
            others = ", ".join(sorted({str(each["port"]) for each in listeners if not each["isLocal"]}))
            what = f"host {binding['id']}: nothing listens at port {port}"
            todo = f"Bind a port on which the service listens: {others}." if others else "Let the service listen there."
            raise life.failure(what, str(port), "bindPort", todo=todo)
        if all(each["isLocal"] for each in here):
            what = f"host {binding['id']}: the service listens on localhost:{port} only, where StartOS can't reach it"
            raise life.failure(what, str(port), "bindPort", todo="Let the service listen on 0.0.0.0.")
