"""Start the service."""

import time

from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.why_ended import failure_of

_POLL = 0.1


def run(rehearsal: Rehearsal) -> None:
    """Start the service, and see that it stays up for a moment."""
    if not rehearsal.is_configured:
        raise SkippedError("the service isn't configured, so StartOS shows no Start button")
    service = rehearsal.service
    if service.main.node.is_true("gpu-acceleration"):
        rehearsal.warn("a GPU isn't played: on a server, /dev/dri is passed to the service", rehearsal.place("main"))
    service.start()
    up_since = time.monotonic()
    while time.monotonic() - up_since < rehearsal.settings.pace.settle:
        if service.ends:
            failure = failure_of(rehearsal, service.ends)
            service.kill()
            raise failure
        time.sleep(_POLL)
    # Docker's errors in the other thread.
    _ = service.is_running
    rehearsal.was_started = True
