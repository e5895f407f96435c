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

# Commands that often fail in a script that works: nothing found, nothing to remove, no such process.
_FAIL_OFTEN = {"[", "[[", "cmp", "diff", "expr", "grep", "kill", "let", "pgrep", "pkill", "read", "rm", "test"}
_FAIL_OFTEN |= {"umount"}


@checks("W704")
def goes_on_after_failure(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a script without `set -e` in which a command can fail before the service starts."""
    entry = entrypoint_of(wrapper)
    if entry is None or entry.stops_on_failure or any(map(_sets_errexit, entry.script.commands)):
        return
    risky = [command for command in entry.script.commands if _can_fail(command)]
    if not risky or risky[0] is entry.last:
        return
    first = risky[0]
    what = f"The service starts even if `{entry.short(first)}` fails, because the script doesn't use `set -e`"
    # `set -e` would also end scripts that go on after a harmless failure, e.g. of grep, or after `wait`.
    todo = "add `|| exit 1` to what the service can't start without, or use `set -e`"
    if any(command.name == "wait" or command.name in _FAIL_OFTEN for command in entry.script.commands):
        todo = "add `|| exit 1` to what the service can't start without"
    yield Finding("W704", entry.place(first.start, first.end), what, todo)


def _sets_errexit(command: Command) -> bool:
    if command.name != "set":
        return False
    return "errexit" in command.args or any(re.fullmatch(r"-[a-zA-Z]*e[a-zA-Z]*", word) for word in command.args)


def _can_fail(command: Command) -> bool:
    if command.tested or command.child or command.background:
        return False
    return command.name not in _HARMLESS or any("$(" in word.text or "`" in word.text for word in command.assignments)
