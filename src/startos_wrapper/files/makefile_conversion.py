"""Convert a Makefile that releases before 0.7.0 wrote: the template's lines go, startos.mk is included, yours stay.

Those releases kept the whole Makefile up to date. Now startos.mk has what the template maintains, and the Makefile
belongs to the author. So no line of the author's may get lost here. A block is only the template's if it's exactly what
one of those releases wrote for the same answers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from startos_wrapper.files.makefile import ASSIGNMENT, Block, Makefile, assigned, read_blocks
from startos_wrapper.files.source import Source

MAINTAINED = "startos.mk"
_HEADER = "Kept up to date by startos-wrapper"
# In every Makefile of those releases, even if the author has removed the header.
_TAG = "TAG := start9/$(ID)/main:$(VERSION)"
_INCLUDE = re.compile(r"^[ ]*[s-]?include\b.*(?<![\w.-])startos\.mk(?![\w.-])", re.MULTILINE)
_SERVICE = re.compile(r"[s-]?include\s+service\.mk")
_CARRIED = "# From the earlier Makefile, for your lines below."
# `$(NAME)`, `$(call NAME,...)` and `ifdef NAME`.
_USED = re.compile(r"\$[({](?:call\s+)?([\w.-]+)|^[ ]*ifn?def\s+([\w.-]+)", re.MULTILINE)
_TARGET = re.compile(r"^\$\(call default,(.+)\):", re.MULTILINE)
# In an answer's place, these are words of earlier releases that startos.mk may not have.
_EARLIER = re.compile(r"aarch64|x86_64|armv7|linux/\S+|scripts/embassy\.js|assets(/\S+)?|template")
# The targets of all those releases.
_ALWAYS = {"all", "check", "clean", "help", "images", "install", "pack", "run", "shell", "size", "verify"}
# startos.mk uses this variable in the name of a target, so a later assignment is too late.
_NEEDED_FIRST = {"ID"}


@dataclass(frozen=True)
class Place:
    """A line of the old Makefile, counted from 1, or 0 for all of it, and what there is to say about it."""

    line: int
    what: str

    def __str__(self) -> str:
        """Return the place as one line of a report."""
        return f"Makefile:{self.line}: {self.what}" if self.line else f"Makefile: {self.what}"


@dataclass(frozen=True)
class Conversion:
    """The new Makefile, the author's blocks that it kept, and what the author should look at."""

    text: str
    kept: list[Place]
    look: list[Place]


def needs_conversion(text: str) -> bool:
    """Return whether a Makefile is one that an earlier release wrote, so that updates no longer change it."""
    written = _HEADER in "\n".join(text.splitlines()[:3]) or _TAG in text.splitlines()
    return written and not includes_startos(text)


def includes_startos(text: str) -> bool:
    """Return whether a Makefile includes startos.mk."""
    return _INCLUDE.search(text) is not None


def convert(mine: str, base: str, makefile: str, startos: str) -> Conversion:
    """Convert an author's Makefile.

    `base` is the Makefile that the author's release rendered for the answers of that time, or empty if nobody knows.
    `makefile` and `startos` are the files that the new release renders.
    """
    return _Converter(mine, _Written(base, startos), makefile).convert()


class _Written:
    """What the template has written: the blocks of earlier releases, of `base` and of startos.mk."""

    def __init__(self, base: str, startos: str) -> None:
        earlier = Path(__file__).with_name("earlier_makefiles.mk").read_text(encoding="utf-8")
        self.startos = startos
        self.blocks = list(read_blocks(earlier.splitlines()))
        self.plain = {_text(block) for text in (base, startos) for block in read_blocks(text.splitlines())}
        # The earlier blocks with answers in them, as patterns.
        self.patterns = [re.compile("(.*)".join(map(re.escape, _text(block).split("{}")))) for block in self.blocks]
        lines = {*base.splitlines(), *earlier.splitlines(), *startos.splitlines()}
        self.comments = Counter(line for line in lines if line[:1] == "#")

    def has(self, block: Block) -> bool:
        """Return whether a block is the template's."""
        text = _text(block)
        return text in self.plain or any(self._fits(pattern.fullmatch(text)) for pattern in self.patterns)

    def _fits(self, match: re.Match[str] | None) -> bool:
        """Return whether the places that depend on the answers only have words that startos.mk has for them."""
        words = " ".join(match.groups()).split() if match else ()
        known = all(word in self.startos or _EARLIER.fullmatch(word) for word in words)
        return match is not None and known


@dataclass
class _Mine:
    """A block of the author's Makefile, and whether it goes into the new one."""

    block: Block
    kept: bool
    # Before the line that includes startos.mk.
    first: bool = False
    # The template's, but the author's lines use it.
    carried: bool = False

    @property
    def above(self) -> range:
        """The indexes of the comments right before it."""
        return range(self.block.line - 1 - len(self.block.above), self.block.line - 1)

    @property
    def lines(self) -> range:
        """The indexes of its lines."""
        return range(self.block.line - 1, self.block.line - 1 + len(self.block.lines))


class _Converter:
    def __init__(self, mine: str, written: _Written, makefile: str) -> None:
        # Not splitlines(), which also splits at form feeds and other characters.
        self.mine = mine.replace("\r\n", "\n").removesuffix("\n").split("\n")
        self.end = "\r\n" if "\r\n" in mine else "\n"
        self.written = written
        self.makefile = makefile.splitlines()
        self.startos = Makefile(Source(MAINTAINED, written.startos.encode()))
        # As they're written. IMAGES are what the pattern rule for images makes.
        self.targets = {*_TARGET.findall(written.startos), "$(IMAGES)"}
        self.look: list[Place] = []
        self.blocks = list(self._compared())

    def _compared(self) -> Iterator[_Mine]:
        """Yield the author's blocks. Those that the template wrote aren't kept."""
        for block in read_blocks(self.mine):
            kept = not (self.written.has(block) or _SERVICE.fullmatch(block.head))
            yield _Mine(self._shortened(block) if kept else block, kept)

    def _shortened(self, block: Block) -> Block:
        """Return an assignment as `NAME += WORDS` if all that the author did was to add words."""
        if len(block.lines) > 1 or block.kind != "variable" or _operator(block) not in (":=", "="):
            return block
        for each in self.startos.blocks:
            added = block.lines[0].removeprefix(f"{each.lines[0]} ").strip()
            if each.name == block.name and len(each.lines) == 1 and len(added) < len(block.lines[0].strip()):
                self.mine[block.line - 1] = f"{block.name} += {added}"
                return replace(block, lines=[self.mine[block.line - 1]])
        return block

    def convert(self) -> Conversion:
        """Return the new Makefile and what to say about it."""
        self._keep_whole_variables()
        for each in self.blocks:
            each.first = each.kept and self._comes_first(each.block)
            if each.first and each.block.name in _NEEDED_FIRST and not self.written.has(each.block):
                # Otherwise, the assignment in startos.mk would replace it.
                line = self.mine[each.block.line - 1].lstrip()
                self.mine[each.block.line - 1] = f"override {line.removeprefix('override ')}"
        self._carry()
        replaced = self._replaced()
        self._note(replaced)
        kept = [Place(each.block.line, each.block.lines[0].strip()) for each in self.blocks if each.kept]
        return Conversion(self._text(replaced), kept, self.look)

    def _keep_whole_variables(self) -> None:
        """Keep all assignments to a variable if the author has changed the first one: the others add to it."""
        changed = {
            each.block.name
            for each in self.blocks
            if each.kept and each.block.kind == "variable" and _operator(each.block) not in ("+=", "?=")
        }
        for each in self.blocks:
            each.kept |= each.block.kind == "variable" and each.block.name in changed

    def _comes_first(self, block: Block) -> bool:
        """Return whether an assignment has no effect after startos.mk."""
        if block.kind != "variable" or block.name not in self.startos.variables:
            return False
        return _operator(block) == "?=" or block.name in _NEEDED_FIRST

    def _carry(self) -> None:
        """Carry the template's variables that the author's lines use and that startos.mk doesn't have.

        If it has them, but means something else, a recipe needs the earlier ones, too.
        """
        now = _definitions(read_blocks(self.startos.source.lines))
        then = _definitions(each.block for each in self.blocks)
        same = {name for name in now if then.get(name, now[name]) == now[name]} | _NEEDED_FIRST
        wanted = [each.block for each in self.blocks if each.kept]
        names = _used(line for block in wanted for line in block.lines) - set(now)
        names |= _used(line for block in wanted for line in block.lines if line.startswith("\t")) - same
        while names:
            more = [each for each in self.blocks if not (each.kept or each.carried) and assigned(each.block) & names]
            for each in more:
                each.carried, each.first = True, self._comes_first(each.block)
            names = _used(line for each in more for line in each.block.lines) - same

    def _replaced(self) -> list[str]:
        """Return the targets of startos.mk that the author has taken prerequisites or the recipe from.

        A rule without a recipe only adds prerequisites, so startos.mk has to leave these targets out.
        """
        was = {block.name: block for block in self.written.blocks if block.kind == "rule"}
        found: list[str] = []
        for each in self.blocks:
            block, old = each.block, was.get(each.block.name)
            if not (each.kept and old and block.name in self.targets) or block.has_recipe:
                continue
            if old.has_recipe or set(old.needs) - set(block.needs):
                found.append(block.name)
        return found

    def _note(self, replaced: list[str]) -> None:
        names = {each.block.name for each in self.blocks}
        if removed := sorted(_ALWAYS - names):
            self.look.append(Place(0, f"{MAINTAINED} has what you had removed: {', '.join(removed)}"))
        for each in self.blocks:
            name = each.block.name
            if each.kept and name in self.targets and (each.block.has_recipe or name in replaced):
                self.look.append(Place(each.block.line, f"your {name} replaces that of {MAINTAINED}"))

    # --- The new text -------------------------------------------------------------------------------------------------

    def _text(self, replaced: list[str]) -> str:
        include = next(index for index, line in enumerate(self.makefile) if includes_startos(line))
        parts = [
            [f"MINE += {' '.join(replaced)}"] if replaced else [],
            self._carried(first=True),
            self._lines(self._of(first=True)),
        ]
        first = [line for part in parts if part for line in ("", *part)] + [""] * any(parts)
        parts = [
            self.makefile[:include] + first + self.makefile[include:],
            self._carried(first=False),
            self._lines(self._of(first=False) | self._comments()),
        ]
        return "\n\n".join("\n".join(part) for part in parts if part).replace("\n", self.end) + self.end

    def _carried(self, *, first: bool) -> list[str]:
        blocks = [each.block for each in self.blocks if each.carried and each.first == first]
        return [_CARRIED, *(line for block in blocks for line in block.lines)] if blocks else []

    def _of(self, *, first: bool) -> set[int]:
        """Return the indexes of the author's blocks before or after the line that includes startos.mk."""
        chosen = [each for each in self.blocks if each.kept and each.first == first]
        return {index for each in chosen for index in (*each.above, *each.lines) if _HEADER not in self.mine[index]}

    def _comments(self) -> set[int]:
        """Return the indexes of the author's comments that aren't right before a block of the author's."""
        theirs = {index for each in self.blocks for index in (*(each.above if each.kept else ()), *each.lines)}
        found, written = set(), self.written.comments.copy()
        for index, line in enumerate(self.mine):
            if index in theirs or not line.strip() or _HEADER in line:
                continue
            if written[line] == 0:
                found.add(index)
            written[line] -= written[line] > 0
        return found

    def _lines(self, wanted: set[int]) -> list[str]:
        """Return the wanted lines, with one blank line wherever others were between them."""
        found: list[str] = []
        for _, group in groupby(enumerate(sorted(wanted)), key=lambda pair: pair[1] - pair[0]):
            found += [""] * bool(found) + [self.mine[index] for _, index in group]
        return found


def _text(block: Block) -> str:
    return "\n".join(line.rstrip() for line in block.lines)


def _operator(block: Block) -> str:
    match = ASSIGNMENT.match(block.head)
    return match[2] if match else ""


def _definitions(blocks: Iterable[Block]) -> dict[str, str]:
    """Return the texts of the assignments outside of conditions, by variable."""
    found: dict[str, str] = {}
    for block in blocks:
        for name in assigned(block) if block.kind == "variable" else ():
            found[name] = found.get(name, "") + _text(block)
    return found


def _used(lines: Iterable[str]) -> set[str]:
    """Return the names that lines may use as variables."""
    return {name for pair in _USED.findall("\n".join(lines)) for name in pair if name}
