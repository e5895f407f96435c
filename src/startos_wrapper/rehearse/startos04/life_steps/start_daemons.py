"""Start the service. runtime: SystemForStartOs.start"""

from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.startos04.life import Life


def run(life: Life) -> None:
    """Run main, and see what daemons it has."""
    if not life.is_ready_to_start:
        raise SkippedError("a critical task isn't done, so StartOS shows no Start button")
    if life.package.manifest.get("hardwareAcceleration"):
        life.unshown.add("the GPU: hardwareAcceleration gives the service /dev/dri on a server")
    life.start()
    daemons = [str(each["id"]) for each in life.call("glance", "main")["daemons"]]
    if not daemons:
        raise life.failure("main has no daemon", "setupMain", todo="Add one with addDaemon.")
    life.result.message = f"daemons {', '.join(daemons)}"
