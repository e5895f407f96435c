"""Rules about the license, the icon, the instructions and the folders in `assets`."""

import os
import posixpath
import stat
from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.build_context import copied
from startos_wrapper.check.tree import walk
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import Wrapper

# The first bytes of a file, its type, and the file extensions for that type.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image", {"png", "apng"}),
    (b"\xff\xd8\xff", "a JPEG image", {"jpg", "jpeg", "jfif"}),
    (b"GIF87a", "a GIF image", {"gif"}),
    (b"GIF89a", "a GIF image", {"gif"}),
    (b"RIFF", "a WebP image", {"webp"}),
    (b"\x00\x00\x01\x00", "an ICO image", {"ico"}),
    (b"BM", "a BMP image", {"bmp"}),
    (b"version https://git-lfs", "a Git LFS pointer", set[str]()),
    (b"<!DOCTYPE html", "an HTML page", set[str]()),
    (b"<html", "an HTML page", set[str]()),
    (b"<svg", "an SVG image", {"svg"}),
    (b"<?xml", "an XML document", {"svg"}),
)
_IMAGES = {"png", "apng", "jpg", "jpeg", "jfif", "gif", "webp", "ico", "bmp", "svg", "avif"}


@checks("W803", startos="0.3.5")
def folder_not_packed(wrapper: Wrapper) -> Iterator[Finding]:
    """Find folders in assets that aren't packed, because no assets volume has their name. S/s9pk/mod.rs:152-173"""
    if wrapper.manifest.get("volumes") is None:
        return
    assets = posixpath.normpath(wrapper.asset("assets"))
    taken = copied(wrapper)
    if taken & {".", assets, f"{assets}/*"} or assets.startswith(("..", "/")) or assets == ".":
        return
    named = [posixpath.normpath(wrapper.asset(name)) for name in ("icon", "license", "instructions", "scripts")]
    for name in wrapper.listed(assets):
        folder = f"{assets}/{name}"
        if wrapper.volumes.get(name) == "assets" or not name.isprintable() or not wrapper.is_dir(folder):
            continue
        used = any(path == folder or path.startswith(f"{folder}/") for path in (*taken, *named))
        if used or _mentioned(wrapper, folder) or all(each.startswith(".") for each in wrapper.listed(folder)):
            continue
        what = f"{folder} isn't packed because no volume of type assets is named {name}"
        yield Finding(
            "W803", Place(folder), what, "remove the folder, or declare the volume and mount it where it's used"
        )


def _mentioned(wrapper: Wrapper, folder: str) -> bool:
    dockerfile = dockerfile_of(wrapper)
    texts = [dockerfile.source.text if dockerfile else "", wrapper.makefile.text if wrapper.makefile else ""]
    return any(folder in text for text in texts)


@checks("W811")
def link_outside(wrapper: Wrapper) -> Iterator[Finding]:
    """Find packed symlinks that point outside the wrapper, so they only work on this machine."""
    assets = wrapper.asset("assets")
    named = [wrapper.asset(name) for name in ("license", "icon", "instructions")]
    for path in dict.fromkeys((*named, assets, *walk(wrapper, assets))):
        try:
            target = str((wrapper.root / path).readlink())
        except (OSError, ValueError):
            continue
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if inside == ".." or inside.startswith(("../", "/")):
            shown = target if target.isprintable() else "a path"
            what = f"{path} links to {shown} outside the wrapper, so it only works on this machine"
            yield Finding("W811", Place(path), what, "replace the link with a copy of the file")


@checks("W817")
def icon_type(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an icon whose first bytes don't match its file extension. M/mime.rs, S/install/mod.rs:1196"""
    icon = wrapper.asset("icon")
    ending = PurePosixPath(icon).suffix[1:].lower()
    head = _head(wrapper, icon)
    if head is None or ending not in _IMAGES:
        return
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind, endings = next(
        ((kind, endings) for magic, kind, endings in _MAGIC if head.startswith(magic) or text.startswith(magic)),
        ("empty", set[str]()) if not text else ("", {ending}),
    )
    if kind == "a WebP image" and head[8:12] != b"WEBP":
        return
    if ending not in endings:
        what = f"{icon} is {kind}, but StartOS serves it as image/{ending} because of its name"
        todo = f"replace it with a real {ending.upper()} image"
        if endings:
            todo += f", or rename it to icon.{min(sorted(endings), key=len)} and update assets.icon"
        yield Finding("W817", Place(icon), what, todo)


def _head(wrapper: Wrapper, file: str) -> bytes | None:
    """Return the first bytes of a regular file, or None if it can't be read."""
    try:
        handle = os.open(wrapper.root / file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        return os.read(handle, 256) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(handle)


@checks("W818")
def empty_text(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an empty license or empty instructions. StartOS accepts them, but users see an empty page."""
    for name in ("license", "instructions"):
        source = wrapper.readable(wrapper.asset(name)) if wrapper.is_file(wrapper.asset(name)) else None
        if source and not source.text.strip():
            what = f"The file is empty, so users see no {name} in StartOS"
            yield Finding("W818", Place(source.file), what, f"add the text of the {name}")
