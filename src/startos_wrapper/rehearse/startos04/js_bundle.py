"""The bundle javascript/index.js, which is what StartOS runs of a package: build it if it's older than its sources."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from startos_wrapper.errors import CannotError
from startos_wrapper.files.package_04.recognition import SDK
from startos_wrapper.rehearse.docker import bounded
from startos_wrapper.rehearse.startos04.bundled_package import script_of

BUNDLE = Path("javascript", "index.js")
_SECONDS = 1800
_LAST_LINES = 12
_PROJECT = ("package.json", "package-lock.json", "tsconfig.json")
_NODE = "Install Node.js 22 with npm, or build the bundle elsewhere with `make javascript/index.js`."


def bundle_of(root: Path, say: Callable[[str], None]) -> Path:
    """Return the path of a package's bundle, which is built unless it's newer than all sources. Raises: CannotError."""
    bundle = root / BUNDLE
    why = _why_build(root)
    if why is None:
        return bundle
    missing = [name for name in ("node", "npm", "npx") if shutil.which(name) is None]
    if missing:
        raise CannotError(f"{bundle}: {why}, and {missing[0]} isn't installed here", _NODE)
    if not _has_sdk(root):
        say("npm ci")
        verb = "ci" if (root / "package-lock.json").is_file() else "install"
        _run(root, ["npm", "--prefix", str(root), "--no-audit", "--no-fund", "--loglevel", "error", verb])
    say("building javascript/index.js")
    if script_of(root, "build"):
        _run(root, ["npm", "--prefix", str(root), "run", "--silent", "build"])
    else:
        words = ["build", str(root / "startos" / "index.ts"), "-o", str(bundle.parent)]
        _run(root, ["npx", "--prefix", str(root), "--no-install", "ncc", *words])
    if not bundle.is_file():
        raise CannotError(f"{bundle}: building it wrote no such file; see the script `build` in {root}/package.json")
    return bundle


def _why_build(root: Path) -> str | None:
    """Return why the bundle must be built, or None if it needn't."""
    bundle = root / BUNDLE
    if not bundle.is_file():
        return "there is no such file"
    built = bundle.stat().st_mtime
    newer = next((path for path in _sources(root) if path.stat().st_mtime > built), None)
    return f"it's older than {newer.relative_to(root)}" if newer else None


def _sources(root: Path) -> Iterator[Path]:
    yield from (path for path in sorted((root / "startos").rglob("*")) if path.is_file())
    yield from (root / name for name in _PROJECT if (root / name).is_file())


def _has_sdk(root: Path) -> bool:
    """Return whether Node.js finds the SDK, in the folder or above it."""
    return any((folder / "node_modules" / SDK).is_dir() for folder in (root, *root.absolute().parents))


def _run(root: Path, command: list[str]) -> None:
    """Run a command. Raises: CannotError with the last lines that it printed."""
    done = bounded(command, timeout=_SECONDS, is_merged=True)
    if done.code != 0:
        lines = [line for line in done.errors.decode("utf-8", "replace").splitlines() if line.strip()]
        shown = " ".join(word for word in command if word not in ("--prefix", str(root)))
        raise CannotError(f"`{shown}` failed in {root}:", *(f"  {line}" for line in lines[-_LAST_LINES:]))
