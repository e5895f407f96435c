"""Rules about images and the package, which `start-sdk verify` and every install check.

Sources: S/s9pk/{header,reader,docker}.rs
"""

import re
from collections.abc import Iterator
from functools import partial

from startos_wrapper.check.image_tars import Tar, images_folder, loaded_tars, tar_stems
from startos_wrapper.check.packing import asset_of, built, marked, shown
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.data import processors
from startos_wrapper.files.manifest.os_grammar import package_id, version_numbers
from startos_wrapper.files.source import Place, UnreadableError
from startos_wrapper.files.tar import head
from startos_wrapper.files.wrapper import Wrapper

_LARGEST_ICON = 102_400
_ARCH = re.compile("[a-z0-9_]+")
_MISNAMED = {name for processor in processors().values() for name in processor.misnamed}
# A package starts with magic bytes, version, public key, signature and the table of contents. S/s9pk/header.rs
_MAGIC = b";;\x01"
_TABLE = 103
_LARGEST_TABLE = 64 * 1024
_SECTIONS = ("manifest", "license", "instructions", "icon", "docker_images", "assets")


@checks("E300", startos="0.3.5")
def package(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the package in the wrapper's folder is complete. S/s9pk/header.rs:35-67"""
    if wrapper.id is None or not package_id(wrapper.id):
        return
    file = f"{wrapper.id}.s9pk"
    try:
        found = head(wrapper.root / file, _TABLE + _LARGEST_TABLE)
    except UnreadableError:
        return
    fault = _package_fault(*found) if found else None
    if fault:
        what = f"{file} {fault}. StartOS rejects it, but make considers it up to date"
        yield Finding("E300", Place(file), what, "delete the file and build it again")


def _package_fault(head: bytes, size: int) -> str | None:
    """Return why a package with these first bytes and this size can't be read, or None if its header is fine."""
    if size == 0:
        return "is empty because packing failed"
    if not head.startswith(_MAGIC[: len(head)]):
        return "isn't a version 1 package"
    sections = _sections(head)
    if sections is None:
        return "is truncated in its header"
    lacking = next((name for name in _SECTIONS if name not in sections), None)
    if lacking:
        return f"has no {lacking} section in its table of contents"
    if sections["manifest"][1] == 0:
        return "has an empty table of contents because packing didn't finish"
    end = max(position + length for position, length in sections.values())
    return f"is truncated: it should have {end} bytes but has {size}" if end > size else None


def _sections(head: bytes) -> dict[str, tuple[int, int]] | None:
    """Return the offset and size of each section of a package, keyed by name, or None if the table is incomplete."""
    table = head[_TABLE : _TABLE + int.from_bytes(head[_TABLE - 4 : _TABLE], "big")]
    if len(head) < _TABLE or len(table) != int.from_bytes(head[_TABLE - 4 : _TABLE], "big"):
        return None
    sections = {}
    while table:
        length = table[0]
        label, numbers, table = table[1 : length + 1], table[length + 1 : length + 17], table[length + 17 :]
        if len(numbers) < 16:
            return None
        sections[label.decode("latin-1")] = int.from_bytes(numbers[:8], "big"), int.from_bytes(numbers[8:], "big")
    return sections


@checks("E301", startos="0.3.5")
def icon_size(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the icon is at most 100 KiB. S/s9pk/reader.rs:173-179"""
    asset = asset_of(wrapper, "icon")
    try:
        found = head(wrapper.root / asset[0], 0) if asset else None
    except UnreadableError:
        return
    if asset and found and found[1] > _LARGEST_ICON:
        what = f"The icon {shown(asset[0])} has {found[1]} bytes, but StartOS allows at most {_LARGEST_ICON}"
        yield Finding("E301", asset[1], what, "scale the image down, or save it with fewer colors")


@checks("E302", startos="0.3.5")
def no_images(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the images folder contains an image or that the Makefile builds one. S/s9pk/docker.rs:29-82"""
    folder = images_folder(wrapper)
    if folder is None or tar_stems(wrapper.listed(folder)) or built(wrapper, folder):
        return
    what = f"The folder {shown(folder)} contains no image, and no Makefile target builds one"
    todo = f"build the image as {shown(folder)}/x86_64.tar or aarch64.tar"
    yield Finding("E302", Place(marked(folder)), what, todo)


@checks("E303", "E304", "E305", "E306", "W501", startos="0.3.5")
def image_tags(wrapper: Wrapper) -> Iterator[Finding]:
    """Check the tags of each image, which StartOS uses to find it. S/s9pk/reader.rs:93-144,270-296"""
    for tar in loaded_tars(wrapper):
        place = Place(tar.file)
        if tar.fault:
            what = f"{tar.file} {tar.fault}. StartOS reads an image's tags from manifest.json in an uncompressed tar"
            todo = f"build it with `docker buildx build --tag {_tag(wrapper)} --output type=docker,dest={tar.file} .`"
            yield Finding("E303", place, what, todo)
        if tar.refused:
            what = f"{tar.file} has the tag {shown(tar.refused[0])}{_and_more(tar.refused)}"
            what += ", but StartOS only accepts start9/<package id>/<image id>:<version>"
            yield Finding("E304", place, what, f"rebuild it with `--tag {_tag(wrapper)}` and no other tag")
        yield from _foreign(wrapper, tar)
        yield from _other_version(wrapper, tar)


def _foreign(wrapper: Wrapper, tar: Tar) -> Iterator[Finding]:
    foreign = [tag.text for tag in tar.tags if wrapper.id is not None and tag.package != wrapper.id]
    if foreign:
        what = f"{tar.file} has the tag {shown(foreign[0])}{_and_more(foreign)}, but this package is {wrapper.id}"
        yield Finding("E305", Place(tar.file), what, f"rebuild it with `--tag {_tag(wrapper)}`")


def _other_version(wrapper: Wrapper, tar: Tar) -> Iterator[Finding]:
    version = wrapper.version
    numbers = None if version is None else version_numbers(version)
    if version is None or numbers is None:
        return
    tags = [tag for tag in tar.tags if tag.version != version]
    other = [tag.text for tag in tags if version_numbers(tag.version) != numbers]
    alike = [tag.text for tag in tags if version_numbers(tag.version) == numbers]
    if other:
        what = f"{tar.file} has the tag {shown(other[0])}{_and_more(other)}"
        what += f", but the manifest's version is {shown(version)}"
        yield Finding("E306", Place(tar.file), what, f"rebuild the images with `--tag {_tag(wrapper)}`")
    if alike:
        what = f"{tar.file} has the tag {shown(alike[0])}{_and_more(alike)}, but StartOS looks for the exact text"
        what += f" of the manifest's version, {shown(version)}, and won't find the image"
        yield Finding("W501", Place(tar.file), what, f"rebuild the images with `--tag {_tag(wrapper)}`")


@checks("W516", startos="0.3.5")
def lacking_image(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that each architecture in the manifest has an image, if any architecture has one."""
    asset = asset_of(wrapper, "docker-images")
    listed = wrapper.manifest.get("hardware-requirements", "arch")
    if asset is None or listed is None or wrapper.is_file(asset[0]):
        return
    rules = _image_list(wrapper)
    if rules is None and _is_open(wrapper, asset[0]):
        return
    # Other names of a known architecture are W529's.
    names = dict.fromkeys([*processors(), *filter(_ARCH.fullmatch, listed.texts())])
    tars = {name: f"{asset[0]}/{name}.tar" for name in names if name not in _MISNAMED}
    made = rules.__contains__ if rules is not None else partial(built, wrapper)
    there = [arch for arch, tar in tars.items() if wrapper.is_file(tar) or made(tar)]
    seen = set(there)
    for item in listed.items if there else ():
        if item.text in tars and item.text not in seen:
            seen.add(item.text)
            what = f"The manifest lists {item.text}, but there is only an image for {' and '.join(there)}"
            yield Finding("W516", wrapper.at(item), what, f"build {tars[item.text]} too, or don't list {item.text}")


def _image_list(wrapper: Wrapper) -> set[str] | None:
    """Return the tars in IMAGES, which the rule of startos.mk builds, or None if the Makefile has no such list."""
    listed = wrapper.makefile.expand(wrapper.makefile.variables.get("IMAGES", "")).split() if wrapper.makefile else []
    return set(listed) if listed and not any("$" in tar for tar in listed) else None


def _is_open(wrapper: Wrapper, folder: str) -> bool:
    """Return whether a variable decides which images the Makefile builds, as in `docker-images/$(ARCH).tar:`."""
    return wrapper.makefile is not None and f"{folder}/$" in wrapper.makefile.text


@checks("W521", startos="0.3.5")
def beside_images(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the images folder, which is packed as a whole, contains only images. S/s9pk/mod.rs:106-139"""
    folder = images_folder(wrapper)
    if folder is None:
        return
    arches = processors()
    # Maps Docker's name of an architecture, e.g. arm64, to the name in StartOS.
    names = {processor.platforms[0]: arch for arch, processor in arches.items()}
    for name in wrapper.listed(folder):
        stem, dot, ending = name.rpartition(".")
        if name.startswith(".") or (dot and ending == "tar" and stem in arches):
            continue
        if dot and ending == "tar":
            what = f"{shown(name)} is packed, but devices only look for "
            what += " or ".join(f"{arch}.tar" for arch in arches)
            todo = f"rename it to {names[stem]}.tar" if stem in names else "rename it to its architecture, or remove it"
        else:
            what = f"{shown(name)} is packed with the images, but no device uses it"
            todo = "move it elsewhere"
        yield Finding("W521", Place(marked(f"{folder}/{name}")), what, todo)


@checks("W816", startos="0.3.5")
def one_tar_two_processors(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a single image tar in a package that claims to run on two architectures. S/s9pk/mod.rs:106-151"""
    node, arches = (
        wrapper.manifest.get("assets", "docker-images"),
        wrapper.manifest.get("hardware-requirements", "arch"),
    )
    names = dict.fromkeys(arches.texts()) if arches else {}
    if node and node.text and node.text.endswith(".tar") and len(names) > 1 and not wrapper.is_dir(node.text):
        what = (
            f"{node.text} contains the image for one architecture, but hardware-requirements.arch lists "
            f"{' and '.join(names)}"
        )
        todo = "build docker-images/ARCH.tar for each and remove assets.docker-images, or list one architecture"
        yield Finding("W816", wrapper.at(node), what, todo)


def _tag(wrapper: Wrapper) -> str:
    """Return the tag that the image `main` should have."""
    return f"start9/{shown(wrapper.id or '<package id>')}/main:{shown(wrapper.version or '<version>')}"


def _and_more(texts: list[str]) -> str:
    return f" (and {len(texts) - 1} more like it)" if len(texts) > 1 else ""
