"""What `new` says after it wrote a wrapper: what was assumed, what `check` finds, and what else can be run here."""

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from startos_wrapper.new.editors.spot import flow
from startos_wrapper.new.page_state import PageState
from startos_wrapper.terminal import printable

_WIDTH = 79
# Nothing is committed yet, or the template's address is missing or a folder here. Copier's message said so.
_SAID = {"E201", "W808", "W819"}
_CHECK_SECONDS, _DOCKER_SECONDS = 60, 5


def after_writing(state: PageState, folder: Path) -> None:
    """Print it to standard error, below what Copier said."""
    lines = [*_assumed(state), *_found(folder), *_rehearsal()]
    print("", *lines, sep="\n", file=sys.stderr)


def _assumed(state: PageState) -> Iterator[str]:
    """Yield the answers that nobody gave, without those that are empty or no."""
    values = {name: state.value(name) for name in state.looked.recorded if name not in state.given}
    shown = [f"{name}: {flow(value)}" for name, value in values.items() if value not in ("", {}, [], False)]
    if shown:
        yield from _wrapped(f"Assumed: {'; '.join(shown)}.")


def _found(folder: Path) -> Iterator[str]:
    """Yield what `check` finds. It runs as a separate process, because the commands don't use each other."""
    command = [sys.executable, "-m", "startos_wrapper", "check", "--format", "json", str(folder.absolute())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_CHECK_SECONDS, check=False)
        findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        # `make check` is one of the next commands, and says why.
        return
    others = [finding for finding in findings if finding["code"] not in _SAID]
    if not others:
        is_address_said = any(finding["code"] != "E201" for finding in findings)
        yield f"`make check` finds nothing{' else' * is_address_said}, once the wrapper is committed."
        return
    yield f"`make check` finds {len(others)}:"
    for each in others:
        yield from _wrapped(f"- {Path(each['file']).name}:{each['line']}: {each['code']} {each['message']}")


def _rehearsal() -> Iterator[str]:
    """Yield how to rehearse the wrapper, if Docker runs here."""
    docker = shutil.which("docker")
    if docker is None:
        return
    try:
        command = [docker, "version", "--format", "{{.Server.Version}}"]
        done = subprocess.run(command, capture_output=True, timeout=_DOCKER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return
    if done.returncode == 0:
        yield "Docker runs here, so `make rehearse` can play the service's whole life."


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(printable(text), _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
