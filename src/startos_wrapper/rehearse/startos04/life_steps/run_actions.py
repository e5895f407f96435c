"""Run the actions that the user named. Others may delete data or ask the internet."""

from typing import Any

from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.startos04.life_steps.do_tasks import run_action
from startos_wrapper.rehearse.startos04.readiness import wait_until_ready

_LONGEST = 60


def run(life: Life) -> None:
    """Run each action in a status that it allows, and look at its result."""
    known = life.state()["kept"]["actions"]
    if not known:
        raise SkippedError("the package has no actions")
    if not life.settings.actions:
        raise SkippedError(f"none named; --actions {next(iter(known))} runs one")
    shown = []
    for name in life.settings.actions:
        life.progress(name)
        stops = (known.get(name) or {}).get("allowedStatuses") == "only-stopped" and life.is_running
        if stops:
            life.stop()
        try:
            result = run_action(life, name, None, life.settings.inputs.get(name), f"--actions {name}=FILE")
        finally:
            if stops:
                life.start()
        if stops:
            wait_until_ready(life)
        _see_result(life, name, result)
        shown.append(f"{name}: {_text(result)}")
    life.result.message = "; ".join(shown)


def _see_result(life: Life, name: str, result: Any) -> None:
    """Raises: StepFailedError if the UI can't show the result."""
    if result is None:
        return
    wrong = None
    if not isinstance(result, dict) or str(result.get("version")) not in ("0", "1"):
        wrong = "has no version 1"
    elif str(result["version"]) == "1":
        wrong = next((f"lacks {key}" for key in ("title", "message", "result") if key not in result), None)
        value = result.get("result")
        if not wrong and value is not None and value.get("type") not in ("single", "group"):
            wrong = "is neither single nor group"
    if wrong:
        raise life.failure(
            f"action {name}: its result {wrong}", f"'{name}'", todo="Return what ActionResult says, or null."
        )


def _text(result: Any) -> str:
    """Return a result for the report. What is masked stays so."""
    if not isinstance(result, dict):
        return "no result"
    value = result.get("result")
    if isinstance(value, dict) and value.get("type") == "single":
        text = "(masked)" if value.get("masked") else str(value.get("value"))
    else:
        text = str(result.get("message") or result.get("title") or "done")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
