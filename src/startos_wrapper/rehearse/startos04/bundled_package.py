"""The package that is rehearsed: its folder, and the manifest that its bundle exports."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.package import seen_in


@dataclass(frozen=True)
class Package04:
    """A version of a service for StartOS 0.4. `manifest` is what its bundle exports, with the version."""

    root: Path
    path: Path
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_packed(self) -> bool:
        """Whether it's a .s9pk. Rehearsals don't open those of 0.4."""
        return False

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
        """Return the first line below startos/ that has the first of these texts that occurs."""
        sources = list(self._sources())
        for text in texts:
            for path, lines in sources:
                number = next((number for number, line in enumerate(lines, 1) if text in line), None)
                if number:
                    return self.seen(Place(path.relative_to(self.root).as_posix(), number))
        return None

    def seen(self, found: Place) -> Place:
        """Return a place in the package's folder with the file's path as the user sees it."""
        return seen_in(self.path, found)

    def _sources(self) -> Iterator[tuple[Path, list[str]]]:
        first = [self.root / "startos" / name for name in ("main.ts", "interfaces.ts", "init/index.ts")]
        others = sorted((self.root / "startos").rglob("*.ts"))
        for path in [*(each for each in first if each.is_file()), *(each for each in others if each not in first)]:
            yield path, path.read_text("utf-8", "replace").splitlines()


def script_of(folder: Path, name: str) -> str | None:
    """Return a script of package.json, or None. Raises: CannotError."""
    path = folder / "package.json"
    try:
        found = json.loads(path.read_text("utf-8")).get("scripts") or {}
    except (OSError, ValueError, AttributeError) as error:
        raise CannotError(f"{path}: can't be read: {error}") from error
    return found.get(name) if isinstance(found, dict) else None
