"""Ask `startos-wrapper check` about the wrapper, by its JSON output: commands don't import each other."""

import json
import subprocess
import sys
from pathlib import Path

from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.rehearsal import Finding
from startos_wrapper.terminal import PROGRAM

_SECONDS = 600


def errors_of(folder: Path) -> list[Finding]:
    """Return the errors that `check` finds in a wrapper's folder. Raises: CannotError."""
    command = [sys.executable, "-m", "startos_wrapper", "check", "--format", "json", str(folder.absolute())]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
    if done.returncode not in (0, 1):
        raise CannotError(done.stderr.decode("utf-8", "replace").strip().removeprefix(f"{PROGRAM}: "))
    found = json.loads(done.stdout)["findings"]
    return [_finding(each) for each in found if each["severity"] == "error"]


def _finding(given: dict[str, str | int]) -> Finding:
    place = Place(str(given["file"]), int(given["line"]), int(given["column"]))
    return Finding(str(given["code"]), place, str(given["message"]), str(given["help"]))
