"""What becomes of each key of a compose file that nothing else accounts for: the table in compose_keys.yaml."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from startos_wrapper.data import loader
from startos_wrapper.files.compose import Keys, Node, Text
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.secret_names import holds_secret
from startos_wrapper.new.upstream.startos_release import USUAL

# Keys whose lists have names: of services, networks, capabilities, hosts and so on. What follows = or a
# colon may be a secret.
_NAMES = {"secrets", "configs", "depends_on", "links", "external_links", "networks", "profiles", "cap_add", "cap_drop",
          "devices", "extra_hosts", "labels", "annotations", "sysctls", "group_add", "security_opt", "tmpfs", "dns",
          "dns_search", "dns_opt", "volumes_from", "device_cgroup_rules"}  # fmt: skip
# Keys of a companion that count for the container as a whole. If a process ends, StartOS restarts all of them.
_OF_CONTAINER = {"healthcheck", "stop_grace_period"}
_OFF = {"false", "no", "0", "none", "null", ""}
# Values that ask for nothing special.
_USUAL = {
    "network_mode": {"bridge", "default"},
    "user": {"0", "root", "0:0", "root:root"},
    "stop_signal": {"sigterm", "15", "term"},
    "ipc": {"private", "none"},
    "runtime": {"runc"},
    "pid": {"private"},
}


@dataclass(frozen=True)
class Row:
    """What becomes of a key: the answers that it can lead to, or else a list, why, and what to do."""

    key: str
    answers: tuple[str, ...]
    list: str
    why: str
    todo: str


@cache
def rows(level: str, release: str = USUAL) -> dict[str, Row]:
    """Return the rows for the keys of the top level (`top`) or of a service (`service`), for a release of StartOS."""
    table = yaml.load(Path(__file__).with_name("compose_keys.yaml").read_text(encoding="utf-8"), loader())[level]
    found = {key: {**row, **row.get(release, {})} for key, row in table.items()}
    return {
        key: Row(key, tuple(row.get("answers", ())), row["list"], row["why"], row["todo"]) for key, row in found.items()
    }


def list_the_rest(draft: Draft) -> None:
    """List every key of the top level and of services that nothing accounts for."""
    compose, service = draft.compose, draft.service
    assert compose is not None
    assert service is not None
    found: dict[tuple[Row | None, Keys], list[tuple[Keys, int, Node]]] = defaultdict(list)
    for path, line, node in _without_named(draft, draft.claims.missing(compose.root)):
        level, start = ("service", 2) if path[0] == "services" and len(path) > 2 else ("top", 0)
        for each, at, below in _split(level, path, line, node, start):
            row = _row(level, each[start:], draft.release.name)
            # The entries of a list or of labels are one item.
            found[row, each[: start + 1] if row is None or "." not in row.key else each].append((each, at, below))
    unneeded: dict[str, list[tuple[Keys, int, Node]]] = defaultdict(list)
    for (row, path), items in found.items():
        other = str(path[1]) if path[0] == "services" and len(path) > 2 and path[1] != service.name else ""
        if other and _is_of_container(row, path, items):
            unneeded[other] += items
        else:
            _list(draft, row, path, items, other)
    for other, items in unneeded.items():
        names = dict.fromkeys(str(path[2]) for path, _, _ in items)
        what, why = f"{other}: {', '.join(names)}", "only a separate container needs that"
        draft.leave("left_out", what, "companion", items[0][1], why, "nothing to do", *(path for path, _, _ in items))


def _without_named(draft: Draft, found: Iterable[tuple[Keys, int, Node]]) -> list[tuple[Keys, int, Node]]:
    """Return paths without the secrets and configs of the top level that the service's own key names.

    They are listed there, so the item accounts for both.
    """
    paths = list(found)
    kept = []
    for path, line, node in paths:
        mine = draft.path(*path)
        names = next((_named(other) for each, _, other in paths if each == mine), set())
        if path not in (("secrets",), ("configs",)) or not names & set(node.fields):
            kept.append((path, line, node))
            continue
        for name, key in node.fields.items():
            if name not in names:
                kept.append(((*path, name), key.line, key.node))
    return kept


def _named(node: Node) -> set[str]:
    """Return the names of secrets or configs in a service's list of them."""
    texts = [item.text or item.get_text("source") for item in node.items]
    return {text.best for text in texts if text}


def _is_of_container(row: Row | None, path: Keys, items: list[tuple[Keys, int, Node]]) -> bool:
    """Return whether another process of the same container doesn't need a key of a companion."""
    if row is None:
        return False
    return row.list == "left_out" or path[2] in _OF_CONTAINER or _asks_for_nothing(row.key, items)


def _split(level: str, path: Keys, line: int, node: Node, start: int) -> list[tuple[Keys, int, Node]]:
    """Return a key, or those below it if the table has rows for them."""
    prefix = str(path[start])
    if len(path) != start + 1 or not any(key.startswith(f"{prefix}.") for key in rows(level)):
        return [(path, line, node)]
    found = list(_deeper(level, path, line, node, start))
    return found or [(path, line, node)]


def _deeper(level: str, path: Keys, line: int, node: Node, start: int) -> list[tuple[Keys, int, Node]]:
    children = [((*path, name), key.line, key.node) for name, key in node.fields.items()]
    if not children or not _goes_deeper(level, path[start:]):
        return [(path, line, node)]
    return [each for child, at, below in children for each in _deeper(level, child, at, below, start)]


def _goes_deeper(level: str, names: Keys) -> bool:
    return any(len(pattern) > len(names) and _matches(pattern[: len(names)], names) for pattern in _patterns(level))


@cache
def _patterns(level: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(key.split(".")) for key in rows(level))


def _matches(pattern: tuple[str, ...], names: Keys) -> bool:
    return len(pattern) == len(names) and all(
        word == name or word.isupper() or (word == "x-*" and str(name).startswith("x-"))
        for word, name in zip(pattern, names, strict=True)
    )


def _row(level: str, names: Keys, release: str) -> Row | None:
    """Return the row for a path below a service or the top level, or None if no version of Compose has such a key."""
    for length in range(len(names), 0, -1):
        for pattern in _patterns(level):
            if _matches(pattern, names[:length]):
                return rows(level, release)[".".join(pattern)]
    return None


def _list(draft: Draft, row: Row | None, path: Keys, items: list[tuple[Keys, int, Node]], other: str) -> None:
    """List a key. `other` is its companion, if it's no key of the service itself."""
    paths = [each for each, _, _ in items]
    line = items[0][1]
    start = 2 if path[0] == "services" and len(path) > 2 else 0
    what = ".".join(map(str, path[start - bool(other) :]))
    what += _entries(path, items)
    if path[0] == "services" and len(path) == 2:
        # A service that nothing else listed.
        draft.leave("left_out", f"service {path[1]}", "companion", line, "it isn't packaged", "nothing to do", *paths)
    elif row is None:
        draft.leave(
            "by_hand",
            what,
            "companion" if other else "key",
            line,
            "we don't know this key of a compose file",
            "check its spelling",
            *paths,
        )
    elif row.list in ("cannot", "by_hand") and _asks_for_nothing(row.key, items):
        draft.leave("left_out", what, "key", line, "it asks for nothing special", "nothing to do", *paths)
    else:
        kind = "companion" if other else "secret" if row.key == "secrets" else "key"
        where = "by_hand" if other and row.list == "decide" else row.list
        if len(path) == 3 and path[2] in ("secrets", "configs") and not other:
            # See _without_named.
            paths += [(path[2], name) for _, _, node in items for name in _named(node)]
        draft.leave(where, what, kind, line, row.why, row.todo, *paths)


def _entries(path: Keys, items: list[tuple[Keys, int, Node]]) -> str:
    """Return the names of entries, or how many there are if they have none."""
    names = [each[len(path)] for each, _, _ in items if len(each) > len(path)]
    if len(items) == 1 and items[0][0] == path:
        names = [*items[0][2].fields, *range(len(items[0][2].items))]
    if names and path[-1] in _NAMES:
        nodes = items[0][2].items if len(items) == 1 and items[0][0] == path else [node for _, _, node in items]
        texts = [node.text or node.get_text("source") for node in nodes]
        names = [_name(text) if text else name for text, name in zip(texts, names, strict=False)] if nodes else names
    if names and all(isinstance(name, str) for name in names):
        return f": {', '.join(dict.fromkeys(map(str, names)))}"
    return f" ({len(names)} {'entry' if len(names) == 1 else 'entries'})" if names else ""


def _name(text: Text) -> str:
    return "a secret" if holds_secret(text.best) else re.split("=|:(?!unconfined)", text.best)[0].strip()


def _asks_for_nothing(key: str, items: list[tuple[Keys, int, Node]]) -> bool:
    for _, _, node in items:
        if node.kind == "null" or (node.kind in ("map", "list") and not node.fields and not node.items):
            continue
        text = node.text
        value = text.best.strip().lower() if text and not (text.unset and text.hint is None) else None
        if value is None or not (value in _OFF or value in {each.lower() for each in _USUAL.get(key, set())}):
            return False
    return True
