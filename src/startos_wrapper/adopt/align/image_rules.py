"""Find out whether startos.mk can build the images as the author's rules do, and with which settings.

A rule that does anything else stays as it is, and replaces the one in startos.mk.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from startos_wrapper.adopt.align.image_output import plain_path
from startos_wrapper.adopt.align.known_targets import has_conditions
from startos_wrapper.adopt.align.old_makefile import GUARD, OldMakefile, old_makefile
from startos_wrapper.data import processors
from startos_wrapper.files.build_output import read_output
from startos_wrapper.files.builds import WrittenBuild, written_builds
from startos_wrapper.files.makefile import Block, masked
from startos_wrapper.files.shell.calls import Call, read_calls
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.terminal import shorten

# Docker's and make's names of the architectures, for build arguments that have the same value.
_LABELS = {name: processor.docker for name, processor in processors().items()}
# What startos.mk passes, or passes for us.
_OWN_OPTIONS = {"--tag", "--platform", "--output", "--file", "--load"}
# The image that StartOS runs. Very old SDKs took a name without the last part.
_TAG = re.compile(r"start9/(?:\$\([^()]*\)|[^/:\s$])+(?:/main)?(?::.+)?")
_HERE = {".", "./", "$(CURDIR)", "${CURDIR}", "$(PWD)", "${PWD}", "$(shell pwd)"}
# Programs that change nothing.
_ASIDE = {"echo", "printf", "true", ":", "exit", "sleep", "date"}
_HARMLESS = re.compile(r"(?:[12]?>>?|&>)\s*/dev/null|2?>&[12]")
# Settings of Docker that startos.mk doesn't need.
_SETTING = re.compile(r"(?:DOCKER_CLI_EXPERIMENTAL|DOCKER_BUILDKIT|BUILDKIT_PROGRESS)=")
# In startos.mk, these mean something else than in the author's rule.
_OF_THE_RULE = re.compile(r"\$(?:[<^+?|%]|\([<^+?|%*@][DF]?\))")


@dataclass(frozen=True)
class Obstacle:
    """Why startos.mk can't build an image as the author's rule does: the line in the Makefile, and what it does."""

    line: int
    what: str


class ImageRules:
    """The author's rules for the images."""

    def __init__(self, old: OldMakefile) -> None:
        self.old = old

    @cached_property
    def obstacle(self) -> Obstacle | None:
        """The first thing that startos.mk can't do, or None if it can build the images."""
        return next(self._obstacles(), None)

    def _obstacles(self) -> Iterator[Obstacle]:
        for block, targets in self.old.several:
            yield Obstacle(block.line, f"one rule makes {' and '.join(targets)}")
        for arch, block in self.old.images.items():
            yield from self._in_rule(arch, block)
        files = sorted({self._path(build.file or "") for _, _, build in self.old.builds})
        if len(files) > 1:
            yield Obstacle(self.old.builds[0][1], f"there are several Dockerfiles: {', '.join(files)}")

    def _path(self, file: str) -> str:
        return self.old.makefile.expand(file).strip("'\"").removeprefix("./") or "Dockerfile"

    def _in_rule(self, arch: str, block: Block) -> Iterator[Obstacle]:
        if has_conditions(GUARD.sub(r"\1", block.text)):
            yield Obstacle(block.line, "its recipe has conditions")
        builds = [(line, build) for line, text in block.recipe for build in written_builds(text)]
        if len(builds) != 1 and block.recipe:
            yield Obstacle(block.line, f"it runs `docker build` {len(builds)} times" if builds else "it doesn't build")
        for line, build in builds:
            if what := self._in_build(arch, block, build):
                yield Obstacle(line, what)
        for line, text in block.recipe:
            if not text.startswith("#") and not all(map(self._is_usual, read_calls(masked(text.lstrip("@+- "))))):
                yield Obstacle(line, f"it also runs `{shorten(text, 60)}`")

    def _is_usual(self, call: Call) -> bool:
        """Return whether a command of an image's recipe is part of what startos.mk does."""
        if any(not _SETTING.match(word.text) for word in call.assigned):
            return False
        if call.piped or any(not _HARMLESS.fullmatch(word.text) for word in call.redirections):
            return call.program == "docker" and call.texts[:1] == ("save",) and not call.piped
        if call.program == "mkdir":
            return all(word.startswith(("-", "docker-images", "./docker-images")) for word in call.texts)
        if call.program == "docker":
            return "build" in call.texts[:2] or call.texts[:1] == ("save",) or call.texts[:2] == ("buildx", "version")
        return not call.words or call.program in _ASIDE

    def _in_build(self, arch: str, block: Block, build: WrittenBuild) -> str | None:
        """Return what a build does that startos.mk can't do."""
        expand = self.old.makefile.expand
        context = expand(build.context or "").strip("'\"")
        platforms = [expand(value).removeprefix("linux/") for value in build.values("--platform")]
        arches = [name for name, each in processors().items() if {*platforms} & {*each.platforms}]
        if build.program != "docker":
            return f"it builds with {build.program}"
        if len(build.places) != 1 or context not in _HERE:
            return f"it builds in {build.context or 'no folder'}"
        if [value for value in build.values("--tag") if not _TAG.fullmatch(expand(value))]:
            return f"it makes the image {build.values('--tag')[0]}"
        if len(build.values("--tag")) > 1 or len(platforms) > 1 or (platforms and not arches):
            return "it has several tags or platforms"
        if arch and arches and arch not in arches:
            return f"it builds for {platforms[0]}"
        if what := self._elsewhere(arch, block, build):
            return what
        if found := next((raw for _, raw, _ in build.options if _OF_THE_RULE.search(raw)), None):
            return f"it passes {found}"
        return "it pushes the image" if build.values("--push") else None

    def _elsewhere(self, arch: str, block: Block, build: WrittenBuild) -> str | None:
        """Return what a build writes, unless startos.mk makes that, too, or None."""
        makefile = self.old.makefile
        wanted = {makefile.expand(block.name).removeprefix("./")}
        # The target may be image.tar, while the recipe writes what startos.mk packs.
        wanted |= set() if arch else {f"docker-images/{self.old.arch(build)}.tar"}
        for output in (read_output(makefile.expand(value)) for value in build.values("--output")):
            path = plain_path(makefile, block, output.path)
            if not (output.loads or (output.kind == "docker" and path in wanted)):
                return f"it writes {replace(output, path=path)}"
        return None

    # --- What startos.mk passes to docker buildx build ---------------------------------------------------------------

    def lines(self, renamed: set[str]) -> list[str]:
        """Return the settings for startos.mk that pass the same options. `renamed` are arguments that are gone."""
        lines: list[str] = []
        words: list[str] = []
        arches = {arch for arch, _, _ in self.old.builds}
        shared = {name for name, values in self.old.arguments.items() if values.keys() >= arches}
        for name, values in self.old.arguments.items():
            if name in shared - renamed:
                words.append(f"--build-arg {name}={self._value(name, values, lines)}")
        others = {arch: " ".join(self._others(build, shared | renamed)) for arch, _, build in self.old.builds}
        if len(set(others.values())) > 1:
            lines += [f"OPTIONS_{arch} := {options}" for arch, options in others.items()]
            words.append("$(OPTIONS_$*)")
        elif option := next(iter(others.values()), ""):
            words.append(option)
        file = next((self._path(build.file or "") for _, _, build in self.old.builds), "Dockerfile")
        if file != "Dockerfile":
            words.append(f"--file {file}")
            lines.append(f"SOURCES := $(filter-out Dockerfile,$(SOURCES)) {file}")
        return [*lines, f"BUILD_ARGS = {' '.join(words)}"] if words else lines

    def _others(self, build: WrittenBuild, known: set[str]) -> list[str]:
        """Return the options of a build, as they're written, except known arguments and what startos.mk passes."""
        return [
            raw
            for name, raw, value in build.options
            if name not in _OWN_OPTIONS
            and not (name == "--build-arg" and "=" in value and value.partition("=")[0] in known)
        ]

    def _value(self, name: str, values: dict[str, str], lines: list[str]) -> str:
        """Return the value of a build argument for any architecture, as it's written in the template's recipe."""
        if all(value == arch for arch, value in values.items()):
            return "$*"
        if all(value == _LABELS.get(arch) for arch, value in values.items()):
            return "$(notdir $(PLATFORM_$*))"
        if len(set(values.values())) == 1:
            return next(iter(values.values()))
        lines += [f"{name}_{arch} := {value}" for arch, value in values.items()]
        return f"$({name}_$*)"


@lru_cache(maxsize=1)
def keeps_its_images(wrapper: Wrapper) -> bool:
    """Return whether the author's rules for the images stay, because startos.mk can't do what they do."""
    old = old_makefile(wrapper)
    return old is not None and ImageRules(old).obstacle is not None
