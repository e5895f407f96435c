"""Rules about the versions of a package for StartOS 0.4."""

import contextlib
import re
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.check.rules.base_images import other_version, upstream_tag
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.git import repository, tags
from startos_wrapper.files.package_04.extended_version import ExtendedVersion, from_035, lacks_dots, parse_extended
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Source
from startos_wrapper.files.typescript.expression import Value

# The last SDK that needs a dot between letters and digits.
_LAST_WITH_DOTS = 2
_TAG = re.compile(r"v?(\d[0-9.]*)")
_BECAME = re.compile(r"\bVersion (\d[0-9.]*) became ")


@checks_package("E503")
def version_format(package: StartosPackage) -> Iterator[Finding]:
    """Find versions that the SDK can't parse."""
    for value in _versions(package):
        text = value.text or ""
        if parse_extended(text):
            continue
        if lacks_dots(text):
            if package.sdk_number > _LAST_WITH_DOTS:
                continue
            what = f"The SDK can't parse {shown(text)}: a prerelease needs a dot between letters and digits"
            todo = f"write {re.sub(r'(?<=[a-zA-Z])(?=[0-9])', '.', text)}"
        else:
            what = f"{shown(text)} isn't a version of StartOS 0.4"
            todo = "write the upstream version, a colon and the package's own number, e.g. 1.2.3:0"
        yield Finding("E503", value.place, what, todo)


def _versions(package: StartosPackage) -> list[Value]:
    current = package.version_value
    return [*([current] if current else []), *package.other_versions]


@checks_package("E516")
def too_low(package: StartosPackage) -> Iterator[Finding]:
    """Find a version that is lower than one of 0.3.5 with which servers have data. StartOS then refuses the update."""
    value = package.version_value
    current = parse_extended(value.text or "") if value else None
    before = highest([*_tagged(package), *written_before(package)])
    if value and current and before and current.is_lower_than(before):
        what = f"{current.text} is lower than {before.text} for StartOS 0.3.5, so servers that have it can't update"
        todo = f"write {before.text.partition(':')[0]}:{before.downstream.numbers[0] + 1}, or a higher version"
        yield Finding("E516", value.place, what, todo)


def highest(versions: list[ExtendedVersion]) -> ExtendedVersion | None:
    """Return the highest of some versions, or None without any."""
    found: ExtendedVersion | None = None
    for each in versions:
        found = each if found is None or found.is_lower_than(each) else found
    return found


def _tagged(package: StartosPackage) -> Iterator[ExtendedVersion]:
    """Yield the versions of StartOS 0.3.5 that have a git tag."""
    git = repository(package.root)
    for tag in tags(git) if git else []:
        match = _TAG.fullmatch(tag)
        if match and (version := from_035(match[1])):
            yield version


def written_before(package: StartosPackage) -> Iterator[ExtendedVersion]:
    """Yield the versions of StartOS 0.3.5 in its manifest and in MIGRATION.md, if they're still in the folder."""
    for file, version_in in {"manifest.yaml": _in_manifest, "MIGRATION.md": _in_guide}.items():
        source = package.readable(file) if package.is_file(file) else None
        text = version_in(source) if source else ""
        if text and (version := from_035(text)):
            yield version


def _in_manifest(source: Source) -> str:
    with contextlib.suppress(NotADocumentError):
        node = read_document(source).get("version")
        return node.written(source.text) if node else ""
    return ""


def _in_guide(source: Source) -> str:
    match = _BECAME.search(source.text)
    return match[1] if match else ""


@checks_package("E517")
def order(package: StartosPackage) -> Iterator[Finding]:
    """Find a version in the version graph that isn't lower than the current one."""
    current = parse_extended(package.version or "")
    for value in package.other_versions:
        other = parse_extended(value.text or "")
        if current and other and other.flavor == current.flavor and not other.is_lower_than(current):
            what = f"The current version, {current.text}, isn't higher than {other.text} of before"
            yield Finding("E517", value.place, what, "raise the version in startos/versions/current.ts")


@checks_package("W619")
def version_of_image(package: StartosPackage) -> Iterator[Finding]:
    """Find a version that doesn't match the upstream image that runs without a Dockerfile."""
    values = [image.tag for image in package.images if image.tag]
    tags = [(value, tag) for value in values if (tag := upstream_tag(package, value.text or ""))]
    differing = [(value, tag, said) for value, tag in tags if (said := other_version(package, tag))]
    # Upstream may have more images, with other versions.
    if differing and len(differing) == len(tags):
        value, tag, said = differing[0]
        what = f"The package version is {package.version}, but the image has {tag}"
        yield Finding("W619", value.place, what, said)
