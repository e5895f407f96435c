"""Words in the paths of a source tree, and what they say about a file."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import loader


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"), loader())
    return table


@cache
def path_words(name: str) -> frozenset[str]:
    """Return the words of a list in tree_words.yaml."""
    return frozenset(_table()[name])


def path_points(name: str) -> dict[str, float]:
    """Return how many points each folder gives, from tree_words.yaml."""
    points: dict[str, float] = _table()[name]
    return points
