"""Rules about files that a build needs but that are missing: submodules, and the source of the scripts."""

import posixpath
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.tree import makefiles, text_files
from startos_wrapper.files.wrapper import Wrapper


@checks("W812")
def submodule_empty(wrapper: Wrapper) -> Iterator[Finding]:
    """Find submodules that aren't checked out, so their files are missing in the build."""
    source = wrapper.readable(".gitmodules") if wrapper.is_file(".gitmodules") else None
    if source is None or any("git submodule update" in text.text for text in text_files(wrapper, makefiles(wrapper))):
        return
    seen = {"."}
    for number, line in enumerate(source.lines, 1):
        name, _, value = line.partition("=")
        path = posixpath.normpath(value.strip() or ".")
        if name.strip() != "path" or path.startswith(("..", "/")) or path in seen:
            continue
        seen.add(path)
        if not wrapper.listed(path):
            what = f"The submodule {path} isn't checked out, so its files are missing in the build"
            yield Finding("W812", source.line_place(number), what, f"run `git submodule update --init {path}`")


@checks("W810", startos="0.3.5")
def script_without_source(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an embassy.js that the Makefile builds from a missing embassy.ts."""
    folder, makefile = wrapper.asset("scripts"), wrapper.makefile
    made, source = f"{folder}/embassy.js", f"{folder}/embassy.ts"
    if makefile is None or not any(procedure.kind == "script" for procedure in wrapper.procedures):
        return
    if wrapper.is_file(made) or wrapper.is_file(source) or wrapper.made(source) or wrapper.in_submodule(folder):
        return
    line = next(
        (line for line, targets, _ in makefile.rules if made in {target.removeprefix("./") for target in targets}), 0
    )
    bundle = wrapper.readable(f"{folder}/bundle.ts") if wrapper.is_file(f"{folder}/bundle.ts") else None
    if line and ("embassy.ts" in makefile.source.text or (bundle and "embassy.ts" in bundle.text)):
        what = f"The manifest runs scripts, but {made} is built from {source}, which is missing"
        todo = f"create {source} with the functions that the procedures need, or don't use the type script"
        yield Finding("W810", makefile.source.line_place(line), what, todo)
