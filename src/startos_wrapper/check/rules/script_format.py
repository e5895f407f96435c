"""Rules about the first line, the line endings and the syntax of the scripts that procedures run."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.image_files import ImageFiles
from startos_wrapper.files.procedure_scripts import SHELLS, ProcedureScript, files_once, images_of, runs_in
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import NotUnderstoodError
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

# The interpreters that an image contains if it's nothing but a distribution. StartOS builds compat and utils from
# alpine. system-images/compat/Dockerfile, system-images/utils/Dockerfile
_INTERPRETERS = {
    "alpine": {"sh", "ash", "busybox", "awk", "sed"},
    "busybox": {"sh", "ash", "busybox", "awk", "sed"},
    "debian": {"sh", "dash", "bash", "perl", "awk", "sed"},
    "ubuntu": {"sh", "dash", "bash", "perl", "awk", "sed"},
    "compat": {"sh", "ash", "busybox", "awk", "sed", "python3", "python"},
    "utils": {"sh", "ash", "busybox", "awk", "sed", "bash"},
}
# Interpreters that all images lack until a package, or another file, brings them.
_KNOWN = re.compile(r"bash|dash|ash|zsh|ksh|fish|python[0-9.]*|perl|ruby|node|php|lua|deno|bun")


@checks("E706", "W706")
def carriage_returns(wrapper: Wrapper) -> Iterator[Finding]:
    """Find Windows line endings: the kernel and the shell treat the carriage return as part of the last word."""
    for script in files_once(wrapper):
        source = script.source
        first = source.text.find("\r\n") if source else -1
        if source is None or first < 0 or _repaired(wrapper, script):
            continue
        last = source.text.rfind("\r\n") + 2
        fixes = (source.edit(first, last, source.text[first:last].replace("\r\n", "\n")),)
        place = source.line_place(source.place(first).line)
        todo = "save the file with Unix line endings (LF)"
        if place.line == 1 and source.text.startswith("#!") and script.is_run_itself:
            interpreter = source.lines[0][2:].strip()
            what = f"Lines end with carriage returns, so the kernel can't find the program `{interpreter}\\r`"
            yield Finding("E706", place, what, todo, fixes)
        elif script.shell:
            what = "Lines end with carriage returns, which the shell treats as part of the last word"
            yield Finding("W706", place, what, todo, fixes)


def _repaired(wrapper: Wrapper, script: ProcedureScript) -> bool:
    """Return whether the Dockerfile may convert the line endings."""
    images = images_of(wrapper, script.procedure)
    if images is None or (script.spot.file and not script.spot.copied):
        return False
    return any("dos2unix" in each.text or "\\r" in each.text for each in images.dockerfile.shipped)


@checks("E707")
def no_shebang(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a script that the kernel can't run, because its first two bytes aren't `#!`."""
    for script in files_once(wrapper):
        # A shell, and the C library of some images, runs such a file as a script for sh.
        if script.source and script.is_run_itself and not script.target.has_init:
            yield from _without_shebang(script.source)


def _without_shebang(source: Source) -> Iterator[Finding]:
    blanks = len(source.text) - len(source.text.lstrip())
    if not source.text.strip():
        what = "The script is empty, so the kernel can't run it (exec format error)"
        yield Finding("E707", source.line_place(1), what, "begin it with `#!/bin/sh`, and write the commands below")
    elif source.bom:
        what = "A byte order mark precedes `#!`, so the kernel can't run the script (exec format error)"
        yield Finding("E707", source.line_place(1), what, "save the file as UTF-8 without a byte order mark")
    elif blanks and source.text.startswith("#!", blanks):
        what = "`#!` isn't at the very beginning, so the kernel can't run the script (exec format error)"
        fixes = (source.edit(0, blanks, ""),)
        yield Finding("E707", source.place(blanks, blanks + 2), what, "remove everything before it", fixes)
    elif not source.text.startswith("#!"):
        what = "The script doesn't begin with `#!` and a shell, so the kernel can't run it (exec format error)"
        yield Finding("E707", source.line_place(1), what, "make `#!/bin/sh` the first line")


@checks("E702")
def shell_syntax(wrapper: Wrapper) -> Iterator[Finding]:
    """Find scripts that a shell can't parse. It runs nothing, or only what is before the error."""
    for script in files_once(wrapper):
        if script.shell not in SHELLS or "\r\n" in script.text:
            continue
        try:
            read_script(script.text)
        except NotUnderstoodError as error:
            # Only bash parses `[[` as syntax.
            if error.why and not ("[[" in error.why and script.shell != "bash"):
                what = f"{script.shell} can't parse the script: {error.why}"
                todo = f"fix it, and run `{script.shell} -n {script.source.file}`" if script.source else "fix the text"
                yield Finding("E702", script.place(error.at, error.at + 1), what, todo)


# --- The interpreter -------------------------------------------------------------------------------------------------


@checks("W708")
def interpreter_missing(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an interpreter that the image doesn't contain, as far as its base image and the Dockerfile show it."""
    for script in files_once(wrapper):
        written = script.target.interpreter or _from_shebang(script)
        if written is None or not _KNOWN.fullmatch(PurePosixPath(written).name):
            continue
        base = _base(wrapper, script)
        if base and PurePosixPath(written).name not in _INTERPRETERS[base[0]] and not _may_have(base[1], written):
            place = wrapper.at(script.target.node)
            if script.source and not script.target.interpreter:
                place = script.source.line_place(1)
            what = f"{script.procedure.name} needs {written}, which the image {base[0]} doesn't contain"
            todo = "install it in the image" if base[1] else "write the script for sh"
            yield Finding("W708", place, what, f"{todo}, or use an interpreter that the image has")


def _from_shebang(script: ProcedureScript) -> str | None:
    """Return the interpreter in the first line, after env and inits."""
    words = script.text.split("\n", 1)[0][2:].split() if script.text.startswith("#!") else []
    names = (word for word in words if _KNOWN.fullmatch(PurePosixPath(word).name))
    return next(names, None) if script.source and script.is_run_itself else None


def _base(wrapper: Wrapper, script: ProcedureScript) -> tuple[str, ImageFiles | None] | None:
    """Return the distribution of the image that a script runs in, and what is known of its files."""
    node = runs_in(wrapper, script.procedure).node
    image = node.get("image")
    if node.is_true("system"):
        return (image.text, None) if image and image.text in _INTERPRETERS else None
    images = images_of(wrapper, script.procedure)
    return (images.distribution, images) if images and images.distribution else None


def _may_have(images: ImageFiles | None, interpreter: str) -> bool:
    """Return whether an instruction may put an interpreter into the image."""
    if images is None:
        return False
    name = re.sub(r"[0-9.]+$", "", posixpath.basename(interpreter))
    for instruction in images.dockerfile.shipped:
        if name in instruction.text or (instruction.name == "RUN" and "$" in instruction.text):
            return True
        if instruction.name in ("COPY", "ADD") and re.search(r"\.(?:tar|t[gx]z|apk|deb)", instruction.text):
            return True
    # Any folder of PATH counts, because /bin is a link to /usr/bin in some images.
    return images.may_copy(posixpath.basename(interpreter))
