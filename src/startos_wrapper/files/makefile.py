"""What a Makefile makes, read without running it."""

import re
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath

from startos_wrapper.files.source import Source

_ASSIGNMENT = re.compile(r"^(?:export\s+|override\s+)*([A-Za-z0-9_.-]+)\s*(?::{0,3}=|\?=|\+=)\s*(.*)$")
_RULE = re.compile(r"^([^\t#=:][^#=:]*?)\s*&?::?(?!=)\s*(.*)$")
_REFERENCE = re.compile(r"\$[({]([A-Za-z0-9_.-]+)[)}]")
# Real Makefiles have some dozen targets, and one or two patterns.
_MOST_TARGETS, _MOST_PATTERNS = 20_000, 100


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
    def _joined(self) -> list[tuple[int, str]]:
        """The logical lines with the number of their first line."""
        lines: list[tuple[int, str]] = []
        number, held = 1, ""
        for index, line in enumerate(self.source.lines, 1):
            number = number if held else index
            if line.endswith("\\"):
                held += line[:-1] + " "
                continue
            lines.append((number, held + line))
            held = ""
        return lines + ([(number, held)] if held else [])

    @cached_property
    def variables(self) -> dict[str, str]:
        """The variables that are assigned outside recipes, unexpanded; `+=` adds."""
        found: dict[str, str] = {}
        for _, line in [*self._joined, *(line for other in self.included for line in other._joined)]:
            if not line.startswith("\t") and (match := _ASSIGNMENT.match(line)):
                name, value = match[1], match[2].split(" #")[0].strip()
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
        return self._rules(self._joined)

    @cached_property
    def _all_rules(self) -> list[tuple[int, list[str], list[str]]]:
        return self.rules + [rule for other in self.included for rule in self._rules(other._joined)]

    def _rules(self, lines: list[tuple[int, str]]) -> list[tuple[int, list[str], list[str]]]:
        found = []
        for number, line in lines:
            if line.startswith("\t") or _ASSIGNMENT.match(line) or not (match := _RULE.match(line)):
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
        """Say whether some target is `path`, or a pattern with `%` that fits it, or lies in the folder `path`."""
        names, patterns = self._made
        return path in names or any(_fits(pattern, path) for pattern in patterns)

    def depends(self, path: str, need: str) -> bool:
        """Say whether a rule that makes `path` names `need` among what it is made from."""
        rules = self._all_rules
        return any(need in needs and any(_fits(target, path) for target in targets) for _, targets, needs in rules)


def _fits(target: str, path: str) -> bool:
    before, percent, after = target.removeprefix("./").partition("%")
    if not percent:
        return before == path
    return len(path) > len(before) + len(after) and path.startswith(before) and path.endswith(after)
