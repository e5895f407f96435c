"""Rules about the manifest of a package for StartOS 0.4, as far as its TypeScript writes the values out."""

import re
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.data import load
from startos_wrapper.files.package_04.locales import LOCALES
from startos_wrapper.files.package_04.parts import ARCHITECTURES, Image
from startos_wrapper.files.package_04.recognition import MANIFEST, MANIFESTS_04
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Place
from startos_wrapper.files.typescript.expression import Value

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESERVED = {"start-os"}
_FIELDS = {
    "id", "title", "license", "packageRepo", "upstreamRepo", "marketingUrl", "donationUrl", "description", "osVersion",
    "images", "volumes", "dependencies", "hardwareRequirements", "hardwareAcceleration", "userspaceFilesystems",
    "virtualNetworking", "plugins", "preDownloadAlert",
}  # fmt: skip
_GONE = {
    "alerts": "say it in instructions.md, or in the warning of an action",
    "docsUrls": "put the links into instructions.md",
    "supportSite": "put the link into instructions.md",
    "nestedRuntime": "use userspaceFilesystems and virtualNetworking",
}
_FIRST_WITHOUT_ALERTS = 2
_SOURCES = {"dockerTag", "dockerBuild", "ociLayout", "packed"}
_MEBIBYTE = 1024 * 1024
# As s9pk.mk of the SDK does: awk -F"'" '/id:/ {print $2}' startos/manifest/index.ts
_FIRST_QUOTED = re.compile(r"[^']*'([^']*)")


@checks_package("E500")
def unreadable_manifest(package: StartosPackage) -> Iterator[Finding]:
    """Find a manifest that no rule can check: no call of setupManifest, or an error in the module."""
    module = package.manifest_module
    if module is None:
        file = next(filter(package.is_file, MANIFESTS_04), MANIFEST)
        yield Finding("E500", Place(file), "The manifest can't be read", "make it a readable UTF-8 file")
    elif module.error is not None:
        what = "TypeScript can't parse this, so the package doesn't compile"
        yield Finding("E500", module.source.place(module.error), what, "correct the syntax")
    elif package.manifest_value is None:
        what = "This module calls no setupManifest with an object, so the manifest can't be checked"
        yield Finding("E500", Place(module.source.file), what, "write setupManifest({...}) here")


@checks_package("E501")
def package_id(package: StartosPackage) -> Iterator[Finding]:
    """Find ids that StartOS rejects: of the package, its images, volumes and dependencies."""
    value = package.field("id")
    found = [("package", value.text, value.place)] if value and value.text is not None else []
    found += [("image", image.id, image.place) for image in package.images]
    volumes = package.field("volumes")
    found += [("volume", each.text, each.place) for each in (volumes.items if volumes else []) if each.text is not None]
    for kind, id_, place in found:
        if not _ID.fullmatch(id_) or (kind == "package" and id_ in _RESERVED):
            why = "StartOS itself has this id" if id_ in _RESERVED else f"StartOS rejects the {kind} id {shown(id_)}"
            yield Finding("E501", place, why, "use lowercase letters, digits and single hyphens, e.g. my-service")


@checks_package("E502")
def id_line(package: StartosPackage) -> Iterator[Finding]:
    """Find lines of the manifest that s9pk.mk takes for the package's id."""
    module, id_ = package.manifest_module, package.field("id")
    if module is None or module.source.file != MANIFEST or id_ is None or id_.text is None:
        return
    for number, line in enumerate(module.source.lines, 1):
        if "id:" not in line:
            continue
        quoted = _FIRST_QUOTED.match(line)
        if id_.source.file == MANIFEST and id_.line == number:
            if not quoted or quoted[1] != id_.text:
                what = "s9pk.mk reads the id from this line, and only finds it in single quotes"
                yield Finding("E502", id_.place, what, f"write id: '{id_.text}' on its own line")
        else:
            what = "s9pk.mk takes this line for the package's id, too, because it contains `id:`"
            yield Finding("E502", module.source.line_place(number), what, "write it so that `id:` isn't in it")


@checks_package("E504", "E505", "W404")
def images(package: StartosPackage) -> Iterator[Finding]:
    """Check where images come from, and for which architectures they are."""
    for image in package.images:
        yield from _source(image)
        yield from _architectures(image)


def _source(image: Image) -> Iterator[Finding]:
    source = image.value.get("source")
    known = [name for name in image.sources if name in _SOURCES]
    if source is not None and source.kind == "object" and source.complete and len(known) != 1:
        has = " and ".join(known) or "no known source"
        what = f"The image {shown(image.id)} has {has}, but it needs one source"
        yield Finding("E504", source.place, what, "keep either dockerTag or dockerBuild")
    tag = image.tag.text if image.tag else None
    name, _, version = (tag or "").rpartition("/")[2].partition(":")
    if image.tag and tag and name and "@" not in tag and version in ("", "latest"):
        what = f"The image {shown(tag)} has no version, so the next build may contain another release"
        yield Finding("W404", image.tag.place, what, "add the version of a release")


def _architectures(image: Image) -> Iterator[Finding]:
    known = image.architectures
    for each in known or []:
        if each.text not in ARCHITECTURES:
            what = f"StartOS doesn't run on {shown(str(each.value))}"
            yield Finding("E505", each.place, what, f"use {', '.join(ARCHITECTURES)}")
    emulated = image.value.get("emulateMissingAs")
    has = [each.text for each in known] if known is not None else list(ARCHITECTURES)
    if emulated is not None and emulated.text is not None and emulated.text not in has:
        what = f"The image {shown(image.id)} isn't built for {shown(emulated.text)}, so nothing can emulate it"
        yield Finding("E505", emulated.place, what, f"use one of {', '.join(map(str, has))}")


@checks_package("E506", "W402")
def descriptions(package: StartosPackage) -> Iterator[Finding]:
    """Check the lengths and the languages of the descriptions."""
    limits = load("sdk")["limits"]
    for name in ("short", "long"):
        longest = limits[f"{name}_description_bytes"]
        value = package.field("description", name)
        if value is None:
            continue
        for each in [value] if value.text is not None else value.fields.values():
            size = len(each.text.encode()) if each.text is not None else 0
            if size > longest:
                what = f"The {name} description has {size} bytes, but StartOS accepts at most {longest}"
                yield Finding("E506", each.place, what, "shorten it")
        yield from _languages(name, value)


def _languages(name: str, value: Value) -> Iterator[Finding]:
    missing = [locale for locale in LOCALES if locale not in value.fields]
    if value.text is not None:
        what = f"The {name} description is the same text in every language"
        yield Finding("W402", value.place, what, f"write an object with {', '.join(LOCALES)}")
    elif value.kind == "object" and value.complete and missing:
        what = f"The {name} description has no {', '.join(missing)}"
        yield Finding("W402", value.place, what, "add the translation, or at first the English text")


@checks_package("W401")
def unknown_fields(package: StartosPackage) -> Iterator[Finding]:
    """Find fields of the manifest that StartOS ignores. SDKs before 2.0 have some that are gone now."""
    manifest = package.manifest_value
    if manifest is None or package.sdk_number < _FIRST_WITHOUT_ALERTS:
        return
    for name in manifest.fields:
        if name not in _FIELDS:
            what = f"The field {shown(name)} is unknown, so StartOS ignores it"
            yield Finding("W401", manifest.key_place(name), what, _GONE.get(name, "correct the name, or remove it"))


@checks_package("W403")
def memory(package: StartosPackage) -> Iterator[Finding]:
    """Find an amount of memory that is in megabytes, but StartOS takes bytes."""
    ram = package.field("hardwareRequirements", "ram")
    if ram is not None and ram.number is not None and 0 < ram.number < _MEBIBYTE:
        what = f"`ram` is in bytes, so {ram.written} is nothing that a server doesn't have"
        yield Finding("W403", ram.place, what, f"write {ram.written} * 1024 ** 2 if these are megabytes")
