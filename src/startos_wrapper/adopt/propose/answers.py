"""Propose the answers that describe a wrapper, each with the place where it was read.

Answers aren't validated here: `fit` runs the template's validators and leaves out what they reject.
"""

from startos_wrapper.adopt.propose.backup_answer import backup
from startos_wrapper.adopt.propose.dependency_answers import dependencies
from startos_wrapper.adopt.propose.entrypoint_answers import entrypoint
from startos_wrapper.adopt.propose.image_answers import image
from startos_wrapper.adopt.propose.interface_answers import interfaces
from startos_wrapper.adopt.propose.procedure_answers import actions, config, container, health_checks
from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.propose.repository_answers import documents, plumbing
from startos_wrapper.adopt.propose.service_answers import license, names
from startos_wrapper.adopt.propose.volume_answers import volumes
from startos_wrapper.adopt.read import Facts

# Some depend on earlier answers: `backup` on the volumes, `entrypoint` on the base.
_SUBJECTS = (
    names, license, volumes, interfaces, config, container, health_checks, actions, dependencies, backup,
    image, entrypoint, documents, plumbing,
)  # fmt: skip


def propose(facts: Facts) -> Proposal:
    """Return the answers for a wrapper."""
    proposal = Proposal({"advanced": Answer(True)})
    for subject in _SUBJECTS:
        subject(facts, proposal)
    return proposal
