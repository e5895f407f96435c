"""Propose what the entrypoint starts, exports and creates."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from startos_wrapper.adopt.propose.proposal import Answer, Proposal, fits, places_of
from startos_wrapper.adopt.read import Facts, Found, repository
from startos_wrapper.data import load

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|(.))")
_GUESSED = "your entrypoint starts nothing that this answer can name, so {} is a guess"
# Set in every container.
_ALWAYS = {"HOME", "PATH", "HOSTNAME", "PWD"}
_SCRIPT = "docker_entrypoint.sh"


def entrypoint(facts: Facts, proposal: Proposal) -> None:
    """Propose what the entrypoint does, as far as the template's entrypoint can do the same."""
    answers = proposal.answers
    exported = [found for found in facts.environment if found.value[0] not in load("words")["shell_variables"]]
    if exported:
        answers["environment"] = Answer(dict(found.value for found in exported), places_of(exported))
    if _bypassed(proposal.values.get("container", {})):
        # The template has no docker_entrypoint.sh then, and these answers need it. The wrapper's own script stays.
        return
    _run(facts, proposal)
    if facts.directories:
        folders = [folder for folder in facts.directories if fits("path", folder.value)]
        answers["directories"] = Answer([folder.value for folder in folders], places_of(folders))


def _bypassed(container: Mapping[str, Any]) -> bool:
    """Return whether main starts something other than docker_entrypoint.sh, as hooks/bypass.jinja has it."""
    words = [container.get("entrypoint", _SCRIPT), *container.get("args", ())]
    return not any(_SCRIPT in word for word in words)


def _run(facts: Facts, proposal: Proposal) -> None:
    answers, id = proposal.answers, facts.manifest["id"]
    commands = _commands(facts, proposal)
    if commands:
        answers["run"] = Answer([command.value for command in commands], places_of(commands))
    if answers["base"].value == "alpine" and (not commands or answers["run"].value == [id]):
        # A bare service name would mean the template's own starter script.
        answers["run"] = Answer([f"/usr/local/bin/{id}"], answers["run"].places if commands else ())
        if not commands:
            proposal.leave("run", "", _GUESSED.format(f"/usr/local/bin/{id}"))
    elif answers["base"].value == "image" and not commands and "upstream_image" in answers:
        name = repository(answers["upstream_image"].value)
        if fits("command", name):
            answers["run"] = Answer([name])
            proposal.leave("run", "", _GUESSED.format(name))


def _commands(facts: Facts, proposal: Proposal) -> list[Found]:
    """Return the commands that the entrypoint starts, empty if the template's entrypoint can't run all of them."""
    commands = facts.commands
    if not commands and (last := facts.last_command):
        proposal.leave("run", "", f"the entrypoint has no exec, so its last command is a guess ({last.place})")
        commands = [last]
    found = []
    for command in commands:
        value, unknown = _with_values(command.value, facts)
        if unknown:
            what = f"{command.place} uses ${', $'.join(unknown)}, which only your entrypoint sets"
            proposal.leave("run", "", what)
            return []
        if not fits("command", value):
            proposal.leave("run", "", f"{command.place} is more than one simple command")
            return []
        found.append(Found(value, command.file, command.line))
    return found


def _with_values(command: str, facts: Facts) -> tuple[str, list[str]]:
    """Return a command with the values of variables that the template's entrypoint doesn't set, and unknown names."""
    known = {found.value[0] for found in facts.environment} | facts.image_environment | _ALWAYS
    unknown: list[str] = []

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in known:
            return match[0]
        if name in facts.assigned:
            inside = match.string.count('"', 0, match.start()) % 2
            return facts.assigned[name] if inside else shlex.quote(facts.assigned[name])
        unknown.append(name or match[3])
        return match[0]

    # In single quotes, a dollar sign is text.
    parts = re.split(r"('[^']*')", command)
    return "".join(part if part.startswith("'") else _VARIABLE.sub(value, part) for part in parts), unknown
