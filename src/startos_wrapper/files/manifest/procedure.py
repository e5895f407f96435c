"""The procedures of a manifest, which the OS runs in a container or as a script."""

from collections.abc import Iterator
from dataclasses import dataclass

from startos_wrapper.files.documents.value import NOTHING, Node
from startos_wrapper.files.manifest.same_keys import overridden


@dataclass(frozen=True)
class Procedure:
    """A procedure of the manifest, which the OS runs in a container or as a script.

    `io`: `start-sdk verify` requires an io-format. `counted`: a script here makes `start-sdk pack` include embassy.js.
    `verified`: `start-sdk verify` checks this procedure. S/s9pk/manifest.rs:82-101, S/s9pk/reader.rs:188-264
    """

    path: tuple[str, ...]
    node: Node
    io: bool = False
    counted: bool = True
    verified: bool = True

    @property
    def name(self) -> str:
        """Return the path joined by dots, as in `backup.create`."""
        return ".".join(self.path)

    @property
    def kind(self) -> str | None:
        """Return the type: `docker`, `script`, any other text, or None."""
        kind = self.node.get("type")
        return kind.text if kind else None

    @property
    def mounts(self) -> Node:
        """Return the mounts, a mapping from volume to path, or an empty mapping."""
        return self.node.get("mounts") or NOTHING

    @property
    def mounted(self) -> dict[str, str]:
        """Return what the OS mounts, which is nothing for a procedure that runs inside the main container."""
        if self.kind != "docker" or self.node.is_true("inject"):
            return {}
        return {name: node.text for name, node in self.mounts.fields.items() if node.text is not None}

    @property
    def args(self) -> list[Node]:
        """Return the arguments."""
        node = self.node.get("args")
        return node.items if node else []

    @property
    def is_on_compat(self) -> bool:
        """Return whether this names StartOS's own image compat."""
        image = self.node.get("image")
        return image is not None and image.text == "compat" and self.node.is_true("system")


_PROCEDURES: tuple[tuple[tuple[str, ...], dict[str, bool]], ...] = (
    (("main",), {}),
    (("health-checks", "*"), {"counted": False}),
    (("config", "get"), {"io": True}),
    (("config", "set"), {"io": True}),
    (("properties",), {"io": True}),
    (("backup", "create"), {}),
    (("backup", "restore"), {}),
    (("migrations", "from", "*"), {"io": True}),
    (("migrations", "to", "*"), {"io": True}),
    (("actions", "*", "implementation"), {"io": True}),
    (("dependencies", "*", "config", "check"), {"counted": False, "verified": False}),
    (("dependencies", "*", "config", "auto-configure"), {"counted": False, "verified": False}),
)


def procedures_of(manifest: Node) -> list[Procedure]:
    """Return all procedures of a manifest that are mappings, in the order of `_PROCEDURES`.

    Leave out those that the OS forgets while it reads the manifest.
    """
    forgotten = overridden(manifest)
    return [
        Procedure(path, node, **flags)
        for pattern, flags in _PROCEDURES
        for path, node in _matching(manifest, pattern)
        if isinstance(node.value, dict) and path not in forgotten
    ]


def _matching(
    node: Node, pattern: tuple[str, ...], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Yield the paths and nodes below `node` that match a pattern, where `*` matches any key."""
    if not pattern:
        yield path, node
        return
    for name in list(node.fields) if pattern[0] == "*" else [pattern[0]]:
        child = node.get(name)
        if child is not None:
            yield from _matching(child, pattern[1:], (*path, name))
