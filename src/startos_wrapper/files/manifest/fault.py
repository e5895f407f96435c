"""A fault of a manifest: what two commands tell, each in its own way."""

from dataclasses import dataclass

from startos_wrapper.files.source import Edit, Place


@dataclass(frozen=True)
class Fault:
    """What StartOS refuses or passes over: the rule's code, the place, what is wrong and what to do.

    `edits` mend it where there is one right answer.
    """

    code: str
    place: Place
    what: str
    todo: str
    edits: tuple[Edit, ...] = ()
