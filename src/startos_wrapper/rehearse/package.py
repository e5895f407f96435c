"""The package that is rehearsed: a wrapper's folder with its images, or a .s9pk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from startos_wrapper.errors import CannotError, UsageError
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.os_grammar import package_id, version
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.package_04.recognition import MANIFEST
from startos_wrapper.files.source import Place, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.whereabouts import wrapper_above
from startos_wrapper.files.wrapper import Wrapper

# The largest embassy.js of 40 real wrappers has 2 MB.
_LARGEST_SCRIPT = 64 * 1024**2
_TO_PASS = "a wrapper's folder or a .s9pk"


@dataclass(frozen=True)
class Package:
    """A version of a service: its files, where the user sees them, and its number among the versions of this rehearsal.

    `is_packed` is true for a .s9pk, of which only the copy in a temporary folder is used.
    """

    wrapper: Wrapper
    path: Path
    number: int = 0
    is_packed: bool = False

    @property
    def manifest(self) -> Node:
        """The manifest."""
        return self.wrapper.manifest

    @property
    def root(self) -> Path:
        """The folder with its files."""
        return self.wrapper.root

    @property
    def id(self) -> str:
        """The package's id."""
        return self.wrapper.id or ""

    @property
    def version(self) -> str:
        """The version, as it's written."""
        return self.wrapper.version or ""

    def tag(self, image: str) -> str:
        """Return the tag by which StartOS finds an image of the package. S/procedure/docker.rs:233-245"""
        return f"start9/{self.id}/{image}:{self.version}"

    def procedure(self, *path: str) -> Procedure | None:
        """Return a procedure, e.g. `("config", "get")`, or None if the manifest has none or says null."""
        return next((each for each in self.wrapper.procedures if each.path == path), None)

    def place(self, *keys: str) -> Place:
        """Return where a key of the manifest is, with the file's path as the user sees it."""
        return self.seen(self.wrapper.at_key(*keys))

    def seen(self, found: Place) -> Place:
        """Return a place in the wrapper's folder with the file's path as the user sees it."""
        return seen_in(self.path, found)

    def tar(self, processor: str) -> Path | None:
        """Return the tar with the images for a processor, as StartOS chooses it. S/s9pk/docker.rs:29-82

        A package with a single tar for all processors has it instead of the folder.
        """
        place = self._inside("docker-images")
        if place.is_file():
            return place
        path = place / f"{processor}.tar"
        return path if path.is_file() else None

    def tar_name(self, processor: str) -> str:
        """Return the path of the tar for a processor in the wrapper, for messages."""
        return f"{self.wrapper.asset('docker-images')}/{processor}.tar"

    @property
    def tars(self) -> list[str]:
        """The names of the tars in the images folder."""
        return [name for name in self.wrapper.listed(self.wrapper.asset("docker-images")) if name.endswith(".tar")]

    def makes(self, target: str) -> bool:
        """Return whether the wrapper's Makefile has a target. Packagers without our template call it as they like."""
        makefile = None if self.is_packed else self.wrapper.makefile
        return makefile is not None and makefile.makes(target)

    def how_to_build(self, tar: str) -> str:
        """Return what the user does to build a tar with images, e.g. "run `make images`"."""
        if self.is_packed:
            return f"pack it with another {tar}"
        return "run `make images`" if self.makes("images") else f"build {tar}"

    def assets(self, volume: str) -> Path:
        """Return the folder with the files of an assets volume."""
        return self._inside("assets", volume)

    @cached_property
    def script(self) -> bytes | None:
        """scripts/embassy.js, or None. Raises: CannotError."""
        try:
            return read_bytes(self._inside("scripts", "embassy.js"), _LARGEST_SCRIPT)
        except (TooLargeError, UnreadableError) as error:
            raise CannotError(f"{self.wrapper.asset('scripts')}/embassy.js: {error}") from error

    def _inside(self, name: str, *more: str) -> Path:
        """Return a path from the manifest's `assets`. Raises: CannotError if it leads out of the wrapper.

        A stranger's manifest must not bring this machine's files into a container.
        """
        path = self.wrapper.root.joinpath(self.wrapper.asset(name), *more)
        if not path.resolve().is_relative_to(self.wrapper.root.resolve()):
            raise CannotError(
                f"{path}: leads out of the wrapper; correct assets.{name} in {self.wrapper.manifest_file}"
            )
        return path

    def value(self, *keys: str) -> Any:
        """Return a value of the manifest without positions, or None."""
        node = self.manifest.get(*keys)
        return node.plain_value() if node else None


def seen_in(folder: Path, found: Place) -> Place:
    """Return a place in a folder that the user named, with the file's path as the user sees it."""
    file = folder / found.file
    if file.is_absolute() and file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    return Place(file.as_posix(), found.line, found.column, found.length)


@contextmanager
def opened(path: Path, number: int = 0) -> Iterator[Package]:
    """Open a wrapper's folder or a .s9pk.

    Raises: UsageError if there's no such file, CannotError if its manifest can't be read.
    """
    if path.is_dir():
        yield _readable(Package(Wrapper(path), path, number))
    elif path.is_file():
        from startos_wrapper.rehearse.s9pk import unpacked

        with unpacked(path) as folder:
            yield _readable(Package(Wrapper(folder), path, number, is_packed=True))
    else:
        raise UsageError(f"{path}: no such file or folder; pass {_TO_PASS}")


def _readable(package: Package) -> Package:
    """Return the package if StartOS could name it. Raises: CannotError."""
    if package.wrapper.manifest_file is None:
        what = f"there is no manifest.yaml, and no {MANIFEST} of a package for StartOS 0.4"
        above = None if package.is_packed else wrapper_above(package.path)
        raise CannotError(f"{package.path}: {what}; pass {above or _TO_PASS}")
    document = package.wrapper.document
    if not isinstance(document, Node):
        reason = str(document) if document else package.wrapper.unread.get(package.wrapper.manifest_file, "unreadable")
        raise CannotError(
            f"{package.path / package.wrapper.manifest_file}: {reason}; `startos-wrapper check` says more"
        )
    if not package_id(package.id) or not version(package.version):
        where = package.path / package.wrapper.manifest_file
        raise CannotError(f"{where}: the manifest needs a valid id and version; `startos-wrapper check` says more")
    return package
