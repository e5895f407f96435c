"""A wrapper as `check` sees it: its files, read once and only when a rule asks for them."""

import os
import re
from functools import cached_property
from pathlib import Path, PurePosixPath

from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import NOTHING, Key, Node
from startos_wrapper.files.makefile import Makefile
from startos_wrapper.files.manifest.procedure import Procedure, procedures_of
from startos_wrapper.files.source import Place, Source, TooLargeError, UnreadableError, read_bytes

# The order in which the packer looks. S/s9pk/mod.rs:43-60
MANIFESTS = ("manifest.toml", "manifest.yaml", "manifest.json")
# Where the packer looks for a file that the manifest's `assets` does not name. S/s9pk/manifest.rs:134-178
DEFAULT_ASSETS = {
    "license": "LICENSE.md",
    "instructions": "INSTRUCTIONS.md",
    "icon": "icon.png",
    "docker-images": "docker-images",
    "assets": "assets",
    "scripts": "scripts",
}
_INCLUDE = re.compile(r"^-?s?include[ \t]+(.*)", re.MULTILINE)
_MOST_INCLUDED = 10


class Wrapper:
    """The files of a wrapper's folder. A file that is not there, or no regular one, is None."""

    def __init__(self, root: Path) -> None:
        """Take the folder `root`; nothing is read yet."""
        self.root = root
        # The text files that were asked for, and why those that are there could not be read.
        self.sources: dict[str, Source | None] = {}
        self.unread: dict[str, str] = {}

    # --- Files -------------------------------------------------------------------------------------------------------

    def source(self, file: str) -> Source | None:
        """Return a text file by its relative path, None if there is none; raises TooLargeError, UnreadableError."""
        if file not in self.sources:
            data = read_bytes(self.root / file)
            self.sources[file] = None if data is None else Source(file, data)
        return self.sources[file]

    def readable(self, file: str) -> Source | None:
        """Return a text file, or None also when it cannot be read; `unread` then says why."""
        if file in self.unread:
            return None
        try:
            return self.source(file)
        except (TooLargeError, UnreadableError) as error:
            self.unread[file] = str(error)
            return None

    def is_file(self, file: str) -> bool:
        """Return whether there is a regular file, links followed."""
        try:
            return (self.root / file).is_file()
        except (OSError, ValueError):
            return False

    def is_dir(self, folder: str) -> bool:
        """Return whether there is a folder, links followed."""
        try:
            return (self.root / folder).is_dir()
        except (OSError, ValueError):
            return False

    def listed(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none where it is not there or may not be read."""
        try:
            return sorted(entry.name for entry in (self.root / folder).iterdir())
        except (OSError, ValueError):
            return []

    def made(self, file: str) -> bool:
        """Return whether a build makes a file: a target of the Makefile makes it, or it lies in a submodule.

        A link counts as what it leads to: many a LICENSE leads into a submodule that is not checked out.
        """
        return self._made(file) or any(map(self._made, self._behind(file)))

    def _behind(self, file: str) -> list[str]:
        """Return where in the wrapper a link leads, whether there is something or not."""
        try:
            path, root = os.path.realpath(self.root / file), os.path.realpath(self.root)
        except ValueError:
            return []
        return [os.path.relpath(path, root)] if path.startswith(root + os.sep) else []

    def _made(self, file: str) -> bool:
        path = PurePosixPath(os.path.normpath(file))
        if any(path == folder or folder in path.parents for folder in self.submodules):
            return True
        return self.makefile is not None and self.makefile.makes(str(path))

    @cached_property
    def submodules(self) -> list[PurePosixPath]:
        """The folders of the git submodules that `.gitmodules` names."""
        source = self.readable(".gitmodules")
        pairs = (line.partition("=") for line in source.lines) if source else ()
        return [PurePosixPath(value.strip()) for name, _, value in pairs if name.strip() == "path" and value.strip()]

    @cached_property
    def makefile(self) -> Makefile | None:
        """The Makefile, under any of the names that make looks for, with the files beside it that it includes."""
        for name in ("GNUmakefile", "makefile", "Makefile"):
            if source := self.readable(name):
                names = (name for match in _INCLUDE.finditer(source.text) for name in match[1].split())
                files = [self.readable(name) for name in dict.fromkeys(names) if "/" not in name]
                return Makefile(source, tuple(file for file in files[:_MOST_INCLUDED] if file and file is not source))
        return None

    # --- The manifest ------------------------------------------------------------------------------------------------

    @cached_property
    def manifest_file(self) -> str | None:
        """The name of the manifest that the packer takes, None if there is none. S/s9pk/mod.rs:43-60"""
        return next(
            (name for name in MANIFESTS if (self.root / name).exists() or (self.root / name).is_symlink()), None
        )

    @cached_property
    def manifest_source(self) -> Source | None:
        """The manifest's text, None where it is missing or cannot be read."""
        return self.readable(self.manifest_file) if self.manifest_file else None

    @cached_property
    def document(self) -> Node | NotADocumentError | TooLargeError | None:
        """The manifest's value, or why its file has none; None where the file is missing or cannot be read."""
        if self.manifest_source is None:
            return None
        try:
            return read_document(self.manifest_source)
        except (NotADocumentError, TooLargeError) as error:
            return error

    @cached_property
    def manifest(self) -> Node:
        """The manifest's values; an empty map where it is missing, unreadable or no map."""
        document = self.document
        return document if isinstance(document, Node) and isinstance(document.value, dict) else NOTHING

    def at(self, node: Node | Key | None) -> Place:
        """Return the place of a node or key of the manifest; without one, the manifest's beginning."""
        if node is None or self.manifest_source is None:
            return Place(self.manifest_file or ".")
        return self.manifest_source.place(node.start, node.end)

    def at_key(self, *names: str) -> Place:
        """Return the place of the last key of the path that is in the manifest."""
        node, key = self.manifest, None
        for name in names:
            if name not in node.fields:
                break
            key, node = node.keys[name], node.fields[name]
        return self.at(key)

    def asset(self, name: str) -> str:
        """Return the path of `license`, `icon`, `scripts` and so on, as the manifest or the packer names it."""
        node = self.manifest.get("assets", name)
        return node.text if node and node.text else DEFAULT_ASSETS[name]

    @cached_property
    def procedures(self) -> list[Procedure]:
        """All procedures of the manifest."""
        return procedures_of(self.manifest)

    @cached_property
    def volumes(self) -> dict[str, str | None]:
        """The declared volumes and their types."""
        node = self.manifest.get("volumes")
        kinds = {name: volume.get("type") for name, volume in node.fields.items()} if node else {}
        return {name: kind.text if kind else None for name, kind in kinds.items()}

    @cached_property
    def id(self) -> str | None:
        """The package id."""
        node = self.manifest.get("id")
        return node.text if node else None

    @cached_property
    def version(self) -> str | None:
        """The version, as it is written."""
        node = self.manifest.get("version")
        return node.text if node else None
