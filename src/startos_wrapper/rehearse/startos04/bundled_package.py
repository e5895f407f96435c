"""The package that is rehearsed: its folder, and the manifest that its bundle exports."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place

SDK = "@start9labs/start-sdk"
# Emver, as 0.3.5 writes versions, and ExVer, as 0.4 does.
_EMVER = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)(?:\.([0-9]+))?")
_EXVER = re.compile(r"(#[a-z]+:)?[0-9]+(\.[0-9]+)*(-[0-9a-z.]+)?:[0-9]+(\.[0-9]+)*(-[0-9a-z.]+)?")


@dataclass(frozen=True)
class Package04:
    """A version of a service for StartOS 0.4. `manifest` is what its bundle exports, with the version."""

    root: Path
    path: Path
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The package's id."""
        return str(self.manifest.get("id", ""))

    @property
    def version(self) -> str:
        """The version, as ExVer."""
        return str(self.manifest.get("version", ""))

    @property
    def volumes(self) -> list[str]:
        """The ids of the volumes."""
        return [str(each) for each in self.manifest.get("volumes") or ()]

    @property
    def images(self) -> Mapping[str, Mapping[str, Any]]:
        """The images by their ids."""
        return self.manifest.get("images") or {}

    def place(self, *texts: str) -> Place | None:
        """Return the first line below startos/ that has the first of these texts that is there at all."""
        sources = list(self._sources())
        for text in texts:
            for path, lines in sources:
                number = next((number for number, line in enumerate(lines, 1) if text in line), None)
                if number:
                    return self.seen(path, number)
        return None

    def seen(self, path: Path, line: int = 1) -> Place:
        """Return a place in a file with the path as the user sees it."""
        shown = self.path / path.relative_to(self.root)
        if shown.is_absolute() and shown.is_relative_to(Path.cwd()):
            shown = shown.relative_to(Path.cwd())
        return Place(shown.as_posix(), line)

    def _sources(self) -> Iterator[tuple[Path, list[str]]]:
        first = [self.root / "startos" / name for name in ("main.ts", "interfaces.ts", "init/index.ts")]
        others = sorted((self.root / "startos").rglob("*.ts"))
        for path in [*(each for each in first if each.is_file()), *(each for each in others if each not in first)]:
            yield path, path.read_text("utf-8", "replace").splitlines()


def is_package_04(folder: Path) -> bool:
    """Return whether a folder has a package for StartOS 0.4, and no wrapper for 0.3.5."""
    if not (folder / "startos").is_dir() or any((folder / f"manifest.{end}").is_file() for end in ("yaml", "yml")):
        return False
    try:
        return SDK in (folder / "package.json").read_text("utf-8")
    except (OSError, ValueError):
        return False


def script_of(folder: Path, name: str) -> str | None:
    """Return a script of package.json, or None. Raises: CannotError."""
    path = folder / "package.json"
    try:
        found = json.loads(path.read_text("utf-8")).get("scripts") or {}
    except (OSError, ValueError, AttributeError) as error:
        raise CannotError(f"{path}: can't be read: {error}") from error
    return found.get(name) if isinstance(found, dict) else None


def exver(text: str) -> str | None:
    """Return a version as StartOS 0.4 writes it, also for one of 0.3.5, or None if it's none."""
    if match := _EMVER.fullmatch(text):
        return f"{match[1]}.{match[2]}.{match[3]}:{match[4] or 0}"
    return text if _EXVER.fullmatch(text) else None
