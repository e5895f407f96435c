"""Rules about failures before the service starts."""

import re
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.entrypoint import entrypoint_of
from startos_wrapper.files.shell.script import Command
from startos_wrapper.files.wrapper import Wrapper

# Commands whose failure doesn't affect the commands after them.
_HARMLESS = {"", ":", "[", "echo", "exec", "exit", "export", "kill", "local", "printf", "read", "return", "set"}
_HARMLESS |= {"shift", "sleep", "test", "trap", "true", "unset", "wait"}


@checks("W704")
def goes_on_after_failure(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a script without `set -e` in which a command can fail before the service starts."""
    entry = entrypoint_of(wrapper)
    if entry is None or entry.stops_on_failure or any(map(_sets_errexit, entry.script.commands)):
        return
    risky = [command for command in entry.script.commands if _can_fail(command)]
    if not risky or risky[0] is entry.last:
        return
    line = entry.place(risky[0].start).line
    what = f"Without `set -e`, the service starts even if `{entry.short(risky[0])}` on line {line} fails"
    yield Finding(
        "W704", entry.place(0, len(entry.text.split("\n")[0].rstrip())), what, "write `set -e` on the next line"
    )


def _sets_errexit(command: Command) -> bool:
    if command.name != "set":
        return False
    return "errexit" in command.args or any(re.fullmatch(r"-[a-zA-Z]*e[a-zA-Z]*", word) for word in command.args)


def _can_fail(command: Command) -> bool:
    if command.tested or command.child or command.background:
        return False
    return command.name not in _HARMLESS or any("$(" in word.text or "`" in word.text for word in command.assignments)
