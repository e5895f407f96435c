"""Ask `startos-wrapper check` about the wrapper, by its JSON output: commands don't import each other."""

import json
import os
import subprocess
import sys
from pathlib import Path

from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.outcome import StepFailedError, sentence
from startos_wrapper.rehearse.rehearsal import Checked, Finding
from startos_wrapper.terminal import PROGRAM

_SECONDS = 600


# What only concerns the folder that a package is packed from.
_PACKING = ("--ignore", "E2")


def errors_of(package: Checked) -> list[Finding]:
    """Return the errors that `check` finds in a package, with places as the user sees them. Raises: CannotError."""
    root = package.root.absolute()
    options = _PACKING if package.is_packed else ()
    command = [sys.executable, "-m", "startos_wrapper", "check", "--format", "json", *options, str(root)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
    try:
        listed = json.loads(done.stdout)["findings"]
    except (ValueError, KeyError) as error:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise CannotError(f"`{PROGRAM} check` failed: {said[-1].removeprefix(f'{PROGRAM}: ')}") from error
    found = (each for each in listed if each["severity"] == "error")
    return [_finding(package, root, each) for each in found]


def fail_on(findings: list[Finding]) -> None:
    """Raise StepFailedError with the first finding, if there is any."""
    if findings:
        more = f" (and {len(findings) - 1} more: {PROGRAM} check)" if len(findings) > 1 else ""
        first = findings[0]
        raise StepFailedError(f"{first.code}: {first.what}{more}", todo=sentence(first.todo), place=first.place)


def _finding(package: Checked, root: Path, given: dict[str, str | int]) -> Finding:
    file = os.path.relpath(Path.cwd() / str(given["file"]), root)
    place = package.seen(Place(file, int(given["line"]), int(given["column"])))
    return Finding(str(given["code"]), place, str(given["message"]), str(given["help"]))
