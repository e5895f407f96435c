"""Rules for a release: what the template or an author left to fill in later. They need `check --release`."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from startos_wrapper.check.packing import asset_of, shown
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.data import template
from startos_wrapper.files.source import Place, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

_URLS = ("wrapper-repo", "upstream-repo", "support-site", "marketing-site", "donation-url")
# RFC 2606: names for examples and tests. The template writes example.com without a user of GitHub.
_NOBODY = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)")
# What the template writes into LICENSE for the license "other", and what it wrote until 0.4.
_NO_LICENSE = re.compile("Replace this with the text of your license|until the text of a licence stands here")


@checks("E820", startos="0.3.5")
def placeholders(wrapper: Wrapper) -> Iterator[Finding]:
    """Find addresses of nobody, and the license that the template writes for the author to replace."""
    for name in _URLS:
        node = wrapper.manifest.get(name)
        host = _host(node.text) if node and node.text else None
        if node and host and _NOBODY.fullmatch(host.lower().rstrip(".")):
            what = f"{name} is still {shown(str(node.text))}, which belongs to nobody"
            todo = "write the address"
            if wrapper.is_file(".copier-answers.yml"):
                todo = f"run `startos-wrapper update --data {name.replace('-', '_')}=URL`"
            yield Finding("E820", wrapper.at(node), what, todo)
    asset = asset_of(wrapper, "license")
    source = wrapper.readable(asset[0]) if asset and wrapper.is_file(asset[0]) else None
    if source and (found := _NO_LICENSE.search(source.text)):
        what = "The license still says that it has to be replaced"
        yield Finding("E820", source.place(found.start(), found.end()), what, "write the text of your license")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


@checks("E821")
def starters_icon(wrapper: Wrapper) -> Iterator[Finding]:
    """Find the icon that the template gives every wrapper, the same in every release."""
    asset = asset_of(wrapper, "icon")
    try:
        data = read_bytes(wrapper.root / asset[0]) if asset else None
    except (TooLargeError, UnreadableError):
        return
    if asset and data and data == (template() / "template" / "icon.png").read_bytes():
        what = "The icon is still the template's, so users can't tell the service from others"
        yield Finding("E821", Place(asset[0]), what, "replace it with the service's icon, of at most 100 KiB")


@checks("E822", startos="0.3.5")
def no_release_notes(wrapper: Wrapper) -> Iterator[Finding]:
    """Find empty release notes, which StartOS shows before an update. S/s9pk/manifest.rs:46"""
    node = wrapper.manifest.get("release-notes")
    if node is not None and node.text is not None and not node.text.strip():
        what = "The release notes are empty, but StartOS shows them before it updates the service"
        yield Finding("E822", wrapper.at(node), what, "say what is new in this version")
