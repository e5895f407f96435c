"""The location of the template, and the release that this package belongs to."""

import re
from dataclasses import dataclass
from pathlib import Path

from startos_wrapper.data import checkout

# The message if `template_source` returns None.
UNKNOWN = "can't find the template; pass its URL with --template"
_VERSION = re.compile(r'^version = "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Origin:
    """The template that answers are for: where Copier finds it, and its release."""

    source: str
    release: str


def template_source(given: str | None) -> str | None:
    """Return where Copier finds the template: `given`, or the checkout that this package runs from, or None."""
    folder = checkout()
    return given or (str(folder) if folder else None)


def own_release() -> str:
    """Return the tag of the release that this package belongs to."""
    return f"v{_version(checkout())}"


def _version(folder: Path | None) -> str:
    if folder and (match := _VERSION.search((folder / "pyproject.toml").read_text(encoding="utf-8"))):
        return match[1]
    # Importing it takes longer than most commands.
    from importlib.metadata import version

    return version("startos-wrapper")
