"""Rules for a release: what the template or an author left to fill in later. They need `check --release`.

`package_release.py` does the same for the TypeScript of a package for StartOS 0.4.
"""

import re
from collections.abc import Iterator

from startos_wrapper.check.packing import asset_of
from startos_wrapper.check.placeholders import belongs_to_nobody, notes_findings, url_findings
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.data import template
from startos_wrapper.files.source import Place, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

_URLS = ("wrapper-repo", "upstream-repo", "support-site", "marketing-site", "donation-url")
# What the template writes into LICENSE for the license "other", and what it wrote until 0.4.
_NO_LICENSE = re.compile("Replace this with the text of your license|until the text of a licence stands here")
# How the template writes links in README.md.
_LINK = re.compile(r"(?<=\]\(<)https?://[^\s<>]+(?=>\))")


@checks("E820", startos="0.3.5")
def placeholders(wrapper: Wrapper) -> Iterator[Finding]:
    """Find addresses of nobody in the manifest."""
    for name in _URLS:
        if node := wrapper.manifest.get(name):
            yield from url_findings(wrapper, name, name.replace("-", "_"), node.text, wrapper.at(node))


@checks("E820")
def placeholders_in_texts(wrapper: Wrapper) -> Iterator[Finding]:
    """Find the license that the template writes for the author to replace, and links to nobody."""
    file = _asset(wrapper, "license")
    source = wrapper.readable(file) if file and wrapper.is_file(file) else None
    if source and (found := _NO_LICENSE.search(source.text)):
        what = "The license still says that it has to be replaced"
        yield Finding("E820", source.place(found.start(), found.end()), what, "write the text of your license")
    readme = wrapper.readable("README.md") if wrapper.is_file("README.md") else None
    for link in _LINK.finditer(readme.text) if readme else ():
        if readme and belongs_to_nobody(link[0]):
            what = "The link still leads to an address that belongs to nobody"
            yield Finding("E820", readme.place(link.start(), link.end()), what, "write the address")


def _asset(wrapper: Wrapper, name: str) -> str | None:
    """Return the path of the license or the icon, or None if the manifest of 0.3.5 can't be read."""
    if wrapper.startos != "0.3.5":
        return wrapper.asset(name)
    asset = asset_of(wrapper, name)
    return asset[0] if asset else None


@checks("E821")
def starters_icon(wrapper: Wrapper) -> Iterator[Finding]:
    """Find the icon that the template gives every wrapper, the same in every release."""
    file = _asset(wrapper, "icon")
    try:
        data = read_bytes(wrapper.root / file) if file else None
    except (TooLargeError, UnreadableError):
        return
    if file and data and data == (template() / "template" / "icon.png").read_bytes():
        what = "The icon is still the template's, so users can't tell the service from others"
        yield Finding("E821", Place(file), what, "replace it with the service's icon, of at most 100 KiB")


@checks("E822", startos="0.3.5")
def no_release_notes(wrapper: Wrapper) -> Iterator[Finding]:
    """Find empty release notes, which StartOS shows before an update. S/s9pk/manifest.rs:46"""
    node = wrapper.manifest.get("release-notes")
    if node is not None and node.text is not None:
        yield from notes_findings(wrapper, node.text, wrapper.at(node))
