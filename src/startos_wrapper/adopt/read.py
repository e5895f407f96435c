"""Read facts from the files of a wrapper, without running anything. Broken files never raise errors."""

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from startos_wrapper.data import processors
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.dockerfile.installed import installed
from startos_wrapper.files.dockerfile.instruction import Stage
from startos_wrapper.files.dockerfile.model import Dockerfile, expand
from startos_wrapper.files.entrypoint import entrypoint_of
from startos_wrapper.files.file_by_name import script_file
from startos_wrapper.files.procedure_scripts import INIT_OPTIONS_WITH_VALUE
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import Command, Script
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

_TAR = re.compile(rf"docker-images/({'|'.join(processors())})\.tar")
_ARCHES = {processor.platform: arch for arch, processor in processors().items()}
_PLATFORM = re.compile("|".join(_ARCHES))
_STARTERS = {"tini", "dumb-init"}
# Several commands in a line, or only a part of a command.
_JOINED = re.compile(r"[#&|;(){}]")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_MOST_PROGRAMS = 100
# The last command of scripts that don't end with their program.
_NO_PROGRAMS = {"", "wait", "exit", "fi", "done", "esac", "}", "trap", "echo", "sleep", "kill", "export", "return", ":"}
_NO_PROGRAMS |= {"cat", "chmod", "chown", "cp", "mkdir", "mv", "rm", "set", "cd", "source", ".", "tail", "sed", "touch"}
_NO_PROGRAMS |= {"true", "printf"}


@dataclass(frozen=True)
class Found:
    """A fact and its source: the path of a file and, if the fact is in a single line, the line."""

    value: Any
    file: str
    line: int | None = None

    @property
    def place(self) -> str:
        """The source as `file:line`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Facts:
    """The facts about a wrapper whose manifest StartOS can read."""

    def __init__(self, wrapper: Wrapper) -> None:
        """Use a wrapper. Its files are read on first access."""
        self.wrapper = wrapper
        self.manifest: dict[str, Any] = wrapper.manifest.plain_value()

    def place(self, *names: str) -> str:
        """Return the place of a value in the manifest: the line of the last key in the path that exists."""
        place = self.wrapper.at_key(*names)
        return f"{place.file}:{place.line}"

    # --- The image ---------------------------------------------------------------------------------------------------

    @cached_property
    def dockerfile(self) -> Dockerfile | None:
        """The Dockerfile that the Makefile builds."""
        return dockerfile_of(self.wrapper)

    @cached_property
    def runtime(self) -> Found | None:
        """The base image of the final stage, or None without a Dockerfile or if it depends on an unknown ARG."""
        final = self.dockerfile.final if self.dockerfile else None
        return self._image(final.lineage[0]) if final else None

    def compiler(self, names: tuple[str, ...]) -> Found | None:
        """Return the base image of the first stage that uses one of the official images `names`."""
        for stage in self.dockerfile.stages if self.dockerfile else []:
            image = self._image(stage)
            if image and repository(image.value) in names:
                return image
        return None

    def submodule(self, names: tuple[str, ...]) -> Found | None:
        """Return the git submodule that a stage copies files from, if its base image is one of `names`."""
        for stage in self.dockerfile.stages if self.dockerfile else []:
            image = self._image(stage.lineage[0])
            if image is None or repository(image.value) not in names:
                continue
            for instruction in stage.instructions:
                for word in instruction.taken:
                    path = PurePosixPath(posixpath.normpath(word.text.lstrip("/")))
                    for folder in self.wrapper.submodules:
                        if path == folder or folder in path.parents:
                            return Found(str(folder), image.file, self._line(word.start))
        return None

    @cached_property
    def copies(self) -> list[Found]:
        """The files copied from other images: the image, the path in it, and the path in this image."""
        found = []
        for instruction in self.dockerfile.shipped if self.dockerfile else []:
            if instruction.name != "COPY" or "from" not in instruction.flags or len(instruction.words) < 2:
                continue
            assert self.dockerfile and instruction.stage
            image = self._copied_from(instruction.flags["from"][0].text, instruction.stage)
            *there, here = [expand(word.text, instruction.stage.values) or "" for word in instruction.words]
            for path in there if image else []:
                # With a slash at the end, Docker copies a file into that folder, and of a folder what's in it.
                found.append(Found((image, path, here), self.dockerfile.source.file, self._line(instruction.start)))
        return found

    def _copied_from(self, name: str, copying: Stage) -> str | None:
        """Return the image that `COPY --from` refers to, or None for a stage that adds something to its base image."""
        assert self.dockerfile
        stage = self.dockerfile.stage(name)
        if stage is None:
            return expand(name, copying.values)
        names = {instruction.name for each in stage.lineage for instruction in each.instructions}
        return None if names & {"RUN", "COPY", "ADD"} else stage.lineage[0].base

    def _line(self, offset: int) -> int:
        assert self.dockerfile
        return self.dockerfile.source.place(offset).line

    def _image(self, stage: Stage) -> Found | None:
        assert self.dockerfile
        source = self.dockerfile.source
        return Found(stage.base, source.file, self._line(stage.image.start)) if stage.base else None

    @cached_property
    def packages(self) -> list[Found]:
        """The Alpine packages installed in the image."""
        found: dict[str, Found] = {}
        for instruction in self.dockerfile.shipped if self.dockerfile else []:
            assert self.dockerfile
            for program, word in installed(instruction):
                if program == "apk":
                    said = Found(word.text, self.dockerfile.source.file, self._line(word.start))
                    found.setdefault(word.text, said)
        return list(found.values())

    @cached_property
    def arches(self) -> Found | None:
        """The processor architectures that the wrapper builds images for."""
        listed = (self.manifest.get("hardware-requirements") or {}).get("arch")
        if listed:
            file = self.place("hardware-requirements", "arch").split(":")
            return Found(list(dict.fromkeys(map(str, listed))), file[0], int(file[1]))
        makefile = self.wrapper.makefile
        if makefile is None:
            return None
        lines = [line.partition("#")[0] for line in makefile.every_line if not line.lstrip().startswith("#")]
        text = "\n".join(lines)
        for names in (_TAR.findall(text), [_ARCHES[name] for name in _PLATFORM.findall(text)]):
            if names:
                return Found([arch for arch in processors() if arch in names], makefile.source.file)
        return None

    # --- The entrypoint ----------------------------------------------------------------------------------------------

    @cached_property
    def entrypoint(self) -> Source | None:
        """The script that `main` runs, or else docker_entrypoint.sh, or None if the wrapper has neither."""
        entry = entrypoint_of(self.wrapper)
        return entry.source if entry else script_file(self.wrapper, "docker_entrypoint.sh")

    @cached_property
    def _script(self) -> Script:
        return read_script(self.entrypoint.text if self.entrypoint else "", tolerant=True)

    @cached_property
    def _lines(self) -> list[tuple[int, str, list[Command]]]:
        """The lines that begin with a command that always runs: number, text, and the commands that begin there.

        Commands in functions, loops and conditions may not run. In a broken script, indentation is used to detect them.
        """
        if self.entrypoint is None:
            return []
        found: dict[int, list[Command]] = {}
        for command in self._script.commands:
            place = self.entrypoint.place(command.start)
            if (self._script.broken or not command.nested) and (place.column == 1 or place.line in found):
                found.setdefault(place.line, []).append(command)
        return [(number, self.entrypoint.lines[number - 1].rstrip(), commands) for number, commands in found.items()]

    @cached_property
    def commands(self) -> list[Found]:
        """The commands that the entrypoint starts: the last `exec`, or all commands in the background."""
        executed = ((number, line, _before_program(commands[0])) for number, line, commands in self._lines)
        started = [(number, line[at:].strip()) for number, line, at in executed if at and line[at:].strip()][-1:]
        if not started:
            started = [
                (number, line[:-1].rstrip())
                for number, line, commands in self._lines
                if commands[0].background and line.endswith("&") and not _JOINED.search(line, 0, len(line) - 1)
            ]
        return [self._said(text, number) for number, text in started[-_MOST_PROGRAMS:]]

    @cached_property
    def last_command(self) -> Found | None:
        """The command at the end of the entrypoint, which may be its program if it uses no `exec`."""
        for number, line, commands in self._lines[-1:]:
            program = PurePosixPath(commands[0].name or "").name
            if len(commands) == 1 and not _JOINED.search(line) and program not in _NO_PROGRAMS:
                return self._said(line.strip(), number)
        return None

    @cached_property
    def assigned(self) -> dict[str, str]:
        """The variables that the entrypoint sets to a fixed value once, without exporting them."""
        found: dict[str, set[str | None]] = {}
        first = {id(command) for _, _, commands in self._lines for command in commands[:1]}
        for command in self._script.commands:
            words = command.words[1:] if command.name in ("export", "readonly") else []
            for word in words if command.words else command.assignments:
                if match := _ASSIGNMENT.fullmatch(word.text):
                    value = _literal(match[2], word.value.partition("=")[2]) if id(command) in first else None
                    found.setdefault(match[1], set()).add(value)
        single = ((name, values.pop()) for name, values in found.items() if len(values) == 1)
        return {name: value for name, value in single if value}

    @cached_property
    def image_environment(self) -> set[str]:
        """The names of the variables that the image sets."""
        words = (
            word
            for instruction in (self.dockerfile.shipped if self.dockerfile else [])
            if instruction.name == "ENV"
            for word in instruction.words
        )
        return {word.text.partition("=")[0] for word in words}

    @cached_property
    def environment(self) -> list[Found]:
        """The variables that the entrypoint exports with a fixed value, as pairs of name and value."""
        found = []
        for number, _, commands in self._lines:
            words = commands[0].words if len(commands) == 1 else []
            match = _ASSIGNMENT.fullmatch(words[1].text) if len(words) == 2 and words[0].value == "export" else None
            if match and (value := _literal(match[2], words[1].value.partition("=")[2])) is not None:
                found.append(self._said((match[1], value), number))
        return found

    @cached_property
    def directories(self) -> list[Found]:
        """The directories that the entrypoint creates."""
        found: dict[str, Found] = {}
        for number, line, commands in self._lines:
            end = commands[0].start + len(line)
            for command in commands if _makes_folders(commands[0]) else ():
                for word in command.words if _makes_folders(command) else ():
                    path = _literal(word.text, word.value) if word.end <= end else None
                    if path and path.startswith("/"):
                        found.setdefault(path, self._said(path, number))
        return list(found.values())

    def _said(self, value: Any, line: int) -> Found:
        assert self.entrypoint
        return Found(value, self.entrypoint.file, line)

    # --- Other files -------------------------------------------------------------------------------------------------

    @cached_property
    def has_workflows(self) -> bool:
        """Whether the wrapper has GitHub workflows."""
        return bool(self.wrapper.listed(".github/workflows"))

    @cached_property
    def has_renovate(self) -> str | None:
        """The name of Renovate's config file, or None."""
        return next((name for name in ("renovate.json", "renovate.json5", ".github/renovate.json")
                     if self.wrapper.is_file(name)), None)  # fmt: skip


def repository(image: str) -> str:
    """Return the last part of an image name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _before_program(command: Command) -> int | None:
    """Return the length of `exec tini -g --` before the program that replaces the shell, or None without `exec`."""
    words = iter(command.words)
    last = next(words, None)
    if last is None or last.text != "exec" or last.start != command.start:
        return None
    starter = next(words, None)
    if starter and PurePosixPath(starter.text).name in _STARTERS:
        last = starter
        for word in words:
            if not word.text.startswith("-"):
                break
            last = next(words, word) if word.text in INIT_OPTIONS_WITH_VALUE else word
            if word.text == "--":
                break
    return last.end - command.start


def _makes_folders(command: Command) -> bool:
    return command.name == "mkdir" and command.args[:1] == ["-p"]


def _literal(text: str, value: str) -> str | None:
    """Return the value of a word that has no variables, commands, patterns or line breaks, or None."""
    return None if any(mark in text for mark in "$`;&|<>()*?\n") else value
