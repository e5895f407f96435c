"""The Makefile of an author, taken apart: its pieces as they are written, and how it builds the images."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from startos_wrapper.data import processors
from startos_wrapper.files.makefile import Makefile
from startos_wrapper.files.wrapper import Wrapper

ARM, INTEL = "aarch64", "x86_64"

ASSIGNMENT = re.compile(r"(?:export\s+|override\s+)*([\w.-]+)\s*(?::{0,3}=|\?=|\+=|!=)")
_RULE = re.compile(r"([^\t#=:][^#=:]*?)\s*&?::?(?!=)\s*(.*)$", re.DOTALL)
_IF, _ENDIF = re.compile(r"\s*if(?:eq|neq|def|ndef)\b"), re.compile(r"\s*endif\b")
_CONDITION = re.compile(r"\s*(?:if(?:eq|neq|def|ndef)|else|endif)\b")
WORD = re.compile(r"(?:\$\((?:[^()]|\([^()]*\))*\)|[^\s$]|\$)+")
_BUILD = re.compile(r"\b(?:docker|podman)\b.*\bbuild\b")
_ARGUMENT = re.compile(r"--build-arg[ =]\s*((?:\"[^\"]*\"|'[^']*'|\$\([^()]*\)|\S)+)")


@dataclass
class Block:
    """A piece of a Makefile: `kind` is variable, rule, condition or other, `above` the comments right before it."""

    line: int
    kind: str
    lines: list[str]
    above: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join([*self.above, *self.lines])

    @cached_property
    def head(self) -> str:
        """The first logical line."""
        return " ".join(_logical(self.lines)[0][1].split())

    @property
    def name(self) -> str:
        """The variable that is assigned, or the target as it is written."""
        match = (ASSIGNMENT if self.kind == "variable" else _RULE).match(self.head)
        return match[1].strip() if match else ""

    @property
    def needs(self) -> list[str]:
        """What the rule's target is made from, as it is written."""
        match = _RULE.match(self.head)
        return WORD.findall(match[2].split(";")[0]) if match else []

    @property
    def recipe(self) -> list[tuple[int, str]]:
        """The logical lines of the rule's recipe, without conditions, with their place in the file."""
        lines = _logical(self.lines)[1:]
        return [(self.line + at, text.strip()) for at, text in lines if text.startswith("\t") and text.strip()]


def _logical(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return lines with continued ones joined, each with the index of the first."""
    found: list[tuple[int, str]] = []
    held, first = "", 0
    for index, line in enumerate(lines):
        first = first if held else index
        if line.endswith("\\"):
            held += line[:-1] + " "
        else:
            found.append((first, held + line))
            held = ""
    return [*found, (first, held)] if held else found


def blocks(lines: Sequence[str]) -> Iterator[Block]:
    """Take a Makefile apart; blank lines and comments that stand alone are left out."""
    above: list[str] = []
    index = 0
    while index < len(lines):
        line, start = lines[index], index
        if not line.strip():
            above = []
        elif line.lstrip().startswith("#"):
            above.append(line)
        if not line.strip() or line.lstrip().startswith("#"):
            index += 1
            continue
        index = _last(lines, index) + 1
        kind = "other"
        if _IF.match(line):
            kind, index = "condition", _after_condition(lines, start)
        elif line.startswith("define "):
            kind, index = "variable", next((at + 1 for at in range(start, len(lines)) if lines[at] == "endef"), index)
        elif ASSIGNMENT.match(line):
            kind = "variable"
        elif not line.startswith("\t") and _RULE.match(line):
            kind, index = "rule", _after_recipe(lines, index)
        yield Block(start + 1, kind, list(lines[start:index]), above)
        above = []


def _last(lines: Sequence[str], index: int) -> int:
    """Return the last line of the logical line that begins at an index."""
    while lines[index].endswith("\\") and index + 1 < len(lines):
        index += 1
    return index


def _after_condition(lines: Sequence[str], index: int) -> int:
    depth = 0
    for at in range(index, len(lines)):
        depth += bool(_IF.match(lines[at])) - bool(_ENDIF.match(lines[at]))
        if depth <= 0:
            return at + 1
    return len(lines)


def _after_recipe(lines: Sequence[str], index: int) -> int:
    """Return where a recipe ends: conditions around its lines are part of it, and what lies between them."""
    end = index
    while index < len(lines):
        line = lines[index]
        if line.startswith("\t"):
            index = end = _last(lines, index) + 1
        elif _IF.match(line):
            after = _after_condition(lines, index)
            inner = (each for _, each in _logical(lines[index:after]))
            if not all(each[:1] in ("\t", "#", "") or _CONDITION.match(each) for each in inner):
                break
            index = end = after
        elif not line.strip() or line.startswith("#"):
            index += 1
        else:
            break
    return end


class OldMakefile:
    """The Makefile of an author."""

    def __init__(self, makefile: Makefile) -> None:
        self.source = makefile.source
        self.makefile = makefile
        self.blocks = list(blocks(self.source.lines))

    def rules(self) -> Iterator[tuple[Block, str]]:
        """Yield the rules outside of conditions, each with its target's path."""
        for block in self.blocks:
            if block.kind == "rule":
                yield block, self.makefile.expand(block.name).removeprefix("./")

    @cached_property
    def images(self) -> dict[str, Block]:
        """The rules that make the images, by the processor; one that makes image.tar by none."""
        found: dict[str, Block] = {}
        for block, target in self.rules():
            match = re.fullmatch(rf"docker-images/({'|'.join(processors())})\.tar|image\.tar", target)
            if match:
                found[match[1] or ""] = block
        return found

    @property
    def is_of_one_processor(self) -> bool:
        """Whether it is of the time when there were only images for arm64, all in image.tar."""
        return set(self.images) == {""} and {arch for arch, _, _ in self.builds()} == {ARM}

    def builds(self) -> Iterator[tuple[str, int, str]]:
        """Yield the commands that build images: processor, line, text."""
        for arch, block in self.images.items():
            for line, text in block.recipe:
                if _BUILD.search(text):
                    yield arch or self._processor(text), line, text

    def _processor(self, build: str) -> str:
        return INTEL if "linux/amd64" in build else ARM

    @cached_property
    def arguments(self) -> dict[str, dict[str, str]]:
        """The build arguments: name, processor, value as it is written."""
        found: dict[str, dict[str, str]] = {}
        for arch, _, text in self.builds():
            for argument in _ARGUMENT.findall(text):
                name, equals, value = argument.strip("\"'").partition("=")
                if equals:
                    quote = argument[0] if argument[0] in "\"'" else ""
                    found.setdefault(name, {})[arch] = quote + value + quote
        return found


@lru_cache(maxsize=1)
def old_makefile(wrapper: Wrapper) -> OldMakefile | None:
    return OldMakefile(wrapper.makefile) if wrapper.makefile else None


def arguments_of(wrapper: Wrapper) -> dict[str, dict[str, str]]:
    """Return the arguments with which the wrapper's Makefile builds its images: name, processor, value."""
    old = old_makefile(wrapper)
    return old.arguments if old else {}
