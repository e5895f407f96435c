"""Read the author's Makefile: which rules build the images, and with which arguments."""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

from startos_wrapper.data import processors
from startos_wrapper.files.builds import WrittenBuild, written_builds
from startos_wrapper.files.makefile import Block, Makefile
from startos_wrapper.files.wrapper import Wrapper

ARM, INTEL = "aarch64", "x86_64"
_IMAGE = re.compile(rf"docker-images/({'|'.join(processors())})\.tar|image\.tar")


class OldMakefile:
    """The author's Makefile."""

    def __init__(self, makefile: Makefile) -> None:
        self.source = makefile.source
        self.makefile = makefile

    def rules(self) -> Iterator[tuple[Block, str]]:
        """Yield the rules outside of conditions, each with the path of its target."""
        for block in self.makefile.blocks:
            if block.kind == "rule":
                yield block, self.makefile.expand(block.name).removeprefix("./")

    @cached_property
    def images(self) -> dict[str, Block]:
        """The rules that build the images, by architecture. The key of image.tar is empty."""
        found: dict[str, Block] = {}
        for block, target in self.rules():
            if match := _IMAGE.fullmatch(target):
                found[match[1] or ""] = block
        return found

    @property
    def is_of_one_processor(self) -> bool:
        """Whether it only builds image.tar for arm64, which was once the only option."""
        return set(self.images) == {""} and {arch for arch, _, _ in self.builds} == {ARM}

    @cached_property
    def builds(self) -> list[tuple[str, int, WrittenBuild]]:
        """The commands that build images: architecture, line, and build."""
        return [
            (arch or (INTEL if "linux/amd64" in text else ARM), line, build)
            for arch, block in self.images.items()
            for line, text in block.recipe
            for build in written_builds(text)
        ]

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
