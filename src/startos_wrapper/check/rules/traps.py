"""Rules about handlers of SIGTERM: what they're set to, and whether the script gives the processes time to stop."""

import re
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.signals import traps, with_functions
from startos_wrapper.files.entrypoint import entrypoint_of
from startos_wrapper.files.shell.script import Command, Script
from startos_wrapper.files.wrapper import Wrapper

_VARIABLE = re.compile(r"(?<!\\)\$\{?([A-Za-z_]\w*)")


@checks("W719")
def stops_too_early(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a script that ends right after its handler, so the processes that it has told to stop are killed.

    A signal ends `wait` at once, with a code above 128. POSIX, shell command language, 2.11; tried with dash 0.5.12,
    bash 5.2 and the ash of BusyBox 1.35, as process 1 and below tini.
    """
    entry = entrypoint_of(wrapper)
    if entry is None:
        return
    trap = next((trap for trap in traps(entry.script) if "TERM" in trap[2] and trap[0].function is None), None)
    outside = [each for each in entry.script.commands if each.function is None]
    waits = [each for each in outside if each.name == "wait"]
    if trap is None or len(waits) != 1 or waits[0].nested or waits[0].start < trap[0].start:
        return
    handler = with_functions(entry.script, entry.text, trap[1])
    if not re.search(r"\bkill\b", handler) or re.search(r"\b(?:wait|sleep|while|until|exec|eval)\b|\bkill -0", handler):
        return
    # Anything below it may wait as well, and a loop above it may be what is interrupted.
    loops = [each for each in outside if each.nested and trap[0].start < each.start < waits[0].start]
    if loops or any(each.start > waits[0].start and each in entry.started for each in outside):
        return
    what = (
        "SIGTERM ends this `wait` at once, and the script with it, so the processes are killed before they've stopped"
    )
    line = entry.short(waits[0])
    todo = f"write `{line} || {line}`: the second one goes on until they've stopped"
    yield Finding("W719", entry.place(waits[0].start, waits[0].end), what, todo)


@checks("W722")
def expanded_too_early(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a handler in double quotes with a variable that is only set later, so that it kills nothing."""
    entry = entrypoint_of(wrapper)
    for command, _, _ in traps(entry.script) if entry else ():
        written = next((word for word in command.words[1:] if word.text != "--"), None)
        if entry is None or written is None or not written.text.startswith('"'):
            continue
        for name in _VARIABLE.findall(written.text):
            if _is_set_later(entry.script, name, command):
                what = f"The shell replaces ${name} when it sets this trap, but the variable is only set later"
                todo = "write the action in single quotes, so that it's replaced when the signal comes"
                yield Finding("W722", entry.place(written.start, written.end), what, todo)
                break


def _is_set_later(script: Script, name: str, trap: Command) -> bool:
    """Return whether a script assigns a variable, and only below a command that isn't in a function."""
    places = [
        word.start
        for each in script.commands
        for word in (*each.assignments, *each.words[1:])
        if word.text.startswith(f"{name}=")
    ]
    reads = any(each.name in ("read", "for", ".", "source", "eval") for each in script.commands)
    return bool(places) and min(places) > trap.start and trap.function is None and not reads
