"""Rules about procedures that StartOS accepts, but that don't work: scripts, dependencies, ignored fields."""

from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.verify import faults_of
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.wrapper import Wrapper


def in_container(wrapper: Wrapper) -> Iterator[Procedure]:
    """Yield the procedures that run in a container."""
    yield from (procedure for procedure in wrapper.procedures if procedure.kind == "docker")


@checks("W503", startos="0.3.5")
def scripts_left_out(wrapper: Wrapper) -> Iterator[Finding]:
    """Find scripts that don't make `start-sdk pack` include embassy.js. S/s9pk/manifest.rs:82-101"""
    scripts = [procedure for procedure in wrapper.procedures if procedure.kind == "script"]
    if any(procedure.counted for procedure in scripts):
        return
    for procedure in scripts:
        what = f"{procedure.name} is a script, but embassy.js isn't packed just for health checks and dependencies"
        todo = "use a script in config, properties, backup, migrations or actions too, or run this in a container"
        yield Finding("W503", wrapper.at(procedure.node.get("type")), what, todo)


@checks("W504", startos="0.3.5")
def script_unused(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an embassy.js that no procedure runs. Pack logs a warning and leaves it out. S/s9pk/mod.rs:183-186"""
    file = f"{wrapper.asset('scripts')}/embassy.js"
    if wrapper.procedures and wrapper.is_file(file) and not any(each.kind == "script" for each in wrapper.procedures):
        what = f"No procedure has the type script, so {file} isn't packed"
        yield Finding("W504", wrapper.at_key("assets", "scripts"), what, "remove the script, or use it in the manifest")


@checks("W505", startos="0.3.5")
def dependency_procedures(wrapper: Wrapper) -> Iterator[Finding]:
    """Find problems in dependency procedures that `start-sdk verify` only checks in other procedures."""
    for procedure in wrapper.procedures:
        if not procedure.verified:
            checked = Procedure(procedure.path, procedure.node, io=True)
            yield from faults_of(wrapper, checked, "W505", "it fails on the server, which verify doesn't check")


@checks("W506", startos="0.3.5")
def ignored_by_inject(wrapper: Wrapper) -> Iterator[Finding]:
    """Find fields that have no effect or fail inside the main container. S/procedure/docker.rs:757-771"""
    effects = {
        "mounts": "has no effect",
        "system": "has no effect",
        "gpu-acceleration": "has no effect",
        "shm-size-mb": "makes the procedure fail",
    }
    for procedure in in_container(wrapper):
        if not procedure.node.is_true("inject"):
            continue
        for name, effect in effects.items():
            node = procedure.node.get(name)
            if node is not None and node.value is not False and node.value != {}:
                what = f"{procedure.name} runs inside the main container (inject), where {name} {effect}"
                yield Finding("W506", wrapper.at(procedure.node.keys[name]), what, f"remove {name}")


@checks("W527", startos="0.3.5")
def inject_without_container(wrapper: Wrapper) -> Iterator[Finding]:
    """Find inject where the main container isn't running: in main itself, backups and migrations."""
    for procedure in in_container(wrapper):
        if procedure.path[0] in ("main", "backup", "migrations") and procedure.node.is_true("inject"):
            what = f"{procedure.name} uses inject, but the main container isn't running then"
            yield Finding("W527", wrapper.at(procedure.node.keys["inject"]), what, "remove inject")


@checks("W507", startos="0.3.5")
def timeout_off_main(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a sigterm-timeout that StartOS never reads. S/manager/manager_seed.rs:17-31"""
    for procedure in in_container(wrapper):
        if procedure.path != ("main",) and procedure.node.get("sigterm-timeout") is not None:
            what = f"sigterm-timeout only has an effect in main, not in {procedure.name}"
            yield Finding("W507", wrapper.at(procedure.node.keys["sigterm-timeout"]), what, "remove it")
