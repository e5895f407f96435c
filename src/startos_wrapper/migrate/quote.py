"""A quote of something that needs a person: which subject, where it is, and its lines."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.files.documents.value import Key, Node
from startos_wrapper.files.source import Source


@dataclass(frozen=True)
class Quote:
    """Lines of a file. `subject` is in `subjects.yaml`, `line` counts from 1, `note` says more, e.g. a name."""

    subject: str
    file: str
    line: int
    lines: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def place(self) -> str:
        """The place as `file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


@cache
def subjects() -> dict[str, Any]:
    """Return what `subjects.yaml` says."""
    text = Path(__file__).with_name("subjects.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, loader())
    return loaded


def quote_node(subject: str, source: Source, key: Key | None, node: Node, note: str = "") -> Quote:
    """Quote a value of a document with its key, in whole lines."""
    start = key.start if key else node.start
    # The end of a YAML block is the beginning of what comes next.
    end = start + len(source.text[start : node.end].rstrip())
    first, last = source.place(start).line, source.place(max(start, end - 1)).line
    lines = source.lines[first - 1 : last]
    # Comments at the end belong to what comes next.
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return Quote(subject, source.file, first, lines, note)


def quote_lines(subject: str, source: Source, first: int, count: int = 1, note: str = "") -> Quote:
    """Quote `count` lines from `first`, which counts from 1."""
    return Quote(subject, source.file, first, source.lines[first - 1 : first - 1 + count], note)


def every(quotes: Iterable[Quote]) -> list[Quote]:
    """Return quotes in the order of `subjects.yaml`, then of their places."""
    order = list(subjects()["todo"])
    return sorted(quotes, key=lambda quote: (order.index(quote.subject), quote.file, quote.line))
