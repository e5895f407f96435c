"""What a Dockerfile's image starts, exposes, mounts and sets, and what its build does."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from startos_wrapper.errors import RefusedError
from startos_wrapper.files.dockerfile.built_config import BuiltConfig, Said, built_config
from startos_wrapper.files.dockerfile.installed import installed
from startos_wrapper.files.dockerfile.instruction import Instruction, Stage
from startos_wrapper.files.dockerfile.lines import MOST_LINES
from startos_wrapper.files.dockerfile.model import Dockerfile, filled
from startos_wrapper.files.images.image_config import ImageConfig
from startos_wrapper.files.source import LARGEST, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.new.upstream.dockerfile_stage import COMPILED, copied_files, language, stage_for_users
from startos_wrapper.new.upstream.facts import Fact, PortFact
from startos_wrapper.new.upstream.image_labels import label_facts
from startos_wrapper.new.upstream.secret_names import is_secret, words_of
from startos_wrapper.new.upstream.service_kinds import repository
from startos_wrapper.new.upstream.upstream_url import name_of, repository_url
from startos_wrapper.upstream_image.advice import advise
from startos_wrapper.upstream_image.seen import Seen

# Base images whose ENTRYPOINT is empty, or only passes on the command.
_PASSES_ON = {
    "alpine", "debian", "ubuntu", "busybox", "scratch", "fedora", "golang", "rust", "node", "python", "ruby", "php",
    "openjdk", "eclipse-temurin", "bun", "elixir", "erlang", "perl", "static", "base", "cc", "wolfi-base",
}  # fmt: skip
_BUILDERS = {
    "make", "go", "cargo", "npm", "yarn", "pnpm", "bun", "pip", "pip3", "poetry", "uv", "mvn", "gradle", "cmake",
    "meson", "ninja", "just", "task", "mage", "bundle", "composer", "mix", "dotnet",
}  # fmt: skip
_DATA = {"data", "datadir", "db", "database", "storage", "state"}
_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([A-Za-z]+))?")
_MOST_PORTS = 100


def read_dockerfile(
    path: Path, target: str = "", *, shown: str = "", arguments: Mapping[str, str] | None = None
) -> list[Fact]:
    """Return the facts of a Dockerfile's image: of the stage `target`, or of the one that's for users.

    `shown` is the file's name in places. `arguments` are the build arguments that are known.

    Raises: RefusedError if the file can't be read, or isn't a Dockerfile.
    """
    dockerfile = Dockerfile(_source(path, shown or path.name))
    stage = stage_for_users(dockerfile, target)
    config = built_config(dockerfile, stage, arguments or {})
    return list(_Facts(dockerfile, stage, config).all())


def _source(path: Path, shown: str) -> Source:
    try:
        data = read_bytes(path)
        if data is None:
            raise RefusedError(f"{shown}: no such file")
        source = Source(shown, data)
    except TooLargeError as error:
        raise RefusedError(f"{shown}: larger than {LARGEST // 1024} KiB, too large for a Dockerfile") from error
    except UnreadableError as error:
        raise RefusedError(f"{shown}: can't be read: {error}") from error
    if len(source.lines) > MOST_LINES:
        raise RefusedError(f"{shown}: has more than {MOST_LINES:,} lines, too many for a Dockerfile")
    return source


class _Facts:
    def __init__(self, dockerfile: Dockerfile, stage: Stage, config: BuiltConfig) -> None:
        self.dockerfile, self.stage, self.config = dockerfile, stage, config
        self.copied = copied_files(dockerfile, stage)

    def all(self) -> Iterator[Fact]:
        facts = list(self._said())
        yield from facts
        if repo := next((fact for fact in facts if fact.name == "upstream_repo"), None):
            yield Fact("service_id", name_of(repo.value), repo.place, "The name of the repository.")

    def _said(self) -> Iterator[Fact]:
        yield self._fact("stage", Said(self.stage.alias or "", self._line(self.stage.image.start)))
        yield self._fact("base_image", self.config.base)
        yield from self._container()
        run = list(self._run())
        yield from run
        words = shlex.split(run[0].value) if run and run[0].value else []
        if found := language(self.dockerfile, self.stage, words):
            yield Fact("base", found[0], self._place(found[1]))
            if found[0] in COMPILED:
                yield from self._files(words)
        yield from self._data()
        yield from self._build()

    def _container(self) -> Iterator[Fact]:
        config = self.config
        for name, said in (
            ("entrypoint", config.entrypoint), ("cmd", config.cmd), ("user", config.user), ("workdir", config.workdir),
            ("stop_signal", config.stop_signal), ("health", config.health),
        ):  # fmt: skip
            if said is not None:
                yield self._fact(name, said)
        for said in config.volumes:
            note = "" if said.value else "it depends on a variable that the Dockerfile doesn't set"
            yield self._fact("volume", said, note)
        for said in config.exposed:
            yield from self._ports(said)
        for name, said in config.environment.items():
            yield self._fact("environment", Said((name, said.value), said.line))
        for name, said in config.labels.items():
            yield self._fact("label", Said((name, said.value), said.line))
        labels = {name: (said.value, self._place(said.line)) for name, said in config.labels.items() if said.value}
        yield from label_facts(labels)

    def _ports(self, said: Said) -> Iterator[Fact]:
        match = _PORT.fullmatch(said.value or "")
        numbers = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
        if not match or not numbers or not 0 < numbers[0] <= numbers[-1] < 65536:
            yield self._fact("port", Said(None, said.line), "it depends on a variable that the Dockerfile doesn't set")
            return
        for number in numbers[:_MOST_PORTS]:
            yield self._fact("port", Said(PortFact(number, (match[3] or "tcp").lower()), said.line))

    # --- The command -------------------------------------------------------------------------------------------------

    def _run(self) -> Iterator[Fact]:
        """Yield the command as the wrapper starts it, in the image and, if it differs, for a program it compiles."""
        config = self.config
        given = [said for said in (config.entrypoint, config.cmd) if said and said.value]
        base = config.base.value or self.stage.lineage[0].image.text
        passes_on = repository(base).rpartition("/")[2] in _PASSES_ON
        if not given:
            note = "it has neither ENTRYPOINT nor CMD"
            if not passes_on:
                note = f"only its base image, {base}, says what it starts"
            yield self._fact("run", Said(None, config.base.line), note)
            return
        image = ImageConfig(
            "linux",
            entrypoint=config.entrypoint.value if config.entrypoint else (),
            cmd=config.cmd.value if config.cmd else (),
        )
        seen = Seen("", "", image, ("",), is_complete=False, pinned=None)
        answer = advise(seen).answers.get("run")
        if answer is None:
            missing = next(each.reason for each in advise(seen).missing if each.name == "run")
            yield self._fact("run", given[-1], missing.replace("the image", "it"), value=None)
            return
        note = answer.why
        if config.entrypoint is None and not passes_on:
            note += f" Its base image, {base}, may have an ENTRYPOINT in front of it."
        text = answer.value if isinstance(answer.value, str) else answer.value[0]
        yield self._fact("run", given[-1], note, value=text, more=given[:-1])
        compiled = self._of_compiled(text)
        if compiled != text:
            yield self._fact("run_compiled", given[-1], "The compiled program is in PATH.", value=compiled)

    def _of_compiled(self, text: str) -> str:
        """Return the command for an image without this one's WORKDIR, ENV and folders.

        A program that the build made is in PATH there.
        """
        values = self.config.values.items()
        known = {name: value for name, value in values if value is not None and not is_secret(name, value)}
        words, rest = text.split(" ", 1) if " " in text else (text, "")
        words = filled(words, known)
        workdir = self.config.workdir.value if self.config.workdir else "/"
        path = posixpath.normpath(posixpath.join(workdir or "/", words)) if "/" in words else words
        made = {posixpath.normpath(posixpath.join(workdir or "/", each.here)) for each in self.copied if each.origin}
        name = path.rpartition("/")[2]
        # A script keeps its path, because it isn't compiled.
        words = name if path in made and "." not in name else words
        return f"{words} {filled(rest, known)}".rstrip()

    def _files(self, run: list[str]) -> Iterator[Fact]:
        """Yield what the image has besides the compiled program. The template's own image only has the program."""
        programs = {word.rpartition("/")[2] for word in run if "." not in word.rpartition("/")[2]}
        for each in self.copied:
            name, place = each.here.rpartition("/")[2], self._place(self._line(each.offset))
            if name not in programs:
                yield Fact("copied_file", (each.there, each.here), place)
            elif each.origin:
                yield Fact("service_id", name, place, "The name of the compiled program.")

    # --- The data ----------------------------------------------------------------------------------------------------

    def _data(self) -> Iterator[Fact]:
        """Yield where the data may be, if there's no VOLUME: a variable of such a name with a path."""
        if self.config.volumes:
            return
        found = [
            (said.value, said.line, name)
            for name, said in self.config.environment.items()
            if said.value and said.value.startswith("/") and ":" not in said.value and set(words_of(name)) & _DATA
        ]
        kept: list[str] = []
        for path, line, name in sorted(found):
            if not any(f"{path}/".startswith(f"{other}/") for other in kept):
                kept.append(path)
                yield Fact("volume_guess", path, self._place(line), f"The variable {name} names this folder.")

    # --- The build ---------------------------------------------------------------------------------------------------

    def _build(self) -> Iterator[Fact]:
        lineage = self.stage.lineage
        shipped = [instruction for stage in lineage for instruction in stage.instructions]
        for instruction in shipped:
            packages: dict[str, list[str]] = {}
            for program, word in installed(instruction):
                packages.setdefault(program, []).append(filled(word.text, instruction.values))
            for program, names in packages.items():
                said = Said((program, tuple(names)), self._line(instruction.start))
                yield self._fact("distro_packages", said)
        needed = {id(each.origin) for each in self.copied if each.origin}
        stages = [stage for stage in self.dockerfile.stages if id(stage) in needed or stage in lineage]
        clones: dict[str, int] = {}
        # Stages can share some.
        seen: set[int] = set()
        for stage in stages:
            for instruction in (each for one in stage.lineage for each in one.instructions if each.name == "RUN"):
                if id(instruction) not in seen:
                    seen.add(id(instruction))
                    yield from self._commands(instruction, clones)
        if len(clones) == 1:
            url, line = next(iter(clones.items()))
            yield Fact("upstream_repo", url, self._place(line), "The build clones it.")

    def _commands(self, instruction: Instruction, clones: dict[str, int]) -> Iterator[Fact]:
        for call in instruction.calls:
            line = self._line(call.start)
            if call.program.removeprefix("xx-") in _BUILDERS and call.texts:
                text = " ".join(instruction.code[call.start - instruction.start : call.end - instruction.start].split())
                yield Fact("build_command", text, self._place(line))
            elif call.program == "git" and call.texts[:1] == ("clone",):
                urls = (repository_url(filled(text, instruction.values)) for text in call.texts[1:])
                if url := next(filter(None, urls), None):
                    clones.setdefault(url, line)

    def _fact(
        self, name: str, said: Said, note: str = "", *, value: object = ..., more: list[Said] | None = None
    ) -> Fact:
        also = tuple(self._place(each.line) for each in more or [])
        return Fact(name, said.value if value is ... else value, self._place(said.line), note, also)

    def _line(self, offset: int) -> int:
        return self.dockerfile.source.place(offset).line

    def _place(self, line: int) -> str:
        return f"{self.dockerfile.source.file}:{line}"
