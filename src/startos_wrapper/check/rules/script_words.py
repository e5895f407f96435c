"""Rules about the commands of scripts: names that no shell finds, and programs that the image doesn't contain."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.in_dockerfile import short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.procedure_scripts import files_once, images_of, program_of, shell_scripts
from startos_wrapper.files.shell.script import Command
from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import Wrapper

# Programs that no other package brings along. The images contain none of them until something installs them.
_OPTIONAL = {"curl", "dumb-init", "git", "gosu", "jq", "rsync", "su-exec", "sudo", "tini", "yq"}
_DISTRIBUTIONS = {"alpine", "debian", "ubuntu"}
_ASKS = {"command", "which", "type", "hash"}


@checks("E719")
def options_for_env(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a first line such as `#!/usr/bin/env sh -e`: the kernel passes `sh -e` as one word. execve(2)"""
    for script in files_once(wrapper):
        words = script.source.lines[0][2:].split() if script.source and script.text.startswith("#!") else []
        if script.source is None or not script.is_run_itself or len(words) < 3:
            continue
        if PurePosixPath(words[0]).name == "env" and not words[1].startswith("-") and "=" not in words[1]:
            name = short(" ".join(words[1:]))
            what = f"The kernel passes `{name}` to env as one word, and there's no such program"
            todo = f"write `#!/usr/bin/env {short(words[1])}`, and `set {short(words[2])}` in the next line"
            yield Finding("E719", script.source.line_place(1), what, todo)


@checks("W720")
def misspelled_command(wrapper: Wrapper) -> Iterator[Finding]:
    """Find names that no shell finds: `[-f`, `exec "run --now"`, and `A = b`."""
    for script in shell_scripts(wrapper):
        for command in script.script.commands:
            if found := _misspelled(command):
                what, todo = found
                yield Finding("W720", script.place(command.start, command.end), what, todo)


def _misspelled(command: Command) -> tuple[str, str] | None:
    words = [word.value for word in command.words]
    program = program_of(command)[:1] if command.is_exec else words[:1]
    if not program or "$" in program[0] or "`" in program[0]:
        return None
    if re.match(r"\[[^\[]", program[0]):
        return f"The shell looks for a program `{short(program[0])}`", "write a blank after `[`"
    if words[1:2] == ["="] and re.fullmatch(r"[A-Za-z_]\w*", words[0]):
        return (
            f"The shell runs a program `{words[0]}` here instead of setting it",
            f"write `{words[0]}=` without blanks",
        )
    if re.search(r"\s", program[0]) and command.is_exec:
        return (
            f"There's no program `{short(program[0])}`: the quotes make one word of it",
            "remove the quotes around it",
        )
    return None


@checks("W721")
def program_not_installed(wrapper: Wrapper) -> Iterator[Finding]:
    """Find programs that a script or the manifest runs, but that nothing puts into an image of Alpine or Debian."""
    for script in shell_scripts(wrapper):
        asked = {arg for each in script.script.commands if each.name in _ASKS for arg in each.args}
        told = asked | script.script.functions.keys()
        for command in script.script.commands:
            names = [command.name, *program_of(command)[:1]]
            names += [word.value for word in command.words[1:2] if command.is_exec]
            for name in dict.fromkeys(names):
                if name not in told and (image := _lacks(wrapper, script.procedure, name)):
                    told.add(name)
                    yield _not_installed(script.procedure, name, image, script.place(command.start, command.end))
    for procedure in wrapper.procedures:
        entrypoint = procedure.node.get("entrypoint")
        if procedure.kind == "docker" and entrypoint and (image := _lacks(wrapper, procedure, entrypoint.text or "")):
            yield _not_installed(procedure, entrypoint.text or "", image, wrapper.at(entrypoint))


def _not_installed(procedure: Procedure, name: str, image: str, place: Place) -> Finding:
    what = f"{procedure.name} runs {name}, which the image {image} doesn't contain"
    return Finding("W721", place, what, f"install {name} in the final stage of the Dockerfile")


def _lacks(wrapper: Wrapper, procedure: Procedure, name: str) -> str | None:
    """Return the distribution that an image is based on, if neither that nor the Dockerfile has a program."""
    images = images_of(wrapper, procedure) if name in _OPTIONAL else None
    if images is None or images.distribution not in _DISTRIBUTIONS:
        return None
    return None if images.find(name) or images.may_have(name) else images.distribution
