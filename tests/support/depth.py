"""Decide how deep the tests go: every case if `CI` is set, a sample otherwise.

Samples are deterministic, and CI runs everything that runs locally.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

DEEP = bool(os.environ.get("CI"))
T = TypeVar("T")


def sample(cases: Sequence[T], most: int) -> list[T]:
    """Return every case in CI. Otherwise return `most` of them, spread evenly from the first to the last."""
    if DEEP or len(cases) <= most:
        return list(cases)
    if most == 1:
        return [cases[0]]
    return [cases[round(number * (len(cases) - 1) / (most - 1))] for number in range(most)]
