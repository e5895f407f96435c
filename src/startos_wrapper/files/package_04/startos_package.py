"""A package for StartOS 0.4 as a wrapper: what it has in common with a wrapper for 0.3.5 has the same names."""

import json
import posixpath
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from startos_wrapper.files.builds import image_build
from startos_wrapper.files.dockerfile.built_config import built_config
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import NOTHING, Node
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.package_04.parts import Daemon, Image, daemons_in
from startos_wrapper.files.package_04.recognition import MANIFESTS_04, SDK, is_package
from startos_wrapper.files.source import Place, TooLargeError
from startos_wrapper.files.typescript.expression import Step, Value
from startos_wrapper.files.typescript.module import Module
from startos_wrapper.files.typescript.project import Project
from startos_wrapper.files.wrapper import DEFAULT_ASSETS, DeclaredBuild, Wrapper

_FOLDER = "startos"
_WRITTEN_FOR = 2
_MOST_MODULES, _DEEPEST = 400, 6


class StartosPackage(Wrapper):
    """The files of a package for StartOS 0.4. Each is read once, and only if a rule needs it."""

    startos = "0.4"

    @cached_property
    def manifest_file(self) -> str | None:
        """Return no name: the manifest isn't a document. `manifest_module` is it."""
        return None

    @cached_property
    def project(self) -> Project:
        """Return the TypeScript of the package."""
        return Project(self.readable)

    @cached_property
    def module_files(self) -> list[str]:
        """Return the paths of all TypeScript files in `startos/`."""
        found: list[str] = []
        waiting = [_FOLDER]
        while waiting and len(found) < _MOST_MODULES:
            folder = waiting.pop(0)
            for name in self.listed(folder):
                path = posixpath.join(folder, name)
                if name.endswith(".ts") and not name.endswith(".d.ts") and self.is_file(path):
                    found.append(path)
                elif self.is_dir(path) and not (self.root / path).is_symlink() and path.count("/") < _DEEPEST:
                    waiting.append(path)
        return found[:_MOST_MODULES]

    @cached_property
    def modules(self) -> list[Module]:
        """Return all modules in `startos/`."""
        return [module for file in self.module_files if (module := self.project.module(file))]

    def calls(self, *names: str) -> Iterator[Step]:
        """Yield the calls of functions and methods with one of the names, in all modules."""
        for module in self.modules:
            yield from self.project.calls(module, *names)

    def chains(self, *names: str) -> Iterator[Value]:
        """Yield the chains that end with a call of one of the names, in all modules."""
        for module in self.modules:
            yield from self.project.chains(module, *names)

    # --- The manifest ------------------------------------------------------------------------------------------------

    @cached_property
    def manifest_module(self) -> Module | None:
        """Return the module of the manifest, or None if it doesn't exist or can't be read."""
        return next((module for file in MANIFESTS_04 if (module := self.project.module(file))), None)

    @cached_property
    def manifest_value(self) -> Value | None:
        """Return the argument of `setupManifest`, or None if it isn't known."""
        module = self.manifest_module
        steps = self.project.calls(module, "setupManifest") if module else iter(())
        value = next((step.argument(0) for step in steps), None)
        return value if value is not None and value.kind == "object" else None

    def field(self, *names: str) -> Value | None:
        """Return the value at a path of the manifest's keys, or None."""
        return self.manifest_value.get(*names) if self.manifest_value else None

    def at(self, node: object) -> Place:  # noqa: ARG002
        """Return the place of the daemons, as what is at a node of the manifest on 0.3.5 is there on 0.4."""
        return Place("startos/main.ts" if self.is_file("startos/main.ts") else ".")

    @cached_property
    def id(self) -> str | None:
        """Return the package id."""
        value = self.field("id")
        return value.text if value else None

    @cached_property
    def images(self) -> list[Image]:
        """Return the images."""
        value = self.field("images")
        return [Image(name, value.key_place(name), each) for name, each in value.fields.items()] if value else []

    @cached_property
    def volume_ids(self) -> list[str] | None:
        """Return the ids of the volumes, or None if not all of them are known."""
        value = self.field("volumes")
        return value.texts() if value is not None and value.kind == "list" and value.is_known else None

    @cached_property
    def dependency_ids(self) -> list[str] | None:
        """Return the ids of the dependencies, or None if not all of them are known."""
        value = self.field("dependencies")
        if value is None:
            return [] if self.manifest_value is not None and self.manifest_value.complete else None
        return list(value.fields) if value.kind == "object" and value.complete else None

    # --- Versions ----------------------------------------------------------------------------------------------------

    @cached_property
    def graph(self) -> Value | None:
        """Return the options of `VersionGraph.of`, or None if they aren't known."""
        found = (chain.chain for chain in self.chains("of") if chain.chain)
        steps = (chain.last for chain in found if chain.path.endswith("VersionGraph.of"))
        return next((step.argument(0) for step in steps), None)

    @cached_property
    def version_value(self) -> Value | None:
        """Return the text of the current version, or None if it isn't known."""
        return version_of(self.graph.get("current") if self.graph else None)

    @cached_property
    def version(self) -> str | None:
        """Return the current version, as it's written."""
        return self.version_value.text if self.version_value else None

    @cached_property
    def other_versions(self) -> list[Value]:
        """Return the texts of the other versions in the version graph."""
        other = self.graph.get("other") if self.graph else None
        return [found for each in (other.items if other else []) if (found := version_of(each))]

    # --- What runs ---------------------------------------------------------------------------------------------------

    @cached_property
    def daemons(self) -> list[Daemon]:
        """Return the daemons and oneshots."""
        return daemons_in(self.calls("addDaemon", "addOneshot"))

    @cached_property
    def declared_builds(self) -> list[DeclaredBuild]:
        """Return the builds of the images with `dockerBuild`."""
        found: list[DeclaredBuild] = []
        for image in self.images:
            if (build := image.build) is not None:
                given = build.get("buildArgs")
                # start-cli passes ARCH to every build.
                names = ("ARCH", *(given.fields if given else ()))
                arches = tuple(each.text for each in image.architectures or () if each.text)
                found.append(DeclaredBuild(image.id, image.dockerfile, image.workdir, names, arches))
        return found

    @cached_property
    def procedures(self) -> list[Procedure]:
        """Return what daemons and oneshots run in images that are built here. A daemon is like `main` of 0.3.5."""
        nodes = ((daemon, self._started(daemon)) for daemon in self.daemons)
        return [Procedure(("main",) if daemon.stays else ("oneshot",), node) for daemon, node in nodes if node]

    def _started(self, daemon: Daemon) -> Node | None:
        words = self._words(daemon)
        if not words or daemon.image is None:
            return None
        nodes = [Node(word, 0, 0) for word in words]
        mounts = {each.name or each.kind: Node(each.text("mountpoint"), 0, 0) for each in daemon.mounts}
        fields = {"type": Node("docker", 0, 0), "image": Node(daemon.image, 0, 0), "mounts": Node(mounts, 0, 0)}
        return Node({**fields, "entrypoint": nodes[0], "args": Node(nodes[1:], 0, 0)}, 0, 0)

    def _words(self, daemon: Daemon) -> list[str] | None:
        """Return the words of a daemon's command, or None if they aren't all known."""
        build = image_build(self, daemon.image) if daemon.image else None
        if build is None:
            return None
        if daemon.uses_entrypoint is None:
            command = daemon.command
            return command.texts() if command and command.kind == "list" and command.is_known else None
        dockerfile = build[0]
        if dockerfile.final is None:
            return None
        config = built_config(dockerfile, dockerfile.final, {})
        given = daemon.uses_entrypoint.argument(0)
        replaced = given.texts() if given is not None and given.is_known else None
        parts = [config.entrypoint and config.entrypoint.value, config.cmd and config.cmd.value]
        words = [*(parts[0] or ()), *(parts[1] or () if replaced is None else replaced)]
        return words if config.entrypoint and all(isinstance(word, str) for word in words) else None

    @cached_property
    def volumes(self) -> dict[str, str | None]:
        """Return the volumes and the mounted folders of the assets, with the types that 0.3.5 has for them."""
        mounted = (mount for daemon in self.daemons for mount in daemon.mounts if mount.kind == "assets")
        folders = {name: "assets" for mount in mounted if (name := mount.name)}
        return {**folders, **dict.fromkeys(self.volume_ids or [], "data")}

    def asset(self, name: str) -> str:
        """Return the path of the license, the icon and so on, which start-cli finds by their names."""
        if name in ("icon", "license"):
            return next((file for file in self.named(name) if "." in file or name == "license"), DEFAULT_ASSETS[name])
        return {"instructions": "instructions.md", "scripts": _FOLDER}.get(name, name)

    def named(self, stem: str) -> list[str]:
        """Return the files in the package's folder whose name without ending is a word, in any case."""
        names = (name for name in self.listed(".") if name.lower().split(".")[0] == stem and name.count(".") < 2)
        return [name for name in names if self.is_file(name)]

    # --- npm ---------------------------------------------------------------------------------------------------------

    @cached_property
    def package_json(self) -> Node:
        """Return the value of package.json, or an empty mapping if it's missing or can't be read."""
        source = self.readable("package.json")
        try:
            document = read_document(source) if source else NOTHING
        except (NotADocumentError, TooLargeError):
            return NOTHING
        return document if isinstance(document.value, dict) else NOTHING

    @cached_property
    def lock(self) -> dict[str, Any]:
        """Return the value of package-lock.json, or an empty dict if it's missing or can't be read."""
        source = self.readable("package-lock.json")
        try:
            value = json.loads(source.text) if source else {}
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @cached_property
    def sdk(self) -> Node | None:
        """Return the version or range of the SDK in package.json, or None."""
        return self.package_json.get("dependencies", SDK) or self.package_json.get("devDependencies", SDK)

    @cached_property
    def sdk_number(self) -> int:
        """Return the first number of the SDK's version, or that of the SDK that this was written for."""
        match = re.search(r"\d+", self.sdk.text or "") if self.sdk else None
        return int(match[0]) if match and len(match[0]) < 4 else _WRITTEN_FOR


def version_of(info: Value | None) -> Value | None:
    """Return the text of `version` in a `VersionInfo.of({...})`, or None if it isn't known."""
    options = info.chain.last.argument(0) if info and info.chain else None
    version = options.get("version") if options else None
    return version if version is not None and version.kind == "text" else None


def open_wrapper(root: Path) -> Wrapper:
    """Return the wrapper for StartOS 0.3.5 or the package for StartOS 0.4 in a folder."""
    wrapper = Wrapper(root)
    return StartosPackage(root) if is_package(wrapper) else wrapper
