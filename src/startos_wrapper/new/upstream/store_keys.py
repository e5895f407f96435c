"""List the keys of an app store's own files that give no answer, by the table in store_keys.yaml."""

from collections.abc import Container, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.new.upstream.facts import AppStore
from startos_wrapper.new.upstream.proposal import Leftover

_UNKNOWN = {
    "list": "by_hand",
    "why": "it's a key of the app store that we don't know",
    "todo": "find out whether the service needs it",
}


@cache
def store_rows(kind: str) -> dict[str, dict[str, Any]]:
    """Return the rows for the keys of an app store, by its kind."""
    table = yaml.load(Path(__file__).with_name("store_keys.yaml").read_text(encoding="utf-8"), loader())
    return {str(key): row for key, row in table[kind].items()}


def list_keys(store: AppStore, keys: Iterable[tuple[str, str, bool]], used: Container[str]) -> None:
    """List keys but those that give an answer: each with its name, its place, and whether it's empty."""
    for name, place, is_empty in keys:
        if name in used:
            continue
        row = store_rows(store.kind).get(name, _UNKNOWN)
        where, why, todo = row["list"], row["why"], row.get("todo", "nothing to do")
        if is_empty:
            where, why, todo = "left_out", "it's empty", "nothing to do"
        store.left.append((where, Leftover(name, "store", place, why, todo)))
