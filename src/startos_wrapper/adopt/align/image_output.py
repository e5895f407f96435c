"""Which files with images a recipe leaves behind, whatever its target is called."""

import posixpath
import re
from collections.abc import Iterator

from startos_wrapper.files.build_output import read_output
from startos_wrapper.files.builds import WrittenBuild, written_builds
from startos_wrapper.files.makefile import Block, Makefile, masked
from startos_wrapper.files.shell.calls import Call, read_calls
from startos_wrapper.files.word import dequoted

_TARGET = re.compile(r"\$(?:@|\(@\)|\{@\})")
_HERE = re.compile(r"(?:\./|\$[({](?:CURDIR|PWD)[)}]/|\$\$PWD/)+")
# With these alone, only Docker can write an image.
_MAKE_NO_FILE = {"docker", "mkdir", "echo", "rm"}
_COPIERS = {"cp", "mv", "ln"}
_INTO_FILE = re.compile(r"1?>[>|]?")


def plain_path(makefile: Makefile, block: Block, written: str) -> str:
    """Return a path as it's written in a recipe, with make's variables expanded, also that of the target."""
    path = _TARGET.sub(lambda _: block.name, dequoted(written))
    return _HERE.sub("", makefile.expand(path), count=1)


def images_of(makefile: Makefile, build: WrittenBuild) -> list[str]:
    """Return the files that a build writes an image to, with make's variables expanded, but that of the target."""
    outputs = (read_output(makefile.expand(value)) for value in build.values("--output"))
    return [output.image for output in outputs if output.image]


def images_written(makefile: Makefile, block: Block) -> list[str]:
    """Return the files with images that a recipe leaves behind, as far as its commands show."""
    found: dict[str, None] = {}
    for _, text in block.recipe:
        line = text.lstrip("@+- ")
        builds = iter(written_builds(line))
        for call in read_calls(masked(line)):
            for file in _by_call(call, line, builds, makefile):
                found[plain_path(makefile, block, file)] = None
            if call.program in _COPIERS:
                words = [line[word.start : word.end] for word in call.args if not word.text.startswith("-")]
                _copied(call.program, [plain_path(makefile, block, word) for word in words], found)
    return list(found)


def writes_no_image(makefile: Makefile, block: Block) -> bool:
    """Return whether Docker's builds are all that a recipe could make its target with, and none of them does."""
    calls = [call for _, text in block.recipe for call in read_calls(masked(text.lstrip("@+- ")))]
    programs = {call.program for call in calls if call.words}
    return "docker" in programs and programs <= _MAKE_NO_FILE and not images_written(makefile, block)


def _by_call(call: Call, line: str, builds: Iterator[WrittenBuild], makefile: Makefile) -> Iterator[str]:
    """Yield the files that a command of Docker's writes an image to, as they're written."""
    into = [
        line[word.start : word.end]
        for word in call.redirections
        if _INTO_FILE.match(word.text) and "/dev/" not in word.text
    ]
    into = [_INTO_FILE.sub("", word, count=1).strip() for word in into]
    if call.texts[:1] == ("save",) or call.texts[:2] == ("image", "save"):
        words = [line[word.start : word.end] for word in call.args]
        for word, after in zip(words, [*words[1:], ""], strict=True):
            if match := re.fullmatch(r"(?:-o|--output)(?:=(.*))?|-o(.+)", word):
                yield match[1] or match[2] or after
        yield from into
    elif "build" in call.texts[:2] and (build := next(builds, None)):
        for file in images_of(makefile, build):
            yield from into if file == "-" else [file]


def _copied(program: str, paths: list[str], found: dict[str, None]) -> None:
    """Follow images that a command copies or moves to the last of the paths."""
    for source in paths[:-1]:
        if source in found:
            into = paths[-1].endswith("/") or paths[-1] == "docker-images"
            found[posixpath.join(paths[-1], posixpath.basename(source)) if into else paths[-1]] = None
            if program == "mv":
                del found[source]
