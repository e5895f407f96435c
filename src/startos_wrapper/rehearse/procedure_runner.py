"""Run a procedure of the manifest as StartOS does: in a container, in one that runs, or as a script."""

import shlex
import time
from typing import Any

from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.rehearse.container import arguments, container_options
from startos_wrapper.rehearse.docker import Done
from startos_wrapper.rehearse.io_formats import NotWritableError, Printed, encoded, printed
from startos_wrapper.rehearse.outcome import Outcome, SkippedError, StepFailedError
from startos_wrapper.rehearse.rehearsal import Installed, Rehearsal
from startos_wrapper.rehearse.scripts import run_script
from startos_wrapper.rehearse.service import NOT_CREATED
from startos_wrapper.rehearse.volumes import Access

NOTHING_GIVEN = object()
# What StartOS returns if there is no embassy.js. JS/lib.rs:62
_NO_SCRIPT = 6
# What podman returns if the program is missing. Docker's exec returns 126 or 127, depending on its release.
_MISSING = 127
# Alpine with curl, jq and yq. StartOS's other image is compat, for which we have a stand-in.
_NOT_HERE = "utils"
# How StartOS names containers and exports, by the first key and the last. M/procedure_name.rs:21-57
_CONTAINERS = {
    ("config", "get"): "GetConfig", ("config", "set"): "SetConfig", ("properties",): "Properties",
    ("backup", "create"): "CreateBackup", ("backup", "restore"): "RestoreBackup",
}  # fmt: skip
_EXPORTS = {
    ("config", "get"): "/getConfig", ("config", "set"): "/setConfig", ("properties",): "/properties",
    ("backup", "create"): "/createBackup", ("backup", "restore"): "/restoreBackup", ("main",): "/main",
}  # fmt: skip


def run_procedure(
    rehearsal: Rehearsal,
    procedure: Procedure,
    *,
    given: Any = NOTHING_GIVEN,
    access: Access = Access.USUAL,
    timeout: float | None = None,
    name: str = "",
    installed: Installed | None = None,
    is_sandboxed: bool = False,
) -> Outcome:
    """Run a procedure of the version that is installed, or of another one.

    Pass `given` on standard input if the procedure has an io-format. After `timeout` seconds, only the client is
    killed, and what it runs goes on. S/procedure/docker.rs:354-360. A sandboxed procedure has no network.
    Raises: StepFailedError if StartOS can't even run it, SkippedError if we can't, CannotError.
    """
    installed = installed or rehearsal.installed
    if procedure.kind == "script":
        return _run_script(rehearsal, procedure, given, access, timeout, installed, is_sandboxed)
    try:
        form = format_of(procedure)
        data = b"" if form is None or given is NOTHING_GIVEN else encoded(form, given)
        words = _inject(rehearsal, procedure)
        if is_sandboxed or not procedure.node.is_true("inject"):
            tag = _image(rehearsal, procedure, installed)
            if tag is None:
                return _without_image(procedure, installed)
            words = _own_container(rehearsal, procedure, access, name, installed, is_sandboxed)
            words += [tag, *arguments(procedure)]
    except (NotWritableError, ValueError) as error:
        place = installed.package.place(*procedure.path)
        raise StepFailedError(f"{procedure.name}: StartOS can't run it: {error}", place=place) from error
    before = time.monotonic()
    done = rehearsal.docker.try_(*words, data=data, timeout=timeout)
    return Outcome(
        shlex.join(rehearsal.docker.command(*words)),
        _code(done),
        done.output,
        done.errors.decode("utf-8", "replace"),
        time.monotonic() - before,
        done.is_flood,
    )


def result_of(procedure: Procedure, outcome: Outcome) -> Printed:
    """Return what StartOS reads in the output of a procedure that succeeded. A script's result is JSON."""
    return printed("json" if procedure.kind == "script" else format_of(procedure), outcome.output)


def format_of(procedure: Procedure) -> str | None:
    """Return the io-format of a procedure in a container, or None."""
    node = procedure.node.get("io-format")
    return node.text if node else None


def export_of(procedure: Procedure) -> str:
    """Return the export of embassy.js that a procedure calls. M/procedure_name.rs:39-57"""
    match procedure.path:
        case ("migrations", *_):
            return "/migration"
        case ("health-checks", id):
            return f"/health/{id}"
        case ("actions", id, _):
            return f"/action/{id}"
        case ("dependencies", id, _, name):
            return f"/dependencies/{id}/{'check' if name == 'check' else 'autoConfigure'}"
    return _EXPORTS[procedure.path]


def _container(procedure: Procedure) -> str:
    """Return how StartOS names a procedure's container. M/procedure_name.rs:21-38"""
    match procedure.path:
        case ("migrations", *_):
            return "Migration"
        case ("health-checks", id):
            return f"{id}Health"
        case ("actions", id, _):
            return f"{id}Action"
    return _CONTAINERS.get(procedure.path, "-".join(procedure.path))


def _run_script(
    rehearsal: Rehearsal,
    procedure: Procedure,
    given: Any,
    access: Access,
    timeout: float | None,
    installed: Installed,
    is_sandboxed: bool,
) -> Outcome:
    source = installed.package.script
    export = export_of(procedure)
    if source is None:
        return Outcome(f"embassy.js {export}", _NO_SCRIPT, errors="there is no scripts/embassy.js in the package")
    return run_script(
        source,
        export,
        rehearsal.helper,
        # Unlike a container, a sandboxed script can write. S/procedure/js_scripts.rs:181-190
        installed.volumes.for_script(access),
        input=None if given is NOTHING_GIVEN else given,
        args=tuple(node.plain_value() for node in procedure.args),
        is_sandboxed=is_sandboxed,
        timeout=timeout,
    )


def _inject(rehearsal: Rehearsal, procedure: Procedure) -> list[str]:
    # With shm-size-mb, StartOS passes an option that exec doesn't have. S/procedure/docker.rs:757-771
    shared = procedure.node.get("shm-size-mb")
    size = ["--shm-size", f"{shared.value}m"] if shared else []
    entrypoint = procedure.node.get("entrypoint")
    words = ["exec", *size, "--interactive", rehearsal.service.container, (entrypoint and entrypoint.text) or ""]
    return [*words, *arguments(procedure)]


def _own_container(
    rehearsal: Rehearsal, procedure: Procedure, access: Access, name: str, installed: Installed, is_sandboxed: bool
) -> list[str]:
    docker, name = rehearsal.docker, name or _container(procedure)
    network = ["--network", "none"] if is_sandboxed else rehearsal.network.options()
    mounts = installed.volumes.mounts(procedure.mounts, Access.NOTHING if is_sandboxed else access)
    # StartOS removes the last one first. S/procedure/docker.rs:233
    docker.try_("rm", "--force", docker.name(name), timeout=60)
    hostname = f"{installed.package.id}_{name}.embassy"
    return ["run", "--rm", "--interactive", *container_options(docker, procedure, name, hostname, network, mounts)]


def _image(rehearsal: Rehearsal, procedure: Procedure, installed: Installed) -> str | None:
    """Return our tag of a procedure's image, or None if the package has no such image.

    Raises: SkippedError for StartOS's other image, which no real wrapper that we know uses.
    """
    image = procedure.node.get("image")
    if procedure.node.is_true("system"):
        if image and image.text == _NOT_HERE:
            raise SkippedError(f"{procedure.name} runs in StartOS's image {_NOT_HERE}, which a rehearsal doesn't have")
        return rehearsal.compat
    return installed.images.get((image and image.text) or "")


def _without_image(procedure: Procedure, installed: Installed) -> Outcome:
    image = procedure.node.get("image")
    tag = installed.package.tag((image and image.text) or "")
    return Outcome(f"docker run {tag}", NOT_CREATED, errors=f"no such image: {tag}")


def _code(done: Done) -> int | None:
    """Return the exit code that podman would have."""
    if done.code is None:
        return None
    errors = done.errors.decode("utf-8", "replace")
    if done.code == 126 and ("executable file not found" in errors or "no such file or directory" in errors):
        return _MISSING
    if done.code == 1 and errors.startswith(("Error response from daemon: ", "Error: No such container")):
        return NOT_CREATED
    return NOT_CREATED if done.code < 0 else done.code
