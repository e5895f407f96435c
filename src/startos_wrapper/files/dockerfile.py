"""A Dockerfile as the rules see it: instructions and stages, each word with its place in the text."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import BytesIO
from itertools import islice
from pathlib import PurePosixPath

from startos_wrapper.files.makefile import Makefile
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

# More lines than any Dockerfile has, and fewer than dockerfile-parse gets slow with.
_MOST_LINES = 10_000
# A variable whose value grows beyond this is no image, path or address.
_LONGEST_VALUE = 2000

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?(-)([^{}]*))?\}|(\w+))")
_ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\s*#\s*escape\s*=\s*([\\`])\s*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\s*#\s*\w+\s*=")
_HEREDOC = re.compile(r"(?<!\S)\d*<<(-?)([\"']?)([A-Za-z_]\w*)\2(?!\S)")
_TAKES_HEREDOC = re.compile(r"\s*(?:RUN|COPY|ADD)\s", re.IGNORECASE)
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_FLAGS = re.compile(r"(?:\s+--\S+)*\s*")
_FLAG = re.compile(r"--([^\s=]+)(?:=(\S*))?")
_WORD = re.compile(r"\S+")
_QUOTED_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|["'\\])+""", re.DOTALL)
_QUOTE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)
_TOKEN = re.compile(
    r"""(?<![^\s;&|()])(?P<comment>\#[^\n]*)
    | (?P<operator>&&|\|\||\|&?|;;?|&(?!>)|[\n()])
    | (?P<word>(?:[<>]&|[^\s;&|()"'\\]|&>|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|["'\\])+)""",
    re.DOTALL | re.VERBOSE,
)
# What stands before a program in a shell without being one.
_LEADS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{"}
_LEADS |= {"sudo", "env", "exec", "time", "command", "nohup"}
_BUILDERS = re.compile(r"\b(?:docker|podman|buildah|nerdctl)\b.*\bbuild\b")
_REFERENCE = re.compile(r"\$\([^()]*\)|\$\{[^{}]*\}")
# What tells the build of the package's image from that of a tool.
_PACKED = re.compile(r"start9/|docker-images|image\.tar")
# The short options of docker build that take a value, and the long ones that take none.
_WITH_VALUE = {"-t", "-f", "-o", "-c", "-m"}
_WITHOUT_VALUE = {"--load", "--push", "--no-cache", "--pull", "--quiet", "--rm", "--force-rm", "--squash", "--debug"}
_MOST_CALLS = 100
_DEEPEST = 6
# A shell that runs a heredoc.
_SHELL = re.compile(r"(?:\S*/)?(?:ba|da|a|k|z)?sh(?:\s+-\w+)*")


@dataclass(frozen=True)
class Word:
    """A word: its text without quotes, and where it stands in the file."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Command:
    """A command of a shell script: `words` from the program on, without sudo, `if` and the like before it.

    `assigned` are the assignments before the program, `before` and `after` the operators around the command; it begins
    at `start`, and the operator after it ends at `end`.
    """

    words: tuple[Word, ...]
    assigned: tuple[Word, ...]
    before: str
    after: str
    start: int
    end: int

    @property
    def program(self) -> str:
        """The name of the program without folders."""
        return self.words[0].text.lstrip("`").rpartition("/")[2] if self.words else ""

    @property
    def piped(self) -> bool:
        """Whether the output goes into the next command."""
        return self.after in ("|", "|&")

    @property
    def args(self) -> tuple[Word, ...]:
        """The words after the program."""
        return self.words[1:]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The arguments as text."""
        return tuple(word.text for word in self.args)


@dataclass
class Instruction:
    """An instruction: its name in capitals, its own text, and the heredocs that follow.

    `code` has the length of the text from `start` on; comments and line continuations in it are blanked out.
    `scripts` are the heredocs that a shell runs, with their offsets; those of COPY are not among them.
    """

    name: str
    start: int
    code: str
    first: int
    last: int
    scripts: list[tuple[int, str]] = field(default_factory=list)
    stage: "Stage | None" = field(default=None, repr=False)

    @cached_property
    def _value(self) -> int:
        """Where in `code` the value begins, after the name and the flags."""
        return _FLAGS.match(self.code, len(self.name)).end()  # type: ignore[union-attr]  # it fits an empty text too

    @cached_property
    def flags(self) -> dict[str, list[Word]]:
        """The flags after the name, such as `--from`, and their values."""
        found: dict[str, list[Word]] = {}
        for match in _FLAG.finditer(self.code, len(self.name), self._value):
            word = Word(dequoted(match[2] or ""), self.start + match.start(2), self.start + match.end(2))
            found.setdefault(match[1], []).append(word)
        return found

    @cached_property
    def listed(self) -> list[Word] | None:
        """The words of a value that is a JSON list of texts, as in `CMD ["run"]`; None for any other value."""
        if not self.code.startswith("[", self._value):
            return None
        try:
            texts = json.loads(self.code[self._value :])
        except (ValueError, RecursionError):
            return None
        spans = [match.span() for match in _JSON_TEXT.finditer(self.code, self._value)]
        if len(spans) != len(texts) or not all(isinstance(text, str) for text in texts):
            return None
        return [Word(text, self.start + a + 1, self.start + b - 1) for text, (a, b) in zip(texts, spans, strict=True)]

    @cached_property
    def words(self) -> list[Word]:
        """The words of the value; quotes join words in ENV, ARG and LABEL only, as they do for Docker."""
        if self.listed is not None:
            return self.listed
        pattern = _QUOTED_WORD if self.name in ("ENV", "ARG", "LABEL") else _WORD
        return [_word(match, self.start) for match in pattern.finditer(self.code, self._value)]

    @property
    def taken(self) -> list[Word]:
        """What COPY or ADD takes out of the build context, as it is written; nothing for what takes nothing there."""
        return self.words[:-1] if self.name in ("COPY", "ADD") and "from" not in self.flags else []

    @cached_property
    def text(self) -> str:
        """All of the instruction, scripts included, for a look whether something is mentioned."""
        return "\n".join([self.code, *(script for _, script in self.scripts)])

    @cached_property
    def commands(self) -> list[Command]:
        """What a RUN runs in a shell, in order; nothing for the JSON form."""
        if self.name != "RUN" or self.listed is not None:
            return []
        found = commands(self.code, self.start, self._value)
        for start, script in self.scripts:
            found += commands(script, start)
        return found


@dataclass
class Stage:
    """A stage: `image` is its base as written, `base` the same with the values of ARGs, None where one has no value.

    `parent` is the earlier stage that it builds on, `values` what its ARGs and ENVs hold: None where that is not known.
    """

    image: Word
    base: str | None
    alias: str | None
    platform: str | None
    parent: "Stage | None"
    instructions: list[Instruction] = field(default_factory=list)
    values: dict[str, str | None] = field(default_factory=dict)

    @property
    def lineage(self) -> "list[Stage]":
        """The stages whose layers are in this one: the first one, built on an image, to this one."""
        stages: list[Stage] = []
        stage: Stage | None = self
        while stage:
            stages.append(stage)
            stage = stage.parent
        return stages[::-1]


class Dockerfile:
    """The instructions and stages of a Dockerfile. Nothing in a text makes it fail; what cannot be read is left out."""

    def __init__(self, source: Source, given: frozenset[str] = frozenset()) -> None:
        """Read the text; `given` are the build arguments that the build sets, so that defaults do not count."""
        self.source = source
        self.given = given
        self.instructions: list[Instruction] = list(_instructions(source))
        self.stages: list[Stage] = []
        self._named: dict[str, Stage] = {}
        outer: dict[str, str | None] = {}
        for instruction in self.instructions:
            if instruction.name == "FROM":
                self._begin(instruction, outer)
            elif not self.stages:
                self._assign(instruction, outer, {})
            if self.stages:
                instruction.stage = self.stages[-1]
                instruction.stage.instructions.append(instruction)
                self._assign(instruction, instruction.stage.values, outer)

    @property
    def final(self) -> Stage | None:
        """The stage that becomes the image."""
        return self.stages[-1] if self.stages else None

    @cached_property
    def shipped(self) -> list[Instruction]:
        """The instructions whose layers are in the image."""
        lineage = self.final.lineage if self.final else []
        return [instruction for stage in lineage for instruction in stage.instructions]

    def stage(self, name: str) -> Stage | None:
        """Return the stage that `COPY --from` means by a name or number."""
        if name.isascii() and name.isdigit() and len(name) < 6:
            return self.stages[int(name)] if int(name) < len(self.stages) else None
        return self._named.get(name.lower())

    def _begin(self, instruction: Instruction, outer: dict[str, str | None]) -> None:
        if not instruction.words:
            return
        image, *more = instruction.words
        alias = more[1].text.lower() if len(more) > 1 and more[0].text.lower() == "as" else None
        platform = instruction.flags["platform"][0].text if "platform" in instruction.flags else None
        base = expand(image.text, outer)
        parent = self._named.get((base or image.text).lower())
        stage = Stage(image, base, alias, platform, parent, values=dict(parent.values) if parent else {})
        self.stages.append(stage)
        if alias:
            self._named[alias] = stage

    def _assign(self, instruction: Instruction, values: dict[str, str | None], outer: dict[str, str | None]) -> None:
        """Note what an ARG or ENV sets; a name that is set to two values has none that is sure."""
        if instruction.name not in ("ARG", "ENV"):
            return
        for name, text in _assignments(instruction):
            value = outer.get(name) if text is None else expand(text, values)
            if instruction.name == "ARG" and name in self.given:
                value = None
            values[name] = value if values.get(name, value) == value else None


@lru_cache(maxsize=1)
def dockerfile_of(wrapper: Wrapper) -> Dockerfile | None:
    """Return the Dockerfile that the Makefile's build takes, by default the one in the root; None without one.

    One in a submodule is another project's and counts as none.
    """
    builds = builds_of(wrapper)
    given = frozenset(name for build in builds for name in build.arguments)
    for file in [build.file or "Dockerfile" for build in builds] or ["Dockerfile"]:
        above = {PurePosixPath(file), *PurePosixPath(file).parents}
        if above.isdisjoint(wrapper.submodules) and (source := wrapper.readable(file)):
            return Dockerfile(source, given)
    return None


def filled(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with the variables that are known replaced by their values."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[4]
        known = values.get(name)
        if known is None:
            # A name that is set to something unknown does not fall back to a default.
            return match[3] if match[2] and name not in values else match[0]
        return known or match[3] or ""

    return _VARIABLE.sub(value, text) if "$" in text else text


def expand(text: str, values: Mapping[str, str | None]) -> str | None:
    """Return a text with its variables replaced, or None where one is not known."""
    expanded = filled(text, values)
    return None if "$" in expanded or len(expanded) > _LONGEST_VALUE else expanded


def _assignments(instruction: Instruction) -> Iterator[tuple[str, str | None]]:
    if instruction.name == "ENV" and instruction.words and "=" not in instruction.words[0].text:
        name, *value = instruction.words
        yield name.text, " ".join(word.text for word in value)
        return
    for word in instruction.words:
        if match := _ASSIGNMENT.fullmatch(word.text):
            yield match[1], match[2]
        elif instruction.name == "ARG":
            yield word.text, None


# --- From lines to instructions ---------------------------------------------------------------------------------------


def _instructions(source: Source) -> Iterator[Instruction]:
    if not source.text or len(source.lines) > _MOST_LINES:
        return
    from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]

    escape = _escape(source.lines)
    shape, heredocs = _shape(source.lines, escape)
    for entry in DockerfileParser(fileobj=BytesIO("\n".join(shape).encode())).structure:
        first, last = entry["startline"] + 1, min(entry["endline"] + 1, len(source.lines))
        code = _code(source, first, last, escape)
        name = _WORD.search(code)
        if entry["instruction"] == "COMMENT" or name is None:
            continue
        start = source.offset(first) + name.start()
        instruction = Instruction(name[0].upper(), start, code[name.start() :], first, last)
        for begin, end, marker in heredocs.get(first, []):
            if begin <= end and _is_script(instruction, source, begin, marker):
                instruction.scripts.append((source.offset(begin), _script(source, begin, end)))
        yield instruction


def _escape(lines: list[str]) -> str:
    """Return the character that continues lines, which a directive at the top can change."""
    for line in lines:
        if match := _ESCAPE.fullmatch(line):
            return match[1]
        if not _DIRECTIVE.match(line):
            break
    return "\\"


def _shape(lines: list[str], escape: str) -> tuple[list[str], dict[int, list[tuple[int, int, str]]]]:
    """Return the lines as dockerfile-parse understands them, and the heredocs by the first line of their instruction.

    It knows neither heredocs nor that an empty line does not end a continued instruction. Of continued lines, it gets
    to see only that they go on or end.
    """
    shape: list[str] = []
    heredocs: dict[int, list[tuple[int, int, str]]] = {}
    markers: list[re.Match[str]] = []
    first, takes, index = 0, False, 0
    while index < len(lines):
        line = lines[index]
        index += 1
        text = line.strip()
        if text.startswith("#"):
            shape.append("#" if first else line)
            continue
        if not text:
            shape.append(escape if first else "")
            continue
        shape.append((escape if text.endswith(escape) else ".") if first else line)
        if not first:
            first, takes, markers = index, bool(_TAKES_HEREDOC.match(line)), []
        if takes:
            markers += _HEREDOC.finditer(line)
        if text.endswith(escape):
            continue
        for marker in markers:
            begin = index + 1
            while index < len(lines) and (lines[index].lstrip("\t") if marker[1] else lines[index]) != marker[3]:
                index += 1
            heredocs.setdefault(first, []).append((begin, index, marker[0]))
            index += 1
        shape += [""] * (min(index, len(lines)) - len(shape))
        first = 0
    # An instruction that the file's end cuts off is one, too.
    return [*shape, "."] if first else shape, heredocs


def _code(source: Source, first: int, last: int, escape: str) -> str:
    """Return the text of some lines with comments and line continuations blanked out, in its full length."""
    parts = []
    for number in range(first, last + 1):
        line = source.lines[number - 1]
        width = source.offset(number + 1) - source.offset(number) if number < last else len(line)
        kept = line.rstrip()
        kept = "" if number > first and kept.lstrip().startswith("#") else kept.removesuffix(escape)
        parts.append(kept.ljust(width))
    return "".join(parts)


def _script(source: Source, begin: int, end: int) -> str:
    """Return the lines of a heredoc, comments and line continuations blanked out, other line ends kept."""
    parts = []
    for number in range(begin, end + 1):
        line = source.lines[number - 1]
        rest = source.offset(number + 1) - source.offset(number) - len(line) if number < len(source.lines) else 0
        if line.endswith("\\"):
            parts.append(line[:-1].ljust(len(line) + rest))
        else:
            kept = "" if line.lstrip().startswith("#") else line
            parts.append(kept.ljust(len(line)) + "\n".rjust(rest) * bool(rest))
    return "".join(parts)


def _is_script(instruction: Instruction, source: Source, begin: int, marker: str) -> bool:
    """Say whether a shell runs a heredoc: it stands alone after RUN, or after the name of a shell."""
    if instruction.name != "RUN":
        return False
    rest = " ".join(word.text for word in instruction.words).replace(dequoted(marker), "", 1).strip()
    opening = source.lines[begin - 1]
    if opening.startswith("#!") and not opening.rstrip().endswith("sh"):
        return False
    return not rest or bool(_SHELL.fullmatch(rest))


# --- From text to words and commands ----------------------------------------------------------------------------------


def dequoted(text: str) -> str:
    """Return a word without its quotes and backslashes."""
    if "'" not in text and '"' not in text and "\\" not in text:
        return text
    return _QUOTE.sub(lambda match: next(group for group in match.groups() if group is not None), text)


def commands(text: str, start: int = 0, begin: int = 0) -> list[Command]:
    """Return the commands of a shell script from `begin` on; `start` is where in its file the text stands.

    Subshells and command substitutions outside of quotes count as commands of their own.
    """
    found: list[Command] = []
    held: list[Word] = []
    before = ""
    for token in _TOKEN.finditer(text, begin):
        if token["word"]:
            held.append(_word(token, start))
        elif token["operator"]:
            if held:
                found.append(_command(held, before, token["operator"], start + token.end()))
            held, before = [], token["operator"]
    return [*found, _command(held, before, "", held[-1].end)] if held else found


def _word(match: re.Match[str], start: int) -> Word:
    text = dequoted(match[0])
    # Quotes around all of a word are no part of its place.
    around = match[0][0] in "\"'" and match[0][1:-1] == text
    return Word(text, start + match.start() + around, start + match.end() - around)


def _command(held: list[Word], before: str, after: str, end: int) -> Command:
    assigned = []
    for index, word in enumerate(held):
        if _ASSIGNMENT.fullmatch(word.text):
            assigned.append(word)
        elif word.text not in _LEADS and not (index and word.text.startswith("-")):
            return Command(tuple(held[index:]), tuple(assigned), before, after, held[0].start, end)
    return Command((), tuple(assigned), before, after, held[0].start, end)


# --- What the Makefile builds -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Build:
    """A call of `docker build` in the Makefile: Dockerfile and context inside the wrapper, None where not plain.

    `arguments` are the names of the build arguments, `contexts` those of further contexts.
    """

    file: str | None
    context: str | None
    arguments: tuple[str, ...]
    contexts: tuple[str, ...]


@lru_cache(maxsize=1)
def builds_of(wrapper: Wrapper) -> list[Build]:
    """Return the builds of the Makefile that make the package's images, or all where none says so."""
    if wrapper.makefile is None:
        return []
    lines = re.sub(r"\\\r?\n", "  ", wrapper.makefile.source.text).splitlines()
    calls: list[tuple[str, Build]] = []
    for line in islice((line for line in lines if line.startswith("\t") and _BUILDERS.search(line)), _MOST_CALLS):
        builds = (_build(command) for command in commands(_plain(wrapper.makefile, line)))
        calls += [(wrapper.makefile.expand(line), build) for build in builds if build]
    return [build for text, build in calls if _PACKED.search(text)] or [build for _, build in calls]


def _plain(makefile: Makefile, line: str) -> str:
    """Return a recipe's line with plain values for its references to variables, and `$_` for all others."""

    def value(match: re.Match[str]) -> str:
        expanded = makefile.expand(match[0])
        return "$_" if re.search(r"[$()]", expanded) else expanded

    for _ in range(_DEEPEST):
        line = _REFERENCE.sub(value, line)
    return line


def _build(command: Command) -> Build | None:
    texts = [word.text for word in command.words]
    if not _BUILDERS.search(" ".join(texts[:3])) or "build" not in texts[:3]:
        return None
    options: dict[str, list[str]] = {}
    places: list[str] = []
    rest = iter(texts[texts.index("build") + 1 :])
    for text in rest:
        name, equals, value = text.partition("=") if text.startswith("--") else (text, "", "")
        if not name.startswith("-"):
            places.append(text)
        elif name in _WITH_VALUE or (name.startswith("--") and not equals and name not in _WITHOUT_VALUE):
            options.setdefault(name, []).append(next(rest, ""))
        else:
            options.setdefault(name, []).append(value)
    context = _inside(places[0]) if places else None
    file = [*options.get("-f", []), *options.get("--file", [])]
    # Without -f, it is the Dockerfile of the context.
    path = _inside(file[0]) if file else context and posixpath.normpath(posixpath.join(context, "Dockerfile"))
    arguments, contexts = (
        tuple(value.partition("=")[0] for value in options.get(name, [])) for name in ("--build-arg", "--build-context")
    )
    return Build(path, context, arguments, contexts)


def _inside(path: str | None) -> str | None:
    """Return a path normalised, or None where it has variables or leads out of the wrapper."""
    if not path or "$" in path or path.startswith(("/", "~")) or "://" in path or "`" in path:
        return None
    normal = posixpath.normpath(path)
    return None if normal == ".." or normal.startswith("../") else normal
