"""Put the new Makefile together: the line that includes startos.mk, what stays of the old one, and the settings."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby

from startos_wrapper.adopt.align.name_clashes import clashes, renamed
from startos_wrapper.adopt.align.old_makefile import GUARD, OldMakefile
from startos_wrapper.files.makefile import ASSIGNMENT, Block, Makefile, all_blocks, assigned, read_blocks
from startos_wrapper.files.makefile_conversion import MAINTAINED, includes_startos
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.terminal import shorten

_NAME = re.compile(r"\$[({](?:(?:call|value|origin|flavor|foreach)\s+)?([\w.-]+)")
# Variables that a condition tests without a dollar sign.
_TESTED = re.compile(r"^\s*ifn?def +([\w.-]+)", re.MULTILINE)
# A variable's name that depends on another variable.
_COMPUTED = re.compile(r"\$[({][\w.-]*\$[({]|\$[({](?:value|eval)\b|^\s*export\s*$", re.MULTILINE)
# Reading the id or the version from the manifest. startos.mk has ID and VERSION for this.
_FROM_MANIFEST = re.compile(
    r"\$\(shell\s+(?:yq|jq|tomlq|toml)\b(?=[^()|]*manifest\.(?:ya?ml|toml|json))"
    r"[^()|]*?(?:\s|['\"]|\.)(id|version)['\"]?(?:\s[^()|]*)?\)\s*\Z"
)
_LONGEST_READ = 300
# startos.mk assigns this one with $(eval ...).
_EVALUATED = "MINE"
# Variables of startos.mk in the settings that we write.
_IN_SETTINGS = {"SOURCES", "BUILD_ARGS", "IMAGES", "ID"}
# Marks a reference to a variable of startos.mk until the author's variable of that name has another one.
OURS = "\0"


@dataclass(frozen=True)
class Kept:
    """A block of the old Makefile that stays, its text in the new one, and the targets of startos.mk it replaces."""

    block: Block
    text: str
    replaces: tuple[str, ...] = ()
    is_phony: bool = False


class MakefileText:
    """Writes the new Makefile. `new` is startos.mk, and `note` adds a note about a line of the old Makefile."""

    def __init__(self, wrapper: Wrapper, old: OldMakefile, new: Makefile, note: Callable[..., None]) -> None:
        self.id = wrapper.id
        self.old = old
        self.new = new
        self.note = note
        self.templates = {target for _, targets, _ in new.rules for target in targets}
        # The names that mean the same in startos.mk, wherever the author assigns them.
        meanings: dict[str, set[str | None]] = {}
        for each in all_blocks(old.makefile.blocks):
            for name in assigned(each):
                meanings.setdefault(name, set()).add(self._meaning(each))
        self.same = {name for name in ("ID", "VERSION") if meanings.get(name, {name}) == {name}}

    def write(self, makefile: str, kept: list[Kept], settings: list[str]) -> str:
        """Return the new Makefile. `makefile` is the template's, and `settings` are lines for startos.mk."""
        kept = [replace(each, text=self._unguarded(each.text)) for each in kept]
        kept = self._phony(kept)
        kept = self._used(kept, settings)
        replaced = list(dict.fromkeys(target for each in kept for target in each.replaces))
        body = self._with_comments(kept)
        if goal := self._first_goal(kept):
            body = f".DEFAULT_GOAL := {goal}\n\n{body}"
        body = "\n\n".join(part for part in self._without_clashes(body, "\n".join(settings)) if part)
        body = body.replace(OURS, "")
        lines = makefile.splitlines()
        if mine := [target for target in replaced if self._is_unseen(target, body)]:
            at = next(index for index, line in enumerate(lines) if includes_startos(line))
            lines[at:at] = [
                f"# Your rules for these targets replace those in {MAINTAINED}.",
                f"MINE += {' '.join(mine)}",
            ]
        text = "\n".join(lines) + "\n"
        return f"{text}\n{body}\n" if body else text

    def _is_unseen(self, target: str, body: str) -> bool:
        """Return whether startos.mk can't see that the Makefile has a recipe for a target."""
        return not re.search(rf"^{re.escape(target)}[ ]*:(?:[^=\n]*\n)(?:\t|ifn?(?:eq|def)\b)", body, re.MULTILINE)

    # --- Blocks ------------------------------------------------------------------------------------------------------

    def _unguarded(self, text: str) -> str:
        """Return a rule without conditions that skip the other architecture, because ARCH has another meaning now."""
        return GUARD.sub(r"\1", text).rstrip("\n")

    def _phony(self, kept: list[Kept]) -> list[Kept]:
        """Leave targets that startos.mk has out of .PHONY."""
        ours = self.templates | {word for _, target in self.old.rules() for word in target.split()}
        names = {word for each in kept if each.block.kind == "rule" for word in each.block.name.split()}
        names |= {
            word for each in kept if each.block.kind == "condition" for word in each.text.replace(":", " ").split()
        }
        found = []
        for each in kept:
            if not each.is_phony:
                found.append(each)
            elif words := [word for word in each.block.needs if word in names or word not in ours]:
                text = (
                    each.text
                    if words == each.block.needs
                    else "\n".join([*each.block.above, f".PHONY: {' '.join(words)}"])
                )
                found.append(replace(each, text=text))
        return found

    def _used(self, kept: list[Kept], settings: list[str]) -> list[Kept]:
        """Leave out variables that nothing needs any more, and those that startos.mk has with the same meaning."""
        kept = [replace(each, text=self._shortened(each)) for each in kept]
        self._left_out([each.block for each in kept if not each.text], f"{MAINTAINED} has them")
        kept = [each for each in kept if each.text]
        text = "\n".join([*(each.text for each in kept if not self._is_variable(each.block)), *settings])
        if _COMPUTED.search(self.old.source.text):
            return kept
        used: set[int] = set()
        by_name: dict[str, list[int]] = {}
        for index, each in enumerate(kept):
            if self._is_variable(each.block):
                for name in assigned(each.block):
                    by_name.setdefault(name, []).append(index)
            else:
                used.add(index)
        # make may read a variable that nothing refers to, such as SHELL.
        names = [*_names(text), *(by_name.keys() - _names(self.old.source.text))]
        while names:
            for index in by_name.pop(names.pop(), []):
                used.add(index)
                names += _names(kept[index].text)
        unused = [each for index, each in enumerate(kept) if index not in used]
        self._left_out([each.block for each in unused], "no rule uses them any more")
        return [each for index, each in enumerate(kept) if index in used]

    def _is_variable(self, block: Block) -> bool:
        """Return whether a block only assigns variables that nobody sees outside of the Makefile."""
        if block.kind == "condition":
            inner = list(read_blocks(block.lines[1:-1]))
            return bool(inner) and all(map(self._is_variable, inner))
        if block.kind == "other":
            return re.fullmatch(r"\s*(?:else|endif).*", block.head) is not None
        return block.kind == "variable" and not block.head.startswith(("export ", "."))

    def _left_out(self, blocks: list[Block], why: str) -> None:
        """Report variables that aren't in the new Makefile, and the comments on them."""
        if blocks:
            names = dict.fromkeys(name for block in blocks for name in sorted(assigned(block)))
            self.note(blocks[0].line, f"left out, because {why}: {', '.join(names)}")
        for block in blocks:
            comments = [*block.above, *(line for line in block.lines if "#" in line and block.kind == "variable")]
            if comments:
                self.note(
                    block.line, f"gone with {', '.join(sorted(assigned(block)))}: {shorten(' '.join(comments), 80)}"
                )

    def _shortened(self, kept: Kept) -> str:
        """Return the text of a variable that is read from the manifest, as startos.mk reads it, or else its text."""
        block = kept.block
        match = ASSIGNMENT.match(block.head) if block.kind == "variable" else None
        if match is None:
            return kept.text
        if match[1] == ".DEFAULT_GOAL":
            return "" if block.head[match.end() :].strip() in ("all", "verify") else kept.text
        name = self._meaning(block)
        if name is None or (name == block.name and name not in self.same and "$" not in block.head):
            return kept.text
        if block.name == name and name in self.same:
            return "\n".join([*block.above, f"export {name}"]) if "export" in match[0] else ""
        return "\n".join([*block.above, f"{match[0].strip()} $({OURS}{name})"])

    def _meaning(self, block: Block) -> str | None:
        """Return ID or VERSION if that's what a block assigns, and nothing else, or None.

        An id that the author has written out is the same, because it never changes.
        """
        match = ASSIGNMENT.match(block.head) if block.kind == "variable" else None
        if match is None or match[2] in ("+=", "!="):
            return None
        value = block.head[match.end() :].split(" #")[0].strip()
        if match[1] == "ID" and value == self.id:
            return "ID"
        read = _FROM_MANIFEST.fullmatch(value) if len(value) < _LONGEST_READ else None
        return read[1].upper() if read else None

    # --- Comments ----------------------------------------------------------------------------------------------------

    def _with_comments(self, kept: list[Kept]) -> str:
        """Return the text of the blocks in their order, with the comments that belong to no block."""
        lines = self.old.source.lines
        inside = {
            index
            for block in self.old.makefile.blocks
            for index in range(block.line - 1 - len(block.above), block.line - 1 + len(block.lines))
        }
        alone = [index for index, line in enumerate(lines) if line.strip() and index not in inside]
        parts: list[tuple[int, str]] = [(each.block.line - 1 - len(each.block.above), each.text) for each in kept]
        for _, group in groupby(enumerate(alone), key=lambda pair: pair[1] - pair[0]):
            indexes = [index for _, index in group]
            parts.append((indexes[0], "\n".join(lines[index] for index in indexes)))
        ends = {
            each.block.line - 1 - len(each.block.above): each.block.line - 1 + len(each.block.lines) for each in kept
        }
        found: list[str] = []
        after = -1
        for start, part in sorted(parts):
            # Blocks that followed each other without a blank line still do.
            found += [("\n" if start == after else "\n\n") if found else "", part]
            after = ends.get(start, -1)
        return "".join(found)

    # --- Names -------------------------------------------------------------------------------------------------------

    def _first_goal(self, kept: list[Kept]) -> str:
        """Return the target that `make` makes by default, if it isn't `all`."""
        if ".DEFAULT_GOAL" in self.old.makefile.variables:
            return ""
        targets = [target for _, target in self.old.rules() if not target.startswith(".") and "%" not in target]
        first = next(iter(targets), "")
        names = {name for each in kept if each.block.kind == "rule" for name in each.block.name.split()}
        return first if first in names and first not in ("all", "verify") and not first.endswith(".s9pk") else ""

    def _without_clashes(self, body: str, settings: str) -> tuple[str, str]:
        """Return the texts with other names for variables that mean something else in startos.mk."""
        mine = {name for block in self.old.makefile.blocks for name in assigned(block)}
        elsewhere = {name for file in self.old.makefile.included for name in _assigned_in(file)}
        theirs = [name for name in (*self.new.variables, _EVALUATED) if not name.startswith(".")]
        names = [name for name in theirs if name not in self.same | elsewhere]
        found = clashes(body, names)
        found += [name for name in clashes(settings, names) if name not in {*found} | _IN_SETTINGS]
        taken = {*mine, *self.new.variables}
        body, new = renamed(body, found, taken)
        settings, _ = renamed(settings, [name for name in found if name not in _IN_SETTINGS], taken)
        for before, after in new.items():
            line = next(
                (at for at, text in enumerate(self.old.source.lines, 1) if re.search(rf"\b{before}\b", text)), 0
            )
            todo = f"set {after} if you set {before} on the command line or in a workflow"
            self.note(line, f"{before} is now {after}, because {MAINTAINED} has a variable of that name", todo)
        return body, settings


def _assigned_in(makefile: Makefile) -> set[str]:
    return {name for block in makefile.blocks for name in assigned(block)}


def _names(text: str) -> set[str]:
    return set(_NAME.findall(text)) | set(_TESTED.findall(text))
