"""The facts about a package, in the terms of `adopt`: as far as both generations have the same, as a manifest."""

import shlex
from functools import cached_property
from typing import Any

from startos_wrapper.adopt.of_packages.containers import ContainerReader
from startos_wrapper.adopt.of_packages.declarations import DeclarationReader, english
from startos_wrapper.adopt.of_packages.package_parts import (
    Backups,
    Daemon,
    Dependency,
    Gap,
    Image,
    Interface,
    Mount,
    place_text,
    written,
)
from startos_wrapper.adopt.of_packages.typescript_code import PackageCode
from startos_wrapper.adopt.read import Facts, Found, repository
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.file_by_name import script_file
from startos_wrapper.files.package_04.parts import Image as GivenImage
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Place, Source
from startos_wrapper.files.typescript.expression import Value

# Keys of the manifest of 0.3.5, and the fields of 0.4 that say the same.
FIELDS = {
    "id": "id",
    "title": "title",
    "license": "license",
    "wrapper-repo": "packageRepo",
    "upstream-repo": "upstreamRepo",
    "marketing-site": "marketingUrl",
    "donation-url": "donationUrl",
}
_NEEDED = ("id", "title", "license")
# In the order of the answers.
_ARCHES = ("aarch64", "x86_64", "riscv64")
_MAIN_IDS = ("main", "primary")


class NotReadableError(Exception):
    """A package without a manifest that's written out. The message has the place."""


class PackageFacts(Facts):
    """The facts about a package for StartOS 0.4.

    `manifest` has the names and texts under the keys of 0.3.5, so that the same answers are proposed from them.
    """

    def __init__(self, package: StartosPackage) -> None:
        """Read the manifest. Everything else is read on first access.

        Raises: NotReadableError.
        """
        self.wrapper = self.package = package
        self.code = PackageCode(package)
        self.gaps: list[Gap] = []
        fields = package.manifest_value
        if fields is None:
            module = package.manifest_module
            file = module.source.file if module else "startos"
            raise NotReadableError(f"{file}: no manifest is written out in a call of setupManifest")
        self.fields: Value = fields
        self._places: dict[tuple[str, ...], Place] = {}
        self.manifest = self._as_manifest()
        for name in _NEEDED:
            if not isinstance(self.manifest.get(name), str):
                place = place_text(fields.key_place(name))
                raise NotReadableError(f"{place}: the {name} of the manifest isn't written out")

    def place(self, *names: str) -> str:
        """Return the place of a value, by its key in `manifest`."""
        for length in range(len(names), 0, -1):
            if place := self._places.get(names[:length]):
                return place_text(place)
        return place_text(self.fields.place)

    def leave(self, answer: str, item: str, place: Place, why: str) -> None:
        """Record something that can't be known or expressed."""
        self.gaps.append(Gap(answer, item, place, why))

    # --- The manifest ------------------------------------------------------------------------------------------------

    def _as_manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = {}
        for key, name in FIELDS.items():
            value = self.fields.get(name)
            if value is not None and value.text is not None:
                manifest[key] = value.value
            elif value is not None:
                self.leave(key.replace("-", "_"), "", value.place, f"it isn't written out: {written(value)}")
            self._places[key,] = self.fields.key_place(name)
        manifest.setdefault("wrapper-repo", "")
        manifest.setdefault("upstream-repo", "")
        manifest["description"] = {name: self._description(name) for name in ("short", "long")}
        version = self.package.version_value
        if version is not None:
            manifest["version"] = version.text
            self._places["version",] = version.place
        else:
            place = self.package.graph.place if self.package.graph else self.fields.place
            self.leave("version", "", place, "the current version isn't written out")
        return manifest

    def _description(self, name: str) -> str:
        value = self.fields.get("description", name)
        text = english(value)
        if value is not None:
            self._places["description", name] = value.place
            if text is None:
                self.leave(f"{name}_description", "", value.place, f"it isn't written out: {written(value)}")
        return text or ""

    @property
    def upstream_version(self) -> str:
        """The version of upstream: without the package's own revision and flavor."""
        version = self.manifest.get("version") or ""
        return str(version).rpartition("#")[2].removeprefix(":").partition(":")[0]

    @cached_property
    def volumes(self) -> dict[str, Place]:
        """The ids of the volumes of the manifest, and their places."""
        value = self.fields.get("volumes")
        for item in value.items if value else ():
            if item.text is None:
                self.leave("volumes", "", item.place, f"the id isn't written out: {written(item)}")
        return {item.value: item.place for item in value.items if item.text} if value else {}

    @cached_property
    def images(self) -> dict[str, Image]:
        """The images of the manifest."""
        return {each.id: self._image_of(each) for each in self.package.images}

    def _image_of(self, given: GivenImage) -> Image:
        tag, arch = given.tag, given.value.get("arch")
        if tag is not None and tag.text is None:
            self.leave("upstream_image", "", tag.place, f"the image isn't written out: {written(tag)}")
        if arch is not None and given.architectures is None:
            self.leave("arches", "", arch.place, f"the architectures aren't written out: {written(arch)}")
        arches = tuple(arch.texts()) if arch else _ARCHES
        return Image(given.id, tag.text if tag else None, given.dockerfile, given.workdir or ".", arches, given.place)

    def flag(self, *names: str) -> bool:
        """Return whether a field of the manifest is true."""
        value = self.fields.get(*names)
        return value is not None and value.value is True

    # --- The code ----------------------------------------------------------------------------------------------------

    @cached_property
    def daemons(self) -> list[Daemon]:
        """The daemons, oneshots and health checks of `main`."""
        reader = ContainerReader(self.code)
        found = reader.daemons()
        self.gaps += reader.gaps
        return found

    @cached_property
    def main(self) -> Daemon | None:
        """The daemon that the answers describe: the one whose name says so, or with the UI's port, or the first."""
        daemons = [each for each in self.daemons if each.kind == "daemon"]
        names = (*_MAIN_IDS, self.manifest["id"])
        ports = [interface.port for interface in self.interfaces if interface.is_ui]
        chosen = (
            [each for each in daemons if each.id in names]
            or [each for each in daemons if each.image in names]
            or [each for each in daemons if self.manifest["id"] in repository(self._tag(each.image))]
            or [each for each in daemons if each.ready is not None and each.ready.checked_port in ports]
            or daemons
        )
        return chosen[0] if chosen else None

    def _tag(self, image: str | None) -> str:
        return self.images[image].tag or "" if image in self.images else ""

    @cached_property
    def image(self) -> Image | None:
        """The image of the main daemon."""
        id = self.main.image if self.main else None
        if id in self.images:
            return self.images[id]
        return next(iter(self.images.values())) if len(self.images) == 1 else None

    def is_main(self, daemon: Daemon) -> bool:
        """Return whether a daemon runs in the main daemon's image."""
        return self.main is not None and daemon.image == self.main.image

    @cached_property
    def mounts(self) -> list[Mount]:
        """The mounts of the containers with the main daemon's image, in its order."""
        same = [each for each in self.daemons if self.is_main(each)]
        ordered = [*(self.main.mounts if self.main else ()), *(mount for each in same for mount in each.mounts)]
        return list(
            {(each.kind, each.package, each.volume, each.mountpoint): each for each in reversed(ordered)}.values()
        )[::-1]

    @cached_property
    def interfaces(self) -> list[Interface]:
        """The exported interfaces."""
        found = self._declarations.interfaces()
        self._take_gaps()
        return found

    @cached_property
    def dependencies(self) -> list[Dependency]:
        """The dependencies of the manifest."""
        found = self._declarations.dependencies(self.fields)
        self._take_gaps()
        return found

    @cached_property
    def backups(self) -> Backups | None:
        """What the backups contain."""
        found = self._declarations.backups()
        self._take_gaps()
        return found

    @cached_property
    def _declarations(self) -> DeclarationReader:
        return DeclarationReader(self.code)

    def _take_gaps(self) -> None:
        self.gaps += self._declarations.gaps
        self._declarations.gaps.clear()

    # --- What Facts reads from the files of 0.3.5 --------------------------------------------------------------------

    @cached_property
    def dockerfile(self) -> Dockerfile | None:
        """The Dockerfile of the main daemon's image, or None for a published image."""
        file = self.image.dockerfile if self.image else None
        source = self.wrapper.readable(file) if file else None
        return Dockerfile(source) if source else None

    @cached_property
    def arches(self) -> Found | None:
        """The processor architectures of the main daemon's image."""
        if self.image is None:
            return None
        return Found(
            [arch for arch in _ARCHES if arch in self.image.arches], self.image.place.file, self.image.place.line
        )

    @cached_property
    def entrypoint(self) -> Source | None:
        """The script that the main daemon runs, if the package has it, or None for a published image."""
        if self.dockerfile is None or self.main is None or not (self.main.entrypoint or self.main.command):
            return None
        words: list[str] = [*self.main.command] if self.main.command and not self.main.entrypoint else []
        for instruction in self.dockerfile.shipped if not words else ():
            if instruction.name in ("ENTRYPOINT", "CMD"):
                words += [word.text for word in instruction.words]
        for word in words:
            if word.endswith(".sh") and (source := script_file(self.wrapper, word.rpartition("/")[2])):
                return source
        return None

    @property
    def run(self) -> Found | None:
        """The command that the main daemon runs instead of the image's entrypoint, or None."""
        if self.main is None or self.main.entrypoint or not self.main.command or self.entrypoint:
            return None
        return Found(shlex.join(self.main.command), self.main.place.file, self.main.place.line)
