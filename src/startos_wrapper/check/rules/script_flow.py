"""Rules about the last steps of a script: what `exec` leaves behind, and how the script ends."""

from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.procedure_scripts import (
    SHELLS,
    ProcedureScript,
    files_once,
    in_foreground,
    program_of,
    shell_scripts,
)
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import Command, NotUnderstoodError, Script
from startos_wrapper.files.wrapper import Wrapper

_ALL_ARGUMENTS = (["$@"], ["$*"], ["${@}"], ["${*}"])


def _final_exec(script: Script) -> Command | None:
    return next((command for command in script.commands if command.replaces_shell), None)


@checks("W709")
def after_exec(wrapper: Wrapper) -> Iterator[Finding]:
    """Find commands after an `exec` that replaces the shell."""
    for entry in shell_scripts(wrapper):
        final = _final_exec(entry.script)
        if final is None or any(command.name == "shopt" for command in entry.script.commands):
            continue
        rest = (each for each in entry.script.commands if each.start > final.end and each.function is None)
        dead = next((each for each in rest if in_foreground(each) or each.background), None)
        if dead:
            line = entry.place(final.start).line
            where = f" on line {line}" if entry.source else ""
            what = f"`{entry.short(dead)}` never runs, because `{entry.short(final)}`{where} replaces the shell"
            todo = f"move it before the exec, or remove it{'' if dead.background else ', or remove the exec'}"
            yield Finding("W709", entry.place(dead.start, dead.end), what, todo)


@checks("W710")
def left_behind(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a process in the background of a main script that ends in `exec`, so nothing passes SIGTERM on to it."""
    for entry in shell_scripts(wrapper):
        final = _final_exec(entry.script) if entry.is_main else None
        if final is None:
            continue
        for command in entry.script.commands:
            if command.start > final.start or not _stays(entry, command):
                continue
            what = (
                f"`{entry.short(command)}` gets no SIGTERM: `{entry.short(final)}` replaces the shell that started it"
            )
            todo = "start the last process with `&`, too, pass SIGTERM on to both in a trap, and wait for them"
            yield Finding("W710", entry.place(command.start, command.end), what, todo)


def _stays(entry: ProcedureScript, command: Command) -> bool:
    """Return whether a process is started in the background and nothing waits for it or stops it."""
    if not command.background or command.function is not None or not command.name or command.name in _SHORT_LIVED:
        return False
    after = (each for each in entry.script.commands if each.start > command.start)
    return not any(each.name in ("wait", "kill", "pkill", "killall") for each in after)


_SHORT_LIVED = {"sleep", "echo", "printf", "curl", "wget", "touch", "mkdir", "chown", "chmod", "cp", "rm", "sync"}
_SHORT_LIVED |= {"timeout"}


@checks("W711")
def ends_in_background(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a main script that ends right after starting a process in the background, and the container with it."""
    for entry in shell_scripts(wrapper):
        commands = [each for each in entry.script.commands if each.function is None and not each.nested]
        if not entry.is_main or not commands or not commands[-1].background:
            continue
        last = commands[-1]
        others = [each for each in entry.script.commands if each is not entry.restart]
        if any(each.is_exec or each.name in ("wait", ".", "source") for each in others):
            continue
        if any(each.nested and each.start > last.end for each in entry.script.commands):
            continue
        what = f"The script ends after `{entry.short(last)}` &, so the container ends, and StartOS restarts it forever"
        yield Finding(
            "W711", entry.place(last.start, last.end), what, "remove the `&`, and put `exec` before the command"
        )


@checks("E718")
def nothing_runs(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a main script that starts nothing, e.g. an empty file that a shell runs."""
    for entry in files_once(wrapper):
        if not entry.is_main or not (entry.shell in SHELLS or not entry.text.strip()):
            continue
        if not entry.text.strip() and entry.is_run_itself and not entry.target.has_init:
            continue  # The kernel refuses it, which another rule reports.
        if _starts_something(entry):
            continue
        what = "The script starts nothing, so the container ends at once, and StartOS restarts it forever"
        yield Finding("E718", entry.place(0, 1), what, "end it with `exec` and the command of the service")


def _starts_something(entry: ProcedureScript) -> bool:
    """Return whether a script may run a program or a loop. Functions only count if something calls them."""
    try:
        read_script(entry.text)
    except NotUnderstoodError:
        return True
    outside = [each for each in entry.script.commands if each.function is None and each is not entry.restart]
    return any(each.nested or each in entry.started for each in outside)


@checks("W713")
def exec_without_arguments(wrapper: Wrapper) -> Iterator[Finding]:
    """Find `exec "$@"` in a script that gets no arguments. StartOS drops the image's CMD. S/procedure/docker.rs:233"""
    for entry in shell_scripts(wrapper):
        if entry.target.rest or entry.target.text is not None:
            continue
        if any(command.name == "set" and _sets_arguments(command.args) for command in entry.script.commands):
            continue
        for command in entry.script.commands:
            if command.replaces_shell and program_of(command)[:1] in _ALL_ARGUMENTS:
                what = f"{entry.procedure.name} has no args, so `{entry.short(command)}` starts nothing"
                todo = f"write the command of the service here, or as args of {entry.procedure.name} in the manifest"
                yield Finding("W713", entry.place(command.start, command.end), what, todo)


def _sets_arguments(args: list[str]) -> bool:
    """Return whether `set` gets words that replace the script's arguments."""
    return "--" in args or any(not arg.startswith(("-", "+")) for arg in args)
