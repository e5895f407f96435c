"""Rules about package.json and package-lock.json of a package for StartOS 0.4."""

import re
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Place

_LOCK, _FILE = "package-lock.json", "package.json"
_EXACT = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_RANGE = re.compile(r"[\^~<>=*xX]|latest|next|\d+(?:\.\d+)?$")
_NOT_FROM_REGISTRY = re.compile(r"[/:]")
_TODO = "run `npm install --package-lock-only`, and commit the file"


@checks_package("W405")
def sdk_range(package: StartosPackage) -> Iterator[Finding]:
    """Find an SDK that isn't pinned: code for one release may not work with another, and neither may StartOS."""
    sdk = package.sdk
    source = package.readable(_FILE)
    text = sdk.text if sdk else None
    if sdk is None or source is None or text is None or _NOT_FROM_REGISTRY.search(text) or _EXACT.fullmatch(text):
        return
    if _RANGE.search(text):
        what = f"{shown(text)} also allows other releases of the SDK, and they may not work with this code or StartOS"
        yield Finding("W405", source.place(sdk.start, sdk.end), what, "write one version, without ^ or ~")


@checks_package("E510", "E511")
def lock(package: StartosPackage) -> Iterator[Finding]:
    """Find a missing lock, and one that doesn't fit package.json. `npm ci` then stops."""
    source = package.readable(_FILE)
    if source is None or not package.package_json.fields:
        what = "There is no package.json that npm can read, so nothing can be built"
        yield Finding("E510", Place(_FILE if source else "."), what, "add a package.json with the SDK")
        return
    if not package.is_file(_LOCK) and not package.made(_LOCK):
        what = "There is no package-lock.json, so `npm ci` stops"
        yield Finding("E510", Place(_FILE), what, _TODO)
        return
    locked = package.lock.get("packages")
    for name, node in _dependencies(package.package_json) if isinstance(locked, dict) else ():
        found = locked.get(f"node_modules/{name}") if isinstance(locked, dict) else None
        version = found.get("version") if isinstance(found, dict) else None
        wanted = node.text or ""
        if found is None:
            what = f"package-lock.json doesn't have {shown(name)}, so `npm ci` stops"
        elif isinstance(version, str) and not _fits(version, wanted):
            what = f"package-lock.json has {shown(name)} {shown(version)}, which isn't {shown(wanted)}"
        else:
            continue
        yield Finding("E511", source.place(node.start, node.end), what, _TODO)


def _dependencies(document: Node) -> Iterator[tuple[str, Node]]:
    for group in ("dependencies", "devDependencies"):
        node = document.get(group)
        yield from node.fields.items() if node else ()


def _fits(version: str, wanted: str) -> bool:
    """Return whether a version fits a plain version or a range with ^ or ~. Other ranges aren't checked."""
    match = re.fullmatch(r"([\^~]?)(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?", wanted)
    has = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if not match or not has:
        return True
    numbers, least = [int(each) for each in has.groups()], [int(each) for each in match.groups()[1:4]]
    if not match[1]:
        return version == wanted
    same = 2 if match[1] == "~" else next((at for at, number in enumerate(least) if number), 2) + 1
    return numbers[:same] == least[:same] and numbers >= least
