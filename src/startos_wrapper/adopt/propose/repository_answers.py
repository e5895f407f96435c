"""What the repository has beside the service: documents, processors to build for, workflows."""

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts
from startos_wrapper.data import load, processors

# Where the template has them.
_USUAL_FILES = load("package_files")


def documents(facts: Facts, proposal: Proposal) -> None:
    """Say where the licence, the icon and the instructions lie, if not where the template has them."""
    files = {name: facts.wrapper.asset(name) for name in _USUAL_FILES}
    other = {name: path for name, path in files.items() if path != _USUAL_FILES[name]}
    if other:
        proposal.answers["files"] = Answer(other, tuple(facts.place("assets", name) for name in other))


def plumbing(facts: Facts, proposal: Proposal) -> None:
    """Propose what is built, and what the repository has for it."""
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
