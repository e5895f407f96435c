"""Propose the answers that describe a package, each with the place where it was read."""

from startos_wrapper.adopt.of_packages.container_answers import base, container, health, oneshots, program
from startos_wrapper.adopt.of_packages.data_answers import backup, pointers, volumes
from startos_wrapper.adopt.of_packages.package_facts import PackageFacts
from startos_wrapper.adopt.of_packages.package_parts import place_text
from startos_wrapper.adopt.of_packages.reach_answers import dependencies, interfaces
from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.propose.repository_answers import plumbing
from startos_wrapper.adopt.propose.service_answers import license, names

# In the order in which they depend on each other.
_SUBJECTS = (volumes, interfaces, base, container, program, oneshots, health, dependencies, pointers, backup)
_ICON = "icon"


def propose(facts: PackageFacts) -> Proposal:
    """Return the answers for a package, and everything in it that they leave out."""
    proposal = Proposal({"advanced": Answer(True), "startos": Answer("0.4", (facts.place("id"),))})
    names(facts, proposal)
    license(facts, proposal)
    for subject in _SUBJECTS:
        subject(facts, proposal)
    _icon(facts, proposal)
    plumbing(facts, proposal)
    if facts.arches:
        proposal.answers["arches"] = Answer(facts.arches.value, (facts.arches.place,))
    _actions(facts, proposal)
    for gap in facts.gaps:
        proposal.leave(gap.answer, gap.item, gap.reason)
    return proposal


def _icon(facts: PackageFacts, proposal: Proposal) -> None:
    """Propose the file of the icon, which StartOS finds by its name."""
    found = [name for name in facts.wrapper.listed(".") if name.rpartition(".")[0].lower() == _ICON]
    if found and found[0] != "icon.png":
        proposal.answers["files"] = Answer({_ICON: found[0]}, (found[0],))


def _actions(facts: PackageFacts, proposal: Proposal) -> None:
    """Leave out the actions, which are functions, and with them the config."""
    proposal.answers["config"] = Answer("none")
    for module in facts.package.modules:
        for value in facts.code.chains(module, "withInput", "withoutInput", "withInputDynamic"):
            step = value.chain.last if value.chain else None
            id = step.argument(0) if step else None
            if step and value.chain and value.chain.path.endswith(f"Action.{step.name}"):
                name = id.text if id and id.text else ""
                proposal.leave("actions", name, f"{place_text(step.place)}: it's a function in TypeScript")
