"""Read the YAML and JSON files that app stores keep beside a compose file, with the line of each value."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from startos_wrapper.data import processors
from startos_wrapper.files.compose import ComposeFile, Service
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.new.upstream.facts import AppStore, Fact
from startos_wrapper.new.upstream.source_files import SourceFiles
from startos_wrapper.new.upstream.store_keys import list_keys

_LONGEST_TITLE = 29


def beside(compose: ComposeFile, name: str) -> str:
    """Return the path of a file in the folder of the compose file."""
    folder = str(PurePosixPath(compose.path).parent)
    return name if folder == "." else f"{folder}/{name}"


@dataclass
class StoreFile:
    """A file of an app store, and the facts that are taken from it."""

    source: Source
    node: Node
    store: AppStore
    # The keys that facts were taken from.
    used: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, folder: Path, path: str, store: AppStore) -> "StoreFile | None":
        """Return a file's content, or None if there's no such file or it can't be read. The store keeps the reason."""
        if not (folder / path).is_file():
            return None
        files = SourceFiles(folder)
        source = files.read(path)
        found = None
        if source:
            try:
                found = cls(source, read_document(source), store)
            except (NotADocumentError, TooLargeError, RecursionError) as error:
                where = f"line {source.place(error.offset).line}" if isinstance(error, NotADocumentError) else "it"
                files.leave(path, f"{where} isn't valid")
        store.unread += files.unread
        return found

    def written(self, node: Node | None) -> str:
        """Return text or a number as it's written, or an empty text for any other value."""
        return node.written(self.source.text) if node else ""

    def list_keys(self) -> None:
        """List the keys of the file that give no answer."""
        found = self.node.fields.items()
        list_keys(self.store, [(name, self.place(node), self.is_empty(node)) for name, node in found], self.used)

    def is_empty(self, node: Node) -> bool:
        """Return whether a value says nothing."""
        return not (node.items or node.fields or self.written(node).strip() not in ("", "null", "~"))

    def place(self, node: Node) -> str:
        """Return the place of a node."""
        return f"{self.source.file}:{self.source.place(node.start).line}"

    def take(self, name: str, *keys: str, read: Callable[[str], object] = lambda text: text) -> None:
        """Add the fact `name` from the text at a path of keys, if there is one."""
        node = self.node.get(*keys)
        value = read(" ".join(self.written(node).split())) if node else None
        if node and value:
            self.used.add(keys[0])
            self.store.facts.append(Fact(name, value, self.place(node)))


@dataclass(frozen=True)
class Published:
    """The service and the port of its container that are published as a certain port, and the line that says so."""

    service: Service
    target: int
    line: int


def published(services: Iterable[Service], number: str) -> Published | None:
    """Return what is published as a port, or None. A service on the host's network publishes what it listens on."""
    for service in services:
        for port in service.ports:
            if port.target and port.published == number:
                return Published(service, port.target, port.line)
    for service in services:
        mode = service.text("network_mode")
        if mode and mode.value == "host" and re.fullmatch("[0-9]{1,5}", number) and 0 < int(number) < 65536:
            return Published(service, int(number), mode.line)
    return None


def path_of(text: str) -> str | None:
    """Return the path of a page, or None if it's the root."""
    return f"/{text.strip().lstrip('/')}" if text.strip().strip("/") else None


def known_arches(names: list[str]) -> list[str]:
    """Return StartOS's names of processors by Docker's, e.g. aarch64 for arm64."""
    found = {
        arch for arch, each in processors().items() for name in names if name in (each.docker, arch, *each.platforms)
    }
    return [arch for arch in processors() if arch in found]


def title_of(text: str) -> str | None:
    """Return a title if StartOS accepts its length."""
    return text if text and len(text.encode()) <= _LONGEST_TITLE else None
