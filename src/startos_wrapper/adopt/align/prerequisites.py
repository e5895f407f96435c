"""What the author's images and package depend on, beyond what startos.mk covers: as settings for startos.mk."""

import re
from collections.abc import Iterator, Sequence

from startos_wrapper.adopt.align.known_targets import kind_of
from startos_wrapper.adopt.align.old_makefile import ARM, OldMakefile, by_order
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.makefile import WORD, Makefile
from startos_wrapper.files.wrapper import MANIFESTS

# Prerequisites of a package or an image that startos.mk already has or doesn't need.
_USUAL = {"Dockerfile", "docker_entrypoint.sh", "image.tar", "docker-images", *MANIFESTS}
_ASSETS = re.compile(r"assets/.*|\./assets.*|\$\(ASSET_PATHS\)|\$\(ASSETS\)|\$\(S9PK_PATH\)")
_ONE_ARCH = re.compile(r"aarch64|arm64|x86_64|amd64")


class Prerequisites:
    """The additional prerequisites in the author's Makefile. `new` is startos.mk."""

    def __init__(self, plan: Plan, old: OldMakefile, new: Makefile) -> None:
        self.plan = plan
        self.old = old
        self.new = new

    def of_images(self) -> list[str]:
        """Return the lines for the images, for all architectures or for one."""
        lines: list[str] = []
        needs = {arch: self._extra(self.old.needs(arch)[0]) for arch in self.old.images}
        every = [word for words in needs.values() for word in words]
        shared = [
            word
            for word in dict.fromkeys(every)
            if (len(needs) == 1 and not _ONE_ARCH.search(word))
            or (len(needs) > 1 and all(word in words for words in needs.values()))
        ]
        usual = self.new.expand("$(SOURCES)").split()
        shared = [word for word in shared if word not in usual]
        lost = [
            file
            for file in ("Dockerfile", "docker_entrypoint.sh")
            if file in usual and not (self.plan.wrapper.is_file(file) or self.plan.wrapper.made(file))
        ]
        if lost:
            lines.append(f"SOURCES := $(filter-out {' '.join(lost)},$(SOURCES))")
        if shared:
            lines.append(f"SOURCES += {' '.join(shared)}")
        alone = next((arch for arch, _, _ in self.old.builds), ARM)
        for arch, words in needs.items():
            if own := [word for word in dict.fromkeys(words) if word not in shared and word not in usual]:
                lines.append(f"docker-images/{arch or alone}.tar: {' '.join(own)}")
            if first := list(dict.fromkeys(self._extra(self.old.needs(arch)[1]))):
                lines.append(f"{f'docker-images/{arch}.tar' if arch else '$(IMAGES)'}: | {' '.join(first)}")
        return lines

    def of_package(self) -> list[str]:
        """Return the lines for the package."""
        known = WORD.findall(next(each.head for each in self.new.blocks if ".s9pk" in each.name))
        lines = []
        for block, target in self.old.rules():
            if kind_of(target) != "package":
                continue
            for needs, bar in zip(by_order(block.needs), ("", "| "), strict=True):
                words = [word for word in self._extra(needs) if word not in known and not _ASSETS.fullmatch(word)]
                # Files from an older Makefile may no longer exist. startos.mk lists the package's own files.
                words = [word for word in dict.fromkeys(words) if "$" in word or self._exists(word)]
                if words:
                    lines.append(f"$(ID).s9pk: {bar}{' '.join(words)}")
        return lines

    def missing(self) -> Iterator[tuple[int, str]]:
        """Yield the prerequisites of the package that don't exist, each with the line of the rule."""
        for block, target in self.old.rules():
            if kind_of(target) == "package":
                for word in self._extra(block.needs):
                    if "$" not in word and not self._exists(word) and not _ASSETS.fullmatch(word):
                        yield block.line, word

    def of_all(self) -> tuple[list[str], list[str]]:
        """Return what `all` makes before the package, such as fetching submodules, and what it makes after that."""
        words = [word for block, target in self.old.rules() if target == "all" for word in block.needs if word != "|"]
        kinds = [kind_of(self.old.makefile.expand(word)) for word in words]
        at = next((at for at, kind in enumerate(kinds) if kind != "own"), 0)
        return words[:at], [word for word, kind in zip(words[at:], kinds[at:], strict=True) if kind == "own"]

    def of_goal(self, needs: Sequence[str]) -> list[str]:
        """Return what a goal such as `install` makes in addition to the package."""
        words = (word for word in self._extra(needs) if not _ASSETS.fullmatch(word))
        expanded = ((word, self.old.makefile.expand(word)) for word in words)
        return [word for word, text in expanded if kind_of(text) == "own" and ".s9pk" not in text]

    def _extra(self, needs: Sequence[str]) -> list[str]:
        return [
            word
            for word in needs
            if word != "|"
            and word.removeprefix("./").rstrip("/") not in _USUAL
            and kind_of(word) not in ("image", "package")
        ]

    def _exists(self, word: str) -> bool:
        name = self.old.makefile.expand(word).removeprefix("./")
        return "*" in name or self.plan.wrapper.is_file(name) or self.old.makefile.makes(name)
