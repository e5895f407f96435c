"""The package `visits` for StartOS 0.4, and the SDK that it's built with."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import start_sdk
from tests.support.tools import require

VISITS = Path(__file__).with_name("visits")
Bundled = Callable[..., Path]
Render = Callable[[dict[str, Any]], Path]


def bundle(folder: Path) -> None:
    """Bundle a package in a fraction of the time that ncc takes."""
    words = ["--bundle", "--platform=node", "--log-level=warning", "--outfile=javascript/index.js"]
    subprocess.run([require("esbuild"), "startos/index.ts", *words], cwd=folder, check=True)


@pytest.fixture(scope="session")
def sdk(render: Render) -> Path:
    """A folder node_modules with the SDK."""
    return start_sdk.node_modules(render({"startos": "0.4"}))


@pytest.fixture(scope="session")
def bundled(sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundled:
    """Return `bundled(*replacements)`, which copies the package with texts replaced, and bundles it."""
    top = tmp_path_factory.mktemp("packages")
    (top / "node_modules").symlink_to(sdk)
    done: dict[tuple[tuple[str, str], ...], Path] = {}

    def copy(*replacements: tuple[str, str]) -> Path:
        if replacements not in done:
            folder = top / str(len(done)) / "visits"
            shutil.copytree(VISITS, folder)
            # Without a lock, `check` finds an error.
            shutil.copy(sdk.with_name("package-lock.json"), folder)
            source = folder / "startos" / "index.ts"
            text = source.read_text()
            for old, new in replacements:
                assert old in text, old
                text = text.replace(old, new)
            source.write_text(text)
            bundle(folder)
            done[replacements] = folder
        return done[replacements]

    return copy
