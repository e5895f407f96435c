"""Decide how deep the tests go: every case where `CI` is set, a sample elsewhere.

A sample never depends on chance, and nothing is tested outside CI that CI leaves out.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

DEEP = bool(os.environ.get("CI"))
T = TypeVar("T")


def sample(cases: Sequence[T], most: int) -> list[T]:
    """Return every case in CI, and `most` of them elsewhere, spread evenly from the first to the last."""
    if DEEP or len(cases) <= most:
        return list(cases)
    if most == 1:
        return [cases[0]]
    return [cases[round(number * (len(cases) - 1) / (most - 1))] for number in range(most)]
