"""Rules about the first line and the line endings of the entrypoint."""

from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.builds import shipped_instructions
from startos_wrapper.files.entrypoint import entrypoint_of
from startos_wrapper.files.wrapper import Wrapper


@checks("W706")
def carriage_returns(wrapper: Wrapper) -> Iterator[Finding]:
    """Find Windows line endings: the kernel and the shell treat the carriage return as part of the last word."""
    entry = entrypoint_of(wrapper)
    first = entry.source.text.find("\r\n") if entry else -1
    if entry is None or first < 0:
        return
    if any("dos2unix" in each.text or "\\r" in each.text for each in shipped_instructions(wrapper)):
        return
    source = entry.source
    last = source.text.rfind("\r\n") + 2
    fix = source.edit(first, last, source.text[first:last].replace("\r\n", "\n"))
    place = source.line_place(source.place(first).line)
    if place.line == 1 and source.text.startswith("#!"):
        interpreter = source.lines[0][2:].strip()
        what = f"Lines end with carriage returns, so the kernel can't find the program `{interpreter}\\r`"
    else:
        what = "Lines end with carriage returns, which the shell treats as part of the last word"
    yield Finding("W706", place, what, "save the file with Unix line endings (LF)", (fix,))


@checks("W707")
def no_shebang(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a script that the kernel can't run, because its first two bytes aren't `#!`."""
    entry = entrypoint_of(wrapper)
    if entry is None or not entry.is_run_itself:
        return
    source = entry.source
    blanks = len(source.text) - len(source.text.lstrip())
    if source.bom:
        what = "A byte order mark precedes `#!`, so the kernel can't run the script (exec format error)"
        yield Finding("W707", source.line_place(1), what, "save the file as UTF-8 without a byte order mark")
    elif blanks and source.text.startswith("#!", blanks):
        what = "`#!` isn't at the very beginning, so the kernel can't run the script (exec format error)"
        fixes = (source.edit(0, blanks, ""),)
        yield Finding("W707", source.place(blanks, blanks + 2), what, "remove everything before it", fixes)
    elif not source.text.startswith("#!"):
        what = "The script doesn't begin with `#!` and a shell, so the kernel can't run it (exec format error)"
        yield Finding("W707", source.line_place(1), what, "make `#!/bin/sh` the first line")
