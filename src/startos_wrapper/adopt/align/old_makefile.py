"""Read the author's Makefile: which rules build the images, and with which arguments."""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

from startos_wrapper.adopt.align.image_output import images_of
from startos_wrapper.adopt.align.known_targets import unusual
from startos_wrapper.data import processors
from startos_wrapper.files.builds import WrittenBuild, written_builds
from startos_wrapper.files.makefile import IMAGE, Block, Makefile
from startos_wrapper.files.wrapper import Wrapper

ARM, INTEL = "aarch64", "x86_64"
_PLATFORM = re.compile(rf"linux/({'|'.join(each.docker for each in processors().values())})\b")
# Older Makefiles skip a recipe this way if they only build for the other architecture.
GUARD = re.compile(r"^ifeq \(\$\(ARCH\),\s*\w+\)\nelse\n((?:(?:\t.*|[ ]*|#.*)\n)*)endif$", re.MULTILINE)


def by_order(needs: list[str]) -> tuple[list[str], list[str]]:
    """Return the prerequisites that make a target anew, and those that are order-only."""
    at = needs.index("|") if "|" in needs else len(needs)
    return needs[:at], needs[at + 1 :]


class OldMakefile:
    """The author's Makefile."""

    def __init__(self, makefile: Makefile) -> None:
        self.source = makefile.source
        self.makefile = makefile

    def rules(self) -> Iterator[tuple[Block, str]]:
        """Yield the rules outside of conditions, each with the path of its target, without variables of targets."""
        for block in self.makefile.blocks:
            if block.kind == "rule" and not block.rule.variable:
                yield block, self.makefile.expand(block.name).removeprefix("./")

    @cached_property
    def images(self) -> dict[str, Block]:
        """The rules that build the images, by architecture. The key of image.tar is empty.

        If there are several for an image, the last one that has a recipe counts, as for make. A rule that only copies
        another image doesn't.
        """
        found: dict[str, Block] = {}
        for block, target in self.rules():
            match = IMAGE.fullmatch(target)
            if match is None or match[1] not in (None, *processors()) or self._is_copy(block):
                continue
            arch = match[1] or ""
            if block.has_recipe or arch not in found:
                found[arch] = block
        return found

    def needs(self, arch: str) -> tuple[list[str], list[str]]:
        """Return the prerequisites of an image in all its rules, and the order-only ones.

        A rule without a recipe adds some.
        """
        target = f"docker-images/{arch}.tar" if arch else "image.tar"
        orders = [by_order(block.needs) for block, name in self.rules() if name == target]
        return [word for words, _ in orders for word in words], [word for _, words in orders for word in words]

    def _is_copy(self, block: Block) -> bool:
        """Return whether a rule only copies another image: to pack a single one, or for older servers."""
        other = any(IMAGE.fullmatch(self.makefile.expand(word).removeprefix("./")) for word in block.needs)
        return other and block.has_recipe and not unusual(block) and not any(written_builds(t) for _, t in block.recipe)

    @cached_property
    def several(self) -> list[tuple[Block, list[str]]]:
        """The rules that make several images, by several targets or a pattern."""
        found = ((block, target.split()) for block, target in self.rules())
        return [
            (block, targets)
            for block, targets in found
            if not block.lines[0][:1].isspace()
            and any(map(IMAGE.fullmatch, targets))
            and (len(targets) > 1 or "%" in targets[0])
        ]

    @property
    def is_of_one_processor(self) -> bool:
        """Whether it only builds image.tar for arm64, which was once the only option."""
        return set(self.images) == {""} and {arch for arch, _, _ in self.builds} == {ARM}

    @cached_property
    def builds(self) -> list[tuple[str, int, WrittenBuild]]:
        """The commands that build images: architecture, line, and build."""
        return [
            (arch or self.arch(build), line, build)
            for arch, block in self.images.items()
            for line, text in block.recipe
            for build in written_builds(text)
        ]

    def arch(self, build: WrittenBuild) -> str:
        """Return the architecture of a build: from its platform or, failing that, from the tar that it writes.

        Without either, it's arm64, which all servers had then.
        """
        given = _PLATFORM.search(self.makefile.expand(" ".join(build.values("--platform"))))
        if given:
            return next(name for name, each in processors().items() if each.docker == given[1])
        tars = filter(None, map(IMAGE.fullmatch, images_of(self.makefile, build)))
        return next((tar[1] for tar in tars if tar[1] in processors()), ARM)

    @cached_property
    def arguments(self) -> dict[str, dict[str, str]]:
        """The build arguments: name, architecture, and unexpanded value."""
        found: dict[str, dict[str, str]] = {}
        for arch, _, build in self.builds:
            for name, value in build.arguments:
                found.setdefault(name, {})[arch] = value
        return found


@lru_cache(maxsize=1)
def old_makefile(wrapper: Wrapper) -> OldMakefile | None:
    return OldMakefile(wrapper.makefile) if wrapper.makefile else None


def arguments_of(wrapper: Wrapper) -> dict[str, dict[str, str]]:
    """Return the build arguments in the wrapper's Makefile: name, architecture, and unexpanded value."""
    old = old_makefile(wrapper)
    return old.arguments if old else {}
