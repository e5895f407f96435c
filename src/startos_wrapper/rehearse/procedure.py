"""Run a procedure of the manifest as StartOS does: in a container, in one that runs, or as a script."""

import json
import shlex
import time
from typing import Any

from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.rehearse.container import arguments, container_options
from startos_wrapper.rehearse.docker import Done
from startos_wrapper.rehearse.outcome import Outcome
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.service import NOT_CREATED
from startos_wrapper.rehearse.volumes import Access

NOTHING_GIVEN = object()
# What Docker returns for a missing program in `docker exec`, and what podman returns.
_MISSING = {126: 127}


def run_procedure(
    rehearsal: Rehearsal,
    procedure: Procedure,
    *,
    given: Any = NOTHING_GIVEN,
    access: Access = Access.USUAL,
    timeout: float | None = None,
    name: str = "",
) -> Outcome:
    """Run a procedure. Pass `given` on standard input if it has an io-format.

    After `timeout` seconds, only the client is killed, and what it runs goes on. S/procedure/docker.rs:354-360
    """
    docker, before = rehearsal.docker, time.monotonic()
    data = _encoded(procedure, given)
    if procedure.node.is_true("inject"):
        entrypoint = procedure.node.get("entrypoint")
        words = ["exec", "--interactive", rehearsal.service.container, (entrypoint and entrypoint.text) or ""]
    else:
        words = _own_container(rehearsal, procedure, access, name or procedure.path[-1])
    words += arguments(procedure)
    done = docker.try_(*words, data=data, timeout=timeout)
    return Outcome(
        shlex.join(docker.command(*words)),
        _code(done),
        done.output,
        done.errors.decode("utf-8", "replace"),
        time.monotonic() - before,
    )


def _own_container(rehearsal: Rehearsal, procedure: Procedure, access: Access, name: str) -> list[str]:
    docker, package = rehearsal.docker, rehearsal.package
    image = procedure.node.get("image")
    tag = rehearsal.compat if procedure.node.is_true("system") else None
    tag = tag or rehearsal.installed.images.get((image and image.text) or "", "missing")
    mounts = rehearsal.installed.volumes.mounts(procedure.mounts, access)
    # StartOS removes the last one first. S/procedure/docker.rs:233
    docker.try_("rm", "--force", docker.name(name), timeout=60)
    hostname = f"{package.id}_{name}.embassy"
    options = container_options(docker, procedure, name, hostname, rehearsal.network.options(), mounts)
    return ["run", "--rm", "--interactive", *options, tag]


def _encoded(procedure: Procedure, given: Any) -> bytes:
    if given is NOTHING_GIVEN or procedure.node.get("io-format") is None:
        return b""
    return json.dumps(given).encode()


def _code(done: Done) -> int | None:
    return NOT_CREATED if done.code is not None and done.code < 0 else _MISSING.get(done.code or 0, done.code)
