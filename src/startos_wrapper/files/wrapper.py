"""The model of a wrapper. Each file is read once, and only if a rule needs it."""

import os
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import NOTHING, Key, Node
from startos_wrapper.files.makefile import INCLUDE, Makefile
from startos_wrapper.files.manifest.procedure import Procedure, procedures_of
from startos_wrapper.files.source import Place, Source, TooLargeError, UnreadableError, read_bytes

# In the order in which the packer tries them. S/s9pk/mod.rs:43-60
MANIFESTS = ("manifest.toml", "manifest.yaml", "manifest.json")
# The packer's paths for files that the manifest's `assets` doesn't set. S/s9pk/manifest.rs:134-178
DEFAULT_ASSETS = {
    "license": "LICENSE.md",
    "instructions": "INSTRUCTIONS.md",
    "icon": "icon.png",
    "docker-images": "docker-images",
    "assets": "assets",
    "scripts": "scripts",
}
_MOST_INCLUDED = 10


@dataclass(frozen=True)
class DeclaredBuild:
    """The build of an image: its id, Dockerfile, folder, build arguments and known architectures.

    A path is None if it isn't known.
    """

    image: str
    file: str | None
    context: str | None
    arguments: tuple[str, ...]
    arches: tuple[str, ...] = ()


class Wrapper:
    """The files in a wrapper's folder. A file is None if it doesn't exist or isn't a regular file."""

    # The StartOS that the wrapper is for.
    startos = "0.3.5"

    @property
    def declared_builds(self) -> "list[DeclaredBuild] | None":
        """Return the builds of images that the wrapper itself declares, or None if its Makefile has them."""
        return None

    def __init__(self, root: Path) -> None:
        """Use the folder `root`, without reading anything yet."""
        self.root = root
        # The text files that were read, and for those that can't be read, the reason.
        self.sources: dict[str, Source | None] = {}
        self.unread: dict[str, str] = {}

    # --- Files -------------------------------------------------------------------------------------------------------

    def source(self, file: str) -> Source | None:
        """Return the text file at a relative path, or None. Raises: TooLargeError, UnreadableError."""
        if file not in self.sources:
            data = read_bytes(self.root / file)
            self.sources[file] = None if data is None else Source(file, data)
        return self.sources[file]

    def readable(self, file: str) -> Source | None:
        """Return the text file at a relative path, or None. If it can't be read, `unread` has the reason."""
        if file in self.unread:
            return None
        try:
            return self.source(file)
        except (TooLargeError, UnreadableError) as error:
            self.unread[file] = str(error)
            return None

    def is_file(self, file: str) -> bool:
        """Return whether a path is a regular file or a link to one."""
        try:
            return (self.root / file).is_file()
        except (OSError, ValueError):
            return False

    def is_dir(self, folder: str) -> bool:
        """Return whether a path is a folder or a link to one."""
        try:
            return (self.root / folder).is_dir()
        except (OSError, ValueError):
            return False

    def listed(self, folder: str) -> list[str]:
        """Return the sorted names in a folder, or none if it can't be read."""
        try:
            return sorted(entry.name for entry in (self.root / folder).iterdir())
        except (OSError, ValueError):
            return []

    def made(self, file: str) -> bool:
        """Return whether a build makes a file: a Makefile target makes it, or it's in a submodule.

        Links are followed, because LICENSE is often a link into a submodule that isn't checked out.
        """
        return self._made(file) or any(map(self._made, self._behind(file)))

    def _behind(self, file: str) -> list[str]:
        """Return where in the wrapper a link leads, even if nothing exists there."""
        try:
            path, root = os.path.realpath(self.root / file), os.path.realpath(self.root)
        except ValueError:
            return []
        return [os.path.relpath(path, root)] if path.startswith(root + os.sep) else []

    def _made(self, file: str) -> bool:
        if self.in_submodule(file):
            return True
        return self.makefile is not None and self.makefile.makes(str(PurePosixPath(os.path.normpath(file))))

    def in_submodule(self, path: str) -> bool:
        """Return whether a path is a git submodule, or is inside one."""
        pure = PurePosixPath(os.path.normpath(path))
        return any(pure == folder or folder in pure.parents for folder in self.submodules)

    @cached_property
    def submodules(self) -> list[PurePosixPath]:
        """Return the folders of the git submodules in `.gitmodules`."""
        source = self.readable(".gitmodules")
        pairs = (line.partition("=") for line in source.lines) if source else ()
        return [PurePosixPath(value.strip()) for name, _, value in pairs if name.strip() == "path" and value.strip()]

    @cached_property
    def makefile(self) -> Makefile | None:
        """Return the Makefile, under any name that make tries, with the files that it includes from the same folder."""
        for name in ("GNUmakefile", "makefile", "Makefile"):
            if source := self.readable(name):
                files = {name: source}
                # These can include others, as startos.mk includes service.mk.
                for file in self._included(source):
                    files.setdefault(file.file, file)
                    files |= {each.file: each for each in self._included(file) if each.file not in files}
                return Makefile(source, tuple(files.values())[1:_MOST_INCLUDED])
        return None

    def _included(self, source: Source) -> list[Source]:
        matches = filter(None, map(INCLUDE.match, source.lines))
        # Only files in the wrapper.
        names = (name for match in matches for name in match[1].split() if not {"", ".."} & {*name.split("/")})
        files = (self.readable(name) for name in islice(dict.fromkeys(names), _MOST_INCLUDED))
        return [file for file in files if file]

    # --- The manifest ------------------------------------------------------------------------------------------------

    @cached_property
    def manifest_file(self) -> str | None:
        """Return the name of the manifest that the packer uses, or None if there is no manifest. S/s9pk/mod.rs:43-60

        The packer ignores a link to a file that doesn't exist.
        """
        return next((name for name in MANIFESTS if (self.root / name).exists()), None)

    @cached_property
    def manifest_source(self) -> Source | None:
        """Return the manifest's text, or None if it doesn't exist or can't be read."""
        return self.readable(self.manifest_file) if self.manifest_file else None

    @cached_property
    def document(self) -> Node | NotADocumentError | TooLargeError | None:
        """Return the manifest's value, the error if it can't be parsed, or None if the file can't be read."""
        if self.manifest_source is None:
            return None
        try:
            return read_document(self.manifest_source)
        except (NotADocumentError, TooLargeError) as error:
            return error

    @cached_property
    def manifest(self) -> Node:
        """Return the manifest's values, or an empty mapping if it's missing, unreadable or not a mapping."""
        document = self.document
        return document if isinstance(document, Node) and isinstance(document.value, dict) else NOTHING

    def at(self, node: Node | Key | None) -> Place:
        """Return the place of a node or key of the manifest, or the beginning of the manifest for None."""
        if node is None or self.manifest_source is None:
            return Place(self.manifest_file or ".")
        return self.manifest_source.place(node.start, node.end)

    def at_key(self, *names: str) -> Place:
        """Return the place of the last key of the path that exists in the manifest."""
        node, key = self.manifest, None
        for name in names:
            if name not in node.fields:
                break
            key, node = node.keys[name], node.fields[name]
        return self.at(key)

    def asset(self, name: str) -> str:
        """Return the path of `license`, `icon`, `scripts` and so on from the manifest, or the packer's default."""
        node = self.manifest.get("assets", name)
        return node.text if node and node.text else DEFAULT_ASSETS[name]

    @cached_property
    def procedures(self) -> list[Procedure]:
        """Return all procedures of the manifest."""
        return procedures_of(self.manifest)

    @cached_property
    def main(self) -> Procedure | None:
        """Return the procedure that starts the service, or None if the manifest has no such mapping."""
        return next((procedure for procedure in self.procedures if procedure.path == ("main",)), None)

    @cached_property
    def volumes(self) -> dict[str, str | None]:
        """Return the declared volumes and their types."""
        node = self.manifest.get("volumes")
        kinds = {name: volume.get("type") for name, volume in node.fields.items()} if node else {}
        return {name: kind.text if kind else None for name, kind in kinds.items()}

    @cached_property
    def id(self) -> str | None:
        """Return the package id."""
        node = self.manifest.get("id")
        return node.text if node else None

    @cached_property
    def version(self) -> str | None:
        """Return the version, as it's written."""
        node = self.manifest.get("version")
        return node.text if node else None
