"""Which parts of a wrapper the template may keep up to date: those that are so near that its changes merge.

A change of the template merges with the author's file where the lines around it are still the template's; where they
are not, git leaves a conflict. So a part's nearness is the share of the template's lines that are in the author's file
together with the line before and the line after.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from startos_wrapper.data import parts
from startos_wrapper.files.wrapper import Wrapper

# The files of each part.
FILES = parts()
# In percent; docs/adopt.md says why.
THRESHOLD = 90
# More than any file of the template's names has; comparing takes the product of both.
_MOST_LINES = 3_000


@dataclass(frozen=True)
class Part:
    """A part of the wrapper: its files that are there, how near they are in percent, and whether it is managed."""

    name: str
    files: tuple[str, ...]
    nearness: int | None
    managed: bool
    reason: str


def judge(wrapper: Wrapper, rendered: Mapping[str, str], chosen: frozenset[str] | None) -> list[Part]:
    """Return all parts; `chosen` are those that somebody named to be managed, None where nobody did.

    `rendered` are the template's files by name.
    """
    judged = []
    for name, files in FILES.items():
        # A manifest that the packer does not open is not this wrapper's.
        here = tuple(
            file for file in files if wrapper.is_file(file) and (name != "manifest" or file == wrapper.manifest_file)
        )
        near = _nearness(wrapper, rendered, here)
        if chosen is not None:
            managed, reason = name in chosen, "as requested"
        elif near is None:
            managed, reason = False, "nothing to compare"
        else:
            managed = near >= THRESHOLD
            reason = f"{near} % of the template's lines, {'at least' if managed else 'less than'} {THRESHOLD} %"
        judged.append(Part(name, here, near, managed, reason))
    return judged


def is_templates(text: str) -> bool:
    """Say whether a file begins with the line of those that the template keeps up to date."""
    return "Kept up to date by startos-wrapper" in "\n".join(text.splitlines()[:3])


def _nearness(wrapper: Wrapper, rendered: Mapping[str, str], files: tuple[str, ...]) -> int | None:
    """Return the share of the template's lines that changes could merge into, in percent; None without a file."""
    whole = near = 0
    for file in files:
        # What the answers say is not there at all, such as workflows, has no text.
        if file in rendered:
            lines = rendered[file].splitlines()
            source = wrapper.readable(file)
            whole += len(lines)
            near += len(mergeable(lines, source.lines if source else []))
    return near * 100 // whole if whole else None


def mergeable(lines: list[str], others: list[str]) -> set[int]:
    """Return the numbers of the lines that are in the other text too, between the same neighbours."""
    if len(others) > _MOST_LINES:
        return set()
    found: set[int] = set()
    matcher = difflib.SequenceMatcher(None, lines, others, autojunk=False)
    for start, _, size in matcher.get_matching_blocks():
        first = start + (start > 0)
        last = start + size - (start + size < len(lines))
        found.update(range(first, last))
    return found
