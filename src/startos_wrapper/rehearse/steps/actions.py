"""Run the actions that the user named. Others may delete data or ask the internet."""

from random import SystemRandom
from typing import Any

from startos_wrapper.rehearse.calling import call_for
from startos_wrapper.rehearse.config_spec import MisfitError, fit, generate
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.procedure_runner import NOTHING_GIVEN
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.result_shapes import wrong_action_result
from startos_wrapper.rehearse.waiting import wait_until_healthy


def run(rehearsal: Rehearsal) -> None:
    """Run each action in a status that it allows. The UI checks that, the server doesn't."""
    node = rehearsal.package.manifest.get("actions")
    known, named = list(node.fields) if node else [], rehearsal.settings.actions
    if not known:
        raise SkippedError("the manifest has no actions")
    if not named:
        raise SkippedError(f"none named; --actions {known[0]} runs one")
    for name in named:
        rehearsal.progress(name)
        _run(rehearsal, name)


def _run(rehearsal: Rehearsal, name: str) -> None:
    procedure = rehearsal.package.procedure("actions", name, "implementation")
    if procedure is None:
        raise StepFailedError(f"the manifest has no action {name}", todo="Correct --actions.")
    if procedure.node.is_true("inject") and not rehearsal.service.is_running:
        raise SkippedError("the service isn't running")
    given = _input(rehearsal, name)
    allowed = rehearsal.package.value("actions", name, "allowed-statuses") or []
    service = rehearsal.service
    stops = "running" not in allowed and service.is_started
    if stops:
        service.stop()
    try:
        call_for(rehearsal, procedure, wrong_action_result, given=given)
    finally:
        if stops:
            service.start()
    if stops:
        wait_until_healthy(rehearsal)


def _input(rehearsal: Rehearsal, name: str) -> Any:
    """Return what the user gives an action: with a form, a config that fits it, or else nothing."""
    spec, place = rehearsal.package.value("actions", name, "input-spec"), rehearsal.place("actions", name, "input-spec")
    if not spec:
        return NOTHING_GIVEN
    source = f"--actions {name}=FILE"
    try:
        given = rehearsal.settings.inputs.get(name)
        if given is None:
            given, source = generate(spec, SystemRandom()), "the form's default"
        fit(spec, given)
    except MisfitError as error:
        todo = f"Pass the input with --actions {name}=FILE."
        if file := rehearsal.settings.files.get(source):
            source, todo, place = str(file.path), "Correct the file.", file.place(error.path)
        raise StepFailedError(f"actions.{name}: {source}: {error}", todo=todo, place=place) from error
    return given
