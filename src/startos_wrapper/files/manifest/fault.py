"""Faults of a manifest, which both `check` and `adopt` report."""

from dataclasses import dataclass

from startos_wrapper.files.source import Edit, Place


@dataclass(frozen=True)
class Fault:
    """Something that StartOS rejects or ignores: the rule's code, the place, what is wrong and what to do.

    `edits` is empty unless there is only one right answer.
    """

    code: str
    place: Place
    what: str
    todo: str
    edits: tuple[Edit, ...] = ()
