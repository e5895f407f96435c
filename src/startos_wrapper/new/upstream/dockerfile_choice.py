"""Which Dockerfile of a source tree makes the image for users."""

import re
from pathlib import PurePosixPath

from startos_wrapper.new.upstream.facts import OtherFile
from startos_wrapper.new.upstream.secret_names import words_of
from startos_wrapper.new.upstream.tree_words import path_points, path_words

_NAME = re.compile(r"(?:[\w.-]+[.])?(?:dockerfile|containerfile)(?:[._-][\w.-]+)?", re.IGNORECASE)
_NO_FILE = re.compile(
    r".*\.(?:j2|jinja2?|tmpl|tpl|template|in|dockerignore|md|txt|sh|py|js|ts|svg|ya?ml|json|go|toml|rego|orig|bak|patch)",
    re.IGNORECASE,
)


def choose_dockerfile(paths: list[str], project: str) -> tuple[str | None, list[OtherFile]]:
    """Return the Dockerfile for users, and the others. `project` is the name of the service, if it's known."""
    found = [path for path in paths if is_dockerfile(PurePosixPath(path).name)]
    ranked = sorted(found, key=lambda path: -_points(path, project))
    usable = [path for path in ranked if not _words(path) & _not_for_users() or ("/" not in path and _is_plain(path))]
    chosen = next(iter(usable), None)
    others = [
        OtherFile(path, "another image" if path in usable else "for developers, tests or the build")
        for path in ranked
        if path != chosen
    ]
    return chosen, others


def is_dockerfile(name: str) -> bool:
    """Return whether a file is a Dockerfile by its name, e.g. Dockerfile, Dockerfile.alpine or web.Dockerfile."""
    return bool(_NAME.fullmatch(name)) and not _NO_FILE.fullmatch(name)


def _folders() -> dict[str, float]:
    return path_points("folders") | path_points("dockerfile_folders")


def _not_for_users() -> frozenset[str]:
    return path_words("development") | path_words("builders")


def _is_plain(path: str) -> bool:
    return PurePosixPath(path).name.lower() in ("dockerfile", "containerfile")


def _words(path: str) -> set[str]:
    whole = PurePosixPath(path)
    # A folder called build or docker is where projects keep it.
    folders = [part for part in whole.parent.parts if part.lower() not in _folders()]
    return {word for part in (*folders, whole.name) for word in words_of(part)}


def _points(path: str, project: str) -> float:
    whole = PurePosixPath(path)
    words = _words(path)
    points = 1.0 if _is_plain(path) else 0.0
    points -= 10 if words & _not_for_users() else 0
    points -= 2 if words & path_words("hardware") else 0
    points += 0.5 if words & path_words("usual") else 0
    points += 0.7 if project and project in words else 0
    for depth, part in enumerate(whole.parent.parts):
        points -= _folders().get(part.lower(), 3) / (2 if depth else 1)
        points += 1.5 if depth and part.lower() in ("docker", "container") else 0
    return points
