"""The programs that tests run: found where `.ci/run` puts them, or anywhere on the PATH."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"


def absent(reason: str) -> NoReturn:
    """Skip the test; where CI is set, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def require_corpus() -> Path:
    """Return the folder of real manifests, which lies beside the repository and is no part of it."""
    return CORPUS if CORPUS.is_dir() else absent("the corpus of real manifests is not beside this repository")


FOLDERS = [
    ROOT / ".tools" / "bin",
    ROOT / ".tools" / "node_modules" / ".bin",
    Path(sys.prefix) / "bin",
    Path("~/go/bin").expanduser(),
]


def require(name: str) -> str:
    """Return the path of a program. Without it the test is skipped, and fails in CI, where nothing may be missing."""
    path = shutil.which(name, path=os.pathsep.join([*map(str, FOLDERS), os.environ.get("PATH", os.defpath)]))
    if path:
        return path
    absent(f"{name} is missing: .ci/run installs it")
