"""Instructions and stages of a Dockerfile, with the offset of each word."""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property

from startos_wrapper.files.shell.calls import Call, read_calls
from startos_wrapper.files.word import Word, dequoted, word_of

_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_FLAGS = re.compile(r"(?:\s+--\S+)*\s*")
_FLAG = re.compile(r"--([^\s=]+)(?:=(\S*))?")
_WORD = re.compile(r"\S+")
_QUOTED_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|["'\\])+""", re.DOTALL)


@dataclass
class Instruction:
    """An instruction: its name in capitals, its text, and the heredocs that follow it.

    `code` is the text from `start` on, in full length, with comments and line continuations replaced by blanks.
    `scripts` are the heredocs that a shell runs, with their offsets. Heredocs of COPY aren't included.
    """

    name: str
    start: int
    code: str
    first: int
    last: int
    scripts: list[tuple[int, str]] = field(default_factory=list)
    stage: "Stage | None" = field(default=None, repr=False)

    @cached_property
    def _value(self) -> int:
        """Return the offset in `code` where the value begins, after the name and the flags."""
        return _FLAGS.match(self.code, len(self.name)).end()  # type: ignore[union-attr]  # it fits an empty text too

    @cached_property
    def flags(self) -> dict[str, list[Word]]:
        """Return the flags after the name, e.g. `--from`, and their values."""
        found: dict[str, list[Word]] = {}
        for match in _FLAG.finditer(self.code, len(self.name), self._value):
            word = Word(dequoted(match[2] or ""), self.start + match.start(2), self.start + match.end(2))
            found.setdefault(match[1], []).append(word)
        return found

    @cached_property
    def listed(self) -> list[Word] | None:
        """Return the words of a JSON list of texts, e.g. `CMD ["run"]`, or None for any other value."""
        if not self.code.startswith("[", self._value):
            return None
        try:
            texts = json.loads(self.code[self._value :])
        except (ValueError, RecursionError):
            return None
        spans = [match.span() for match in _JSON_TEXT.finditer(self.code, self._value)]
        if len(spans) != len(texts) or not all(isinstance(text, str) for text in texts):
            return None
        return [Word(text, self.start + a + 1, self.start + b - 1) for text, (a, b) in zip(texts, spans, strict=True)]

    @cached_property
    def words(self) -> list[Word]:
        """Return the words of the value. As in Docker, quotes only join words in ENV, ARG and LABEL."""
        if self.listed is not None:
            return self.listed
        pattern = _QUOTED_WORD if self.name in ("ENV", "ARG", "LABEL") else _WORD
        return [word_of(match[0], self.start + match.start()) for match in pattern.finditer(self.code, self._value)]

    @property
    def taken(self) -> list[Word]:
        """Return the sources of a COPY or ADD from the build context, as they're written."""
        return self.words[:-1] if self.name in ("COPY", "ADD") and "from" not in self.flags else []

    @property
    def values(self) -> "dict[str, str | None]":
        """Return the values of the ARGs and ENVs in its stage. Unknown ones are None."""
        return self.stage.values if self.stage else {}

    @cached_property
    def text(self) -> str:
        """Return the whole instruction, including scripts, to search it for mentions."""
        return "\n".join([self.code, *(script for _, script in self.scripts)])

    @cached_property
    def calls(self) -> list[Call]:
        """Return the programs that a RUN calls in a shell, in order. The JSON form has no calls."""
        if self.name != "RUN" or self.listed is not None:
            return []
        found = read_calls(self.code, self.start, self._value)
        for start, script in self.scripts:
            found += read_calls(script, start)
        return found


@dataclass
class Stage:
    """A build stage.

    `image` is the base image as it's written. `base` is the same with ARGs replaced, or None if an ARG has no value.
    `parent` is the earlier stage that it builds on. `values` are the values of ARGs and ENVs, None for unknown ones.
    """

    image: Word
    base: str | None
    alias: str | None
    platform: str | None
    parent: "Stage | None"
    instructions: list[Instruction] = field(default_factory=list)
    values: dict[str, str | None] = field(default_factory=dict)

    @property
    def lineage(self) -> "list[Stage]":
        """Return the stages whose layers are in this one, from the one with an external base image to this one."""
        stages: list[Stage] = []
        stage: Stage | None = self
        while stage:
            stages.append(stage)
            stage = stage.parent
        return stages[::-1]
