"""A parser for Makefiles that never runs them: lines, blocks, variables, rules."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath

from startos_wrapper.files.source import Source

ASSIGNMENT = re.compile(r" *(?:(?:export|override|private)\s+)*([\w.-]+)\s*(:{0,3}=|\?=|\+=|!=)")
_DEFINE = re.compile(r" *(?:(?:export|override|private)\s+)*define\s+(\S+)")
_ENDEF = re.compile(r" *endef\s*(?:#.*)?$")
# Targets, prerequisites, and the command behind a semicolon. A comment ends the line before that.
_RULE = re.compile(r"(?!vpath\s)([^\t#=:][^#=:]*)::?(?![:=])((?:\\#|[^#;])*)(?:(#.*)|;(.*))?$", re.DOTALL)
# `NAME = value` in the place of a rule's prerequisites.
_FOR_TARGET = re.compile(r"\s*(?:(?:export|override|private)\s+)*([\w.-]+)\s*(?::{0,3}|[?+!])=")
# References to variables. The short ones are only those that contain a shell operator.
REFERENCE = re.compile(r"\$\([^()]*\)|\$\{[^{}]*\}|\$[<|]")
DEEPEST = 6
_DEEPEST_CONDITION = 20
_IF, _ENDIF = re.compile(r"\s*if(?:eq|neq|def|ndef)\b"), re.compile(r"\s*endif\b")
_CONDITION = re.compile(r"\s*(?:if(?:eq|neq|def|ndef)|else|endif)\b")
# A word of a list. References to variables can contain blanks.
WORD = re.compile(r"(?:\$\((?:[^()]|\([^()]*\))*\)|[^\s$]|\$)+")
# An image of the package as a target. `%` stands for an architecture.
IMAGE = re.compile(r"image\.tar|docker-images/([^/\s]+)\.tar")
INCLUDE = re.compile(r"[s-]?include[ \t]+(.*)")
_NAMED = re.compile(r"\$[({]([A-Za-z0-9_.-]+)[)}]")
# How startos.mk writes a target that the author may have replaced.
_DEFAULT = re.compile(r"\$\(call default,([^()]*)\)")
# Functions that list files. `find` lists everything in the folders that are its first words.
_WILDCARD = re.compile(r"\$\(wildcard ([^()$]*)\)")
_FIND = re.compile(r"\$\(shell (?:ls|find) ((?:[^()$\s-][^()$\s]* ?)+)[^()$]*\)")
# Real Makefiles have a few dozen targets, and one or two patterns.
_MOST_TARGETS, _MOST_PATTERNS, _MOST_NEEDS = 20_000, 100, 1000


def logical_lines(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Join continued lines. Return each logical line with the index of its first line."""
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


def masked(line: str) -> str:
    """Return a line with make's variables replaced by as many underscores, for a reader of rules or of shell code."""
    for _ in range(DEEPEST):
        line = REFERENCE.sub(lambda match: "_" * len(match[0]), line)
    return line


@dataclass(frozen=True)
class RuleLine:
    """The first line of a rule, as it's written.

    `command` is what comes after a semicolon, or None. `variable` is the name in `target: NAME = value`, or empty. Such
    a line has neither prerequisites nor a command.
    """

    targets: str
    needs: str = ""
    command: str | None = None
    variable: str = ""
    comment: str = ""


def read_rule(line: str) -> RuleLine | None:
    """Read a logical line as the first line of a rule, or return None if it's something else."""
    match = _RULE.match(masked(line))
    if match is None:
        return None
    # `&` marks targets that one run of the recipe makes together.
    targets = line[: match.end(1)].strip().removesuffix("&").rstrip()
    if own := _FOR_TARGET.match(line[match.start(2) :]):
        return RuleLine(targets, variable=own[1])
    command = None if match[4] is None else line[match.start(4) :].strip()
    comment = "" if match[3] is None else line[match.start(3) :].strip()
    return RuleLine(targets, line[match.start(2) : match.end(2)].strip(), command, comment=comment)


@dataclass
class Block:
    """A part of a Makefile. `kind` is variable, rule, condition or other. `above` are the comments right before it."""

    line: int
    kind: str
    lines: list[str]
    above: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join([*self.above, *self.lines])

    @cached_property
    def head(self) -> str:
        """Return the first logical line."""
        return " ".join(logical_lines(self.lines)[0][1].split())

    @cached_property
    def rule(self) -> RuleLine:
        """Return the first line of the rule. For other blocks, everything in it is empty."""
        found = read_rule(logical_lines(self.lines)[0][1]) if self.kind == "rule" else None
        return found or RuleLine("")

    @property
    def name(self) -> str:
        """Return the name of the variable, or the target as it's written."""
        if self.kind == "rule":
            return " ".join(self.rule.targets.split())
        match = _DEFINE.match(self.head) or ASSIGNMENT.match(self.head)
        return match[1] if match else ""

    @property
    def needs(self) -> list[str]:
        """Return the rule's prerequisites, as they're written, with the bar before those that are order-only."""
        return WORD.findall(self.rule.needs)

    @property
    def recipe(self) -> list[tuple[int, str]]:
        """Return the logical lines of the rule's recipe, without conditions, with their line numbers."""
        lines = logical_lines(self.lines)[1:]
        first = [(self.line, self.rule.command)] if self.rule.command else []
        return [*first, *((self.line + at, text.strip()) for at, text in lines if text[:1] == "\t" and text.strip())]

    @property
    def has_recipe(self) -> bool:
        """Whether the rule has a recipe, which may be empty."""
        return self.rule.command is not None or bool(self.recipe)


def read_blocks(lines: Sequence[str]) -> Iterator[Block]:
    """Split a Makefile into blocks, without blank lines and comments that belong to no block."""
    above: list[str] = []
    index = 0
    while index < len(lines):
        line, start = lines[index], index
        if not line.strip():
            above = []
            index += 1
            continue
        index = _last(lines, index) + 1
        if line.lstrip(" ").startswith("#"):
            above += lines[start:index]
            continue
        _, line = logical_lines(lines[start:index])[0]
        kind = "other"
        if _IF.match(line):
            kind, index = "condition", _after_condition(lines, start)
        elif _DEFINE.match(line):
            kind, index = "variable", _after_definition(lines, start)
        elif ASSIGNMENT.match(line):
            kind = "variable"
        elif not line.startswith("\t") and read_rule(line):
            kind, index = "rule", _after_recipe(lines, index)
        yield Block(start + 1, kind, list(lines[start:index]), above)
        above = []


def all_blocks(blocks: Iterable[Block], depth: int = 0) -> Iterator[Block]:
    """Yield blocks, and those inside conditions instead of the conditions, unless those are nested too deeply."""
    for block in blocks:
        if block.kind != "condition":
            yield block
        elif depth < _DEEPEST_CONDITION:
            yield from all_blocks(read_blocks(block.lines[1:-1]), depth + 1)


def assigned(block: Block) -> set[str]:
    """Return the names of the variables that a block assigns, for everything or for one target."""
    if block.kind == "condition":
        return {name for each in all_blocks([block]) for name in assigned(each)}
    return {block.name if block.kind == "variable" else block.rule.variable} - {""}


def _last(lines: Sequence[str], index: int) -> int:
    """Return the index of the last line of the logical line that begins at `index`."""
    while lines[index].endswith("\\") and index + 1 < len(lines):
        index += 1
    return index


def _after_definition(lines: Sequence[str], index: int) -> int:
    """Return the index after the `endef` that ends the definition at `index`."""
    depth = 0
    for at in range(index, len(lines)):
        depth += bool(_DEFINE.match(lines[at])) - bool(_ENDEF.match(lines[at]))
        if depth == 0:
            return at + 1
    return len(lines)


def _after_condition(lines: Sequence[str], index: int) -> int:
    depth = 0
    for at in range(index, len(lines)):
        depth += bool(_IF.match(lines[at])) - bool(_ENDIF.match(lines[at]))
        if depth <= 0:
            return at + 1
    return len(lines)


def _after_recipe(lines: Sequence[str], index: int) -> int:
    """Return the index after a recipe, which includes conditions around its lines, and blank lines and comments."""
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
    """The variables and rules of a Makefile, as far as they're known without a shell. `$(shell ...)` isn't expanded."""

    def __init__(self, source: Source, included: tuple[Source, ...] = ()) -> None:
        """Parse a Makefile and the files that it includes. `rules` leaves out the rules of included files."""
        self.source = source
        self.included = tuple(map(Makefile, included))

    @property
    def text(self) -> str:
        """Return the text of all files."""
        return "\n".join([self.source.text, *(other.text for other in self.included)])

    @cached_property
    def lines(self) -> list[tuple[int, str]]:
        """Return the logical lines with the number of their first line, from 1."""
        return [(index + 1, line) for index, line in logical_lines(self.source.lines)]

    @cached_property
    def blocks(self) -> list[Block]:
        """Return the blocks of the file."""
        return list(read_blocks(self.source.lines))

    @cached_property
    def variables(self) -> dict[str, str]:
        """Return the variables that are assigned outside recipes, unexpanded. `+=` appends."""
        found: dict[str, str] = {}
        for line in self.every_line:
            match = None if line.startswith("\t") else ASSIGNMENT.match(line)
            if match and match[2] != "!=" and not (match[2] == "?=" and match[1] in found):
                name, value = match[1], line[match.end() :].split(" #")[0].strip()
                found[name] = f"{found[name]} {value}" if "+=" in line and name in found else value
        return found

    @cached_property
    def every_line(self) -> list[str]:
        """Return the logical lines of all files in the order in which make reads them."""
        return list(self._every_line(self, {other.source.file: other for other in self.included}))

    def _every_line(self, makefile: "Makefile", others: dict[str, "Makefile"]) -> Iterator[str]:
        """Yield lines, and instead of those that include a file the lines of that file, once."""
        for _, line in makefile.lines:
            yield line
            if match := INCLUDE.match(line):
                for name in match[1].split():
                    if name in others:
                        yield from self._every_line(others.pop(name), others)

    @cached_property
    def commands(self) -> list[str]:
        """Return the logical lines of the recipes that make would run, and the commands behind semicolons."""
        found: list[str] = []
        is_replaced = False
        for line in self.every_line:
            if line.startswith("\t"):
                found += [] if is_replaced else [line]
            elif line.strip() and not ASSIGNMENT.match(line) and (rule := read_rule(line)):
                is_replaced = "$(call default," in rule.targets and not self._targets(rule, self._replaced)
                found += [rule.command] if rule.command and not is_replaced else []
        return found

    def expand(self, text: str) -> str:
        """Replace references to variables with their values, a few levels deep."""
        for _ in range(4):
            expanded = _NAMED.sub(lambda match: self.variables.get(match[1], match[0]), text)
            if expanded == text or len(expanded) > 10_000:
                break
            text = expanded
        return text

    @cached_property
    def rules(self) -> list[tuple[int, list[str], list[str]]]:
        """Return the rules: line, targets, prerequisites."""
        return self._rules(self.lines)

    @cached_property
    def _all_rules(self) -> list[tuple[int, list[str], list[str]]]:
        return self.rules + [rule for other in self.included for rule in self._rules(other.lines, self._replaced)]

    @cached_property
    def _replaced(self) -> set[str]:
        """Return the targets that startos.mk leaves out: those with a recipe here, and those in MINE."""
        rules = (block for block in all_blocks(self.blocks) if block.has_recipe)
        return {*self.expand("$(MINE)").split(), *(name for block in rules for name in self.expand(block.name).split())}

    def _rules(
        self, lines: list[tuple[int, str]], replaced: Collection[str] = ()
    ) -> list[tuple[int, list[str], list[str]]]:
        found = []
        for number, line in lines:
            if line.startswith("\t") or ASSIGNMENT.match(line) or not (rule := read_rule(line)):
                continue
            # In a static pattern rule, `targets: pattern: needs`, the pattern becomes a harmless prerequisite.
            targets = self._targets(rule, replaced)
            needs = self.expand(rule.needs.replace("$$", "$")).replace(":", " ").split()
            if targets:
                found.append((number, targets, needs))
        return found

    def _targets(self, rule: RuleLine, replaced: Collection[str]) -> list[str]:
        """Return the targets of a rule, without those of startos.mk that are replaced."""
        targets = _DEFAULT.sub(r"\1", self.expand(rule.targets)).split()
        is_ours = "$(call default," in rule.targets
        return [target for target in targets if not (is_ours and target in replaced)]

    @cached_property
    def _made(self) -> tuple[set[str], list[str]]:
        """Return the files that targets make and their folders, and the patterns with a `%`."""
        names: set[str] = set()
        patterns: list[str] = []
        for target in islice((target for _, targets, _ in self._all_rules for target in targets), _MOST_TARGETS):
            path = PurePosixPath(target)
            names.update(map(str, path.parents))
            # A pattern such as `%: %.in` matches every file, so it doesn't show that this file is made.
            if "%" in target and not target.startswith("%"):
                patterns.append(target)
            names.add(str(path))
        names.discard(".")
        return names, patterns[:_MOST_PATTERNS]

    def makes(self, path: str) -> bool:
        """Return whether a target is `path`, is a pattern that matches it, or is in the folder `path`."""
        names, patterns = self._made
        return path in names or any(_fits(pattern, path) for pattern in patterns)

    def all_needs(self, path: str) -> set[str] | None:
        """Return the prerequisites of `path` and theirs, as paths and patterns.

        Return None if it's made every time, or if some of them can't be known without running make.
        """
        found: set[str] = set()
        waiting = [path]
        while waiting:
            target = waiting.pop()
            for plain in self._needs(target):
                new = {need.removeprefix("./").rstrip("/") for need in plain.split() if "%" not in need} - found
                if "$" in plain or any(map(self._is_made_every_time, new)) or len(found) > _MOST_NEEDS:
                    return None
                found |= new
                waiting += new
        return found

    def needs(self, path: str) -> list[str]:
        """Return the words of the prerequisites of `path` itself: paths, patterns, and parts of calls of functions."""
        return [word.removeprefix("./") for plain in self._needs(path) for word in plain.split()]

    def _needs(self, path: str) -> Iterator[str]:
        for _, targets, words in self._all_rules:
            if any(_fits(each, path) for each in targets):
                # Without order-only prerequisites, which never make it anew.
                text = f" {' '.join(words)}".partition(" | ")[0]
                yield _FIND.sub(r" \1 ", _WILDCARD.sub(r" \1 ", text))

    def _is_made_every_time(self, target: str) -> bool:
        """Return whether a target is phony, or is like FORCE: no file has a name in capitals and an empty rule."""
        rules = [needs for _, targets, needs in self._all_rules if target in targets]
        phony = any(target in needs for _, targets, needs in self._all_rules if ".PHONY" in targets)
        return phony or (target.isupper() and bool(rules) and not any(rules))


def _fits(target: str, path: str) -> bool:
    before, percent, after = target.removeprefix("./").partition("%")
    if not percent:
        return before == path
    return len(path) > len(before) + len(after) and path.startswith(before) and path.endswith(after)
