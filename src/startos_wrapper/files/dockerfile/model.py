"""The model of a Dockerfile: instructions, stages, and the values of variables."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from startos_wrapper.files.dockerfile.instruction import Instruction, Stage
from startos_wrapper.files.dockerfile.lines import read_instructions
from startos_wrapper.files.source import Source

# A longer value can't be an image, a path or a URL.
_LONGEST_VALUE = 2000

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?(-)([^{}]*))?\}|(\w+))")
_ASSIGNMENT = re.compile(r"([\w./-]+)=(.*)", re.DOTALL)


class Dockerfile:
    """The instructions and stages of a Dockerfile. It never fails, and leaves out what it can't read."""

    def __init__(self, source: Source, given: frozenset[str] = frozenset()) -> None:
        """Read the text. `given` are the build arguments that the build sets, so their defaults don't apply."""
        self.source = source
        self.given = given
        self.instructions: list[Instruction] = list(read_instructions(source))
        self.stages: list[Stage] = []
        self._named: dict[str, Stage] = {}
        outer: dict[str, str | None] = {}
        for instruction in self.instructions:
            if instruction.name == "FROM":
                self._begin(instruction, outer)
            elif not self.stages:
                self._assign(instruction, outer, {})
            if self.stages:
                instruction.stage = self.stages[-1]
                instruction.stage.instructions.append(instruction)
                self._assign(instruction, instruction.stage.values, outer)

    @property
    def final(self) -> Stage | None:
        """Return the final stage."""
        return self.stages[-1] if self.stages else None

    @cached_property
    def shipped(self) -> list[Instruction]:
        """Return the instructions whose layers are in the image."""
        lineage = self.final.lineage if self.final else []
        return [instruction for stage in lineage for instruction in stage.instructions]

    @cached_property
    def built(self) -> list[Instruction]:
        """Return the instructions that the build runs, in order: without stages that the image doesn't need."""
        waiting, needed = list(self.final.lineage if self.final else ()), []
        while waiting:
            stage = waiting.pop()
            if stage in needed:
                continue
            needed.append(stage)
            for instruction in stage.instructions:
                sources = [word.text for word in instruction.flags.get("from", [])]
                mounts = (word.text for word in instruction.flags.get("mount", []))
                sources += (part[5:] for mount in mounts for part in mount.split(",") if part.startswith("from="))
                found = (self.stage(expand(source, instruction.values) or source) for source in sources)
                waiting += (other for each in found if each for other in each.lineage)
        return [instruction for stage in self.stages if stage in needed for instruction in stage.instructions]

    def stage(self, name: str) -> Stage | None:
        """Return the stage with the name or number that `COPY --from` uses."""
        if name.isascii() and name.isdigit() and len(name) < 6:
            return self.stages[int(name)] if int(name) < len(self.stages) else None
        return self._named.get(name.lower())

    def _begin(self, instruction: Instruction, outer: dict[str, str | None]) -> None:
        if not instruction.words:
            return
        image, *more = instruction.words
        alias = more[1].text.lower() if len(more) > 1 and more[0].text.lower() == "as" else None
        platform = instruction.flags["platform"][0].text if "platform" in instruction.flags else None
        base = expand(image.text, outer)
        parent = self._named.get((base or image.text).lower())
        stage = Stage(image, base, alias, platform, parent, values=dict(parent.values) if parent else {})
        self.stages.append(stage)
        if alias:
            self._named[alias] = stage

    def _assign(self, instruction: Instruction, values: dict[str, str | None], outer: dict[str, str | None]) -> None:
        """Store the values that an ARG or ENV sets. A name that is set to two different values is unknown."""
        if instruction.name not in ("ARG", "ENV"):
            return
        for name, text in assignments(instruction):
            value = outer.get(name) if text is None else expand(text, values)
            if instruction.name == "ARG" and name in self.given:
                value = None
            values[name] = value if values.get(name, value) == value else None


def filled(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with known variables replaced by their values."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[4]
        known = values.get(name)
        if known is None:
            # A name with an unknown value doesn't fall back to a default.
            return match[3] if match[2] and name not in values else match[0]
        return known or match[3] or ""

    return _VARIABLE.sub(value, text) if "$" in text else text


def expand(text: str, values: Mapping[str, str | None]) -> str | None:
    """Return a text with its variables replaced, or None if one of them is unknown."""
    expanded = filled(text, values)
    return None if "$" in expanded or len(expanded) > _LONGEST_VALUE else expanded


def assignments(instruction: Instruction) -> Iterator[tuple[str, str | None]]:
    """Yield the names that an ARG, ENV or LABEL sets, and their values as written, or None for an ARG without one."""
    if instruction.name != "ARG" and instruction.words and "=" not in instruction.words[0].text:
        name, *value = instruction.words
        yield name.text, " ".join(word.text for word in value)
        return
    for word in instruction.words:
        if match := _ASSIGNMENT.fullmatch(word.text):
            yield match[1], match[2]
        elif instruction.name == "ARG":
            yield word.text, None
