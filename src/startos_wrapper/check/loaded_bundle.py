"""The manifest of a package for StartOS 0.4 as its bundle has it, which is what `start-cli s9pk pack` reads first.

Loading the bundle runs the package's code, so only `check --bundle` does.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from startos_wrapper.check.registry import CHECKS, Finding
from startos_wrapper.errors import CannotError
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Place, Source
from startos_wrapper.files.typescript.expression import Kind, Value
from startos_wrapper.terminal import printable, shorten

BUNDLE = "javascript/index.js"
# Rules about the bundle itself.
_FAILS, _STALE = ABOUT_BUNDLE = ("E519", "W416")
# The rules that the values of the manifest are enough for.
_RULES = {"E501", "E503", "E504", "E505", "E506", "E507", "E516", "W403", "W404"}
_WRITE = "require('fs').writeFileSync(process.argv[2], JSON.stringify(require(process.argv[1]).manifest) ?? 'null')"
_MOST_SECONDS = 60
_KINDS: dict[type, Kind] = {str: "text", bool: "boolean", int: "number", float: "number"}


class _BundledPackage(StartosPackage):
    """A package with the manifest of its bundle instead of the one in its TypeScript."""

    def __init__(self, root: Path, manifest: dict[str, Any]) -> None:
        super().__init__(root)
        self._manifest = manifest

    @cached_property
    def manifest_value(self) -> Value | None:
        return _value(self._manifest)

    @cached_property
    def version_value(self) -> Value | None:
        return self.field("version")

    @cached_property
    def other_versions(self) -> list[Value]:
        return []


def _value(value: Any) -> Value:
    source = Source(BUNDLE, b"")
    if isinstance(value, dict):
        return Value("object", {name: _value(each) for name, each in value.items()}, source, 0, 0)
    if isinstance(value, list):
        return Value("list", [_value(each) for each in value], source, 0, 0)
    return Value(_KINDS.get(type(value), "null"), value, source, 0, 0)


def bundle_findings(package: StartosPackage) -> Iterator[Finding]:
    """Load the bundle, and check the manifest that it has. Each finding is at the bundle.

    Raises: CannotError without the bundle or without Node.js.
    """
    if not package.is_file(BUNDLE):
        raise CannotError(f"{package.root / BUNDLE} doesn't exist; run `make {BUNDLE}` first, or leave out --bundle")
    if newer := _newer(package):
        what = f"The bundle is older than {newer}, so this is about a package of before"
        yield Finding(_STALE, Place(BUNDLE), what, f"run `make {BUNDLE}`")
    manifest = _loaded(package.root)
    if isinstance(manifest, str):
        what = f"Node.js can't load the bundle, so `start-cli s9pk pack` can't either: {manifest}"
        yield Finding(_FAILS, Place(BUNDLE), what, "correct what the error names, and build the bundle again")
        return
    bundled = _BundledPackage(package.root, manifest)
    for function, codes in CHECKS.items():
        if _RULES.intersection(codes):
            found = (finding for finding in function(bundled) if finding.code in _RULES)
            yield from (replace(finding, place=Place(BUNDLE)) for finding in found)


def _newer(package: StartosPackage) -> str | None:
    """Return a source that was changed after the bundle was built."""
    built = (package.root / BUNDLE).stat().st_mtime
    return next((file for file in package.module_files if (package.root / file).stat().st_mtime > built), None)


def _loaded(root: Path) -> dict[str, Any] | str:
    """Return the manifest, or why there is none."""
    # Importing these takes a few milliseconds.
    import shutil
    import subprocess
    import tempfile

    node = shutil.which("node")
    if node is None:
        raise CannotError("--bundle needs Node.js; install it, or leave out --bundle")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "manifest.json"
        command = [node, "-e", _WRITE, str((root / BUNDLE).resolve()), str(result)]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder}
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"it takes more than {_MOST_SECONDS} seconds"
        if done.returncode or not result.is_file():
            lines = [line.strip() for line in done.stderr.splitlines()]
            said = next((line for line in lines if "Error" in line and not line.startswith("at ")), "it exits at once")
            return shorten(printable(said), 200)
        manifest = json.loads(result.read_text(encoding="utf-8"))
    return manifest if isinstance(manifest, dict) else "it exports no manifest"
