"""The upstream image and its version, from the image of a compose file or the facts about it."""

import re

from startos_wrapper.data import pattern
from startos_wrapper.files.compose import Service
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.service_kinds import repository

# A tag that is a release, e.g. v1.2.3 and 1.2.3-alpine. A single number moves with each release.
_RELEASE = re.compile(r"(?:[a-z]+[-_])?v?([0-9]+(?:\.[0-9]+){1,3})(?:[-_+.](.*))?", re.IGNORECASE)
# A tag that stays: a release with two numbers at least, a date, or a commit. 2, apache and lts-alpine3.20 move.
_STAYS = re.compile(
    r"(?:[a-z0-9]+[-_.])*v?[0-9]+[._-][0-9]+.*|.*(?:[0-9]{6}|(?=[a-f]*[0-9])[0-9a-f]{7}).*", re.IGNORECASE
)
_UNSTABLE = re.compile(r"(^|[-_.0-9])(alpha|beta|rc|pre|preview|dev|nightly|snapshot|canary|edge)", re.IGNORECASE)
# Names that people give to what they build themselves.
_LOCAL = {"local", "dev", "development", "test", "debug", "build", "snapshot"}


def propose_image(draft: Draft, service: Service) -> None:
    """Propose `upstream_image` and `version`, or say what is missing."""
    text, build = service.image, service.build
    if text is None:
        if build:
            draft.proposal.image = ""
        return
    name = text.best.strip()
    draft.proposal.image = name
    mine = draft.given.get("upstream_image")
    if isinstance(mine, str):
        if version := version_of(mine):
            draft.answer("version", version, ["your answer upstream_image"])
        draft.claims.take(draft.path("image"), "answers.upstream_image")
        return
    assert draft.compose is not None
    places = draft.compose.places(text)
    reason = _refused(name, _is_built_here(service, name), [each for each in text.unset if text.hint is None])
    if reason:
        draft.leave(
            "decide",
            f"upstream_image: {shown(text.raw, name)}",
            "open",
            text.line,
            reason,
            complete(draft, name, service),
            draft.path("image"),
        )
        return
    draft.answer("upstream_image", name, places, draft.path("image"))
    leave_moving(draft, name, text.line)
    version = version_of(name)
    if version:
        draft.answer("version", version, places)
    elif draft.fact("version") is None:
        draft.leave(
            "decide",
            "version",
            "open",
            text.line,
            "the tag is no release number",
            "pass the upstream version: -d version=1.2.3",
        )


def leave_moving(draft: Draft, name: str, place: str | int) -> None:
    """List an image's tag if it moves. The image stays proposed, because only upstream's own tags show another one."""
    tag = name.partition("@")[0].rpartition("/")[2].partition(":")[2]
    if moves(name):
        where = tags_page(repository(name))
        todo = f"pin X.Y.Z or a digest: -d upstream_image={repository(name)}:TAG" + (
            f"; tags: {where}" if where else ""
        )
        draft.leave(
            "decide", f"upstream_image: {tag}", "open", place, "this tag moves, to another image tomorrow", todo
        )


def moves(name: str) -> bool:
    """Return whether an image's tag stands for another image after the next release."""
    tag = name.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return "@" not in name and not _STAYS.fullmatch(tag)


def version_of(image: str) -> str | None:
    """Return the version in an image's tag, or None if the tag isn't a release."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    found = _RELEASE.fullmatch(tag)
    if not found or _UNSTABLE.search(tag):
        return None
    return found[1] if pattern("version").fullmatch(found[1]) else None


def shown(raw: str, name: str) -> str:
    """Return an image's name as the file has it, or as Compose reads it if it can be shown."""
    return name if name and not name.endswith(":") else raw


def complete(draft: Draft, name: str, service: Service | None = None) -> str:
    """Return how to pass the image: the option to complete, and where to find the tag."""
    if service and service.build and _is_built_here(service, name):
        return "pass the image that upstream publishes: -d upstream_image=NAME:TAG"
    known = repository(name.rstrip(":"))
    known = known if pattern("image").fullmatch(known) else "NAME"
    tag = draft.fact("upstream_ref")
    newest = f" (the newest git tag is {tag.value})" if tag else ""
    where = tags_page(known) if known != "NAME" else ""
    return f"-d upstream_image={known}:TAG{newest}" + (f"; tags: {where}" if where and not newest else "")


def tags_page(name: str) -> str:
    """Return where a registry lists an image's tags, or an empty text if that isn't known."""
    host, _, path = name.rpartition("/")[0].partition("/")
    last = name.rpartition("/")[2]
    if host in ("", "docker.io") or "." not in host:
        owner = path if host == "docker.io" else "/".join(filter(None, (host, path)))
        return (
            f"https://hub.docker.com/r/{owner}/{last}/tags"
            if owner not in ("", "library")
            else (f"https://hub.docker.com/_/{last}/tags")
        )
    if host == "ghcr.io" and path and "/" not in path:
        return f"https://github.com/{path}/{last}/pkgs/container/{last}"
    if host in ("quay.io", "codeberg.org", "lscr.io"):
        return f"https://quay.io/repository/{path}/{last}?tab=tags" if host == "quay.io" else ""
    return ""


def _is_built_here(service: Service, name: str) -> bool:
    if service.build is None:
        return False
    tag = name.rpartition("/")[2].partition(":")[2]
    return "/" not in name or tag in _LOCAL or not tag


def _refused(name: str, built_here: bool, unset: list[str]) -> str:
    """Return why the template wouldn't take an image, or an empty text."""
    tag = name.partition("@")[0].rpartition("/")[2].partition(":")[2]
    if unset:
        names = ", ".join(dict.fromkeys(unset))
        return f"{names} has no value" if len(set(unset)) == 1 else f"{names} have no value"
    if built_here:
        return "the file builds the image, and it may not be published"
    if not tag and "@" not in name:
        return "the image has no tag"
    if not pattern("image").fullmatch(name):
        return "it's no image's name"
    if not pattern("pinned_image").fullmatch(name):
        return "latest means another image tomorrow"
    return ""
