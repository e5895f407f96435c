"""Makefiles, read without running them: lines, blocks, variables, and what they make."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath

from startos_wrapper.files.source import Source

ASSIGNMENT = re.compile(r"(?:export\s+|override\s+)*([\w.-]+)\s*(:{0,3}=|\?=|\+=|!=)")
_RULE = re.compile(r"([^\t#=:][^#=:]*?)\s*&?::?(?!=)\s*(.*)$", re.DOTALL)
_IF, _ENDIF = re.compile(r"\s*if(?:eq|neq|def|ndef)\b"), re.compile(r"\s*endif\b")
_CONDITION = re.compile(r"\s*(?:if(?:eq|neq|def|ndef)|else|endif)\b")
# A word of a list: text, and references with blanks in them.
WORD = re.compile(r"(?:\$\((?:[^()]|\([^()]*\))*\)|[^\s$]|\$)+")
_REFERENCE = re.compile(r"\$[({]([A-Za-z0-9_.-]+)[)}]")
# Real Makefiles have some dozen targets, and one or two patterns.
_MOST_TARGETS, _MOST_PATTERNS = 20_000, 100


def logical_lines(lines: Sequence[str]) -> list[tuple[int, str]]:
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
        return " ".join(logical_lines(self.lines)[0][1].split())

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
        lines = logical_lines(self.lines)[1:]
        return [(self.line + at, text.strip()) for at, text in lines if text.startswith("\t") and text.strip()]


def read_blocks(lines: Sequence[str]) -> Iterator[Block]:
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
            inner = (each for _, each in logical_lines(lines[index:after]))
            if not all(each[:1] in ("\t", "#", "") or _CONDITION.match(each) for each in inner):
                break
            index = end = after
        elif not line.strip() or line.startswith("#"):
            index += 1
        else:
            break
    return end


class Makefile:
    """A Makefile's variables and rules, as far as they can be read without a shell; `$(shell ...)` stays as it is."""

    def __init__(self, source: Source, included: tuple[Source, ...] = ()) -> None:
        """Take the text of a Makefile, and of the files that it includes: their rules are not among `rules`."""
        self.source = source
        self.included = tuple(map(Makefile, included))

    @property
    def text(self) -> str:
        """The text of all files."""
        return "\n".join([self.source.text, *(other.text for other in self.included)])

    @cached_property
    def lines(self) -> list[tuple[int, str]]:
        """The logical lines with the number of their first line, from 1."""
        return [(index + 1, line) for index, line in logical_lines(self.source.lines)]

    @cached_property
    def blocks(self) -> list[Block]:
        """The pieces of the file."""
        return list(read_blocks(self.source.lines))

    @cached_property
    def variables(self) -> dict[str, str]:
        """The variables that are assigned outside recipes, unexpanded; `+=` adds."""
        found: dict[str, str] = {}
        for _, line in [*self.lines, *(line for other in self.included for line in other.lines)]:
            match = None if line.startswith("\t") else ASSIGNMENT.match(line)
            if match and match[2] != "!=":
                name, value = match[1], line[match.end() :].split(" #")[0].strip()
                found[name] = f"{found[name]} {value}" if "+=" in line and name in found else value
        return found

    def expand(self, text: str) -> str:
        """Replace references to variables by their values, a few levels deep."""
        for _ in range(4):
            expanded = _REFERENCE.sub(lambda match: self.variables.get(match[1], match[0]), text)
            if expanded == text or len(expanded) > 10_000:
                break
            text = expanded
        return text

    @cached_property
    def rules(self) -> list[tuple[int, list[str], list[str]]]:
        """The rules: line, targets, prerequisites."""
        return self._rules(self.lines)

    @cached_property
    def _all_rules(self) -> list[tuple[int, list[str], list[str]]]:
        return self.rules + [rule for other in self.included for rule in self._rules(other.lines)]

    def _rules(self, lines: list[tuple[int, str]]) -> list[tuple[int, list[str], list[str]]]:
        found = []
        for number, line in lines:
            if line.startswith("\t") or ASSIGNMENT.match(line) or not (match := _RULE.match(line)):
                continue
            # In a static pattern rule, `targets: pattern: needs`, the pattern comes along as a need and does no harm.
            targets = self.expand(match[1]).split()
            needs = self.expand(match[2].split(";")[0]).replace(":", " ").split()
            found.append((number, targets, needs))
        return found

    @cached_property
    def _made(self) -> tuple[set[str], list[str]]:
        """What targets make: the files and the folders that these lie in; and patterns with a `%`."""
        names: set[str] = set()
        patterns: list[str] = []
        for target in islice((target for _, targets, _ in self._all_rules for target in targets), _MOST_TARGETS):
            path = PurePosixPath(target)
            names.update(map(str, path.parents))
            # A pattern for every file, such as `%: %.in`, says nothing of this one.
            if "%" in target and not target.startswith("%"):
                patterns.append(target)
            names.add(str(path))
        names.discard(".")
        return names, patterns[:_MOST_PATTERNS]

    def makes(self, path: str) -> bool:
        """Return whether some target is `path`, or a pattern with `%` that fits it, or lies in the folder `path`."""
        names, patterns = self._made
        return path in names or any(_fits(pattern, path) for pattern in patterns)

    def depends(self, path: str, need: str) -> bool:
        """Return whether a rule that makes `path` names `need` among what it is made from."""
        rules = self._all_rules
        return any(need in needs and any(_fits(target, path) for target in targets) for _, targets, needs in rules)


def _fits(target: str, path: str) -> bool:
    before, percent, after = target.removeprefix("./").partition("%")
    if not percent:
        return before == path
    return len(path) > len(before) + len(after) and path.startswith(before) and path.endswith(after)
