"""Merge proposed answers with the user's own ones."""

from collections.abc import Mapping
from typing import Any

# Answers that the user's own ones add to.
MERGED = ("environment", "secrets", "dependencies")


def merged(proposed: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return proposed answers with the user's own ones, which take precedence. null leaves a proposed item out."""
    both = {**proposed, **given}
    for name in MERGED:
        theirs, mine = proposed.get(name), given.get(name)
        if isinstance(theirs, dict) and isinstance(mine, dict):
            left_out = {key for key in theirs if key in mine and mine[key] is None}
            both[name] = {key: value for key, value in {**theirs, **mine}.items() if key not in left_out}
    return both


def unmerged(proposed: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the user's own answers that give these answers, if they're merged with the proposed ones."""
    mine = dict(answers)
    for name in MERGED:
        theirs, mine_here = proposed.get(name), answers.get(name)
        if isinstance(theirs, dict) and isinstance(mine_here, dict):
            mine[name] = {**mine_here, **{key: None for key in theirs if key not in mine_here}}
    return mine
