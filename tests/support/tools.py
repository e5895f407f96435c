"""Find the programs that tests run: where `.ci/run` installs them, or on the PATH."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support import bundle

ROOT = Path(__file__).parents[2]
# The manifests of real wrappers, see tests/corpus/README.md.
CORPUS = ROOT / "tests" / "corpus"
MANIFESTS = bundle.write(CORPUS / "manifests.txt", CORPUS)


def absent(reason: str) -> NoReturn:
    """Skip the test. In CI, conftest.py turns the skip into a failure."""
    pytest.skip(reason)


FOLDERS = [
    ROOT / ".tools" / "bin",
    ROOT / ".tools" / "node_modules" / ".bin",
    Path(sys.prefix) / "bin",
    Path("~/go/bin").expanduser(),
]


def require(name: str) -> str:
    """Return the path of a program. If it is missing, skip the test, or fail it in CI."""
    path = shutil.which(name, path=os.pathsep.join([*map(str, FOLDERS), os.environ.get("PATH", os.defpath)]))
    if path:
        return path
    absent(f"{name} is missing")
