"""What the release of StartOS has that a package is for: the table in startos_releases.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import loader

# The default of the question `startos`.
USUAL = "0.3.5"


@dataclass(frozen=True)
class Said:
    """What becomes of something: the name of a list, why, and what to do."""

    list: str
    why: str
    todo: str


@dataclass(frozen=True)
class Release:
    """A release of StartOS. `id` is the name of the pattern for ids."""

    name: str
    id: str
    id_letters: str
    id_fault: str
    host: str
    has_ui_path: bool
    short_description_bytes: int
    rows: Mapping[str, Mapping[str, str]]

    def said(self, subject: str, **filled: object) -> Said:
        """Return what becomes of something, with names in capitals filled in."""
        row = dict(self.rows[subject])
        for name, value in filled.items():
            row = {key: text.replace(name.upper(), str(value)) for key, text in row.items()}
        return Said(row["list"], row["why"], row["todo"])

    def host_of(self, package: str) -> str:
        """Return the name of a service's host, or an empty text if it has none."""
        return self.host.replace("ID", package)


@cache
def releases() -> dict[str, Release]:
    """Return each release by its name in the answer `startos`."""
    loaded = yaml.load(Path(__file__).with_name("startos_releases.yaml").read_text(encoding="utf-8"), loader())
    return {name: Release(name=name, **each["facts"], rows=each["said"]) for name, each in loaded.items()}


def release_of(given: Mapping[str, Any]) -> Release:
    """Return the release that the user's own answers name, or the default."""
    return releases().get(str(given.get("startos")), releases()[USUAL])
