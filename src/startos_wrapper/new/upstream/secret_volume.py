"""Which volume keeps the secrets and settings of StartOS: `main`, or else the first one.

It's also the one that people restore first. A folder of photos or a cache is the wrong place for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from startos_wrapper.new.upstream.proposal import Proposal
from startos_wrapper.new.upstream.secret_names import words_of

_FIRST = {"data", "datadir", "config", "conf", "configuration", "etc", "storage", "db", "database", "state", "home",
          "settings", "main"}  # fmt: skip
_LAST = {"upload", "uploads", "media", "medias", "original", "originals", "photo", "photos", "pictures", "images",
         "music", "video", "videos", "movies", "tv", "books", "documents", "consume", "import", "export", "downloads",
         "library", "files", "share", "public", "static", "assets", "themes", "plugins", "custom", "cache", "caches",
         "log", "logs", "tmp", "temp", "thumbs", "thumbnails", "transcode", "backup", "backups", "certs", "run",
         "attachments", "avatars", "repos", "repositories", "models"}  # fmt: skip


def fitness(target: str, source: str = "") -> int:
    """Return how well a volume fits to keep secrets: 0 for data and settings, 2 for what never does, else 1."""
    words = set(words_of(PurePosixPath(target).name))
    said = words | set(words_of(PurePosixPath(source).name))
    if words & _LAST or (said & _LAST and not words & _FIRST):
        return 2
    return 0 if said & _FIRST else 1


def name_for_secrets(volumes: Mapping[str, str], fit: Mapping[str, int]) -> dict[str, str]:
    """Return volumes with one called `main`, if the first one isn't for secrets, but another one is.

    `fit` has how well each path fits. Volumes keep their order, because an outer one has to come first.
    """
    paths = list(volumes.values())
    if not paths or "main" in volumes or fit[paths[0]] < 2:
        return dict(volumes)
    best = min(paths, key=lambda path: fit[path])
    return {"main" if path == best and fit[best] < 2 else name: path for name, path in volumes.items()}


def by_fitness(targets: Iterable[str], fit: Mapping[str, int]) -> list[str]:
    """Return paths in their order, but those that fit first."""
    return sorted(targets, key=lambda target: fit[target])


def say_where_secrets_are(proposal: Proposal, given: Mapping[str, Any]) -> None:
    """Add to each secret that the wrapper can make, where it's kept."""
    volumes = given.get("volumes", proposal.values.get("volumes"))
    if not isinstance(volumes, dict) or not volumes:
        return
    path = volumes.get("main", next(iter(volumes.values())))
    if not isinstance(path, str):
        return
    kept = f"; it's kept in {path.rstrip('/')}/start9"
    proposal.decide = [
        replace(each, todo=each.todo + kept)
        if each.kind == "secret" and ("'secrets=" in each.todo or each.todo.endswith("the answer secrets"))
        else each
        for each in proposal.decide
    ]
