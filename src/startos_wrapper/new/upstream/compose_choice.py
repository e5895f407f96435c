"""Which compose file of a source tree is the one for users.

Of 60 upstream repositories with compose files, 35 have one in the root, and 25 only in folders such as docker/ or
contrib/. Most have several: variants by database and proxy, and files for developers and tests.
"""

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from startos_wrapper.files.compose import ComposeError, ComposeFile, NoServicesError, Service, read_compose
from startos_wrapper.new.upstream.facts import OtherFile
from startos_wrapper.new.upstream.main_service import simple
from startos_wrapper.new.upstream.secret_names import words_of
from startos_wrapper.new.upstream.service_kinds import STORES, kind_of, repository
from startos_wrapper.new.upstream.source_files import SourceFiles
from startos_wrapper.new.upstream.tree_words import path_points, path_words

# The names that Compose looks for itself, in its order. compose-go cli/options.go: DefaultFileNames
DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_NAME = re.compile(r"(?:[\w.-]*[-_.])?(?:docker[-_.]?)?compose(?:[-_.][\w.-]*)?\.ya?ml", re.IGNORECASE)
_MOST_READ = 40

_FOR_DEVELOPERS = "for developers or tests"
# The words of tree_words.yaml, the points that they cost, and what a file with one is. The last one counts.
_VARIANTS = (
    ("source", 3, "builds from source"),
    ("stores", 1, "a variant with more services"),
    ("proxy", 2, "a variant with a proxy"),
    ("hardware", 2, "a variant for other hardware"),
    ("partial", 10, "a part of another compose file"),
    ("compose_development", 5, _FOR_DEVELOPERS),
    ("development", 10, _FOR_DEVELOPERS),
)
_NO_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class _Candidate:
    path: str
    points: float
    why: str
    is_for_users: bool = True
    # It isn't read as long as the folder has anything else, e.g. a Dockerfile.
    is_last_resort: bool = False


@dataclass
class ComposeChoice:
    """The chosen file, why it was chosen over others, and the others.

    If it only seems to be a compose file, it's among the `unusable` ones.
    """

    path: str | None
    why: str
    others: list[OtherFile]
    unusable: list[OtherFile]


def choose_compose(files: SourceFiles, project: set[str]) -> ComposeChoice:
    """Return the compose file for users among the files of a folder. `project` are names of the project, if known."""
    named = [path for path in files.paths if _NAME.fullmatch(PurePosixPath(path).name)]
    ranked = sorted((_by_name(path) for path in named), key=lambda each: -each.points)
    read = [_by_content(files, each, project) for each in ranked[:_MOST_READ]] + ranked[_MOST_READ:]
    # Sorting is stable, so the first by name wins among equals.
    best = sorted(read, key=lambda each: (not each.is_for_users, each.is_last_resort, -each.points))
    chosen = next((each for each in best if each.is_for_users), None)
    others = [OtherFile(each.path, each.why or "another variant") for each in best if each is not chosen]
    why = f"one of {len(best)} compose files" if chosen and len(best) > 1 else ""
    is_unusable = chosen is not None and chosen.is_last_resort
    unusable = [OtherFile(each.path, each.why) for each in best if each.is_last_resort] if is_unusable else []
    return ComposeChoice(chosen.path if chosen else None, why, others, unusable)


def _by_name(path: str) -> _Candidate:
    whole = PurePosixPath(path)
    words = {word for part in (*whole.parent.parts, whole.stem) for word in words_of(part)}
    words |= {_NO_DIGITS.sub("", word) for word in words}
    points, why = 0.0, ""
    for name, minus, reason in _VARIANTS:
        found = words & path_words(name)
        if found:
            points, why = points - minus - 0.1 * len(found), reason
    for depth, part in enumerate(whole.parent.parts):
        points -= path_points("folders").get(part.lower(), 4) / (2 if depth else 1)
    if whole.name.lower() in DEFAULT_NAMES:
        points += 2 - 0.01 * DEFAULT_NAMES.index(whole.name.lower())
    if words & path_words("usual"):
        points += 0.5
    is_for_users = not words & (path_words("development") | {"override", "overrides"})
    return _Candidate(path, points, why, is_for_users)


def _by_content(files: SourceFiles, candidate: _Candidate, project: set[str]) -> _Candidate:
    if not candidate.is_for_users:
        return candidate
    if not files.is_inside(candidate.path):
        return _Candidate(candidate.path, candidate.points, "not a file in this folder", is_for_users=False)
    try:
        compose = read_compose(files.folder / candidate.path, files.folder)
    except ComposeError as error:
        # Its own message comes when there's no other.
        at = f"line {error.line}: " if error.line else ""
        return _Candidate(
            candidate.path,
            candidate.points - 20,
            f"can't be read: {at}{error.what}",
            is_last_resort=_is_no_compose(candidate, error),
        )
    if not compose.services:
        return _Candidate(candidate.path, candidate.points, "has no services", is_for_users=False)
    if _is_devcontainer(compose):
        return _Candidate(candidate.path, candidate.points, "a container for developers", is_for_users=False)
    kinds = {service.name: kind_of(service, compose) for service in compose.services.values()}
    programs = [service for service in compose.services.values() if not kinds[service.name]]
    if not programs:
        stores = all(kind in STORES for kind in kinds.values())
        what = "has only databases and caches" if stores else "has only databases, proxies and the like"
        return _Candidate(candidate.path, candidate.points, what, is_for_users=False)
    points, why = candidate.points, candidate.why
    if any(_is_of_developers(service, compose) for service in programs):
        points, why = points - 6, _FOR_DEVELOPERS
    images = [service.image.best for service in programs if service.image]
    if not images:
        points, why = points - 2, why or "builds from source"
    elif project:
        points += 1.5 if any(_is_of_project(image, project) for image in images) else -1.5
    if any(node.get_text("external") for node in compose.networks.values()):
        points -= 1  # Another compose file makes this network.
    return _Candidate(candidate.path, points - 0.1 * min(len(compose.services), 20), why)


def _is_no_compose(candidate: _Candidate, error: ComposeError) -> bool:
    """Return whether a file only has the name of a compose file. A slip in a real one is for its author to mend."""
    return PurePosixPath(candidate.path).name.lower() not in DEFAULT_NAMES or isinstance(error, NoServicesError)


def _is_of_project(image: str, project: set[str]) -> bool:
    words = {simple(word) for word in repository(image).split("/")}
    return any(name in word for name in project for word in words)


def _is_of_developers(service: Service, compose: ComposeFile) -> bool:
    """Return whether a service is an image for developers, or runs the source code that's in the tree."""
    tag = service.image.best.rpartition("/")[2].partition(":")[2] if service.image else ""
    if set(words_of(tag)) & path_words("development"):
        return True
    folder = str(PurePosixPath(compose.path).parent)
    sources = (posixpath.normpath(f"{folder}/{mount.source}") for mount in service.mounts if mount.kind == "bind")
    return service.build is not None and "." in sources


def _is_devcontainer(compose: ComposeFile) -> bool:
    """Return whether developers work in the file's container: it's called so, or it only sleeps or is a shell."""
    return any(_is_workplace(service) for service in compose.services.values())


def _is_workplace(service: Service) -> bool:
    image = service.image.best if service.image else ""
    dockerfile = service.build.dockerfile + service.build.context if service.build else ""
    if "devcontainer" in (service.name.lower() + image.lower() + dockerfile.lower()):
        return True
    words = service.command.words if service.command else ()
    return words[:2] in (("sleep", "infinity"), ("tail", "-f")) and service.build is not None
