"""Write the author's Makefile anew: it includes the template's startos.mk, and has everything that isn't in there."""

import re
from collections.abc import Sequence

from startos_wrapper.adopt.align.old_makefile import ARM, INTEL, OldMakefile, old_makefile
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.makefile import ASSIGNMENT, WORD, Block, Makefile, read_blocks
from startos_wrapper.files.makefile_conversion import MAINTAINED, convert, includes_startos, needs_conversion
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import MANIFESTS
from startos_wrapper.terminal import shorten

_FILE = "Makefile"
_PART = "plumbing"
_NAME = re.compile(r"\$[({]([\w.-]+)[:)}]")
# `PKG_ID := $(shell yq e ".id" manifest.yaml)`. startos.mk has ID and VERSION for this.
_FROM_MANIFEST = re.compile(r"\$\(shell\s+(?:yq|cat)\b[^()]*[\s'\"]\.(id|version)['\"]?[\s)|][^()]*\)?\s*\Z")
_LABELS = {ARM: "arm64", INTEL: "amd64"}

# A variable that a condition tests without a dollar sign.
_TESTED = re.compile(r"^ifn?def +([\w.-]+)", re.MULTILINE)

# Targets of Start9's old template, which startos.mk replaces.
_KNOWN = {"all", "verify", "install", "clean", "arm", "x86", "clean-manifest", "rebranding", "image.tar"}
_KNOWN |= {".DELETE_ON_ERROR", ".PHONY", ".DEFAULT_GOAL", "docker-images"}
# The usual commands in their recipes.
_USUAL = re.compile(
    r"""(?:@|-)*\s*(?:(?:DOCKER_\w+=\S+\s+)*(?:docker|podman)\ (?:buildx\ )?build\b.*|docker\ save\b.*
    |(?:start|embassy)-(?:sdk|cli)\b.*|echo\b.*|mkdir\ -p\ \S*docker-images\S*|\#.*|fi;?|else|\$\(info\b.*
    |(?:ARCH=\S+\ )?\$\(MAKE\)(?:\ -s)?|if\ .*(?:embassy/config|ARCH).*|\[\ -f\ \$\(\w+\)\.s9pk\ \].*|printf\b.*
    |docker\ buildx\ version\b.*|true|:|exit\ \d+.*)""",
    re.VERBOSE | re.DOTALL,
)
_REMOVES = re.compile(r"@?-?rm -\w+ +(.*)")
_REMOVED = re.compile(r"image\.tar|docker-images.*|(?:\S+|\$\(\w+\))\.s9pk|\.build|\.data")
_INCLUDES = re.compile(r"[s-]?include\b")
# Older Makefiles skip a recipe this way if they only build for the other architecture.
_GUARD = re.compile(r"^ifeq \(\$\(ARCH\),\s*\w+\)\nelse\n((?:(?:\t.*|[ ]*|#.*)\n)*)endif$", re.MULTILINE)
# Prerequisites of a package or an image that startos.mk already has or doesn't need.
_USUAL_NEEDS = {"Dockerfile", "docker_entrypoint.sh", "image.tar", "|", "docker-images", *MANIFESTS}
_ASSETS = re.compile(r"assets/.*|\./assets.*|\$\(ASSET_PATHS\)|\$\(ASSETS\)|\$\(S9PK_PATH\)")


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
        text += _carried(plan, old)
    plan.files[_FILE] = text.encode()


def _carried(plan: Plan, old: OldMakefile) -> str:
    """Return what a Makefile of the author's own does and startos.mk doesn't. It belongs below `include startos.mk`."""
    if old.source.file != _FILE:
        plan.files[old.source.file] = None
        plan.note(_PART, old.source.file, 0, "removed, because make would read it instead of Makefile")
    if old.is_of_one_processor and INTEL in plan.arches:
        what = "there was only an image for arm64, and now there's one for PCs, too"
        todo = f"try `make {INTEL}`, or change the answer `arches` to [{ARM}] if the service can't run there"
        plan.note(_PART, old.source.file, old.images[""].line, what, todo)
    carried = _Carried(plan, old)
    carried.gather()
    text = carried.text()
    return f"\n{text}" if text else ""


class _Carried:
    """The content of the old Makefile that the new one keeps."""

    def __init__(self, plan: Plan, old: OldMakefile) -> None:
        self.plan = plan
        self.old = old
        self.new = Makefile(Source(MAINTAINED, plan.rendered[MAINTAINED].encode()))
        self.templates = {target for _, targets, _ in self.new.rules for target in targets}
        self.lines: list[str] = []
        self.rules: list[Block] = []

    def note(self, line: int, what: str, todo: str = "") -> None:
        self.plan.note(_PART, self.old.source.file, line, what, todo)

    def gather(self) -> None:
        self._own_rules()
        self._sources()
        self._package()
        self._arguments()
        self._goals()
        self._recipes()
        self._conditions()

    # --- Rules -------------------------------------------------------------------------------------------------------

    def _known(self, target: str) -> bool:
        return target in _KNOWN or target.endswith(".s9pk") or target.startswith("docker-images/")

    def _own_rules(self) -> None:
        for block, target in self.old.rules():
            if not target or self._known(target):
                continue
            self.rules.append(block)
            replaces = f", and replaces the one in {MAINTAINED}" if target in self.templates else ""
            self.note(block.line, f"your rule for {target} is kept{replaces}")
            if re.search(r"\bdeno bundle\b", block.text):
                todo = (
                    "run a bundler from a script instead, e.g. `deno run scripts/bundle.ts`, or write plain JavaScript"
                )
                self.note(block.line, "Deno 2 doesn't support this form of `deno bundle`", todo)
            manifest = self.plan.wrapper.manifest_file or MANIFESTS[1]
            if manifest != MANIFESTS[1] and manifest in block.text:
                self.note(block.line, f"{target} reads {manifest}", f"read {MANIFESTS[1]} instead, which replaces it")
            wanted = {"aarch64": INTEL, "arm64": "amd64"}
            if self.old.images.keys() <= {""} and (found := re.search(r"\b(aarch64|arm64)\b", target)):
                other = target.replace(found[1], wanted[found[1]])
                if not self.old.makefile.makes(other) and INTEL in self.plan.arches:
                    self.note(block.line, f"{target} is for one architecture", f"write a rule for {other}, too")

    def _sources(self) -> None:
        """Carry over additional prerequisites of the images, for all architectures or for one."""
        needs = {arch: self._extra(block.needs) for arch, block in self.old.images.items()}
        every = [word for words in needs.values() for word in words]
        shared = [
            word
            for word in dict.fromkeys(every)
            if (len(needs) == 1 and not re.search(r"aarch64|arm64|x86_64|amd64", word))
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
            self.lines.append(f"SOURCES := $(filter-out {' '.join(lost)},$(SOURCES))")
        if shared:
            self.lines.append(f"SOURCES += {' '.join(shared)}")
        for arch, words in needs.items():
            if own := [word for word in dict.fromkeys(words) if word not in shared and word not in usual]:
                self.lines.append(f"docker-images/{arch or ARM}.tar: {' '.join(own)}")

    def _extra(self, needs: Sequence[str]) -> list[str]:
        return [
            word
            for word in needs
            if word.removeprefix("./").rstrip("/") not in _USUAL_NEEDS and not self._is_image(word)
        ]

    def _is_image(self, word: str) -> bool:
        return word.startswith("docker-images/") or word.endswith(".s9pk")

    def _package(self) -> None:
        """Carry over additional prerequisites of the package."""
        known = WORD.findall(next(each.head for each in self.new.blocks if ".s9pk" in each.name))
        for block, target in self.old.rules():
            if not target.endswith(".s9pk"):
                continue
            words = [word for word in self._extra(block.needs) if word not in known and not _ASSETS.fullmatch(word)]
            # Files from an older Makefile may no longer exist. startos.mk lists the package's own files.
            words = [word for word in dict.fromkeys(words) if "$" in word or self._exists(word)]
            if words:
                self.lines.append(f"$(ID).s9pk: {' '.join(words)}")

    def _exists(self, word: str) -> bool:
        name = self.old.makefile.expand(word).removeprefix("./")
        return "*" in name or self.plan.wrapper.is_file(name) or self.old.makefile.makes(name)

    # --- Builds ------------------------------------------------------------------------------------------------------

    def _arguments(self) -> None:
        """Carry over the build arguments of the images."""
        declared = self._declared()
        words: list[str] = []
        for name, values in self.old.arguments.items():
            if declared is not None and name not in declared:
                continue
            words.append(f"--build-arg {name}={self._value(name, values)}")
        for _, line, build in self.old.builds:
            file = (build.file or "Dockerfile").removeprefix("./")
            if file != "Dockerfile" and f"--file {file}" not in words:
                words.append(f"--file {file}")
                self.lines.append(f"SOURCES := $(filter-out Dockerfile,$(SOURCES)) {file}")
            context = build.context or "."
            if context not in (".", "./") and "$" not in context and "=" not in context:
                todo = "change the paths that the Dockerfile copies"
                self.note(line, f"the images were built in {context}, and are now built in the wrapper's folder", todo)
        if words:
            self.lines.append(f"BUILD_ARGS = {' '.join(words)}")

    def _declared(self) -> set[str] | None:
        """Return the arguments that the Dockerfile declares, or None if there is no known Dockerfile."""
        if self.plan.dockerfile is None:
            return None
        found = (each for each in self.plan.dockerfile.instructions if each.name == "ARG")
        return {word.text.partition("=")[0] for each in found for word in each.words}

    def _value(self, name: str, values: dict[str, str]) -> str:
        """Return the value of a build argument as it's written in the template's recipe, for any architecture."""
        if all(value == arch for arch, value in values.items()):
            return "$*"
        if all(value == _LABELS.get(arch) for arch, value in values.items()):
            return "$(notdir $(PLATFORM_$*))"
        if len(set(values.values())) == 1:
            return next(iter(values.values()))
        self.lines += [f"{name}_{arch} := {value}" for arch, value in values.items()]
        return f"$({name}_$*)"

    # --- The rest ----------------------------------------------------------------------------------------------------

    def _goals(self) -> None:
        """Carry over what `make` did first, such as fetching submodules."""
        for block, target in self.old.rules():
            first = [word for word in block.needs if word != "verify" and not self._is_image(word)]
            if target == "all" and first:
                self.lines.append(f"$(IMAGES): | {' '.join(first)}")

    def _recipes(self) -> None:
        """Carry over additional commands of `clean`, and report those of other targets."""
        for block, target in self.old.rules():
            if not self._known(target) or target in ("clean-manifest", "rebranding"):
                continue
            more = [(line, text) for line, text in block.recipe if not self._usual(target, text)]
            if target == "clean" and more:
                self.lines += ["", ".PHONY: clean-service", "clean: clean-service", "clean-service:"]
                self.lines += [f"\t{text}" for _, text in more]
                continue
            for line, text in more:
                todo = "if you still need it, write a rule with it"
                self.note(line, f"{target} also ran `{shorten(text, 80)}`", todo)

    def _usual(self, target: str, text: str) -> bool:
        if _USUAL.fullmatch(text):
            return True
        match = _REMOVES.fullmatch(text)
        return match is not None and (target != "clean" or all(map(_REMOVED.fullmatch, match[1].split())))

    def _conditions(self) -> None:
        """Keep rules in conditions and included files, unless they're about what startos.mk does."""
        for block in self.old.makefile.blocks:
            inner = list(read_blocks(block.lines[1:-1])) if block.kind == "condition" else []
            rules = [self.old.makefile.expand(each.name) for each in inner if each.kind == "rule"]
            if any(map(self._known, rules)):
                self.note(block.line, "rules in a condition weren't carried over", "add them if you need them")
            elif rules or _INCLUDES.match(block.head):
                self.rules.append(block)
                self.note(block.line, f"`{shorten(block.head, 60)}` is kept")
            elif block.kind == "other" and not block.head.startswith(("else", "endif", "export", ".")):
                self.note(block.line, f"`{block.head[:60]}` wasn't carried over", "add it if you need it")

    # --- The new text ------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the lines to write, empty if there's nothing to carry over."""
        rules = [self._unguarded(block) for block in self.rules]
        phony = [word for block, target in self.old.rules() if target == ".PHONY" for word in block.needs]
        if named := [block.name for block in self.rules if block.name in phony]:
            rules.insert(0, f".PHONY: {' '.join(named)}")
        body = "\n".join([*self.lines, *rules])
        if not body:
            return ""
        parts = []
        if variables := self._variables(body):
            parts.append("\n".join(variables))
        if self.lines:
            parts.append("\n".join(self.lines))
        return "\n\n".join([*parts, *rules]) + "\n"

    def _unguarded(self, block: Block) -> str:
        """Return a rule without conditions that skip the other architecture, because ARCH has another meaning now."""
        text = _GUARD.sub(r"\1", block.text)
        if re.search(r"\$[({]ARCH[)}]", text):
            todo = "put the architecture into the target's name"
            self.note(block.line, f"{block.name} uses ARCH, which is now the architecture for `make run`", todo)
        return text.rstrip("\n")

    def _variables(self, body: str) -> list[str]:
        """Return the assignments that a text needs, directly or indirectly, in their order."""
        blocks = [block for block in self.old.makefile.blocks if block.kind in ("variable", "condition")]
        wanted: set[int] = set()
        names = set(_NAME.findall(body)) | set(_TESTED.findall(body))
        more = True
        while more:
            more = False
            for index, block in enumerate(blocks):
                if index not in wanted and names & self._assigned(block) and not self._has(block):
                    wanted.add(index)
                    names |= set(_NAME.findall("\n".join(block.lines)))
                    more = True
        return [self._assignment(blocks[index]) for index in sorted(wanted)]

    def _assigned(self, block: Block) -> set[str]:
        if block.kind == "variable":
            return {block.name or block.head.split()[1]}
        inner = list(read_blocks(block.lines[1:-1]))
        return set() if any(each.kind == "rule" for each in inner) else {each.name for each in inner} - {""}

    def _has(self, block: Block) -> bool:
        """Return whether startos.mk has a variable of this name. Add a note if its meaning differs."""
        if block.kind != "variable" or block.name not in self.new.variables:
            return False
        if block.name not in ("ID", "VERSION"):
            self.note(block.line, f"{block.name} is a variable of {MAINTAINED}", "give yours another name")
        return True

    def _assignment(self, block: Block) -> str:
        match = ASSIGNMENT.match(block.head)
        value = block.head[match.end() :].strip() if match and block.kind == "variable" else ""
        read = _FROM_MANIFEST.fullmatch(value)
        if read and "|" not in value:
            return f"{block.name} := $({read[1].upper()})"
        return "\n".join([*block.above, *block.lines])
