"""Name what the service wrote outside its volumes, and so loses at each start."""

from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal

_MOST = 5


def run(rehearsal: Rehearsal) -> None:
    """Look at all runs of the service so far."""
    outside = rehearsal.service.written_so_far()
    if outside.in_volumes:
        what = f"main: {_named(outside.in_volumes)} is in a VOLUME of the image, but in no volume of the manifest"
        todo = "Mount a volume there. StartOS deletes these files whenever the service stops."
        raise StepFailedError(what, todo=todo, place=rehearsal.place("main", "mounts"))
    if outside.in_image:
        what = f"written outside the volumes, and lost at the next start: {_named(outside.in_image)}"
        rehearsal.warn(what, rehearsal.place("main", "mounts"))


def _named(paths: set[str]) -> str:
    shown = sorted(paths)
    more = f" and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
    return ", ".join(shown[:_MOST]) + more
