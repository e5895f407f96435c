"""Which part of a compose file each answer and each leftover accounts for, so that nothing is dropped silently."""

from collections.abc import Iterator

from startos_wrapper.files.compose import Keys, Node


class Claims:
    """The key paths that are accounted for. A path stands for everything below it."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.by_path: dict[Keys, str] = {}
        self._above: set[Keys] = set()

    def take(self, path: Keys, by: str) -> bool:
        """Record that `by` accounts for a path. Return False if something accounts for it already."""
        if self.is_taken(path):
            return False
        self.by_path[path] = by
        self._above |= {path[:length] for length in range(len(path))}
        return True

    def move(self, answer: str, item: str, to: str, whole: bool) -> None:
        """Give what an answer, or an item of it, accounted for to something else."""
        for path, by in self.by_path.items():
            if by == item or (whole and (by == answer or by.startswith(f"{answer}."))):
                self.by_path[path] = to

    def is_taken(self, path: Keys) -> bool:
        """Return whether a path or one above it is accounted for."""
        return any(path[:length] in self.by_path for length in range(1, len(path) + 1))

    def has_below(self, path: Keys) -> bool:
        """Return whether something below a path is accounted for by itself."""
        return path in self._above

    def owner(self, path: Keys) -> str | None:
        """Return what accounts for a path."""
        return next((by for length in range(len(path), 0, -1) if (by := self.by_path.get(path[:length]))), None)

    def missing(self, root: Node) -> Iterator[tuple[Keys, int, Node]]:
        """Yield the highest paths that nothing accounts for, with line and node."""
        yield from self._missing(root, ())

    def _missing(self, node: Node, path: Keys) -> Iterator[tuple[Keys, int, Node]]:
        children = [(name, key.line, key.node) for name, key in node.fields.items()]
        children += [(number, item.line, item) for number, item in enumerate(node.items)]  # type: ignore[misc]
        for name, line, child in children:
            below = (*path, name)
            if below in self.by_path:
                continue
            if below in self._above:
                yield from self._missing(child, below)
            else:
                yield below, line, child
