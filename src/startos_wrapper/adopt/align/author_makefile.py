"""Write the author's Makefile anew: it includes the template's startos.mk, and everything else stays as it was.

Only a rule that does nothing but what startos.mk does is left out. A rule for the same target that does more stays, and
replaces the one in startos.mk.
"""

import re
from collections.abc import Iterator

from startos_wrapper.adopt.align.image_output import images_written, writes_no_image
from startos_wrapper.adopt.align.image_rules import ImageRules
from startos_wrapper.adopt.align.known_targets import has_conditions, kind_of, unusual
from startos_wrapper.adopt.align.makefile_text import OURS, Kept, MakefileText
from startos_wrapper.adopt.align.old_makefile import ARM, INTEL, OldMakefile, old_makefile
from startos_wrapper.adopt.align.prerequisites import Prerequisites
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.makefile import IMAGE, Block, Makefile, all_blocks, read_blocks
from startos_wrapper.files.makefile_conversion import MAINTAINED, convert, includes_startos, needs_conversion
from startos_wrapper.files.source import Source
from startos_wrapper.terminal import shorten

_FILE = "Makefile"
_PART = "plumbing"
_INCLUDES = re.compile(r"[s-]?include\b")
# The first one that's free. A Makefile can have several rules for `clean`.
_CLEAN_NAMES = ("clean-service", *(f"clean-service-{number}" for number in range(2, 1000)))
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
        # Targets of startos.mk that a condition has a rule for, so that those outside of it must stay, too.
        self.conditional = {
            target for block in old.makefile.blocks if block.kind == "condition" for target in self._known(block)
        }
        # The settings for startos.mk, the blocks that stay, and the targets of those that startos.mk replaces.
        self.lines: list[str] = []
        self.kept: list[Kept] = []
        self.gone: dict[str, int] = {}
        self.cleaning: set[str] = set()

    def note(self, line: int, what: str, todo: str = "") -> None:
        self.plan.note(_PART, self.old.source.file, line, what, todo)

    def text(self, makefile: str) -> str:
        """Return the new Makefile. `makefile` is the template's."""
        if self.old.source.file != _FILE:
            self.plan.files[self.old.source.file] = None
            self.note(0, "removed, because make would read it instead of Makefile")
        self._settings()
        self.kept = [kept for block in self.old.makefile.blocks for kept in self._kept(block)]
        text = MakefileText(self.plan.wrapper, self.old, self.new, self.note).write(makefile, self.kept, self.lines)
        if self.gone:
            self.note(min(self.gone.values()), f"{MAINTAINED} has these rules of yours: {', '.join(self.gone)}")
        return text

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
        if not self._keeps("all"):
            first, last = self.needs.of_all()
            self.lines += [f"$(IMAGES): | {' '.join(first)}"] if first else []
            self.lines += [f"all: {' '.join(last)}"] if last else []

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
            return self._image_reason(block)
        if kind == "image" and target in ("image.tar", *(f"docker-images/{arch}.tar" for arch in self.old.images)):
            return self._image_reason(block)
        if kind == "image":
            return "startos.mk doesn't make it" if more else None
        if target in self.conditional:
            return "a condition has another rule for it"
        others = [word for word in block.needs if kind_of(self.old.makefile.expand(word)) in ("clean", "processor")]
        if target == "all" and others:
            return f"it also makes {' and '.join(others)}"
        if kind == "clean":
            return "its recipe has conditions" if has_conditions(block.text) and more else None
        if kind == "package" and "image.tar" in block.needs and not self.images.obstacle:
            return None
        if kind in ("goal", "package") and more:
            return f"it also runs `{shorten(more[0][1], 60)}`"
        if kind in ("goal", "processor") and target != "all" and (own := self.needs.of_goal(block.needs)):
            return f"it also makes {' and '.join(own)}"
        return None

    def _image_reason(self, block: Block) -> str | None:
        """Return why a rule for an image stays, or None if it doesn't. If one stays, they all do."""
        if (obstacle := self.images.obstacle) is None:
            return None
        for other, _ in self.old.rules():
            if other is not block and other.line <= obstacle.line < other.line + len(other.lines):
                return f"your rule in line {other.line} stays, too"
        return obstacle.what

    def _kept(self, block: Block) -> Iterator[Kept]:
        """Yield what stays of a block of the old Makefile, and add notes about the rest."""
        if block.kind == "condition":
            yield from self._condition(block)
        elif block.kind != "rule":
            replaces: tuple[str, ...] = ()
            if _INCLUDES.match(block.head):
                replaces = tuple(self._included_targets())
                instead = f", and its rules replace those in {MAINTAINED}: {', '.join(replaces)}" if replaces else ""
                self.note(block.line, f"`{shorten(block.head, 60)}` is kept{instead}")
            yield Kept(block, block.text, replaces)
        else:
            target = self.old.makefile.expand(block.name).removeprefix("./")
            kind = kind_of(target)
            if block.rule.variable:
                yield Kept(block, block.text)
            elif target == ".PHONY":
                yield Kept(block, block.text, is_phony=True)
            elif self._is_folder_of_images(target) or (
                kind == "own" and not any(block is each for each, _ in self.old.several)
            ):
                yield self._own(block, target)
            elif reason := self._reason(block, target):
                yield from self._replacing(block, target, reason)
            else:
                yield from self._replaced(block, target, kind)

    def _included_targets(self) -> Iterator[str]:
        """Yield the targets of startos.mk that have a recipe in the files that the author's Makefile includes."""
        for file in self.old.makefile.included:
            for block in all_blocks(file.blocks):
                names = self.old.makefile.expand(block.name).split() if block.has_recipe else []
                yield from (name for name in names if name in self.templates)

    def _is_folder_of_images(self, target: str) -> bool:
        """Return whether a rule makes the folder for images, which the author's rules for the images may need."""
        return target.rstrip("/") == "docker-images" and self.images.obstacle is not None

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
        return Kept(block, block.text, tuple(name for name in target.split() if name in self.templates))

    def _replacing(self, block: Block, target: str, reason: str) -> Iterator[Kept]:
        """Keep a rule for a target that startos.mk has, too."""
        if target == "image.tar" and (kept := self._image_tar(block, reason)):
            yield kept
            return
        instead = tuple("$(IMAGES)" if "%" in name else name for name in target.split())
        text = block.text
        if kind_of(target) == "package":
            instead = ("$(ID).s9pk",)
            text = self._with_images(block)
        if not block.has_recipe and any(name == target and each.has_recipe for each, name in self.old.rules()):
            # It only adds prerequisites to the rule with the recipe, whichever that is.
            instead = ()
        name = shorten(block.name, 60)
        instead_of = f" instead of the one in {MAINTAINED}" if instead else ""
        written = images_written(self.old.makefile, block) if kind_of(target) == "image" else []
        todo = f"write {target} in its recipe, which doesn't" if written and target not in written else ""
        self.note(block.line, f"your rule for {name} is kept{instead_of}, because {reason}", todo)
        yield Kept(block, text, instead)

    def _image_tar(self, block: Block, reason: str) -> Kept | None:
        """Keep a rule for image.tar, and make what is packed from what its recipe writes, or None if others do."""
        makefile = self.old.makefile
        tar = f"docker-images/{next((arch for arch, _, _ in self.old.builds), ARM)}.tar"
        written = images_written(makefile, block)
        packed = [file for file in written if file != "image.tar" and IMAGE.fullmatch(file)]
        what = f"your rule for image.tar is kept, because {reason}"
        if any(map(makefile.makes, packed or [tar])):
            return None
        if packed:
            names = " and ".join(packed)
            todo = f"name the rule {packed[0]}" if "image.tar" not in written and len(packed) == 1 else ""
            todo = todo and f"{todo}, or make runs it every time, because there's no image.tar"
            self.note(block.line, f"{what}; it writes {names}", todo)
            # The empty recipe replaces the one in startos.mk.
            return Kept(block, f"{block.text.rstrip()}\n\n{' '.join(packed)}: image.tar ;", tuple(packed))
        image = "image.tar" if "image.tar" in written else next(iter(written), "")
        if not written and not writes_no_image(makefile, block):
            image = "image.tar"
        if len(written) > 1 and image != "image.tar":
            image = ""
        if not image or re.search(r"[$\s'\"]", image):
            todo = f"remove the rule if that's what you pack, or write the image to {tar} in it"
            self.note(block.line, f"{what}; {MAINTAINED} makes {tar}, as your recipe doesn't", todo)
            return Kept(block, block.text)
        self.note(block.line, f"{what}; {tar} is a copy of {'it' if image == 'image.tar' else image}")
        copy = f"{tar}: image.tar\n\tmkdir -p docker-images\n\tcp {image} $@"
        return Kept(block, f"{block.text.rstrip()}\n\n{copy}", (tar,))

    def _with_images(self, block: Block) -> str:
        """Return a rule for the package that depends on $(IMAGES) instead of each image, as `make x86` needs it."""
        images = [word for word in block.needs if IMAGE.fullmatch(word)]
        if not images or "image.tar" in images:
            return block.text
        self.note(block.line, f"it depends on $(IMAGES) instead of {' and '.join(images)}, so that `make x86` works")
        text = block.text.replace(images[0], f"$$({OURS}IMAGES)", 1)
        for word in images[1:]:
            text = re.sub(rf"[ \t]+{re.escape(word)}(?=\s|$)", "", text, count=1)
        return text

    def _replaced(self, block: Block, target: str, kind: str) -> Iterator[Kept]:
        """Leave out a rule that startos.mk replaces, and report what it doesn't do."""
        more = unusual(block)
        if self.images.obstacle is None and any(block is each for each in self.old.images.values()):
            # The commands of these rules have been checked by themselves.
            more = [(line, text) for line, text in more if text.startswith("#")]
        if kind == "clean" and (block.needs or more):
            self.note(block.line, f"clean does what your rule did in addition to the one in {MAINTAINED}")
            yield Kept(block, "\n".join(self._clean(block, more)))
            return
        self.gone.setdefault(shorten(block.name, 60), block.line)
        if target == "image.tar" and self._needs_image_tar():
            yield self._old_name(block)
        comments = [*block.above, block.rule.comment, *(line for line in block.lines if line.startswith("#"))]
        if comments := list(filter(None, comments)):
            first = block.line - len(block.above)
            self.note(first, f"the comment on {target} is gone with its rule: {shorten(' '.join(comments), 80)}")
        for line, text in more:
            todo = "if you still need it, write a rule with it"
            self.note(line, f"{shorten(block.name, 60)} also ran `{shorten(text, 80)}`", todo)

    def _needs_image_tar(self) -> bool:
        """Return whether a rule needs image.tar, other than that for the package, which startos.mk replaces."""
        needs = (block.needs for block, target in self.old.rules() if kind_of(target) not in ("image", "package"))
        return any("image.tar" in map(self.old.makefile.expand, words) for words in needs)

    def _old_name(self, block: Block) -> Kept:
        """Return a rule for image.tar that makes it from what startos.mk makes."""
        if not any(block is each for each in self.old.images.values()):
            return Kept(block, block.text)
        tar = f"docker-images/{next((arch for arch, _, _ in self.old.builds), ARM)}.tar"
        written = images_written(self.old.makefile, block)
        self.note(block.line, f"image.tar is made from {tar}, because other rules of yours need it")
        return Kept(block, f"image.tar: {tar}" + ("\n\tcp $< $@" if "image.tar" in written or not written else " ;"))

    def _clean(self, block: Block, more: list[tuple[int, str]]) -> Iterator[str]:
        """Yield rules for what `clean` does in addition to the one in startos.mk, which has a recipe and runs later."""
        name = next(name for name in _CLEAN_NAMES if not (self.old.makefile.makes(name) or name in self.cleaning))
        self.cleaning.add(name)
        yield from [f".PHONY: {name}"] if more else []
        yield from block.above
        yield f"clean: {' '.join([*block.needs, *([name] if more else [])])}"
        if more:
            yield f"{name}:"
            yield from (f"\t{text}" for _, text in more)

    def _known(self, block: Block) -> list[str]:
        """Return the targets of rules in a condition that startos.mk has, too."""
        inner = [each for each in read_blocks(block.lines[1:-1]) if each.kind == "rule" and not each.rule.variable]
        targets = (self.old.makefile.expand(each.name).removeprefix("./") for each in inner)
        return [target for target in targets if kind_of(target) not in ("own", "special")]

    def _condition(self, block: Block) -> Iterator[Kept]:
        """Keep rules and variables in conditions. Rules for targets of startos.mk replace those."""
        if known := self._known(block):
            todo = f"remove them if {MAINTAINED} does what they do"
            self.note(block.line, f"rules in a condition replace those in {MAINTAINED}: {', '.join(known)}", todo)
        elif any(each.kind == "rule" for each in read_blocks(block.lines[1:-1])):
            self.note(block.line, f"`{shorten(block.head, 60)}` is kept")
        replaced = tuple("$(ID).s9pk" if kind_of(target) == "package" else target for target in known)
        yield Kept(block, block.text, replaced)
