"""Uninstall the service: uninit without a target, and nothing is left. S/uninstall.rs"""

from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.startos04.life import Life


def run(life: Life) -> None:
    """Run uninit, remove everything of the rehearsal, and see that nothing is left."""
    life.call("uninit", "uninit", "setupUninit", target=None)
    life.is_running = False
    life.runtime.close()
    left = life.docker.remove_all()
    if left:
        raise StepFailedError(f"Docker can't remove {', '.join(left)}", todo="Remove it with `docker rm --force`.")
