"""Wait until the service is healthy."""

from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.startos04.readiness import wait_until_ready


def run(life: Life) -> None:
    """Wait until all daemons are ready and stay so, and until all ports of interfaces are open."""
    if not life.is_running:
        raise SkippedError("the service isn't running")
    wait_until_ready(life)
    health = life.state()["health"]
    life.was_healthy = True
    life.result.message = ", ".join(f"{each['name']}: {each['message'] or each['result']}" for each in health.values())
