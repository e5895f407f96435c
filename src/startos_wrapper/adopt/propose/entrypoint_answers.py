"""Propose what the entrypoint starts, exports and creates."""

from startos_wrapper.adopt.propose.proposal import Answer, Proposal, fits, places_of
from startos_wrapper.adopt.read import Facts
from startos_wrapper.data import load


def entrypoint(facts: Facts, proposal: Proposal) -> None:
    """Propose what the entrypoint does, as far as the template's entrypoint can do the same."""
    answers, id = proposal.answers, facts.manifest["id"]
    commands = [command for command in facts.commands if fits("command", command.value)]
    if commands:
        run = [command.value for command in commands]
        answers["run"] = Answer(run, places_of(commands))
    if answers["base"].value == "alpine" and (not commands or answers["run"].value == [id]):
        # A bare service name would mean the template's own starter script.
        answers["run"] = Answer([f"/usr/local/bin/{id}"], answers["run"].places if commands else ())
    exported = [found for found in facts.environment if found.value[0] not in load("words")["shell_variables"]]
    if exported:
        answers["environment"] = Answer(dict(found.value for found in exported), places_of(exported))
    if facts.directories:
        folders = [folder for folder in facts.directories if fits("path", folder.value)]
        answers["directories"] = Answer([folder.value for folder in folders], places_of(folders))
