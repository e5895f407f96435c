"""Do the tasks that the service gives its user. Without the critical ones, StartOS doesn't start it. S/action.rs"""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.startos04.action_inputs import default_input, merged, missing
from startos_wrapper.rehearse.startos04.life import Life

_CONFIG = "config"


def run(life: Life) -> None:
    """Run the action of each active task, with the form's defaults and --config."""
    done = do_tasks(life)
    if not done:
        raise SkippedError("the service has no task")
    life.result.message = f"done: {', '.join(done)}"


def do_tasks(life: Life) -> list[str]:
    """Do all tasks of the service's own actions, and return what was done. Raises: StepFailedError."""
    life.is_ready_to_start = False
    done: list[str] = []
    tasks = life.state()["kept"]["tasks"]
    given = life.settings.config
    for entry in tasks.values():
        task = entry["task"]
        action = str(task["actionId"])
        if not entry["active"] or f"{action} ({task['severity']})" in done:
            continue
        if task["packageId"] != life.package.id:
            life.unshown.add(f"the task {action} of the package {task['packageId']}")
            continue
        life.progress(f"action {action}")
        run_action(life, action, (task.get("input") or {}).get("set"), given, "--config")
        given = None
        done.append(f"{action} ({task['severity']})")
    if given is not None and _CONFIG in life.state()["kept"]["actions"]:
        run_action(life, _CONFIG, None, given, "--config")
        done.append(f"{_CONFIG} (--config)")
    _see_left(life)
    life.is_ready_to_start = True
    return done


def _see_left(life: Life) -> None:
    for entry in life.state()["kept"]["tasks"].values():
        task = entry["task"]
        if entry["active"] and task["severity"] == "critical":
            what = f"the critical task {task['actionId']} stays after its action, so StartOS won't start the service"
            if task["packageId"] != life.package.id:
                what = f"the critical task {task['actionId']} is one of {task['packageId']}, which isn't installed here"
                todo = "Give other packages important tasks, or rehearse on a server."
            else:
                todo = "Let the action write what the task's condition asks for."
            raise life.failure(what, str(task["actionId"]), todo=todo)


def run_action(life: Life, action: str, prefill: Any, given: Mapping[str, Any] | None, option: str) -> Any:
    """Run an action as the user does, and return its result. Raises: StepFailedError."""
    metadata = life.state()["kept"]["actions"].get(action)
    if metadata is None:
        known = ", ".join(life.state()["kept"]["actions"]) or "none"
        raise life.failure(f"there is no action {action}; the service exports {known}", todo=f"Correct {option}.")
    content: Any = None
    if metadata["hasInput"]:
        form = life.call("input", f"action {action}: its form", f"'{action}'", action=action, prefill=prefill)
        content = merged(default_input(form["spec"]), form["value"], prefill, given)
        lacking = missing(form["spec"], content)
        if lacking:
            what = f"action {action}: {lacking[0]} has no default, and the user must fill it in"
            raise life.failure(what, f"'{action}'", todo=f"Pass the input with {option}.", log="")
    return life.call("run", f"action {action}", f"'{action}'", action=action, input=content)
