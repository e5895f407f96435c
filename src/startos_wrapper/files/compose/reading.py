"""What the readers of a service's keys share: errors with their line, and the shapes that several keys have."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from startos_wrapper.files.compose.compose_model import ComposeError, KeyAt, Node, Text
from startos_wrapper.files.compose.interpolation import Interpolation, split_outside
from startos_wrapper.files.compose.printed import printed

Pair = tuple[str, Text | None, int]


@dataclass(frozen=True)
class Reading:
    """The file that is being read, and its variables."""

    file: str
    interpolation: Interpolation

    def error(self, line: int, what: str) -> ComposeError:
        """Return an error for a line of the file."""
        return ComposeError(self.file, line, what)

    def fields(self, node: Node, what: str) -> dict[str, KeyAt]:
        """Return the fields of a mapping. Null has none. Raises: ComposeError."""
        if node.kind not in ("map", "null"):
            raise self.error(node.line, f"{what} must be a mapping")
        return node.fields

    def items(self, node: Node, what: str) -> list[Node]:
        """Return the items of a list. Null has none. Raises: ComposeError."""
        if node.kind not in ("list", "null"):
            raise self.error(node.line, f"{what} must be a list")
        return node.items

    def text(self, node: Node, what: str) -> Text:
        """Return a scalar. Null is an empty text. Raises: ComposeError."""
        if node.kind == "null":
            return Text("", "", node.line)
        if node.text is None:
            raise self.error(node.line, f"{what} must be text")
        return node.text

    def texts(self, node: Node, what: str) -> list[Text]:
        """Return the items of a list of scalars. A single scalar counts as a list of one. Raises: ComposeError."""
        if node.text:
            return [node.text]
        if node.kind == "map":
            raise self.error(node.line, f"{what} must be text or a list")
        return [self.text(item, f"each item of {what}") for item in self.items(node, what)]

    def pairs(self, node: Node, what: str) -> Iterator[Pair]:
        """Yield name, value and line of a mapping, or of a list with items such as `NAME=value`.

        A value is None if it's null or if only the name is written. Raises: ComposeError.
        """
        if node.kind == "map":
            for key in node.fields.values():
                value = self.text(key.node, f"{what}.{key.name}") if key.node.kind != "null" else None
                yield key.name, value and replace(value, value=printed(value)), key.line
            return
        if node.kind == "text":
            raise self.error(node.line, f"{what} must be a mapping or a list")
        for item in self.items(node, what):
            yield self._pair(self.text(item, f"each item of {what}"))

    def _pair(self, text: Text) -> Pair:
        name, *value = split_outside(text.raw, "=", 1)
        if not value:
            # A variable can hold the equals sign: `${OPTION:+NAME=value}`.
            name, equals, filled = text.value.partition("=")
            return name.strip(), replace(text, value=filled, hint=None) if equals else None, text.line
        return self.part(name, text).value.strip(), self.part(value[0], text), text.line

    def part(self, raw: str, text: Text) -> Text:
        """Return a part of a text with its variables filled in."""
        return self.interpolation.text(raw, text.line)

    def parts(self, text: Text) -> list[Text]:
        """Split a text at its colons, then fill in the variables, so that one without a value moves no other part."""
        parts = [self.part(raw, text) for raw in split_outside(text.raw, ":")]
        if text.unset or not any(":" in part.value for part in parts):
            return parts
        return [Text(value, value, text.line) for value in text.value.split(":")]
