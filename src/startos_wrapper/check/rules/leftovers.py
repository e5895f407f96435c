"""Rules about leftovers: from the hello-world template, from merges, and from an older SDK."""

import posixpath
import re
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.tree import makefiles, own_files, scripts, text_files, walk, workflows
from startos_wrapper.files.builds import builds_of
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Place, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

_LARGEST_READ = 256 * 1024
_MOST_SEARCHED = 1000
_TESTS = re.compile(r"(?:^|/)(?:tests?|testdata|fixtures)/")

_HELLO = re.compile(r"hello[-_]world", re.IGNORECASE)
_ABOUT_TEMPLATE = re.compile(r"template|based on|boilerplate|fork|example|docker run", re.IGNORECASE)
_OLD_PROGRAM = re.compile(r"(?<![\w./-])embassy-(?=(?:sdk|cli)(?![\w./-]))")


@checks("W804")
def template_leftovers(wrapper: Wrapper) -> Iterator[Finding]:
    """Find the name of the hello-world template in files that authors edit after copying it, once per file."""
    if wrapper.id is None or _HELLO.search(wrapper.id):
        return
    files = [*makefiles(wrapper), "README.md", ".gitignore", "Dockerfile", "docker_entrypoint.sh", *workflows(wrapper)]
    manifest = [wrapper.manifest_file] if wrapper.manifest_file else []
    sources = [*text_files(wrapper, [*manifest, *files]), *scripts(wrapper)]
    for source in sources:
        if not _HELLO.search(source.text):
            continue
        hits = [(number, found) for number, line in enumerate(source.lines, 1) if (found := _leftover(source, line))]
        if hits:
            number, found = hits[0]
            start = source.offset(number) + found.start()
            more = f" ({len(hits)} lines)" if len(hits) > 1 else ""
            what = f"{found[0]} is still in this file{more}: it's the name of Start9's example wrapper"
            place = source.place(start, start + len(found[0]))
            yield Finding("W804", place, what, f"write {wrapper.id}, or remove what you don't need")


def _leftover(source: Source, line: str) -> re.Match[str] | None:
    """Return where a line contains the template's name, unless the line is a comment or a sentence about it."""
    is_prose = source.file.endswith(".md")
    if not is_prose and line.lstrip().startswith(("#", "//")):
        return None
    # Upstream's workflows skip their own example.
    if "!= 'hello-world'" in line:
        return None
    return None if _ABOUT_TEMPLATE.search(line) and is_prose else _HELLO.search(line)


@checks("E806", "E807")
def unfinished_merge(wrapper: Wrapper) -> Iterator[Finding]:
    """Find conflicts and rejected changes that `copier update` or a merge left for the user to resolve.

    In the files that authors write, and in everything else that a build copies or start-sdk packs.
    """
    for number, file in enumerate(dict.fromkeys((*own_files(wrapper), *_built_files(wrapper)))):
        if file.endswith(".rej") and wrapper.is_file(file):
            what = f"A change that couldn't be merged into {file.removesuffix('.rej')} was left here"
            yield Finding("E807", Place(file), what, "make the change by hand and delete this file")
        elif number < _MOST_SEARCHED and _may_have_conflicts(wrapper, file) and (source := wrapper.readable(file)):
            yield from _conflicts(source)


def _built_files(wrapper: Wrapper) -> Iterator[str]:
    """Yield the files that any stage of a Dockerfile copies, without those of tests, which may contain a conflict."""
    places = {(build.file, build.context) for build in builds_of(wrapper)} or {("Dockerfile", ".")}
    for file, context in sorted((file, context) for file, context in places if file and context is not None):
        source = wrapper.readable(file)
        for instruction in Dockerfile(source).instructions if source else ():
            for word in instruction.taken:
                path = posixpath.normpath(posixpath.join(context, word.text.lstrip("/")))
                if wrapper.is_dir(path):
                    yield from (each for each in walk(wrapper, path) if not _TESTS.search(each))
                elif not path.startswith(".."):
                    yield path


def _may_have_conflicts(wrapper: Wrapper, file: str) -> bool:
    try:
        data = read_bytes(wrapper.root / file, _LARGEST_READ)
    except (TooLargeError, UnreadableError):
        return False
    return data is not None and b"<<<<<<< " in data and b"\n>>>>>>> " in data and b"\0" not in data


def _conflicts(source: Source) -> Iterator[Finding]:
    """Report the first conflict in a file: three marker lines in the right order."""
    begun, halved, found = 0, False, []
    for number, line in enumerate(source.lines, 1):
        if line.startswith("<<<<<<< "):
            begun, halved = number, False
        elif begun and line == "=======":
            halved = True
        elif begun and halved and line.startswith(">>>>>>> "):
            found.append(begun)
            begun = 0
    if found:
        count = "a conflict" if len(found) == 1 else f"{len(found)} conflicts (this is the first)"
        what = f"A merge left {count}"
        yield Finding("E806", source.line_place(found[0]), what, "keep one side and remove the conflict markers")


@checks("W814", startos="0.3.5")
def renamed_programs(wrapper: Wrapper) -> Iterator[Finding]:
    """Find calls of embassy-sdk and embassy-cli, which only print their new names since 0.3.4.4."""
    for source in text_files(wrapper, [*makefiles(wrapper), *workflows(wrapper)]):
        hits = [
            source.offset(number) + match.start()
            for number, line in enumerate(source.lines, 1)
            if "embassy-" in line and not line.lstrip().startswith("#")
            for match in _OLD_PROGRAM.finditer(line)
        ]
        if not hits:
            continue
        first = hits[0]
        name = source.text[first : first + len("embassy-sdk")]
        new = name.replace("embassy", "start")
        more = f" ({len(hits)} calls)" if len(hits) > 1 else ""
        what = f"{name} has been renamed to {new}, and the old name always fails{more}"
        fixes = tuple(source.edit(hit, hit + len("embassy"), "start") for hit in hits)
        yield Finding("W814", source.place(first, first + len(name)), what, f"write {new}", fixes)
