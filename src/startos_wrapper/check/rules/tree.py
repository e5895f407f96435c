"""The tree around manifest, Dockerfile and entrypoint: ignore files, leftovers, versions, links, submodules."""

import fnmatch
import os
import posixpath
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.dockerfile import builds_of, dockerfile_of
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.source import Place, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

_ANSWERS = ".copier-answers.yml"
_WORKFLOWS = ".github/workflows"
# What walks pass by, and where they end: the folders of a wrapper that its author writes hold a few dozen files.
_SKIPPED = {".git", "node_modules", "target", "docker-images"}
_MOST_FILES = 2000
_MOST_READ = 400
_LARGEST_READ = 256 * 1024

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){0,3}")
_HELLO = re.compile(r"hello[-_]world", re.IGNORECASE)
_ABOUT_TEMPLATE = re.compile(r"template|based on|boilerplate|fork|example|docker run", re.IGNORECASE)
_OLD_PROGRAM = re.compile(r"(?<![\w./-])embassy-(?=(?:sdk|cli)(?![\w./-]))")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_OPENING = re.compile(r"\s*\(")
_TO_LOOK_AT = re.compile(r"[^\"'`/()\[\]{},\s]+|[,\s]+")

# What the first bytes of a file say that it is, and what its name may end in then.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image", {"png", "apng"}),
    (b"\xff\xd8\xff", "a JPEG image", {"jpg", "jpeg", "jfif"}),
    (b"GIF87a", "a GIF image", {"gif"}),
    (b"GIF89a", "a GIF image", {"gif"}),
    (b"RIFF", "a WebP image", {"webp"}),
    (b"\x00\x00\x01\x00", "an ICO image", {"ico"}),
    (b"BM", "a BMP image", {"bmp"}),
    (b"version https://git-lfs", "a pointer of Git LFS", set[str]()),
    (b"<!DOCTYPE html", "an HTML page", set[str]()),
    (b"<html", "an HTML page", set[str]()),
    (b"<svg", "an SVG image", {"svg"}),
    (b"<?xml", "an XML document", {"svg"}),
)
_IMAGES = {"png", "apng", "jpg", "jpeg", "jfif", "gif", "webp", "ico", "bmp", "svg", "avif"}


# --- Files -----------------------------------------------------------------------------------------------------------


def _walk(wrapper: Wrapper, *folders: str) -> Iterator[str]:
    """Yield the files and links below some folders, a bounded number; links to folders are not followed."""
    submodules = {str(path) for path in wrapper.submodules}
    waiting, left = [posixpath.normpath(folder) for folder in folders], _MOST_FILES
    while waiting and left > 0:
        folder = waiting.pop()
        if folder.startswith(("..", "/")) or (wrapper.root / folder).is_symlink():
            continue
        for name in wrapper.listed(folder):
            left -= 1
            path = posixpath.join(folder, name)
            if left < 0 or not name.isprintable() or name in _SKIPPED or path in submodules:
                continue
            if wrapper.is_dir(path) and not (wrapper.root / path).is_symlink():
                waiting.append(path)
            else:
                yield path


def _own_files(wrapper: Wrapper) -> Iterator[str]:
    """Yield the files of the root, and all below the folders that an author writes in."""
    for name in wrapper.listed(".")[:_MOST_FILES]:
        if name.isprintable() and wrapper.is_file(name):
            yield name
    yield from _walk(wrapper, ".github", wrapper.asset("scripts"), "service", wrapper.asset("assets"))


def _scripts(wrapper: Wrapper) -> Iterator[Source]:
    """Yield the sources of the scripts; embassy.js is made from them."""
    files = [file for file in _walk(wrapper, wrapper.asset("scripts")) if file.endswith((".ts", ".js"))]
    yield from _sources(wrapper, (file for file in files[:_MOST_READ] if not file.endswith("/embassy.js")))


def _sources(wrapper: Wrapper, files: Iterable[str]) -> Iterator[Source]:
    yield from (source for file in files if wrapper.is_file(file) and (source := wrapper.readable(file)))


def _workflows(wrapper: Wrapper) -> list[str]:
    names = [name for name in wrapper.listed(_WORKFLOWS) if name.endswith((".yml", ".yaml"))]
    return [f"{_WORKFLOWS}/{name}" for name in names[:_MOST_READ]]


def _makefile(wrapper: Wrapper) -> list[str]:
    makefile = wrapper.makefile
    return [each.source.file for each in (makefile, *makefile.included)] if makefile else []


def _in_submodule(wrapper: Wrapper, path: str) -> bool:
    pure = PurePosixPath(posixpath.normpath(path))
    return any(pure == folder or folder in pure.parents for folder in wrapper.submodules)


# --- What goes into the build ----------------------------------------------------------------------------------------


def _context(wrapper: Wrapper) -> str:
    """Return the folder that the images are built from."""
    return next((build.context for build in builds_of(wrapper) if build.context), ".")


def _copied(wrapper: Wrapper) -> set[str]:
    """Return what the Dockerfile copies from the tree, as normal paths."""
    dockerfile = dockerfile_of(wrapper)
    words = (word.text for each in (dockerfile.instructions if dockerfile else []) for word in each.taken)
    context = _context(wrapper)
    return {posixpath.normpath(posixpath.join(context, word.lstrip("/"))) for word in words if word}


@checks("W801", "W802")
def ignore_file(wrapper: Wrapper) -> Iterator[Finding]:
    """Look for a .dockerignore, and, where the whole folder is copied, for the images in it."""
    dockerfile, context = dockerfile_of(wrapper), _context(wrapper)
    if dockerfile is None or _in_submodule(wrapper, context):
        return
    beside = posixpath.normpath(posixpath.join(context, ".dockerignore"))
    file = next((file for file in (f"{dockerfile.source.file}.dockerignore", beside) if wrapper.is_file(file)), None)
    images = posixpath.relpath(wrapper.asset("docker-images"), context)
    if file is None:
        what = "There is no .dockerignore: nothing keeps .git, docker-images and the finished package out of the build"
        todo = f"write {beside} with the lines docker-images, *.s9pk and .git"
        yield Finding("W801", Place(dockerfile.source.file), what, todo)
        return
    source = wrapper.readable(file)
    if source and posixpath.normpath(context) in _copied(wrapper) and not _ignores(source, images):
        what = f"The Dockerfile copies the whole folder and {file} lets {images} in: each image holds the last ones"
        start = "" if source.text.endswith("\n") or not source.text else "\n"
        fix = source.edit(len(source.text), len(source.text), f"{start}{images}\n")
        yield Finding("W802", Place(file), what, f"add the line {images}", (fix,))


def _ignores(source: Source, path: str) -> bool:
    """Say whether the last pattern that fits `path` or a file in it leaves it out."""
    ignored = path.startswith("..")
    for line in source.lines[:1000]:
        pattern = line.strip()
        if not pattern or pattern.startswith("#") or len(pattern) > 200:
            continue
        leaves_out = not pattern.startswith("!")
        bare = pattern.lstrip("!").strip("/").removeprefix("./").removeprefix("**/").removesuffix("/**")
        if fnmatch.fnmatchcase(path, bare) or fnmatch.fnmatchcase(f"{path}/aarch64.tar", bare):
            ignored = leaves_out
    return ignored


# --- Assets ----------------------------------------------------------------------------------------------------------


@checks("W803")
def folder_not_packed(wrapper: Wrapper) -> Iterator[Finding]:
    """Find folders of assets that no volume of type assets names: they are left out. S/s9pk/mod.rs:152-173"""
    if wrapper.manifest.get("volumes") is None:
        return
    assets = posixpath.normpath(wrapper.asset("assets"))
    copied = _copied(wrapper)
    if copied & {".", assets, f"{assets}/*"} or assets.startswith(("..", "/")) or assets == ".":
        return
    named = [posixpath.normpath(wrapper.asset(name)) for name in ("icon", "license", "instructions", "scripts")]
    for name in wrapper.listed(assets):
        folder = f"{assets}/{name}"
        if wrapper.volumes.get(name) == "assets" or not name.isprintable() or not wrapper.is_dir(folder):
            continue
        used = any(path == folder or path.startswith(f"{folder}/") for path in (*copied, *named))
        if used or _mentioned(wrapper, folder) or all(each.startswith(".") for each in wrapper.listed(folder)):
            continue
        what = f"{folder} is not packed: no volume of type assets has the name {name}"
        yield Finding(
            "W803", Place(folder), what, "remove the folder, or declare the volume and mount it where it is used"
        )


def _mentioned(wrapper: Wrapper, folder: str) -> bool:
    dockerfile = dockerfile_of(wrapper)
    texts = [dockerfile.source.text if dockerfile else "", wrapper.makefile.text if wrapper.makefile else ""]
    return any(folder in text for text in texts)


@checks("W811")
def link_outside(wrapper: Wrapper) -> Iterator[Finding]:
    """Find links among what is packed that lead out of the wrapper: they work on this machine alone."""
    assets = wrapper.asset("assets")
    named = [wrapper.asset(name) for name in ("license", "icon", "instructions")]
    for path in dict.fromkeys((*named, assets, *_walk(wrapper, assets))):
        try:
            target = str((wrapper.root / path).readlink())
        except (OSError, ValueError):
            continue
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if inside == ".." or inside.startswith(("../", "/")):
            shown = target if target.isprintable() else "another place"
            what = f"{path} is a link to {shown}, outside of the wrapper: it works on this machine alone"
            yield Finding("W811", Place(path), what, "put a copy of the file in its place")


@checks("W817")
def icon_type(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an icon that its first bytes say is of another type than its name. M/mime.rs, S/install/mod.rs:1196"""
    icon = wrapper.asset("icon")
    ending = PurePosixPath(icon).suffix[1:].lower()
    head = _head(wrapper, icon)
    if head is None or ending not in _IMAGES:
        return
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind, endings = next(
        ((kind, endings) for magic, kind, endings in _MAGIC if head.startswith(magic) or text.startswith(magic)),
        ("empty", set[str]()) if not text else ("", {ending}),
    )
    if kind == "a WebP image" and head[8:12] != b"WEBP":
        return
    if ending not in endings:
        what = f"{icon} is {kind}, and StartOS shows it by its name's ending as image/{ending}"
        todo = f"put a real {ending.upper()} image there"
        if endings:
            todo += f", or name it icon.{min(sorted(endings), key=len)} and say so in assets.icon"
        yield Finding("W817", Place(icon), what, todo)


def _head(wrapper: Wrapper, file: str) -> bytes | None:
    """Return the first bytes of a regular file, None where there is none that can be read."""
    try:
        handle = os.open(wrapper.root / file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        return os.read(handle, 256) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(handle)


@checks("W818")
def empty_text(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a licence or instructions without a word in them: they pass, and the user sees an empty page."""
    for name in ("license", "instructions"):
        source = wrapper.readable(wrapper.asset(name)) if wrapper.is_file(wrapper.asset(name)) else None
        if source and not source.text.strip():
            what = f"The file is empty, so the user sees no {name} in StartOS"
            yield Finding("W818", Place(source.file), what, f"write the {name} into it")


# --- Leftovers -------------------------------------------------------------------------------------------------------


@checks("W804")
def template_leftovers(wrapper: Wrapper) -> Iterator[Finding]:
    """Find the name of the template hello-world in the files that one edits after copying it, once in each."""
    if wrapper.id is None or _HELLO.search(wrapper.id):
        return
    files = [*_makefile(wrapper), "README.md", ".gitignore", "Dockerfile", "docker_entrypoint.sh", *_workflows(wrapper)]
    manifest = [wrapper.manifest_file] if wrapper.manifest_file else []
    sources = [*_sources(wrapper, [*manifest, *files]), *_scripts(wrapper)]
    for source in sources:
        if not _HELLO.search(source.text):
            continue
        hits = [(number, found) for number, line in enumerate(source.lines, 1) if (found := _leftover(source, line))]
        if hits:
            number, found = hits[0]
            start = source.offset(number) + found.start()
            more = f" ({len(hits)} lines)" if len(hits) > 1 else ""
            what = f"This still names the template {found[0]}{more}"
            place = source.place(start, start + len(found[0]))
            yield Finding("W804", place, what, f"write {wrapper.id}, or remove what is not needed")


def _leftover(source: Source, line: str) -> re.Match[str] | None:
    """Return where a line names the template, unless it is a comment or a sentence about it."""
    is_prose = source.file.endswith(".md")
    if not is_prose and line.lstrip().startswith(("#", "//")):
        return None
    return None if _ABOUT_TEMPLATE.search(line) and is_prose else _HELLO.search(line)


@checks("W806", "W807")
def unfinished_merge(wrapper: Wrapper) -> Iterator[Finding]:
    """Find what `copier update` or a merge left to its user: conflicts in files, and rejected changes beside them."""
    for number, file in enumerate(_own_files(wrapper)):
        if file.endswith(".rej") and wrapper.is_file(file):
            what = f"A change that did not fit into {file.removesuffix('.rej')} was left here"
            yield Finding("W807", Place(file), what, "make the change by hand and remove this file")
        elif number < _MOST_READ and _may_have_conflicts(wrapper, file) and (source := wrapper.readable(file)):
            yield from _conflicts(source)


def _may_have_conflicts(wrapper: Wrapper, file: str) -> bool:
    try:
        data = read_bytes(wrapper.root / file, _LARGEST_READ)
    except (TooLargeError, UnreadableError):
        return False
    return data is not None and b"<<<<<<< " in data and b"\n>>>>>>> " in data and b"\0" not in data


def _conflicts(source: Source) -> Iterator[Finding]:
    """Yield the first conflict of a file: the three lines that mark one, in their order."""
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
        count = "a conflict" if len(found) == 1 else f"{len(found)} conflicts, of which this is the first"
        what = f"A merge left {count} in this file"
        yield Finding(
            "W806", source.line_place(found[0]), what, "keep one side and remove the lines that mark the conflict"
        )


@checks("W814")
def renamed_programs(wrapper: Wrapper) -> Iterator[Finding]:
    """Find calls of embassy-sdk and embassy-cli, which since 0.3.4.4 only say that they are renamed."""
    for source in _sources(wrapper, [*_makefile(wrapper), *_workflows(wrapper)]):
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
        what = f"{name} has been renamed to {new}, and the old name only says so and fails{more}"
        fixes = tuple(source.edit(hit, hit + len("embassy"), "start") for hit in hits)
        yield Finding("W814", source.place(first, first + len(name)), what, f"write {new}", fixes)


# --- Versions --------------------------------------------------------------------------------------------------------


def _numbers(version: str | None) -> list[int] | None:
    """Return the four numbers that StartOS compares, None where the text is no plain version."""
    if version is None or len(version) > 100 or not _VERSION.fullmatch(version):
        return None
    parts = [int(part) for part in version.split(".")]
    return parts + [0] * (4 - len(parts))


@checks("W805")
def other_version(wrapper: Wrapper) -> Iterator[Finding]:
    """Find the version written elsewhere than in the manifest, and different."""
    version = _numbers(wrapper.version)
    if version is None:
        return
    for source in _scripts(wrapper):
        for start, end in _mapped_versions(source.text):
            written = source.text[start:end]
            numbers = _numbers(written)
            if numbers and numbers != version:
                what = f"The migrations are said to lead to {written}, and the manifest's version is {wrapper.version}"
                fixes = (source.edit(start, end, str(wrapper.version)),)
                yield Finding("W805", source.place(start, end), what, f"write {wrapper.version}", fixes)
    yield from _makefile_version(wrapper, version)


def _mapped_versions(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the last argument of `fromMapping(..., "1.2.3")` stands, without its quotes; three calls at most."""
    at = 0
    for _ in range(3):
        at = text.find("fromMapping", at) + len("fromMapping")
        if at < len("fromMapping"):
            return
        before = text[text.rfind("\n", 0, at) + 1 : at]
        opening = _OPENING.match(text, at)
        if opening is None or "//" in before or before.lstrip().startswith(("*", "/*")):
            continue
        span = _last_argument(text, opening.end())
        if span:
            yield span


def _last_argument(text: str, at: int) -> tuple[int, int] | None:
    """Return the span of the text that is the last argument of a call whose parenthesis ends before `at`."""
    depth, last = 1, None
    while at < len(text):
        sign = text[at]
        if sign in "\"'`":
            string = _STRING.match(text, at)
            if not string:
                return None
            last, at = (at + 1, string.end() - 1), string.end()
        elif text.startswith(("//", "/*"), at):
            end = text.find("\n" if text[at + 1] == "/" else "*/", at + 2)
            if end < 0:
                return None
            at = end + (1 if text[at + 1] == "/" else 2)
        elif sign in ")]}":
            depth -= 1
            if not depth:
                return last
            last, at = None, at + 1
        elif run := _TO_LOOK_AT.match(text, at):
            last = last if run[0].strip(", \t\r\n") == "" else None
            at = run.end()
        else:
            depth += sign in "([{"
            last, at = None, at + 1
    return None


def _makefile_version(wrapper: Wrapper, version: list[int]) -> Iterator[Finding]:
    """Find a version written into the Makefile that becomes the image's tag, which must be the manifest's."""
    makefile = wrapper.makefile
    for name in ("VERSION", "PKG_VERSION") if makefile else ():
        assert makefile is not None
        numbers = _numbers(makefile.variables.get(name, "").strip("\"'"))
        tagged = re.search(rf"start9/[^\s:]*:[\"']?\$[({{]{name}[)}}]", makefile.source.text)
        if numbers is None or numbers == version or not tagged:
            continue
        for number, line in enumerate(makefile.source.lines, 1):
            if found := re.match(rf"(?:export\s+)?{name}\s*(?::{{0,3}}=|\?=)\s*[\"']?({_VERSION.pattern})", line):
                start = makefile.source.offset(number) + found.start(1)
                what = f"The images get the tag {found[1]}, and the manifest's version is {wrapper.version}"
                todo = "read the version from the manifest, or write the same one"
                yield Finding("W805", makefile.source.place(start, start + len(found[1])), what, todo)


@checks("W816")
def one_tar_two_processors(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a single tar of images in a package that says that it runs on two processors. S/s9pk/mod.rs:106-151"""
    node, arches = (
        wrapper.manifest.get("assets", "docker-images"),
        wrapper.manifest.get("hardware-requirements", "arch"),
    )
    names = dict.fromkeys(arches.texts()) if arches else {}
    if node and node.text and node.text.endswith(".tar") and len(names) > 1 and not wrapper.is_dir(node.text):
        what = (
            f"{node.text} holds the image for one processor, and hardware-requirements.arch has {' and '.join(names)}"
        )
        todo = "build docker-images/ARCH.tar for each and remove assets.docker-images, or list one processor"
        yield Finding("W816", wrapper.at(node), what, todo)


# --- Copier and git --------------------------------------------------------------------------------------------------


@checks("W808", "W809")
def answers(wrapper: Wrapper) -> Iterator[Finding]:
    """Look whether `copier update` can read the answers, and would write the same package."""
    source = wrapper.readable(_ANSWERS) if wrapper.is_file(_ANSWERS) else None
    if source is None:
        return
    try:
        node = read_document(source)
    except (NotADocumentError, TooLargeError) as error:
        place = source.place(error.offset) if isinstance(error, NotADocumentError) else Place(_ANSWERS)
        what = "These answers cannot be read, so `copier update` does not work"
        yield Finding("W808", place, what, "restore the file as Copier wrote it")
        return
    missing = [name for name in ("_src_path", "_commit") if _text(node, name) is None]
    if missing:
        what = (
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, so `copier update` does not work"
        )
        yield Finding("W808", Place(_ANSWERS), what, "restore the file as Copier wrote it")
    answer = _text(node, "service_id")
    if answer is not None and wrapper.id is not None and answer.value != wrapper.id:
        what = f"The manifest's id is {wrapper.id}: the next `copier update` would write {answer.value} again"
        todo = f"run `copier update --data service_id={wrapper.id}`, or give the manifest the id {answer.value}"
        yield Finding("W809", source.place(answer.start, answer.end), what, todo)


def _text(node: Node, name: str) -> Node | None:
    """Return a field that is there and no list, map or null: Copier writes a commit of digits alone as a number."""
    child = node.get(name)
    return child if child is not None and not child.fields and not child.items else None


@checks("W812")
def submodule_empty(wrapper: Wrapper) -> Iterator[Finding]:
    """Find submodules that are not checked out: the build misses their files."""
    source = wrapper.readable(".gitmodules") if wrapper.is_file(".gitmodules") else None
    if source is None or any("git submodule update" in text.text for text in _sources(wrapper, _makefile(wrapper))):
        return
    seen = {"."}
    for number, line in enumerate(source.lines, 1):
        name, _, value = line.partition("=")
        path = posixpath.normpath(value.strip() or ".")
        if name.strip() != "path" or path.startswith(("..", "/")) or path in seen:
            continue
        seen.add(path)
        if not wrapper.listed(path):
            what = f"The submodule {path} is not checked out, so the build misses its files"
            yield Finding("W812", source.line_place(number), what, f"run `git submodule update --init {path}`")


@checks("W810")
def script_without_source(wrapper: Wrapper) -> Iterator[Finding]:
    """Find that the Makefile is to make embassy.js from an embassy.ts that is not there."""
    folder, makefile = wrapper.asset("scripts"), wrapper.makefile
    made, source = f"{folder}/embassy.js", f"{folder}/embassy.ts"
    if makefile is None or not any(procedure.kind == "script" for procedure in wrapper.procedures):
        return
    if wrapper.is_file(made) or wrapper.is_file(source) or wrapper.made(source) or _in_submodule(wrapper, folder):
        return
    line = next(
        (line for line, targets, _ in makefile.rules if made in {target.removeprefix("./") for target in targets}), 0
    )
    bundle = wrapper.readable(f"{folder}/bundle.ts") if wrapper.is_file(f"{folder}/bundle.ts") else None
    if line and ("embassy.ts" in makefile.source.text or (bundle and "embassy.ts" in bundle.text)):
        what = f"The manifest runs scripts, and {made} is to be made from {source}, which is not there"
        todo = f"write {source} with what the scripts export, or make no procedure a script"
        yield Finding("W810", makefile.source.line_place(line), what, todo)
