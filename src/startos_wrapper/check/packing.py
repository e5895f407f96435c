"""Helpers for rules about packing: which files `start-sdk pack` uses, and how messages show untrusted text."""

from pathlib import Path, PurePosixPath

from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import DEFAULT_ASSETS, Wrapper
from startos_wrapper.terminal import printable, shorten


def asset_of(wrapper: Wrapper, name: str) -> tuple[str, Place] | None:
    """Return the path of an asset such as `license` or `icon`, and the place to report: its value or the `assets` key.

    Return None if the manifest can't be read or the value isn't text, because `start-sdk pack` stops earlier then.
    """
    assets = wrapper.manifest.get("assets")
    if not wrapper.manifest.fields or (assets and not isinstance(assets.value, dict)):
        return None
    node = assets.get(name) if assets else None
    if node is None:
        return DEFAULT_ASSETS[name], wrapper.at_key("assets")
    # `..` stays: the OS doesn't find nope/../LICENSE if there is no folder nope.
    return None if node.text is None else (str(PurePosixPath(node.text)), wrapper.at(node))


def ends_as_folder(wrapper: Wrapper, name: str) -> bool:
    """Return whether the path of an asset ends with a slash, so that the OS can only open a folder there."""
    node = wrapper.manifest.get("assets", name)
    return node is not None and node.text is not None and node.text.endswith(("/", "/."))


def built(wrapper: Wrapper, path: str) -> bool:
    """Return whether the Makefile builds an image or the images folder, with a target or with docker in any recipe."""
    return wrapper.made(path) or (wrapper.makefile is not None and f"dest={path}" in wrapper.makefile.text)


def shown(text: str) -> str:
    """Return untrusted text for a message, made printable and shortened."""
    return marked(shorten(text, 100, "…"))


def marked(text: str) -> str:
    """Replace unprintable characters, e.g. a byte of a file name that isn't UTF-8."""
    return printable(text, "\N{REPLACEMENT CHARACTER}")


def exists(path: Path) -> bool:
    """Return whether a path exists, following symlinks. A broken symlink doesn't."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def kind_of(path: Path) -> str:
    """Return what kind of thing a path is, for messages."""
    try:
        if path.is_dir():
            return "a folder"
        if path.is_file():
            return "a file"
        return "a broken symlink" if path.is_symlink() and not exists(path) else "a device, a pipe or a socket"
    except (OSError, ValueError):
        return "unreadable"
