"""Propose the package's files, the architectures, the workflows and the updates."""

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts
from startos_wrapper.data import load, processors

# Their paths in the template.
_USUAL_FILES = load("package_files")


def documents(facts: Facts, proposal: Proposal) -> None:
    """Propose the paths of the license, the icon and the instructions, if they differ from the template's."""
    files = {name: facts.wrapper.asset(name) for name in _USUAL_FILES}
    other = {name: path for name, path in files.items() if path != _USUAL_FILES[name]}
    if other:
        proposal.answers["files"] = Answer(other, tuple(facts.place("assets", name) for name in other))


def plumbing(facts: Facts, proposal: Proposal) -> None:
    """Propose the architectures, the workflows and the updates."""
    answers = proposal.answers
    if facts.arches:
        known = [arch for arch in processors() if arch in facts.arches.value]
        if known:
            answers["arches"] = Answer(known, (facts.arches.place,))
    answers["ci"] = Answer(
        "github" if facts.has_workflows else "none", (".github/workflows",) if facts.has_workflows else ()
    )
    renovate = facts.has_renovate
    answers["updates"] = Answer("renovate" if renovate else "none", (renovate,) if renovate else ())
