"""The config of the image that a stage of a Dockerfile makes, without building it.

Variables are filled in where Docker does, in the order of the instructions. Whatever depends on a build argument
without a default, or on the base image's environment, is unknown.
https://docs.docker.com/reference/dockerfile/#environment-replacement
"""

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.files.dockerfile.instruction import Instruction, Stage
from startos_wrapper.files.dockerfile.model import Dockerfile, assignments, expand
from startos_wrapper.files.word import Word

_SHELL = ("/bin/sh", "-c")
_QUOTED_OR_BLANK = re.compile(r"""("(?:\\.|[^"\\])*"|'[^']*')|\s+""", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """A value and its line. The value is None if the Dockerfile alone can't tell it."""

    value: Any
    line: int


@dataclass
class BuiltConfig:
    """What an image says about itself. An `entrypoint` or `cmd` that is None is the base image's, if it has one.

    `health` is a command in shell syntax, or an empty text for HEALTHCHECK NONE. `values` are the variables as they are
    at the end. `exposed` are the words of EXPOSE, e.g. 8080/tcp or 7000-7010/udp.
    """

    base: Said
    entrypoint: Said | None = None
    cmd: Said | None = None
    user: Said | None = None
    workdir: Said | None = None
    stop_signal: Said | None = None
    health: Said | None = None
    environment: dict[str, Said] = field(default_factory=dict)
    labels: dict[str, Said] = field(default_factory=dict)
    exposed: list[Said] = field(default_factory=list)
    volumes: list[Said] = field(default_factory=list)
    values: dict[str, str | None] = field(default_factory=dict)


def built_config(dockerfile: Dockerfile, stage: Stage, arguments: Mapping[str, str]) -> BuiltConfig:
    """Return the config of the image that `stage` makes with some build arguments."""
    return _Builder(dockerfile, stage, arguments).build()


def one_line(code: str) -> str:
    """Return shell code with each run of blanks outside quotes as one blank."""
    return _QUOTED_OR_BLANK.sub(lambda match: match[1] or " ", code).strip()


class _Builder:
    def __init__(self, dockerfile: Dockerfile, stage: Stage, arguments: Mapping[str, str]) -> None:
        self._dockerfile, self._stage, self._arguments = dockerfile, stage, arguments
        self._shell: tuple[str, ...] = _SHELL
        # A CMD of the base image or of an earlier stage is dropped by an ENTRYPOINT.
        # moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go: dispatchEntrypoint
        self._cmd_stage: Stage | None = None

    def build(self) -> BuiltConfig:
        outer = self._outer()
        lineage = self._stage.lineage
        first = lineage[0]
        base = Said(expand(first.image.text, outer), self._line(first.image.start))
        self.config = config = BuiltConfig(base)
        for stage in lineage:
            for instruction in stage.instructions:
                if instruction.name == "ARG":
                    self._argument(instruction, outer)
                elif take := _TAKES.get(instruction.name):
                    take(self, instruction)
        return config

    def _outer(self) -> dict[str, str | None]:
        """Return the ARGs before the first FROM."""
        found: dict[str, str | None] = {}
        for instruction in self._dockerfile.instructions:
            if instruction.stage:
                break
            if instruction.name == "ARG":
                for name, text in assignments(instruction):
                    found[name] = self._arguments.get(name, None if text is None else expand(text, found))
        return found

    def _argument(self, instruction: Instruction, outer: Mapping[str, str | None]) -> None:
        for name, text in assignments(instruction):
            if name in self.config.environment:
                continue  # ENV always wins
            if text is not None:
                self.config.values[name] = self._arguments.get(name, expand(text, self.config.values))
            else:
                self.config.values[name] = self._arguments.get(name, outer.get(name))

    def _environment(self, instruction: Instruction) -> None:
        before = dict(self.config.values)
        for name, text in assignments(instruction):
            value = expand(text or "", before)
            self.config.values[name] = value
            self.config.environment[name] = Said(value, self._line(instruction.start))

    def _label(self, instruction: Instruction) -> None:
        for name, text in assignments(instruction):
            self.config.labels[name] = Said(expand(text or "", self.config.values), self._line(instruction.start))

    def _entrypoint(self, instruction: Instruction) -> None:
        self.config.entrypoint = self._command(instruction)
        if self._cmd_stage is not instruction.stage:
            self.config.cmd = Said((), self._line(instruction.start))

    def _cmd(self, instruction: Instruction) -> None:
        self.config.cmd = self._command(instruction)
        self._cmd_stage = instruction.stage

    def _command(self, instruction: Instruction) -> Said:
        """Return the words of a command. Docker fills in no variables here: the shell form's shell does."""
        if instruction.listed is not None:
            words = tuple(word.text for word in instruction.listed)
        else:
            text = one_line(instruction.code[len(instruction.name) :])
            words = (*self._shell, text) if text else ()
        return Said(words, self._line(instruction.start))

    def _run_shell(self, instruction: Instruction) -> None:
        self._shell = tuple(word.text for word in instruction.listed or ()) or self._shell

    def _user(self, instruction: Instruction) -> None:
        self.config.user = self._single(instruction)

    def _signal(self, instruction: Instruction) -> None:
        self.config.stop_signal = self._single(instruction)

    def _workdir(self, instruction: Instruction) -> None:
        said = self._single(instruction)
        before = self.config.workdir.value if self.config.workdir else "/"
        path = None
        if said.value is not None and (said.value.startswith("/") or before is not None):
            path = posixpath.normpath(posixpath.join(before or "/", said.value))
        self.config.workdir = Said(path, said.line)

    def _expose(self, instruction: Instruction) -> None:
        self.config.exposed += self._several(instruction)

    def _volume(self, instruction: Instruction) -> None:
        self.config.volumes += self._several(instruction)

    def _health(self, instruction: Instruction) -> None:
        kind = instruction.words[0] if instruction.words else None
        if kind is None or kind.text.upper() not in ("CMD", "NONE"):
            return
        text = ""
        if kind.text.upper() == "CMD":
            text = one_line(instruction.code[kind.end - instruction.start :])
            if text.startswith("["):
                text = _joined(text)
        self.config.health = Said(text, self._line(instruction.start))

    def _single(self, instruction: Instruction) -> Said:
        text = " ".join(word.text for word in instruction.words)
        return Said(expand(text.strip("\"'"), self.config.values), self._line(instruction.start))

    def _several(self, instruction: Instruction) -> Iterator[Said]:
        for word in instruction.words:
            yield Said(self._filled(word), self._line(word.start))

    def _filled(self, word: Word) -> str | None:
        return expand(word.text, self.config.values)

    def _line(self, offset: int) -> int:
        return self._dockerfile.source.place(offset).line


def _joined(text: str) -> str:
    """Return a JSON list of words in shell syntax, or the text if it isn't such a list."""
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return text
    is_list = isinstance(words, list) and all(isinstance(word, str) for word in words)
    return shlex.join(words) if is_list else text


_TAKES: dict[str, Callable[[_Builder, Instruction], None]] = {
    "ENV": _Builder._environment,
    "LABEL": _Builder._label,
    "ENTRYPOINT": _Builder._entrypoint,
    "CMD": _Builder._cmd,
    "SHELL": _Builder._run_shell,
    "USER": _Builder._user,
    "STOPSIGNAL": _Builder._signal,
    "WORKDIR": _Builder._workdir,
    "EXPOSE": _Builder._expose,
    "VOLUME": _Builder._volume,
    "HEALTHCHECK": _Builder._health,
}
