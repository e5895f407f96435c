"""The files of an image: what the layers add and remove, and where a program is."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from startos_wrapper.files.images.layer import Member
from startos_wrapper.files.source import TooLargeError

_FILE, _LINK, _FOLDER, _OTHER = "file", "link", "folder", "other"
_KINDS = {b"0": _FILE, b"\0": _FILE, b"7": _FILE, b"2": _LINK, b"5": _FOLDER}
# https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
# As many as Linux follows. path_resolution(7)
_MOST_LINKS = 40
# The names in all paths that are followed. An image with 100,000 files takes a million.
_MOST_STEPS = 10_000_000


@dataclass(slots=True)
class Node:
    """A file, link or folder. `head` is the beginning of a program, and `layer` the number of the layer it's from."""

    kind: str = _FOLDER
    mode: int = 0o755
    target: str = ""
    head: bytes = b""
    layer: int = -1
    children: dict[str, "Node"] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        """Whether this is a regular file."""
        return self.kind == _FILE

    @property
    def is_executable(self) -> bool:
        """Whether the file can be run by somebody."""
        return bool(self.mode & 0o111)


class FileTree:
    """The files of an image. Paths are those in the container."""

    def __init__(self) -> None:
        """Begin without any file."""
        self._root = Node()
        self._layers = 0
        self._steps = 0

    def add(self, members: Iterable[Member]) -> None:
        """Put a layer on top: remove what it whites out of the layers below, and add its files.

        Raises: TooLargeError.
        """
        number = self._layers
        self._layers += 1
        for member in members:
            folder, name = posixpath.split(posixpath.normpath("/" + member.path).replace("//", "/"))
            if not name:
                continue
            if not name.startswith(_WHITEOUT):
                self._put(folder, name, member, number)
            elif parent := self._folder(folder):
                if name == _OPAQUE:
                    self._remove_below(parent, number)
                else:
                    hidden = parent.children.get(name.removeprefix(_WHITEOUT))
                    if hidden and hidden.layer < number:
                        del parent.children[name.removeprefix(_WHITEOUT)]

    def _put(self, folder: str, name: str, member: Member, number: int) -> None:
        parent = self._folder(folder, number)
        if parent is None:
            return
        before = parent.children.get(name)
        kind = _KINDS.get(member.kind, _OTHER)
        if kind == _FOLDER and before and before.kind == _FOLDER:
            before.mode, before.layer = member.mode, number
        elif member.kind == b"1":
            # Another name of an earlier file. BusyBox's own image has its programs as such.
            if original := self._walk(member.link, follow_last=False)[1]:
                parent.children[name] = original
        else:
            target = member.link if kind == _LINK else ""
            parent.children[name] = Node(kind, member.mode, target, member.head, number)

    def _folder(self, path: str, number: int | None = None) -> Node | None:
        """Return the folder at a path behind all links. With `number`, create it as that layer's."""
        node = self._walk(path, create=number)[1]
        return node if node and node.kind == _FOLDER else None

    def find(self, path: str) -> tuple[str, Node] | None:
        """Return the path behind all links and what is there, or None if nothing is there."""
        found, node = self._walk(path)
        return (found, node) if node else None

    def destination(self, path: str) -> str:
        """Return the path behind all links, even if nothing is there, e.g. because it's in a volume."""
        return self._walk(path)[0]

    def program(self, name: str, path: Iterable[str], workdir: str = "/") -> tuple[str, Node] | None:
        """Return the path and the file of a program that is given by its path, or by a name to look up in PATH.

        Of the files in PATH, the first one that can be run counts. If there's none, it's the first one. execvp(3)
        """
        if "/" in name:
            found = self.find(posixpath.join("/", workdir, name))
            return (posixpath.normpath(posixpath.join("/", workdir, name)), found[1]) if found else None
        refused = None
        for folder in path:
            place = posixpath.join("/", workdir, folder, name)
            found = self.find(place)
            if found and found[1].is_file:
                if found[1].is_executable:
                    return place, found[1]
                refused = refused or (place, found[1])
        return refused

    def programs(self, folders: Iterable[str]) -> Iterator[tuple[str, Node]]:
        """Yield the programs and scripts in some folders."""
        for folder in dict.fromkeys(folders):
            found = self.find(folder)
            for name, node in found[1].children.items() if found else ():
                if node.head:
                    yield posixpath.join(folder, name), node

    def _walk(self, path: str, *, follow_last: bool = True, create: int | None = None) -> tuple[str, Node | None]:
        """Follow a path, and its links, inside the image. With `create`, add missing folders as that layer's."""
        # The folders that lead to where we are, and the names that are left, the next one last.
        trail: list[tuple[str, Node]] = [("", self._root)]
        left, links = _reversed(path), 0
        while left:
            name = left.pop()
            self._take_step()
            if name == "..":
                trail = trail[: max(1, len(trail) - 1)]
                continue
            here = trail[-1][1]
            node = here.children.get(name)
            if node is None and create is not None and here.kind == _FOLDER:
                node = here.children[name] = Node(layer=create)
            if node is None or links > _MOST_LINKS:
                return _joined(trail, name, *reversed(left)), None
            if node.kind == _LINK and (left or follow_last):
                links += 1
                trail = trail[:1] if node.target.startswith("/") else trail
                left += _reversed(node.target)
            else:
                trail.append((name, node))
        return _joined(trail), trail[-1][1]

    def _remove_below(self, folder: Node, number: int) -> None:
        """Remove what the layers below `number` have in a folder."""
        folders = [folder]
        while folders:
            children = folders.pop().children
            for name, node in list(children.items()):
                self._take_step()
                if node.layer < number:
                    del children[name]
                elif node.kind == _FOLDER:
                    folders.append(node)

    def _take_step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooLargeError("the image is too large to look at its files")


def _reversed(path: str) -> list[str]:
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _joined(trail: list[tuple[str, Node]], *more: str) -> str:
    return "/" + "/".join([*(name for name, _ in trail[1:]), *more])
