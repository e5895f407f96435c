"""Programs that the tests run. In CI a missing one is a failure."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def require(name: str) -> str:
    """Return the path of a program; without it the test is skipped here, and fails where CI is set."""
    folders = [ROOT / ".tools/bin", ROOT / ".tools/node_modules/.bin", Path(sys.executable).parent, os.environ["PATH"]]
    found = shutil.which(name, path=os.pathsep.join(map(str, folders)))
    if found is None:
        reason = f"{name} is missing: .ci/run installs it"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found
