"""The builds of images, mostly calls of `docker build` in the Makefile, and the Dockerfile that they build."""

import posixpath
import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath

from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.makefile import DEEPEST, REFERENCE, Makefile, masked
from startos_wrapper.files.shell.calls import Call, read_calls
from startos_wrapper.files.word import Word, word_of
from startos_wrapper.files.wrapper import Wrapper

_BUILDERS = re.compile(r"\b(?:docker|podman|buildah|nerdctl)\b.*\bbuild\b")
# Distinguishes builds of the package's images from builds of tools.
_PACKED = re.compile(r"start9/|docker-images|image\.tar")
_TAG = re.compile(r"start9/[^/:]+/([a-z-]+)(?::|$)")
# The short options of docker build that take a value, and the long ones that don't.
_WITH_VALUE = {"-t", "-f", "-o", "-c", "-m"}
_WITHOUT_VALUE = {"--load", "--push", "--no-cache", "--pull", "--quiet", "--rm", "--force-rm", "--squash", "--debug"}
_WITHOUT_VALUE |= {"--check", "--compress"}
# The long names of short options.
_LONG = {"-t": "--tag", "-f": "--file", "-o": "--output"}
_MOST_CALLS = 100


@dataclass(frozen=True)
class Build:
    """A call of `docker build` in the Makefile.

    `file` and `context` are paths inside the wrapper, or None if they aren't plain. `arguments` and `contexts` are the
    names of the build arguments and of the additional contexts. `image` is the image's name in the manifest, as its tag
    says, or None.
    """

    file: str | None
    context: str | None
    arguments: tuple[str, ...]
    contexts: tuple[str, ...]
    image: str | None = None


@dataclass(frozen=True)
class WrittenBuild:
    """A call of `docker build` as it's written in a recipe, with make's variables unexpanded.

    If the recipe changes the folder, the context is that folder. `options` are all options by their long name, in
    order: as they're written, and their value without quotes. `places` are the words that aren't options.
    """

    arguments: tuple[tuple[str, str], ...]
    file: str | None
    context: str | None
    program: str = field(default="docker", compare=False)
    options: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)
    places: tuple[str, ...] = field(default=(), compare=False)

    def values(self, name: str) -> list[str]:
        """Return the values of an option."""
        return [value for option, _, value in self.options if option == name]


@lru_cache(maxsize=1)
def builds_of(wrapper: Wrapper) -> list[Build]:
    """Return the builds of the package's images, or all builds in the Makefile if none of them is recognized."""
    if wrapper.declared_builds is not None:
        found = wrapper.declared_builds
        return [Build(_inside(each.file), _inside(each.context), each.arguments, (), each.image) for each in found]
    if wrapper.makefile is None:
        return []
    lines = (line for line in wrapper.makefile.commands if _BUILDERS.search(line))
    calls: list[tuple[str, Build]] = []
    for line in islice(lines, _MOST_CALLS):
        builds = (_build(call) for call in read_calls(_plain(wrapper.makefile, line)))
        calls += [(wrapper.makefile.expand(line), build) for build in builds if build]
    return [build for text, build in calls if _PACKED.search(text)] or [build for _, build in calls]


def build_context(wrapper: Wrapper) -> str:
    """Return the folder that the images are built from."""
    return next((build.context for build in builds_of(wrapper) if build.context), ".")


def _plain(makefile: Makefile, line: str) -> str:
    """Return a recipe's line with its variables replaced by plain values, or by `$_` if they have no plain value."""

    def value(match: re.Match[str]) -> str:
        expanded = makefile.expand(match[0])
        return "$_" if re.search(r"[$()]", expanded) else expanded

    for _ in range(DEEPEST):
        line = REFERENCE.sub(value, line)
    return line


def _build(call: Call) -> Build | None:
    read = _options(call)
    if read is None:
        return None
    options, places = read
    context = _inside(places[0].text) if places else None
    file = [*options.get("-f", []), *options.get("--file", [])]
    # Without -f, Docker uses the Dockerfile of the context.
    path = _inside(file[0].text) if file else context and posixpath.normpath(posixpath.join(context, "Dockerfile"))
    arguments, contexts = (
        tuple(value.text.partition("=")[0] for value in options.get(name, []))
        for name in ("--build-arg", "--build-context")
    )
    tags = (_TAG.match(value.text) for name in ("-t", "--tag") for value in options.get(name, []))
    return Build(path, context, arguments, contexts, next((tag[1] for tag in tags if tag), None))


def _options(call: Call) -> tuple[dict[str, list[Word]], list[Word]] | None:
    """Return the options of a `docker build` call and its other words, or None for any other call."""
    read = _words(call)
    if read is None:
        return None
    options: dict[str, list[Word]] = {}
    for name, _, value in read[0]:
        options.setdefault(name, []).append(value)
    return options, read[1]


def _words(call: Call) -> tuple[list[tuple[str, Word, Word]], list[Word]] | None:
    """Return the options of a `docker build` call in order, each as name, first word and value, and the other words."""
    texts = [word.text for word in call.words[:3]]
    if not _BUILDERS.search(" ".join(texts)) or "build" not in texts:
        return None
    options: list[tuple[str, Word, Word]] = []
    places: list[Word] = []
    rest = iter(call.words[texts.index("build") + 1 :])
    for word in rest:
        name, value = _attached(word.text)
        given = Word(value or "", word.end - len(value or ""), word.end)
        if not name.startswith("-") or name == "-":
            places.append(word)
        elif value is None and (name in _WITH_VALUE or (name.startswith("--") and name not in _WITHOUT_VALUE)):
            options.append((name, word, next(rest, given)))
        else:
            options.append((name, word, given))
    return options, places


def _attached(text: str) -> tuple[str, str | None]:
    """Return the name of an option, and the value in the same word, as in --file=x, -f=x and -fx, or None."""
    if text.startswith("--"):
        name, equals, value = text.partition("=")
        return name, value if equals else None
    return (text[:2], text[2:].removeprefix("=")) if text[:2] in _WITH_VALUE and text[2:] else (text, None)


def _inside(path: str | None) -> str | None:
    """Return a normalized path, or None if it contains variables or leads out of the wrapper."""
    if not path or "$" in path or path.startswith(("/", "~")) or "://" in path or "`" in path:
        return None
    normal = posixpath.normpath(path)
    return None if normal == ".." or normal.startswith("../") else normal


def written_builds(line: str) -> list[WrittenBuild]:
    """Return the calls of `docker build` in a line of a recipe."""
    if not _BUILDERS.search(line):
        return []
    found: list[WrittenBuild] = []
    folder = None
    code = masked(line)
    for call in read_calls(code):
        if call.program == "cd" and call.args:
            folder = line[call.args[0].start : call.args[0].end]
        elif read := _words(call):
            places = read[1]
            options = [(name, first, _without_quotes(code, first, value)) for name, first, value in read[0]]
            given = tuple(
                (_LONG.get(name, name), line[first.start : _end(line, value)], line[value.start : value.end])
                for name, first, value in options
            )
            arguments = tuple(
                filter(None, (_argument(line, value) for name, _, value in options if name == "--build-arg"))
            )
            files = [value for name, _, value in given if name == "--file"]
            where = tuple(line[word.start : word.end] for word in places)
            context = folder or next(iter(where), None)
            program = call.program.lstrip("@+-")
            found.append(WrittenBuild(arguments, next(iter(files), None), context, program, given, where))
    return found


def _without_quotes(code: str, first: Word, value: Word) -> Word:
    """Return the value of an option with its offsets in a line, also if it's in the option's word, and in quotes."""
    if value.start >= first.end or not value.text:
        return value
    name = first.text[: len(first.text) - len(value.text)]
    written = code[first.start : first.end]
    if not written.startswith(name):
        return value
    return word_of(written[len(name) :], first.start + len(name))


def _end(line: str, word: Word) -> int:
    """Return the end of a word, including a quote that encloses it."""
    quoted = word.start > 0 and line[word.start - 1] in "'\"" and line[word.end : word.end + 1] == line[word.start - 1]
    return word.end + quoted


def _argument(line: str, word: Word) -> tuple[str, str] | None:
    """Return the name and value of a build argument, or None if the value comes from the environment."""
    name, equals, value = line[word.start : word.end].partition("=")
    quote = line[max(0, word.start - 1) : word.start]
    quote = quote if quote in ("'", '"') else ""
    return (name, quote + value + quote) if equals else None


@lru_cache(maxsize=1)
def dockerfile_of(wrapper: Wrapper) -> Dockerfile | None:
    """Return the Dockerfile that the Makefile builds, by default the one in the root.

    Return None if there is no such file, or if it's in a submodule and therefore belongs to another project.
    """
    builds = builds_of(wrapper)
    given = frozenset(name for build in builds for name in build.arguments)
    default = ["Dockerfile"] if wrapper.declared_builds is None else []
    for file in [build.file or "Dockerfile" for build in builds] or default:
        above = {PurePosixPath(file), *PurePosixPath(file).parents}
        if above.isdisjoint(wrapper.submodules) and (source := wrapper.readable(file)):
            return Dockerfile(source, given)
    return None


@lru_cache(maxsize=8)
def image_build(wrapper: Wrapper, image: str) -> tuple[Dockerfile, str] | None:
    """Return the Dockerfile and the build context of an image of the manifest, or None if they aren't known."""
    builds = builds_of(wrapper)
    chosen = [build for build in builds if build.image == image]
    if not chosen and (wrapper.declared_builds is not None or any(build.image for build in builds)):
        return None
    places = {(build.file, build.context) for build in chosen or builds} or {("Dockerfile", ".")}
    file, context = places.pop()
    # Two places are a Dockerfile per processor architecture, which would have to be compared.
    if places or file is None or context is None or wrapper.in_submodule(file):
        return None
    source = wrapper.readable(file)
    given = frozenset(name for build in chosen or builds for name in build.arguments)
    return (Dockerfile(source, given), context) if source else None


def shipped_instructions(wrapper: Wrapper) -> list[Instruction]:
    """Return the instructions of the Dockerfile whose layers are in the image."""
    dockerfile = dockerfile_of(wrapper)
    return dockerfile.shipped if dockerfile else []
