"""Rules about the files that a package for StartOS 0.4 needs."""

import posixpath
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.package_04.parts import ARCHITECTURES
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Place

_ASSETS = "assets"
# How s9pk.mk of the SDK names processor architectures.
_ALIASES = {
    "x86": "x86_64", "x86_64": "x86_64", "arm": "aarch64", "arm64": "aarch64", "aarch64": "aarch64",
    "riscv": "riscv64", "riscv64": "riscv64",
}  # fmt: skip
_ALL_ARCHES = "x86 arm riscv"


@checks_package("E507")
def dockerfile_missing(package: StartosPackage) -> Iterator[Finding]:
    """Find images that are built from a Dockerfile that doesn't exist."""
    for image in package.images:
        file = posixpath.normpath(image.dockerfile) if image.dockerfile else None
        if file is None or package.is_file(file) or package.made(file):
            continue
        place = image.build.key_place("dockerfile") if image.build else image.place
        what = f"The image {shown(image.id)} is built from {shown(file)}, which doesn't exist"
        yield Finding("E507", place, what, "add the Dockerfile, or correct its path from the package's folder")


@checks_package("E508")
def assets_missing(package: StartosPackage) -> Iterator[Finding]:
    """Find a missing assets folder, and mounts of files in it that don't exist."""
    if not package.is_dir(_ASSETS) and not package.made(_ASSETS):
        what = "The package has no folder `assets`, so `start-cli s9pk pack` stops"
        yield Finding("E508", Place("."), what, "make the folder, and put a file into it so that git keeps it")
        return
    for step in package.calls("mountAssets"):
        options = step.argument(0)
        subpath = options.get("subpath") if options else None
        path = posixpath.normpath(posixpath.join(_ASSETS, (subpath.text or "").lstrip("/"))) if subpath else _ASSETS
        if subpath is None or subpath.text is None or package.is_file(path) or package.is_dir(path):
            continue
        if not package.made(path):
            what = f"{shown(path)} is mounted, but it doesn't exist"
            yield Finding("E508", subpath.place, what, "add it to the assets, or correct the subpath")


@checks_package("E509")
def root_files(package: StartosPackage) -> Iterator[Finding]:
    """Find missing files, and more than one icon or license. start-cli finds them by their names."""
    for stem, example in (("icon", "icon.png"), ("license", "LICENSE")):
        found = package.named(stem)
        if not found and not package.made(example):
            what = f"The package has no file with the name {example}, so `start-cli s9pk pack` stops"
            yield Finding("E509", Place("."), what, f"add {example}")
        if len(found) > 1:
            what = f"{', '.join(map(shown, found))}: start-cli accepts only one file with the name `{stem}`"
            yield Finding("E509", Place(found[1]), what, "keep one, and rename or remove the others")
    if not package.is_file("instructions.md") and not package.made("instructions.md"):
        what = "The package has no instructions.md, so `start-cli s9pk pack` stops"
        yield Finding("E509", Place("."), what, "write what users have to know into instructions.md")


@checks_package("W414")
def architectures(package: StartosPackage) -> Iterator[Finding]:
    """Find packages that `make` builds for an architecture that an image doesn't have."""
    makefile = package.makefile
    text = makefile.variables.get("ARCHES", _ALL_ARCHES) if makefile else ""
    if not makefile or "TARGETS" in makefile.variables or "s9pk.mk" not in makefile.text:
        return
    built = [_ALIASES[word] for word in text.split() if word in _ALIASES]
    for image in package.images:
        known = image.architectures
        has = [each.text for each in known] if known is not None else list(ARCHITECTURES)
        missing = [arch for arch in built if arch not in has]
        if known is not None and missing and set(has) <= set(ARCHITECTURES):
            what = f"make builds a package for {', '.join(missing)}, but the image {shown(image.id)} isn't for it"
            names = " ".join(word for word in text.split() if _ALIASES.get(word) in has)
            yield Finding("W414", image.place, what, f"write ARCHES := {names} in the Makefile, or add it to `arch`")
