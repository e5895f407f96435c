"""The image tars that a device could load from a package, and their tags. S/s9pk/{docker,reader}.rs"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path, PurePosixPath

from startos_wrapper.check.packing import asset_of, marked
from startos_wrapper.check.tree import walk
from startos_wrapper.data import processors
from startos_wrapper.files.dockerignore import Dockerignore, dockerignore_of
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.manifest.os_grammar import package_id, version_numbers
from startos_wrapper.files.source import Source, TooLargeError, UnreadableError
from startos_wrapper.files.tar import NotFoundError, member, names
from startos_wrapper.files.wrapper import Wrapper

# S/s9pk/reader.rs:118-144
_TAG = re.compile(r"start9/([^/]*)/([^:]*):(.*)", re.DOTALL)


@dataclass(frozen=True)
class Tag:
    """An image tag, split as StartOS does it."""

    text: str
    package: str
    image: str
    version: str


@dataclass
class Tar:
    """An image that StartOS may load: its valid tags, its `refused` tags, or the `fault` that hides them.

    `file` is its path as messages show it, and `name` as it is. `known` is false if reading the tar was given up.
    """

    file: str
    name: str
    tags: list[Tag] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    fault: str | None = None
    known: bool = True


def image_ids(wrapper: Wrapper) -> set[str] | None:
    """Return the ids of the images that all tars contain, or None if there is no tar or one of them can't be read."""
    tars = loaded_tars(wrapper)
    if not tars or any(tar.fault or tar.refused or not tar.known for tar in tars):
        return None
    return set.intersection(*({tag.image for tag in tar.tags} for tar in tars))


@lru_cache(maxsize=4)
def loaded_tars(wrapper: Wrapper) -> list[Tar]:
    """Return all images that a device could load. S/s9pk/docker.rs:44-53"""
    asset = asset_of(wrapper, "docker-images")
    if asset is None:
        return []
    folder = images_folder(wrapper)
    if folder is None:
        return _in_file(wrapper, asset[0]) if wrapper.is_file(asset[0]) else []
    files = [f"{folder}/{stem}.tar" for stem in _chosen(tar_stems(wrapper.listed(folder)))]
    there = [file for file in files if wrapper.is_file(file) or wrapper.is_dir(file)]
    return [_tar(wrapper, file) for file in there if not _made_anew(wrapper, file)]


def _in_file(wrapper: Wrapper, file: str) -> list[Tar]:
    """Return the image in a single file, or the images if it's what the packer makes of a folder."""
    try:
        members = names(wrapper.root / file)
    except (NotFoundError, TooLargeError, UnreadableError):
        members = []
    # The packer lists all tars in multiarch.cbor, so we don't need to read it. S/s9pk/mod.rs:110-139
    inside = _chosen(tar_stems(members)) if "multiarch.cbor" in members else []
    return [_tar(wrapper, file, f"{stem}.tar") for stem in inside] or [_tar(wrapper, file)]


def _chosen(stems: list[str]) -> list[str]:
    chosen = {stem for stem in stems if stem in processors()}
    if stems and "aarch64" not in stems:
        # A device without a matching image loads this one.
        chosen.add(min(stems))
    return sorted(chosen)


def _made_anew(wrapper: Wrapper, file: str) -> bool:
    """Return whether make will rebuild an image before packing, because something that it's built from is newer."""
    needs = wrapper.makefile.needs(file) if wrapper.makefile else []
    sources: Iterable[str] = (need for need in needs if not re.search(r"[$%*?\[]", need))
    # The function of startos.mk that compares everything that Docker can copy.
    if any(need.startswith("changed,") for need in needs):
        sources = chain(sources, _copyable(wrapper))
    try:
        built = (wrapper.root / file).stat().st_mtime
        return any(_changed_at(wrapper.root / source) > built for source in sources)
    except (OSError, ValueError):
        return False


def _copyable(wrapper: Wrapper) -> Iterator[str]:
    """Yield the files that Docker can copy, and their folders."""
    source = dockerignore_of(wrapper, "Dockerfile", ".")
    ignore = Dockerignore(source) if source else None
    for file in (file.removeprefix("./") for file in walk(wrapper, ".")):
        is_made = file.startswith((".build/", ".data/")) or file.endswith(".s9pk")
        if not is_made and not (ignore and ignore.shuts_out(file)):
            yield file
            yield from (str(folder) for folder in PurePosixPath(file).parents if str(folder) != ".")


def _changed_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0


def _tar(wrapper: Wrapper, file: str, inside: str | None = None) -> Tar:
    tar = Tar(marked(file), file)
    try:
        texts = _tags(member(wrapper.root / file, "manifest.json", inside))
    except NotFoundError as error:
        tar.fault = str(error)
    except (TooLargeError, UnreadableError):
        tar.known = False
    else:
        if isinstance(texts, str):
            tar.fault = texts
        for text in [] if isinstance(texts, str) else dict.fromkeys(texts):
            tag = _parts(text)
            if tag:
                tar.tags.append(tag)
            else:
                tar.refused.append(text)
    return tar


def _tags(data: bytes) -> list[str] | str:
    """Return the tags in an image's manifest.json, or a description of what is wrong with it."""
    try:
        images = read_document(Source("manifest.json", data))
    except (NotADocumentError, UnreadableError):
        return "has a manifest.json that isn't valid JSON"
    if not isinstance(images.value, list) or not all(isinstance(image.value, dict) for image in images.items):
        return "has a manifest.json that isn't a list of images"
    tags: list[str] = []
    for image in images.items:
        texts = image.get("RepoTags")
        if texts is None:
            return "contains an image without a tag"
        if not isinstance(texts.value, list) or len(texts.texts()) < len(texts.items):
            return "has a manifest.json whose RepoTags isn't a list of strings"
        if any(name == "RepoTags" for name, _ in image.repeated):
            return "has a manifest.json with RepoTags twice for an image"
        tags += texts.texts()
    return tags


def _parts(text: str) -> Tag | None:
    """Split a tag, or return None if StartOS rejects it."""
    match = _TAG.fullmatch(text)
    if match is None or not package_id(match[1]) or not package_id(match[2]) or version_numbers(match[3]) is None:
        return None
    return Tag(text, match[1], match[2], match[3])


def images_folder(wrapper: Wrapper) -> str | None:
    """Return the images folder, or None if it's missing or unreadable."""
    asset = asset_of(wrapper, "docker-images")
    if asset is None or not wrapper.is_dir(asset[0]) or not os.access(wrapper.root / asset[0], os.R_OK | os.X_OK):
        return None
    return asset[0]


def tar_stems(found: list[str]) -> list[str]:
    """Return the names of the tars, without extension. S/s9pk/mod.rs:111-115"""
    return [name[:-4] for name in found if name.endswith(".tar") and name != ".tar"]
