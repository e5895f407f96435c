"""Rules about embassy.js: StartOS can load it, and it has the functions that the procedures of type script need."""

import posixpath
from collections.abc import Iterator

from startos_wrapper.check.in_dockerfile import short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.javascript import Module, Shape, read_module
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

# core/models/src/procedure_name.rs:40-56
_FUNCTIONS: dict[tuple[str, ...], str] = {
    ("main",): "main",
    ("backup", "create"): "createBackup",
    ("backup", "restore"): "restoreBackup",
    ("config", "get"): "getConfig",
    ("config", "set"): "setConfig",
    ("properties",): "properties",
}


@checks("E708", startos="0.3.5")
def script_not_loaded(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an embassy.js that StartOS can't load: a syntax error, or an import. JS/artifacts/loadModule.js"""
    source, is_built = _module_file(wrapper)
    if source is None or is_built or not any(each.kind == "script" for each in wrapper.procedures):
        return
    module = read_module(source.text)
    if module.error is not None:
        place = source.line_place(source.place(module.error).line)
        yield Finding("E708", place, f"JavaScript {module.why}, so all scripts fail", "fix the syntax")
    if module.imported:
        what = "StartOS loads embassy.js alone, so an import makes all scripts fail"
        yield Finding("E708", source.place(*module.imported), what, "bundle the script, or write it without imports")


@checks("E709", startos="0.3.5")
def function_missing(wrapper: Wrapper) -> Iterator[Finding]:
    """Find procedures of type script whose function embassy.js doesn't export."""
    scripts = [procedure for procedure in wrapper.procedures if procedure.kind == "script"]
    source, _ = _module_file(wrapper) if scripts else (None, False)
    module = read_module(source.text) if source else Module(error=0)
    if source is None or module.error is not None or module.has_all:
        return
    for procedure in scripts:
        path = function_path(procedure)
        if path and not _has(module, path):
            name = ".".join(path) if all(part.isidentifier() for part in path) else path[0]
            name += "".join(f'["{part}"]' for part in path[1:]) if name == path[0] else ""
            what = f"{procedure.name} runs {short(name)}, which {source.file} doesn't export"
            yield Finding("E709", wrapper.at(procedure.node.get("type")), what, f"export the function {short(name)}")


def function_path(procedure: Procedure) -> tuple[str, ...]:
    """Return the export, and the keys below it, that StartOS calls for a procedure."""
    match procedure.path:
        case ("health-checks", name):
            return "health", name
        case ("actions", name, _):
            return "action", name
        case ("migrations", *_):
            return ("migration",)
        case ("dependencies", name, _, "check"):
            return "dependencies", name, "check"
        case ("dependencies", name, _, "auto-configure"):
            return "dependencies", name, "autoConfigure"
        case path:
            return (_FUNCTIONS[path],) if path in _FUNCTIONS else ()


def _has(module: Module, path: tuple[str, ...]) -> bool:
    """Return whether a module exports a function, as far as the module shows it."""
    shape: Shape | None = module.exports
    for part in path:
        if shape is None:
            return True
        if part not in shape:
            return False
        shape = shape[part]
    return True


def _module_file(wrapper: Wrapper) -> tuple[Source | None, bool]:
    """Return embassy.js, or the embassy.ts that the Makefile builds it from, and whether it's the latter.

    An embassy.js that the Makefile builds may be older than its source.
    """
    folder = posixpath.normpath(wrapper.asset("scripts"))
    if folder.startswith(("../", "/")):
        return None, False
    script, written = f"{folder}/embassy.js", f"{folder}/embassy.ts"
    if wrapper.is_file(script) and not wrapper.made(script) and not wrapper.is_file(written):
        return wrapper.readable(script), False
    return (wrapper.readable(written) if wrapper.is_file(written) else None), True
