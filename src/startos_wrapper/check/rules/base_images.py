"""Rules about base images and their versions."""

import re
from collections.abc import Iterator

from startos_wrapper.check.in_dockerfile import ARCHITECTURES, finding, model, short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.builds import builds_of
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper

# Codenames of Debian and Ubuntu: a tag with a codename never moves on to the next release.
_DEBIAN = {"jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky"}
_UBUNTU = {"trusty", "xenial", "bionic", "focal", "jammy", "lunar", "mantic", "noble", "oracular", "plucky", "questing"}
# Base images whose version isn't the service's: distributions, languages, servers and databases.
_GENERIC = re.compile(
    r"(?:.*/)?(?:alpine|debian|ubuntu|fedora|centos|rockylinux|almalinux|archlinux|amazonlinux|busybox|scratch|wolfi\S*"
    r"|opensuse\S*|buildpack-deps|node|python|golang|rust\S*|ruby|openjdk|eclipse-temurin|amazoncorretto|php|perl|elixir"
    r"|erlang|haskell|swift|gcc|maven|gradle|deno|bun|dotnet\S*|sdk|aspnet|runtime\S*|nginx\S*|httpd|caddy|haproxy|tomcat"
    r"|postgres\S*|mariadb|mysql|mongo|redis|valkey|memcached|influxdb|composer|docker|tini|s6-overlay|(?:docker-)?"
    r"baseimage\S*|base\S*|static\S*|\S*-base)",
    re.IGNORECASE,
)
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?!\d)")


@checks("W601")
def floating_base(wrapper: Wrapper) -> Iterator[Finding]:
    """Find external images without a fixed version."""
    dockerfile = model(wrapper)
    contexts = {name for build in builds_of(wrapper) for name in build.contexts}
    for word, image in _images(dockerfile):
        if image not in contexts and (why := _floats(image)):
            what = f"The image {short(image)} {why}, so the next build may contain another release"
            todo = f"add a version, e.g. {short(_name(image))}:1.2.3"
            yield finding("W601", dockerfile, word, what, todo)


def _images(dockerfile: Dockerfile) -> Iterator[tuple[Word, str]]:
    """Yield the external images of a Dockerfile whose names are known."""
    for stage in dockerfile.stages:
        if stage.base and stage.parent is None and stage.base != "scratch":
            yield stage.image, stage.base
    for instruction in dockerfile.instructions:
        for word in instruction.flags.get("from", []) if instruction.name == "COPY" else []:
            if word.text and "$" not in word.text and not word.text.isdigit() and not dockerfile.stage(word.text):
                yield word, word.text


def _name(image: str) -> str:
    """Return an image's name without tag and digest. A colon before a slash belongs to a port."""
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return folder + slash + name.partition(":")[0]


def _floats(image: str) -> str | None:
    """Return why an image isn't tied to a release, or None if it is."""
    if "@" in image:
        return None
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        return "has no tag, which means latest"
    rest = ARCHITECTURES.sub("", tag.lower())
    if any(letter.isdigit() for letter in rest) or not (_DEBIAN | _UBUNTU).isdisjoint(re.split(r"[-._]", rest)):
        return None
    return f"has the tag {tag}, which changes with every release"


@checks("W619")
def version_of_base(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a package version that doesn't match the upstream image that the package is built on."""
    dockerfile = model(wrapper)
    stage = dockerfile.final.lineage[0] if dockerfile.final else None
    tag = upstream_tag(wrapper, stage.base or "") if stage else None
    if stage and tag and (said := other_version(wrapper, tag)):
        start = stage.image.end - len(tag) if stage.image.text.endswith(tag) else stage.image.start
        what = f"The package version is {wrapper.version}, but the base image has {tag}"
        yield finding("W619", dockerfile, Word(tag, start, stage.image.end), what, said)


def upstream_tag(wrapper: Wrapper, image: str) -> str | None:
    """Return the tag of an image if it's upstream's: no common base image, and it shares a word with the package id."""
    name = _name(image)
    if _GENERIC.fullmatch(name) or not any(len(word) > 2 and word in name for word in (wrapper.id or "").split("-")):
        return None
    return image.partition("@")[0].removeprefix(name).removeprefix(":")


def other_version(wrapper: Wrapper, tag: str) -> str | None:
    """Return what to do about a tag with another version than the package's, or None if it has the same, or none."""
    upstream, own = _VERSION.match(tag), re.match(r"(\d+)\.(\d+)", wrapper.version or "")
    if not upstream or not own or upstream.groups()[:2] == own.groups():
        return None
    more = (
        "wrapper can add a fourth number"
        if wrapper.startos == "0.3.5"
        else "package has its own number after the colon"
    )
    return f"make the version begin with {'.'.join(upstream.groups())}; the {more}"
