"""Parse JavaScript and TypeScript with tree-sitter, which is the only maintained parser on PyPI that supports both.

Nothing is run, and a hostile text can't take minutes.
"""

import re
import time
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# The bundles of real wrappers have about 150 kB. On broken texts, the parser takes quadratic time.
_LONGEST, _MOST_OPEN = 400_000, 200
# Correct bundles take a tenth of a second.
_MOST_STEPS_IN_ERROR, _MOST_SECONDS = 400, 2
_CHUNK = 32 * 1024
_BRACKET = re.compile(r"[][(){}]")


def is_too_large(text: str) -> bool:
    """Return whether parsing a text could take too long, because of its length or of its nested brackets."""
    return len(text) > _LONGEST or _most_open(text) > _MOST_OPEN


def _most_open(text: str) -> int:
    """Return how many brackets are open at most, also counting those in strings and comments."""
    return max(accumulate(1 if match[0] in "([{" else -1 for match in _BRACKET.finditer(text)), default=0)


def parse(parser: "Parser", data: bytes) -> "Node | int | None":
    """Return the root of the syntax tree, the offset of an error that stops the parser, or None if it gives up.

    Searching for a way to go on after an error can take quadratic time.
    """
    first, in_error, steps = 0, 0, 0
    start = time.process_time()

    def gives_up(offset: int, has_error: bool) -> bool:
        nonlocal first, in_error, steps
        steps, in_error = steps + 1, in_error + 1 if has_error else 0
        first = offset if in_error == 1 else first
        is_late = steps % 100 == 0 and time.process_time() - start > _MOST_SECONDS
        return in_error > _MOST_STEPS_IN_ERROR or is_late

    parser.reset()
    try:
        return parser.parse(lambda byte, _: data[byte : byte + _CHUNK], progress_callback=gives_up).root_node
    except ValueError:
        return first if in_error > _MOST_STEPS_IN_ERROR else None


def first_error(root: "Node") -> "Node":
    """Return the innermost node of the first error of a tree."""
    node = root
    while not (node.is_error or node.is_missing):
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            return node
        node = inner
    return node


def text_of(node: "Node | None") -> str:
    """Return the text of a node, or an empty text without a node."""
    return node.text.decode(errors="replace") if node is not None and node.text is not None else ""
