"""Write the author's Makefile anew: it includes the template's startos.mk, and everything else stays as it was.

Only a rule that does nothing but what startos.mk does is left out. A rule for the same target that does more stays, and
replaces the one in startos.mk.
"""

import re
from collections.abc import Iterator

from startos_wrapper.adopt.align.image_rules import ImageRules
from startos_wrapper.adopt.align.known_targets import has_conditions, kind_of, unusual
from startos_wrapper.adopt.align.makefile_text import Kept, MakefileText
from startos_wrapper.adopt.align.old_makefile import ARM, INTEL, OldMakefile, old_makefile
from startos_wrapper.adopt.align.prerequisites import Prerequisites
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.makefile import Block, Makefile, read_blocks
from startos_wrapper.files.makefile_conversion import MAINTAINED, convert, includes_startos, needs_conversion
from startos_wrapper.files.source import Source
from startos_wrapper.terminal import shorten

_FILE = "Makefile"
_PART = "plumbing"
_INCLUDES = re.compile(r"[s-]?include\b")
_OLD_DENO = re.compile(r"\bdeno bundle\b")


def align_makefile(plan: Plan) -> None:
    """Plan startos.mk and a Makefile that includes it and does everything else that the old one did.

    Add notes for the author. A Makefile that includes startos.mk stays as it is.
    """
    plan.files[MAINTAINED] = plan.rendered[MAINTAINED].encode()
    old = old_makefile(plan.wrapper)
    if old is not None and includes_startos(old.source.text):
        return
    text = plan.rendered[_FILE]
    if old is not None and needs_conversion(old.source.text):
        conversion = convert(old.source.text, "", text, plan.rendered[MAINTAINED])
        text = conversion.text
        for place in conversion.look:
            plan.note(_PART, _FILE, place.line, place.what)
    elif old is not None:
        text = _Carried(plan, old).text(text)
    plan.files[_FILE] = text.encode()


class _Carried:
    """The content of the old Makefile that the new one keeps."""

    def __init__(self, plan: Plan, old: OldMakefile) -> None:
        self.plan = plan
        self.old = old
        self.new = Makefile(Source(MAINTAINED, plan.rendered[MAINTAINED].encode()))
        self.templates = {target for _, targets, _ in self.new.rules for target in targets}
        self.images = ImageRules(old)
        self.needs = Prerequisites(plan, old, self.new)
        # The settings for startos.mk, and the blocks that stay.
        self.lines: list[str] = []
        self.kept: list[Kept] = []

    def note(self, line: int, what: str, todo: str = "") -> None:
        self.plan.note(_PART, self.old.source.file, line, what, todo)

    def text(self, makefile: str) -> str:
        """Return the new Makefile. `makefile` is the template's."""
        if self.old.source.file != _FILE:
            self.plan.files[self.old.source.file] = None
            self.note(0, "removed, because make would read it instead of Makefile")
        self._settings()
        self.kept = [kept for block in self.old.makefile.blocks for kept in self._kept(block)]
        return MakefileText(self.old, self.new, self.note).write(makefile, self.kept, self.lines)

    # --- Settings ----------------------------------------------------------------------------------------------------

    def _settings(self) -> None:
        if self.old.is_of_one_processor and INTEL in self.plan.arches and self.images.obstacle is None:
            what = "there was only an image for arm64, and now there's one for PCs, too"
            todo = f"try `make {INTEL}`, or change the answer `arches` to [{ARM}] if the service can't run there"
            self.note(self.old.images[""].line, what, todo)
        if self.images.obstacle is None:
            self.lines += self.needs.of_images()
        if not self._keeps("package"):
            self.lines += self.needs.of_package()
            for line, word in self.needs.missing():
                self.note(line, f"the package depended on {word}, which doesn't exist, so it no longer does")
        if self.images.obstacle is None:
            self.lines += self.images.lines(self._renamed())
        if not self._keeps("all") and (first := self.needs.first_goals()):
            self.lines.append(f"$(IMAGES): | {' '.join(first)}")

    def _renamed(self) -> set[str]:
        """Return the build arguments that the aligned Dockerfile has replaced with TARGETARCH."""
        dockerfile = self.plan.dockerfile
        if dockerfile is None or dockerfile.source.file not in self.plan.files:
            return set()
        before = self.plan.source(dockerfile.source.file)
        text = before.text if before else ""
        return {
            name
            for name in self.old.arguments
            if re.search(rf"\b{name}\b", text) and not re.search(rf"\b{name}\b", dockerfile.source.text)
        }

    # --- Rules -------------------------------------------------------------------------------------------------------

    def _keeps(self, wanted: str) -> bool:
        """Return whether the author's rule for a target, or for a kind of target, stays."""
        return any(
            self._reason(block, target) is not None
            for block, target in self.old.rules()
            if wanted in (target, kind_of(target))
        )

    def _reason(self, block: Block, target: str) -> str | None:
        """Return why a rule for a target of startos.mk stays, or None if startos.mk replaces it."""
        kind, more = kind_of(target), unusual(block)
        if any(block is each for each, _ in self.old.several):
            return self.images.obstacle.what if self.images.obstacle else None
        if kind == "image" and target in ("image.tar", *(f"docker-images/{arch}.tar" for arch in self.old.images)):
            return self.images.obstacle.what if self.images.obstacle else None
        if kind == "image":
            return "startos.mk doesn't make it" if more else None
        others = [word for word in block.needs if kind_of(self.old.makefile.expand(word)) in ("clean", "processor")]
        if target == "all" and others:
            return f"it also makes {' and '.join(others)}"
        if kind == "clean":
            return "its recipe has conditions" if has_conditions(block.text) and more else None
        if kind == "package" and "image.tar" in block.needs and not self.images.obstacle:
            return None
        if kind in ("goal", "package") and more:
            return f"it also runs `{shorten(more[0][1], 60)}`"
        return None

    def _kept(self, block: Block) -> Iterator[Kept]:
        """Yield what stays of a block of the old Makefile, and add notes about the rest."""
        if block.kind == "condition":
            yield from self._condition(block)
        elif block.kind != "rule":
            if _INCLUDES.match(block.head):
                self.note(block.line, f"`{shorten(block.head, 60)}` is kept")
            yield Kept(block, block.text)
        else:
            target = self.old.makefile.expand(block.name).removeprefix("./")
            kind = kind_of(target)
            if target == ".PHONY":
                yield Kept(block, block.text, is_phony=True)
            elif kind == "own" and not any(block is each for each, _ in self.old.several):
                yield self._own(block, target)
            elif reason := self._reason(block, target):
                yield from self._replacing(block, target, reason)
            else:
                yield from self._replaced(block, target, kind)

    def _own(self, block: Block, target: str) -> Kept:
        if not target.startswith("."):
            replaces = f", and replaces the one in {MAINTAINED}" if target in self.templates else ""
            self.note(block.line, f"your rule for {shorten(target, 100)} is kept{replaces}")
        if _OLD_DENO.search(block.text):
            todo = "run a bundler from a script instead, e.g. `deno run scripts/bundle.ts`, or write plain JavaScript"
            self.note(block.line, "Deno 2 doesn't support this form of `deno bundle`", todo)
        wanted = {"aarch64": INTEL, "arm64": "amd64"}
        if self.old.images.keys() <= {""} and (found := re.search(r"\b(aarch64|arm64)\b", target)):
            other = target.replace(found[1], wanted[found[1]])
            if not self.old.makefile.makes(other) and INTEL in self.plan.arches:
                self.note(block.line, f"{target} is for one architecture", f"write a rule for {other}, too")
        return Kept(block, block.text, (target,) if target in self.templates else ())

    def _replacing(self, block: Block, target: str, reason: str) -> Iterator[Kept]:
        """Keep a rule for a target that startos.mk has, too."""
        if target == "image.tar":
            arch = next((arch for arch, _, _ in self.old.builds), ARM)
            tar = f"docker-images/{arch}.tar"
            self.note(block.line, f"your rule for image.tar is kept, because {reason}; {tar} is a copy of it")
            copy = f"{tar}: image.tar\n\tmkdir -p docker-images\n\tcp image.tar $@"
            yield Kept(block, f"{block.text.rstrip()}\n\n{copy}", (tar,))
            return
        instead = tuple("$(IMAGES)" if "%" in name else name for name in target.split())
        if kind_of(target) == "package":
            instead = ("$(ID).s9pk",)
        name = shorten(block.name, 60)
        self.note(block.line, f"your rule for {name} is kept instead of the one in {MAINTAINED}, because {reason}")
        yield Kept(block, block.text, instead)

    def _replaced(self, block: Block, target: str, kind: str) -> Iterator[Kept]:
        """Leave out a rule that startos.mk replaces, and report what it doesn't do."""
        more = unusual(block)
        if kind == "image" and self.images.obstacle is None and target != "docker-images":
            # The commands of these rules have been checked by themselves.
            more = [(line, text) for line, text in more if text.startswith("#")]
        if kind == "clean" and (block.needs or more):
            # In startos.mk, clean has a recipe, which runs after these.
            needs = [*block.needs, *(["clean-service"] if more else [])]
            lines = [f"clean: {' '.join(needs)}"]
            if more:
                lines = [".PHONY: clean-service", *lines, "clean-service:", *(f"\t{text}" for _, text in more)]
            yield Kept(block, "\n".join([*block.above, *lines]))
            return
        if block.above:
            first = block.line - len(block.above)
            self.note(first, f"the comment on {target} is gone with its rule: {shorten(' '.join(block.above), 80)}")
        for line, text in more:
            todo = "if you still need it, write a rule with it"
            self.note(line, f"{shorten(block.name, 60)} also ran `{shorten(text, 80)}`", todo)

    def _condition(self, block: Block) -> Iterator[Kept]:
        """Keep rules and variables in conditions. Rules for targets of startos.mk replace those."""
        inner = [each for each in read_blocks(block.lines[1:-1]) if each.kind == "rule"]
        targets = [self.old.makefile.expand(each.name).removeprefix("./") for each in inner]
        known = [target for target in targets if kind_of(target) not in ("own", "special")]
        if known:
            todo = f"remove them if {MAINTAINED} does what they do"
            self.note(block.line, f"rules in a condition replace those in {MAINTAINED}: {', '.join(known)}", todo)
        elif targets:
            self.note(block.line, f"`{shorten(block.head, 60)}` is kept")
        replaced = tuple("$(ID).s9pk" if kind_of(target) == "package" else target for target in known)
        yield Kept(block, block.text, replaced)
