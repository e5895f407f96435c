"""Stop the service: SIGTERM to each daemon, dependents first, and SIGKILL after its sigtermTimeout."""

from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.startos04.readiness import command_of


def run(life: Life) -> None:
    """Stop it, and say which daemon doesn't end by itself."""
    if not life.is_running:
        raise SkippedError("the service isn't running")
    killed = life.stop()
    if killed:
        what = f"`{command_of(killed[0])}` didn't end within its sigtermTimeout after SIGTERM, and was killed"
        todo = "Start the program with exec, pass the signal on with trap, or raise sigtermTimeout."
        raise life.failure(what, "sigtermTimeout", "setupMain", todo=todo)
