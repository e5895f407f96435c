"""Stop the service."""

import signal
from collections.abc import Collection, Sequence

from startos_wrapper.rehearse.inspect_container import Process, look_into, watched
from startos_wrapper.rehearse.outcome import Outcome, SkippedError, StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.service import Stopped
from startos_wrapper.terminal import shorten

_LONGEST = 40
_KILLED = 128 + signal.SIGKILL
_SHELLS = ("sh", "bash", "dash", "ash", "ksh", "zsh", "busybox")
# What keeps a container alive while the service runs in the background.
_IDLE = ("sleep", "tail", "cat", "inotifywait", "read")
_INITS = ("tini", "docker-init", "catatonit")


def run(rehearsal: Rehearsal) -> None:
    """Stop the service, and say why it doesn't end by itself."""
    service = rehearsal.service
    if not service.is_running:
        service.kill()
        raise SkippedError("the service isn't running")
    name = rehearsal.stop_signal
    inside = look_into(rehearsal.docker, rehearsal.compat, service.container)
    log = service.log()
    ids = [each.id for each in of_script(inside.processes, _number(name))]
    with watched(rehearsal.docker, rehearsal.compat, service.container, ids) as killed:
        stopped = service.stop()
        forgotten = killed()
    what, todo = fault_of(stopped, inside.processes, name, forgotten)
    if what:
        command = f"docker stop -t {stopped.limit} {service.container}"
        raise StepFailedError(
            f"main: {what}",
            todo=todo,
            outcome=Outcome(command, stopped.code, seconds=stopped.seconds),
            log=log,
            place=rehearsal.place("main", "entrypoint" if forgotten else "sigterm-timeout"),
        )


def fault_of(
    stopped: Stopped, processes: Sequence[Process], name: str, forgotten: Collection[int] = ()
) -> tuple[str, str]:
    """Return what is wrong with a stop and what to do, or two empty texts.

    `forgotten` are the processes that still ran when process 1 ended.
    """
    first = next((each for each in processes if each.id == 1), None)
    if stopped.limit == 0:
        what = "sigterm-timeout is less than a second, so StartOS sends SIGKILL at once"
        return what, "Use whole seconds, e.g. 30s: StartOS cuts off the rest."
    if stopped.code != _KILLED and stopped.seconds < stopped.limit:
        return _forgotten(processes, forgotten) if forgotten else _left_behind(processes)
    took = f"the service didn't end within {stopped.limit} s after SIG{name}, and was killed"
    number = _number(name)
    if first is not None and first.name in _INITS and (found := _below_init(first, processes, number)):
        return f"{took}: {found[0]}", found[1]
    if first is None or first.handles(number):
        todo = "Let it end sooner, or raise main.sigterm-timeout."
        return f"{took}, although process 1 handles the signal", todo
    shown = _command(first)
    others = [each for each in processes if each.was_started_by(first) and each.name not in _IDLE]
    idle = [each for each in processes if each.parent == 1 and each.name in _IDLE]
    if name != "TERM":
        what = f"{took}: the image's STOPSIGNAL is SIG{name}, which process 1 ({shown}) doesn't handle"
        return what, "Write `STOPSIGNAL SIGTERM` in the final stage of the Dockerfile."
    if first.name in _IDLE or (first.program in _SHELLS and idle):
        what = f"{took}: process 1 ({shown}) only waits, and the service runs in the background"
        return what, "Run the service in the foreground, as the last command: exec SERVICE."
    if first.ignores(number):
        return f"{took}: process 1 ({shown}) ignores the signal", "Don't ignore it: remove `trap '' TERM`."
    if first.program in _SHELLS and others:
        what = f"{took}: process 1 is a shell ({shown}) that passes no signal on to {others[0].name}"
        return what, "Start the last command with exec, or pass the signal on with trap."
    what = f"{took}: process 1 ({shown}) doesn't handle the signal, and Linux gives process 1 no default"
    return what, "Start it with tini: exec tini -- SERVICE."


def _below_init(first: Process, processes: Sequence[Process], number: int) -> tuple[str, str] | None:
    """Say which program below an init ignores the signal or doesn't end on it. Return None if it has no default action.

    tini waits in sigtimedwait, where Linux shows no signal as blocked. So what an init blocks says nothing here.
    """
    others = [each for each in processes if each is not first and each.state != "Z"]
    child = next((each for each in others if each.parent == first.id), None)
    if child is None:
        return None
    ignoring = next((each for each in (child, *others) if each.ignores(number)), None)
    passed = f"{first.name} passed the signal on to {child.name}"
    if ignoring is child:
        return f"{passed} ({_command(child)}), which ignores it", f"Let {child.name} handle it: remove `trap '' TERM`."
    if ignoring:
        what = f"{passed}, but {ignoring.name} ({_command(ignoring)}), which runs below it, ignores it"
        return what, f"Let {ignoring.name} handle it: remove `trap '' TERM`."
    if not child.handles(number):
        return None
    todo = "Let it end sooner, or raise main.sigterm-timeout."
    if child.program in _SHELLS:
        todo = "A shell runs its trap when the command in the foreground has ended: end it with `SERVICE & wait $!`."
    return f"{passed} ({_command(child)}), which handles it, but doesn't end", todo


def _command(process: Process) -> str:
    return shorten(" ".join(process.command) or process.name, _LONGEST, "…")


def _number(name: str) -> int:
    return int(getattr(signal, f"SIG{name}", signal.SIGTERM))


def of_script(processes: Sequence[Process], number: int) -> list[Process]:
    """Return what a script started that traps the signal. The script is process 1, or an init started it.

    Shells among them may be loops that have nothing to save.
    """
    first = next((each for each in processes if each.id == 1), None)
    parents = [1] if first and first.name in _INITS else []
    scripts = [each for each in processes if each is first or each.parent in parents]
    trapping = [each for each in scripts if each.program in _SHELLS and each.handles(number)]
    return [
        each
        for each in processes
        if any(map(each.was_started_by, trapping)) and each.program not in (*_IDLE, *_SHELLS) and each.state != "Z"
    ]


def _forgotten(processes: Sequence[Process], forgotten: Collection[int]) -> tuple[str, str]:
    """Name a process that still ran when the script that had started it ended: Linux killed it."""
    process = next(each for each in processes if each.id in forgotten)
    script = next(each for each in processes if each.id == process.parent)
    what = f"{process.name} still ran when the script that started it ended ({_command(script)}), so Linux killed it"
    return what, f"Let the script's trap signal {process.name} as well, and `wait` for it before the script ends."


def _left_behind(processes: Sequence[Process]) -> tuple[str, str]:
    """Find what tini doesn't reach: it only passes the signal on to its child, and Linux kills the others with it."""
    first = next((each for each in processes if each.id == 1), None)
    if first is None or first.name not in _INITS or "-g" in first.command:
        return "", ""
    for child in (each for each in processes if each.parent == 1):
        if child.handles(signal.SIGTERM) or child.ignores(signal.SIGTERM):
            continue
        for other in processes:
            if other.parent == child.id and other.name not in _IDLE and other.state != "Z":
                what = f"SIGTERM ends {child.name}, which {first.name} started, but not {other.name}: Linux kills it"
                return what, f"Start {other.name} with exec in the script, or start {first.name} with -g."
    return "", ""
