"""Wait until the service is healthy."""

from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.waiting import wait_until_healthy


def run(rehearsal: Rehearsal) -> None:
    """Wait until all checks are green and stay so, and until all ports answer."""
    try:
        wait_until_healthy(rehearsal, rehearsal.settings.pace.rounds)
    except StepFailedError:
        # A crash loop would go on.
        if not rehearsal.service.is_running:
            rehearsal.service.kill()
        raise
    rehearsal.was_healthy = True
