"""Uninstall the service. S/install/mod.rs:139-241"""

from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal


def run(rehearsal: Rehearsal) -> None:
    """Remove everything of the rehearsal, and see that nothing is left."""
    rehearsal.service.kill()
    rehearsal.helper.close()
    left = rehearsal.docker.remove_all()
    if left:
        raise StepFailedError(f"Docker can't remove {', '.join(left)}", todo="Remove it with `docker rm --force`.")
