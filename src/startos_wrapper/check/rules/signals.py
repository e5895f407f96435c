"""Rules about SIGTERM: whether it reaches the processes that the entrypoint starts."""

import re
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.builds import shipped_instructions
from startos_wrapper.files.entrypoint import entrypoint_of
from startos_wrapper.files.images.image_config import signal_name
from startos_wrapper.files.procedure_scripts import INITS, ProcedureScript
from startos_wrapper.files.shell.script import Command, Script
from startos_wrapper.files.wrapper import Wrapper

_KILLS_ALL = re.compile(r"\b(?:jobs|pkill|killall|pgrep|eval)\b|\bkill\b[^\n;&|]*\s(?:0(?![\w.])|-\$\$|--\s)")


def traps(script: Script) -> list[tuple[Command, str, list[str]]]:
    """Return the traps: the command, the action, and the signals."""
    found = []
    for command in script.commands:
        words = [word for word in command.args if word != "--"]
        if command.name == "trap" and len(words) >= 2 and words[0] != "-":
            found.append((command, words[0], [signal_name(word) for word in words[1:]]))
    return found


def _handles_stop(wrapper: Wrapper, entry: ProcedureScript) -> bool:
    """Return whether a trap handles the signal that stops the container, or may do so."""
    stops = [each for each in shipped_instructions(wrapper) if each.name == "STOPSIGNAL"]
    wanted = {"TERM", *(signal_name(word.text) for each in stops for word in each.words)}
    if entry.shell == "bash":
        wanted.add("EXIT")
    signals = {signal for _, _, signals in traps(entry.script) for signal in signals}
    return bool(signals & wanted) or any("$" in signal for signal in signals)


def _futile_execs(script: Script) -> list[Command]:
    return [command for command in script.commands if command.is_exec and (command.piped or command.background)]


@checks("W701")
def sigterm_lost(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a shell between SIGTERM and the service. StartOS starts containers without --init.

    As process 1 it ignores the signal. Below tini it ends at once, and tini with it, even with `tini -g`: tried with
    tini 0.19, dash, bash and BusyBox.
    """
    entry = entrypoint_of(wrapper)
    if entry is None or (entry.has_init and entry.init is None) or _handles_stop(wrapper, entry):
        return
    commands, restart = entry.script.commands, entry.restart
    if any(command.is_exec and not command.child and command is not restart for command in commands):
        return
    last = entry.last
    if last is None or last.name in (".", "source", "eval"):
        return
    if last.name not in _WAITING and any(
        each.background and each.function is None and each.start > last.start for each in commands
    ):
        # The script ends after a process in the background, so nothing stays.
        return
    yield _lost(entry, last, entry.init)


_WAITING = {"wait", "sleep", "tail"}


def _lost(entry: ProcedureScript, last: Command, init: str | None) -> Finding:
    """Tell which processes get no SIGTERM, and what to write instead."""
    shell = entry.shell or "the shell"
    what = f"SIGTERM has no effect: {shell} is process 1, has no handler for it, and doesn't pass it on to"
    if init:
        what = f"{init} passes SIGTERM on to {shell}, which ends at once, and the container with it. It doesn't reach"
    if last.name == "wait":
        what += " the processes that `wait` waits for"
        todo = (
            "write `trap 'kill -TERM $pid' TERM` before it, with the ids of all these processes, and `wait` again below"
        )
    elif last.name in ("sleep", "tail"):
        what += " the background processes"
        todo = "end the script with `exec` and the command of the service, which then runs in the foreground"
    else:
        what += f" `{entry.short(last)}`"
        todo = f"write `exec {entry.short(last)}`"
        if init is None and last.name not in INITS:
            todo += ", or put `exec tini -- ` before it if it starts other processes"
    return Finding("W701", entry.place(last.start, last.end), what, todo)


@checks("W702")
def exec_without_effect(wrapper: Wrapper) -> Iterator[Finding]:
    """Find `exec x | y` and `exec x &`: the shell runs them in a copy of itself, and stays process 1."""
    entry = entrypoint_of(wrapper)
    if entry is None or not entry.is_process_one:
        return
    handles_stop = _handles_stop(wrapper, entry)
    for command in _futile_execs(entry.script):
        # With a handler, the shell has to stay process 1, and it starts one process less.
        if handles_stop and (command.background or command.child):
            continue
        if command.piped:
            what = "exec has no effect in a pipeline: the shell stays, and SIGTERM doesn't reach the service"
            todo = "remove the pipe, because StartOS logs the output of the service anyway"
        else:
            what = "exec has no effect before `&`: the shell stays, and doesn't pass SIGTERM on"
            todo = "remove exec and kill this process in the SIGTERM handler, or remove the `&` of the last process"
        yield Finding("W702", entry.place(command.start, command.end), what, todo)


@checks("W703")
def process_not_killed(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a background process that the SIGTERM handler doesn't kill, although it kills another one."""
    entry = entrypoint_of(wrapper)
    if entry is None or not entry.is_process_one:
        return
    script, text = entry.script, entry.text
    trap = next((trap for trap in traps(script) if "TERM" in trap[2]), None)
    started = {
        word.text[:-3]: word.start
        for command in script.commands
        for word in command.assignments
        if word.text.endswith("=$!") and command.function is None
    }
    if trap is None or len(started) < 2:
        return
    handler = with_functions(script, text, trap[1])
    killed = _variables(handler) & started.keys()
    if "kill" not in handler or not killed or _KILLS_ALL.search(handler):
        return
    done = _dealt_with(script, trap[0].start)
    for name, start in started.items():
        if name not in killed and name not in done:
            what = f"The SIGTERM handler kills ${min(killed)} but not ${name}"
            todo = f"kill ${name} in the handler too, and wait for it"
            yield Finding("W703", entry.place(start, start + len(name) + 3), what, todo)


def _variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", text))


def with_functions(script: Script, text: str, action: str) -> str:
    """Return the text of a handler and of the functions that it calls."""
    pieces, taken = [action], set()
    for piece in pieces:
        for name in re.findall(r"[A-Za-z0-9_-]+", piece):
            if name in script.functions and name not in taken:
                taken.add(name)
                start, end = script.functions[name]
                pieces.append(text[start:end])
    return "\n".join(pieces)


def _dealt_with(script: Script, trap: int) -> set[str]:
    """Return the variables of processes that are killed elsewhere, or waited for before the trap is set."""
    words = [
        word
        for command in script.commands
        if command.name == "kill" or (command.name == "wait" and command.start < trap)
        for word in command.args
    ]
    return {name for word in words for name in _variables(word)}
