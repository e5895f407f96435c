"""Read the properties, and see whether the UI can show them."""

from startos_wrapper.rehearse.calling import call_for
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.result_shapes import wrong_properties


def run(rehearsal: Rehearsal) -> None:
    """Run the procedure as the UI does when the user opens the page."""
    procedure = rehearsal.package.procedure("properties")
    if procedure is None:
        raise SkippedError("the manifest has no properties")
    if procedure.node.is_true("inject") and not rehearsal.service.is_running:
        raise SkippedError("the service isn't running")
    try:
        found = call_for(rehearsal, procedure, wrong_properties)
    except StepFailedError as error:
        if error.outcome is None or not error.outcome.succeeded:
            raise
        raise StepFailedError(
            f"{error}; the UI then shows an empty page",
            todo=error.todo,
            outcome=error.outcome,
            log=error.log,
            place=error.place,
        ) from error
    if found.value is None:
        rehearsal.warn("properties returns nothing, so the UI shows an empty page", rehearsal.place("properties"))
