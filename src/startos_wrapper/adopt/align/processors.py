"""Make the author's Dockerfile work for several architectures: change what is mechanical, and report the rest."""

import re
from collections.abc import Iterable

from startos_wrapper.adopt.align.old_makefile import arguments_of
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.data import processors
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.files.word import Word

_PART = "build"
# Docker's names of the architectures, by StartOS's names.
PLATFORMS = {name: processor.docker for name, processor in processors().items()}
# Docker Hub namespaces with official images for a single architecture, e.g. arm64v8.
_REPOSITORY_ARCH = {name: arch for arch, processor in processors().items() for name in processor.repositories}
_REPOSITORY = re.compile(rf"(?:(?:docker\.io|index\.docker\.io)/)?({'|'.join(_REPOSITORY_ARCH)})/(?=[^/]+$)")
_PLATFORM_ARCH = {name: arch for arch, processor in processors().items() for name in processor.platforms}
_PLATFORM = re.compile(rf"(?:linux/)?({'|'.join(sorted(_PLATFORM_ARCH, reverse=True))})")
_ARM = r"arm64v8|arm64|aarch64|armv8|armhf|armv7l?|arm32v7|arm"
_INTEL = r"amd64|x86[_-]64|x64"
_NAMED = re.compile(rf"(?<![A-Za-z0-9])(?:(?P<arm>{_ARM})|(?P<intel>{_INTEL}))(?![A-Za-z0-9])")
_URL = re.compile(r"https?://[^\s\"'|;)]+")
# yq has a download for each of Docker's names. So even `arm` can be replaced.
_YQ = re.compile(r"(?<=yq_linux_)(?:arm64|arm|amd64)(?![A-Za-z0-9_])")
_SUM = re.compile(r"\b(?:sha(?:1|224|256|384|512)|md5|b2)sum\b|\bshasum\b|--checksum=")
_AS_DOCKER = set(PLATFORMS.values())
# Names that make has as `$*`, but Docker has no argument for.
_BY_MAKE = set(PLATFORMS)
_ARCH = "ARG ARCH (aarch64 or x86_64, with `BUILD_ARGS = --build-arg ARCH=$*` in the Makefile)"
_ARCHES = "TARGETARCH (arm64 or amd64, after `ARG TARGETARCH` in this stage)"


def for_all_processors(image: str) -> str:
    """Return the multi-architecture image for a single-architecture image, or the image itself."""
    match = None if "@" in image else _REPOSITORY.match(image)
    return image[match.end() :] if match else image


def align_dockerfile(plan: Plan) -> None:
    """Plan `plan.dockerfile` for all architectures in the answers, and add notes about what the author has to do."""
    dockerfile = plan.dockerfile
    if dockerfile is None:
        plan.note(_PART, "Dockerfile", 0, "the build doesn't use it, so nothing was changed")
        return
    edits = _Edits(plan, dockerfile)
    edits.bases()
    edits.platform_argument()
    edits.downloads()
    edits.apply()


class _Edits:
    """The changes in a Dockerfile, as replacements of spans of its text."""

    def __init__(self, plan: Plan, dockerfile: Dockerfile) -> None:
        self.plan = plan
        self.dockerfile = dockerfile
        self.source = dockerfile.source
        self.edits: list[tuple[int, int, str]] = []
        # Names of arguments that are replaced with TARGETARCH.
        self.renamed: set[str] = set()

    def apply(self) -> None:
        if not self.edits:
            return
        text = self.source.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        data = self.source.encode(text)
        self.plan.files[self.source.file] = data
        self.plan.dockerfile = Dockerfile(Source(self.source.file, data), self.dockerfile.given)

    def note(self, at: int, what: str, todo: str = "") -> None:
        self.plan.note(_PART, self.source.file, self.source.place(at).line, what, todo)

    # --- Images ------------------------------------------------------------------------------------------------------

    def bases(self) -> None:
        """Remove architectures from the images in FROM and COPY --from."""
        for instruction in self.dockerfile.instructions:
            if instruction.name == "FROM" and instruction.words:
                self._platform(instruction)
                self._image(instruction.words[0])
            for word in instruction.flags.get("from", []) if instruction.name == "COPY" else []:
                if self.dockerfile.stage(word.text) is None:
                    self._image(word)

    def _fits(self, arch: str) -> bool:
        return set(self.plan.arches) <= {arch}

    def _platform(self, instruction: Instruction) -> None:
        for word in instruction.flags.get("platform", []):
            match = _PLATFORM.fullmatch(word.text)
            start = word.start - len("--platform=")
            if match is None or self._fits(_PLATFORM_ARCH[match[1]]):
                continue
            if self.source.text[start : word.end] != f"--platform={word.text}":
                self.note(word.start, f"this stage is only for {word.text}", "remove --platform")
                continue
            rest = self.source.text[word.end :]
            self.edits.append((start, word.end + len(rest) - len(rest.lstrip(" \t")), ""))
            self.note(word.start, f"removed --platform={word.text}, because the Makefile sets the architecture")

    def _image(self, word: Word) -> None:
        match = _REPOSITORY.match(word.text)
        if match and not self._fits(_REPOSITORY_ARCH[match[1]]):
            if "@" in word.text or self.source.text[word.start : word.end] != word.text:
                self.note(
                    word.start, f"{word.text} is an image for one architecture", f"use {word.text[match.end() :]}"
                )
                return
            self.edits.append((word.start, word.end, word.text[match.end() :]))
            what = f"{word.text} is now {word.text[match.end() :]}, which exists for all architectures"
            self.note(word.start, what)
            return
        named = None if match else _NAMED.search(word.text)
        if named and not self._fits("aarch64" if named["arm"] else "x86_64"):
            todo = "use an image for all of them, or write a stage for each and choose it with ${TARGETARCH} in FROM"
            self.note(word.start, f"{word.text} seems to be an image for one architecture", todo)

    # --- Arguments ---------------------------------------------------------------------------------------------------

    def platform_argument(self) -> None:
        """Replace arguments that have the same value as TARGETARCH, which Docker sets."""
        given = arguments_of(self.plan.wrapper)
        assigned = {name for each in self.dockerfile.instructions for name in _assigned(each)}
        for instruction in self.dockerfile.instructions:
            for word in instruction.words if instruction.name == "ARG" else []:
                name, _, default = word.text.partition("=")
                values = set(given.get(name, {}).values()) or {default}
                if name == "TARGETARCH" or name in assigned or not values <= _AS_DOCKER:
                    continue
                self.renamed.add(name)
                self.edits.append((word.start, word.end, "TARGETARCH"))
                self.note(word.start, f"ARG {name} is now TARGETARCH, which Docker sets to the same value")
        for name in self.renamed:
            for match in re.finditer(rf"\$(?:\{{{name}\b[^{{}}]*\}}|{name}\b)", self.source.text):
                if not self._in_arg(match.start()):
                    self.edits.append((*match.span(), "${TARGETARCH}"))

    def _in_arg(self, at: int) -> bool:
        return any(start <= at < end for start, end, _ in self.edits)

    # --- Downloads ---------------------------------------------------------------------------------------------------

    def downloads(self) -> None:
        """Make downloads of yq depend on the architecture, and report everything else for a single architecture."""
        for instruction in self.dockerfile.instructions:
            if instruction.name in ("FROM", "LABEL", "MAINTAINER") or self._comes_from_make(instruction):
                continue
            found = list(_NAMED.finditer("\n".join(code for _, code in _pieces(instruction))))
            families = {bool(match["arm"]) for match in found}
            # An instruction that mentions both already handles both.
            if len(families) != 1 or self._fits("aarch64" if families == {True} else "x86_64"):
                continue
            if not self._of_yq(instruction):
                self._others(instruction)

    def _comes_from_make(self, instruction: Instruction) -> bool:
        """Return whether an ARG gets its value from Docker or the Makefile, so that its default doesn't matter."""
        names = {word.text.partition("=")[0] for word in instruction.words}
        return instruction.name == "ARG" and names <= {*self.renamed, *arguments_of(self.plan.wrapper)}

    def _of_yq(self, instruction: Instruction) -> bool:
        """Change downloads of yq in an instruction. Return whether that covers all architectures mentioned in it."""
        if instruction.name not in ("RUN", "ADD") or instruction.listed is not None or instruction.scripts:
            return False
        found = list(_YQ.finditer(instruction.code))
        left = _NAMED.search(re.sub(r"yq_linux_\w+", "", instruction.code))
        if not found or left or _SUM.search(instruction.code) or "'" in instruction.code:
            return False
        for match in found:
            self.edits.append((instruction.start + match.start(), instruction.start + match.end(), "${TARGETARCH}"))
        if not self._has_argument(instruction):
            self.edits.append((instruction.start, instruction.start, f"ARG TARGETARCH{self._end}"))
        self.note(instruction.start + found[0].start(), "yq is now downloaded for the architecture of the image")
        return True

    @property
    def _end(self) -> str:
        return "\r\n" if "\r\n" in self.source.text else "\n"

    def _has_argument(self, instruction: Instruction) -> bool:
        """Return whether the stage declares TARGETARCH before an instruction, or will after the changes."""
        names = {"TARGETARCH", *self.renamed}
        inserted = {start for start, end, _ in self.edits if start == end}
        for each in instruction.stage.instructions if instruction.stage else []:
            if each is instruction:
                break
            if each.start in inserted:
                return True
            if each.name == "ARG" and any(word.text.partition("=")[0] in names for word in each.words):
                return True
        return False

    def _others(self, instruction: Instruction) -> None:
        seen: set[int] = set()
        for start, code in _pieces(instruction):
            addresses = {match.span(): match[0] for match in _URL.finditer(code)}
            for match in _NAMED.finditer(code):
                at = start + match.start()
                line = self.source.place(at).line
                if line in seen:
                    continue
                seen.add(line)
                address = next((text for (a, b), text in addresses.items() if a <= match.start() < b), None)
                if address:
                    todo = f"make it and its checksum depend on {_ARCHES}"
                    self.note(at, f"{address} is for one architecture", todo)
                else:
                    todo = f"if so, make it depend on {_ARCH if match[0] in _BY_MAKE else _ARCHES}"
                    self.note(at, f"{instruction.name} mentions {match[0]}, so it may be for one architecture", todo)


def _pieces(instruction: Instruction) -> list[tuple[int, str]]:
    """Return the texts of an instruction without the flags of COPY, and their offsets."""
    first = instruction.words[0].start if instruction.name == "COPY" and instruction.words else instruction.start
    return [(first, instruction.code[first - instruction.start :]), *instruction.scripts]


def _assigned(instruction: Instruction) -> Iterable[str]:
    """Yield the names that an ENV or a shell sets, which therefore aren't only arguments."""
    if instruction.name == "ENV":
        for word in instruction.words:
            yield word.text.partition("=")[0]
    for call in instruction.calls:
        for word in (*call.assigned, *call.args):
            if match := re.match(r"(\w+)=", word.text):
                yield match[1]
