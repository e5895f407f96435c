"""Install what packages for StartOS 0.4 are built with, once for all tests and sessions."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.support.tools import ROOT, absent, require

_CACHE = ROOT / ".tools" / "start-sdk"


def npm_ci(folder: Path) -> None:
    """Install what a folder's package-lock.json lists into its node_modules. Skips the test if npm can't."""
    done = subprocess.run(
        [require("npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        absent(f"npm can't install the SDK: {done.stderr.strip().splitlines()[-1:]}")
    # What npm says on its own account, e.g. that it is out of date.
    said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("npm notice")]
    assert not said, said


def node_modules(package: Path) -> Path:
    """Return a folder node_modules with what the package.json and package-lock.json in `package` list.

    Packages with the same lock share it, so nothing may change it. It stays in .tools for the next session.
    """
    require("node")
    names = ("package.json", "package-lock.json")
    digest = hashlib.sha256(b"\0".join((package / name).read_bytes() for name in names)).hexdigest()[:16]
    folder = _CACHE / digest
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules").is_dir():
            new = _CACHE / f".{digest}.{os.getpid()}"
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            for name in names:
                shutil.copy(package / name, new)
            try:
                npm_ci(new)
                shutil.rmtree(folder, ignore_errors=True)
                new.rename(folder)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    return folder / "node_modules"
