"""What the packer takes, and how the rules about it name files and texts of others."""

import os

from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import DEFAULT_ASSETS, Wrapper
from startos_wrapper.terminal import printable, shorten


def asset_of(wrapper: Wrapper, name: str) -> tuple[str, Place] | None:
    """Return the path of `license`, `icon` and so on, and the place that decides it: the value, or what lacks it.

    None where the manifest cannot be read or does not give text, as the packer never gets there.
    """
    assets = wrapper.manifest.get("assets")
    if not wrapper.manifest.fields or (assets and not isinstance(assets.value, dict)):
        return None
    node = assets.get(name) if assets else None
    if node is None:
        return DEFAULT_ASSETS[name], wrapper.at_key("assets")
    return None if node.text is None else (os.path.normpath(node.text), wrapper.at(node))


def built(wrapper: Wrapper, path: str) -> bool:
    """Say whether a build makes an image or the folder of images: as a target, or by docker in any recipe."""
    return wrapper.made(path) or (wrapper.makefile is not None and f"dest={path}" in wrapper.makefile.source.text)


def shown(text: str) -> str:
    """Return a name or a text of others for a message: printable, and shortened."""
    return marked(shorten(text, 100, "…"))


def marked(text: str) -> str:
    """Return a text with a mark for what cannot be printed, such as a byte of a name that is no UTF-8."""
    return printable(text, "\N{REPLACEMENT CHARACTER}")
