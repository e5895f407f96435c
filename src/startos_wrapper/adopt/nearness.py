"""Decide which parts of a wrapper the template can manage: those so near to it that its changes merge.

A change in the template merges into the author's file if the surrounding lines are still the template's. If they
aren't, git leaves a conflict. So a part's nearness is the share of the template's lines that the author's file has,
together with the line before and the line after.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from startos_wrapper.data import parts
from startos_wrapper.files.wrapper import MANIFESTS, Wrapper

# The files of each part.
FILES = parts()
# Parts also have a folder, that of packages for StartOS 0.4.
FOLDERS = ("startos",)
# In percent. docs/adopt.md explains why.
THRESHOLD = 90
# No real file has as many lines, and the time to compare grows with the product of both lengths.
_MOST_LINES = 3_000


@dataclass(frozen=True)
class Part:
    """A part of the wrapper: its existing files, their nearness in percent, and whether the template manages it."""

    name: str
    files: tuple[str, ...]
    nearness: int | None
    managed: bool
    reason: str


def judge(wrapper: Wrapper, rendered: Mapping[str, str], chosen: frozenset[str] | None) -> list[Part]:
    """Return all parts, and decide which of them the template manages.

    `rendered` has the template's files by name. `chosen` has the parts that the user chose, or is None if the nearness
    decides.
    """
    judged = []
    for name, files in FILES.items():
        # Only the manifest that the packer uses counts.
        here = tuple(
            file
            for file in _written(files, rendered)
            if wrapper.is_file(file) and (file not in MANIFESTS or file == wrapper.manifest_file)
        )
        # Without startos.mk, the targets aren't the template's. An update wouldn't add the file either.
        near = _nearness(wrapper, rendered, here) if name != "plumbing" or files[0] in here else None
        if chosen is not None:
            managed, reason = name in chosen, "as requested"
        elif near is None:
            managed, reason = False, "nothing to compare"
        else:
            managed = near >= THRESHOLD
            reason = f"{near} % of the template's lines, {'at least' if managed else 'less than'} {THRESHOLD} %"
        judged.append(Part(name, here, near, managed, reason))
    return judged


def _written(files: Iterable[str], rendered: Mapping[str, str]) -> Iterator[str]:
    """Yield files, and what the template writes into folders."""
    for file in files:
        inside = [path for path in rendered if path.startswith(f"{file}/")]
        yield from inside or (file,)


def is_templates(text: str) -> bool:
    """Return whether a file begins with the line that marks managed files."""
    return "Kept up to date by startos-wrapper" in "\n".join(text.splitlines()[:3])


def _nearness(wrapper: Wrapper, rendered: Mapping[str, str], files: tuple[str, ...]) -> int | None:
    """Return the share of the template's lines that changes could merge into, in percent, or None without files."""
    whole = near = 0
    for file in files:
        # Files that the answers turn off, e.g. workflows, aren't rendered.
        if file in rendered:
            lines = rendered[file].splitlines()
            source = wrapper.readable(file)
            whole += len(lines)
            near += len(mergeable(lines, source.lines if source else []))
    return near * 100 // whole if whole else None


def mergeable(lines: list[str], others: list[str]) -> set[int]:
    """Return the indexes of the lines that the other text also has, between the same neighbors."""
    if len(others) > _MOST_LINES:
        return set()
    found: set[int] = set()
    matcher = difflib.SequenceMatcher(None, lines, others, autojunk=False)
    for start, _, size in matcher.get_matching_blocks():
        first = start + (start > 0)
        last = start + size - (start + size < len(lines))
        found.update(range(first, last))
    return found
