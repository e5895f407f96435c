"""Run a procedure whose result StartOS needs, and say why if that fails."""

import re
from collections.abc import Callable
from typing import Any

from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.manifest.wording import shown
from startos_wrapper.files.paths import is_in
from startos_wrapper.rehearse.image_programs import broken_program
from startos_wrapper.rehearse.io_formats import Printed
from startos_wrapper.rehearse.outcome import Outcome, StepFailedError, sentence
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.procedure_runner import NOTHING_GIVEN, result_of, run_procedure
from startos_wrapper.rehearse.rehearsal import Installed, Rehearsal
from startos_wrapper.rehearse.result_shapes import Misshapen
from startos_wrapper.rehearse.service import NOT_CREATED
from startos_wrapper.rehearse.volumes import Access

_LOG_LINES = 20
_MISSING, _NOT_EXECUTABLE, _WRONG_SHAPE, _NO_SCRIPT = 127, 126, 4, 6
_READONLY = re.compile(r"(?i)read-only file ?system|\bEROFS\b|os error 30|is read-?only")
# As Rust words it, which compat prints.
_NO_SUCH_FILE = "os error 2)"
_MISSING_EXPORT = re.compile(r"Expecting (\S+) to be a function")
# The operations that StartOS 0.3.5 lacks, and the effects that need them. JS/artifacts/loadModule.js:43-71
_DEAD_EFFECTS = {
    "start_command": "runCommand",
    "wait_command": "runCommand",
    "send_signal": "signalGroup",
    "signal_group": "signalGroup",
}
_DEAD_EFFECT = re.compile(rf"\b(?:runCommand|runDaemon|signalGroup|{'|'.join(_DEAD_EFFECTS)})\b")


def call(
    rehearsal: Rehearsal,
    procedure: Procedure,
    *,
    given: Any = NOTHING_GIVEN,
    access: Access = Access.USUAL,
    installed: Installed | None = None,
) -> Outcome:
    """Run a procedure that must succeed. Raises: StepFailedError.

    StartOS waits forever. We wait as long as the user said that anything may take.
    """
    seconds = rehearsal.settings.wait
    outcome = run_procedure(rehearsal, procedure, given=given, access=access, timeout=seconds, installed=installed)
    if not outcome.succeeded:
        raise failure(rehearsal, procedure, outcome, installed)
    return outcome


def call_for(
    rehearsal: Rehearsal,
    procedure: Procedure,
    wrong: Callable[[Any], Misshapen | None],
    *,
    given: Any = NOTHING_GIVEN,
    installed: Installed | None = None,
) -> Printed:
    """Run a procedure that must succeed, and return its result. Raises: StepFailedError."""
    outcome = call(rehearsal, procedure, given=given, installed=installed)
    found = result_of(procedure, outcome)
    misshapen = wrong(found.value)
    if misshapen is None:
        return found
    todo, what = sentence(misshapen.todo), str(misshapen)
    if procedure.kind == "script":
        todo = re.sub("(?i)^print", "Return", todo)
    if found.reason:
        todo, what = (
            "Print the result and nothing else to standard output, and messages to standard error.",
            found.reason,
        )
    package = (installed or rehearsal.installed).package
    raise StepFailedError(
        f"{procedure.name}: {what}",
        todo=todo,
        outcome=outcome,
        log=log_of(outcome),
        place=package.place(*procedure.path),
    )


def failure(
    rehearsal: Rehearsal, procedure: Procedure, outcome: Outcome, installed: Installed | None = None
) -> StepFailedError:
    """Return the failure for an outcome, with its cause if it's a known one."""
    package = (installed or rehearsal.installed).package
    what, todo = _why(rehearsal, package, procedure, outcome)
    place = package.place(*procedure.path, "entrypoint")
    return StepFailedError(f"{procedure.name}: {what}", todo=todo, outcome=outcome, log=log_of(outcome), place=place)


def is_readonly_error(outcome: Outcome) -> bool:
    """Return whether a procedure says that it can't write, because a file system is read-only."""
    return _READONLY.search(outcome.errors + outcome.output.decode("utf-8", "replace")) is not None


def log_of(outcome: Outcome) -> str:
    """Return the last lines that a procedure printed: errors, or else its output."""
    text = outcome.errors.strip() or outcome.output.decode("utf-8", "replace").strip()
    return "\n".join(text.splitlines()[-_LOG_LINES:])


def _why(rehearsal: Rehearsal, package: Package, procedure: Procedure, outcome: Outcome) -> tuple[str, str]:
    """Return what happened, and what to do."""
    node = procedure.node.get("entrypoint")
    program, is_injected = (node and node.text) or "the entrypoint", procedure.node.is_true("inject")
    if outcome.is_flood:
        return "it prints without end", "Let it print the result only."
    if outcome.code is None:
        return (
            f"it hasn't ended after {rehearsal.settings.wait:g} s, and StartOS waits forever",
            "Let it end by itself. If it only needs more time, pass --wait.",
        )
    if is_injected and not rehearsal.service.is_running:
        return (
            "with inject: true it needs the service's container, which isn't running now",
            "Remove inject, and give it the mounts that it needs.",
        )
    if procedure.kind == "script":
        return _why_script(outcome)
    if is_injected and "unknown flag: --shm-size" in outcome.errors:
        return "inject: true and shm-size-mb don't work together", "Remove shm-size-mb."
    if outcome.code == NOT_CREATED:
        return f"its container can't be started: {_last(outcome)}", "Correct what Docker names."
    if outcome.code == _MISSING:
        found = broken_program(package, procedure, rehearsal.processor)
        return found or (f"{program} isn't in the image", "Copy it into the image, or correct the entrypoint.")
    if outcome.code == _NOT_EXECUTABLE:
        return (
            f"{program} isn't executable in the image",
            "Run `chmod +x` on it, or copy it with `COPY --chmod=0755`.",
        )
    if found := _unmounted(procedure, outcome):
        return found
    return f"exit code {outcome.code}: {_last(outcome)}", f"The log says why. {rehearsal.settings.how_to_try}"


def _unmounted(procedure: Procedure, outcome: Outcome) -> tuple[str, str] | None:
    """Return which path of a call of compat isn't there. compat itself only says that a path isn't."""
    if not procedure.is_on_compat or _NO_SUCH_FILE not in outcome.errors:
        return None
    mounts = procedure.mounted
    paths = [node.text for node in procedure.args if node.text and node.text.startswith("/")]
    for path in paths:
        if not any(is_in(path, mount) or is_in(mount, path) for mount in mounts.values()):
            where = ", ".join(f"{name} at {mount}" for name, mount in mounts.items()) or "nothing"
            return f"{shown(path)} isn't there: nothing is mounted there", f"Correct the path. It mounts {where}."
    return None


def _why_script(outcome: Outcome) -> tuple[str, str]:
    said = (
        shown(outcome.errors.strip().partition("\n")[0].removeprefix("Uncaught (in promise) ")) or "it gave no reason"
    )
    if outcome.code == _NO_SCRIPT:
        return said, "Add scripts/embassy.js."
    if outcome.code == _WRONG_SHAPE:
        return said, 'Return { result: … }, { error: "…" } or { "error-code": [1, "…"] }.'
    if missing := _MISSING_EXPORT.search(outcome.errors):
        return f"embassy.js doesn't export {missing[1].strip('/').replace('/', '.')}", "Export it from embassy.js."
    if found := _DEAD_EFFECT.search(outcome.errors):
        effect = _DEAD_EFFECTS.get(found[0], found[0])
        return (
            f"the effect {effect} doesn't work in StartOS 0.3.5: {said}",
            "Use a docker procedure for what must run in a container.",
        )
    return f"the script failed: {said}", "The log says where."


def _last(outcome: Outcome) -> str:
    """Return the last line that a procedure printed."""
    lines = [line for line in log_of(outcome).splitlines() if line.strip()]
    return shown(lines[-1]) if lines else "it printed nothing"
