"""Where the files of a wrapper are in an image, as COPY and ADD say."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice

from startos_wrapper.files.builds import image_build
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile, expand
from startos_wrapper.files.fetched import is_remote
from startos_wrapper.files.images.image_config import DEFAULT_PATH
from startos_wrapper.files.paths import is_in
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper

_PATTERN = re.compile(r"[*?\[]")
# Programs that put no other files into an image than those that the instruction names.
_HARMLESS = {"", ":", "[", "true", "false", "test", "set", "export", "cd", "exit", "rm", "rmdir", "mkdir", "chmod"}
_HARMLESS |= {"chown", "chgrp", "adduser", "addgroup", "useradd", "groupadd", "usermod", "passwd", "setcap"}
_HARMLESS |= {"update-ca-certificates", "locale-gen", "apt-mark"}
# The packages of a distribution put programs into PATH, and only a few of them end in .sh.
_PACKAGE_MANAGERS = {"apk", "apt", "apt-get"}
_IN_PACKAGES = {"gettext.sh"}
_MOST_FILES, _MOST_FOLDERS, _MOST_LANDINGS = 500, 50, 500
# Base images that contain a distribution and no service. What they contain is known.
_DISTRIBUTION = re.compile(
    r"(?:docker\.io/)?(?:(?:library|amd64|arm64v8|arm32v7|i386)/)?(alpine|debian|ubuntu|busybox)(?:[:@].*)?"
)


@dataclass(frozen=True)
class Copied:
    """A file of the wrapper in an image: the COPY or ADD, its word, the file's path here, and its path there."""

    instruction: Instruction
    word: Word
    file: str
    path: str


@dataclass(frozen=True)
class _Landing:
    """A source of a COPY or ADD: a path in the wrapper, and where it lands in the image."""

    instruction: Instruction
    word: Word
    source: str
    target: str
    in_folder: bool


class ImageFiles:
    """The files of a wrapper in one of its images."""

    def __init__(self, wrapper: Wrapper, dockerfile: Dockerfile, context: str) -> None:
        """Read the COPY and ADD instructions of the image."""
        self.wrapper = wrapper
        self.dockerfile = dockerfile
        self.context = context
        self._landings = list(islice(self._read(), _MOST_LANDINGS))
        self._found: dict[str, Copied | None] = {}
        self._may_have: dict[str, bool] = {}

    @property
    def distribution(self) -> str | None:
        """Return the distribution if the base image is nothing but that, e.g. `alpine`."""
        final = self.dockerfile.final
        first = final.lineage[0] if final else None
        found = _DISTRIBUTION.fullmatch(first.base or "") if first else None
        return found[1] if found else None

    @property
    def search_path(self) -> tuple[str, ...]:
        """Return the folders in which the container looks up a program, as far as they're known."""
        values = [
            word.text.partition("=")[2]
            for instruction in self.sets_environment
            for word in instruction.words
            if word.text.startswith("PATH=")
        ]
        return (*(folder for value in values for folder in value.split(":") if folder.startswith("/")), *DEFAULT_PATH)

    @property
    def sets_environment(self) -> list[Instruction]:
        """Return the ENV instructions of the image."""
        return [each for each in self.dockerfile.shipped if each.name == "ENV"]

    def find(self, path: str) -> Copied | None:
        """Return the file that is at `path` in the image. A path without a slash is a name in any folder of it."""
        if path not in self._found:
            self._found[path] = self._find(path)
        return self._found[path]

    def _find(self, path: str) -> Copied | None:
        for landing in reversed(self._landings):
            for file, target in self._pairs(landing, path):
                hit = target == path if "/" in path else posixpath.basename(target) == path
                if hit and self.wrapper.is_file(file):
                    return Copied(landing.instruction, landing.word, file, target)
        return None

    def single_files(self) -> Iterator[Copied]:
        """Yield the files that a COPY or ADD names one by one."""
        for landing in self._landings:
            if self.wrapper.is_file(landing.source):
                name = posixpath.basename(landing.source)
                path = posixpath.join(landing.target, name) if landing.in_folder else landing.target
                yield Copied(landing.instruction, landing.word, landing.source, path)

    def may_have(self, path: str) -> bool:
        """Return whether an instruction that can't be followed may put a file at `path`, or a file of that name."""
        if path not in self._may_have:
            self._may_have[path] = self._may_put(path)
        return self._may_have[path]

    def _may_put(self, path: str) -> bool:
        name = posixpath.basename(path)
        in_path = posixpath.dirname(path) in ("", *self.search_path) and name not in _IN_PACKAGES
        for instruction in self.dockerfile.shipped:
            if instruction.name == "RUN" and (name in instruction.text or _may_write(instruction, in_path)):
                return True
            if any(is_remote(word.text) or "$" in word.text for word in instruction.taken):
                return True
        return self.may_copy(path)

    def may_copy(self, path: str) -> bool:
        """Return whether another stage, another image, or a source that doesn't exist yet may bring a file."""
        for landing in self._landings:
            # The source may be in a submodule that isn't checked out, or be made by the build.
            is_there = self.wrapper.is_file(landing.source) or self.wrapper.is_dir(landing.source)
            if not is_there and self._may_land(landing.source, landing.target, path):
                return True
        for instruction in self.dockerfile.shipped:
            if instruction.name not in ("COPY", "ADD") or instruction.taken or not instruction.words:
                continue
            target = expand(instruction.words[-1].text, instruction.values) or ""
            if any(self._may_land(word.text, target, path) for word in instruction.words[:-1]):
                return True
        return False

    def _may_land(self, source: str, target: str, path: str) -> bool:
        """Return whether a file or folder, copied to `target`, can be or contain the file at `path`."""
        if not target.startswith("/") or "$" in source:
            return True
        if not posixpath.dirname(path):
            return any(self._may_land(source, target, posixpath.join(folder, path)) for folder in self.search_path)
        target, name = posixpath.normpath(target), posixpath.basename(path)
        # Scripts aren't folders.
        is_other = source.endswith(".sh") and posixpath.basename(source) != name
        return path == target or (is_in(path, target) and not is_other)

    def _pairs(self, landing: _Landing, path: str) -> Iterator[tuple[str, str]]:
        """Yield the paths in the wrapper and in the image that a file can have because of a COPY."""
        source, target = landing.source, landing.target
        if not self.wrapper.is_dir(source):
            if not landing.in_folder:
                yield source, target
            # Without a slash at its end, the target may be a folder that the image already has.
            if landing.in_folder or "." not in posixpath.basename(target):
                yield source, posixpath.join(target, posixpath.basename(source))
        elif "/" not in path:
            inner = (posixpath.join(folder, path) for folder in ("", *self._folders(source)))
            yield from ((posixpath.join(source, each), posixpath.join(target, each)) for each in inner)
        elif path.startswith(target.rstrip("/") + "/"):
            yield posixpath.join(source, path[len(target.rstrip("/")) + 1 :]), path

    def _folders(self, source: str) -> list[str]:
        """Return the subfolders of a folder, two levels deep, without hidden ones."""
        found: list[str] = []
        for name in self.wrapper.listed(source)[:_MOST_FOLDERS]:
            if not name.startswith(".") and self.wrapper.is_dir(posixpath.join(source, name)):
                found.append(name)
                for inner in self.wrapper.listed(posixpath.join(source, name))[:_MOST_FOLDERS]:
                    if self.wrapper.is_dir(posixpath.join(source, name, inner)):
                        found.append(posixpath.join(name, inner))
        return found[:_MOST_FOLDERS]

    def _read(self) -> Iterator[_Landing]:
        # Only a distribution is known to begin in `/`.
        folder: str | None = "/" if self.distribution else None
        for instruction in self.dockerfile.shipped:
            values = instruction.values
            if instruction.name == "WORKDIR" and instruction.words:
                folder = _joined(folder, expand(instruction.words[0].text, values))
            if not instruction.taken:
                continue
            written = expand(instruction.words[-1].text, values)
            target = _joined(folder, written)
            if target is None or written is None:
                continue
            for word in instruction.taken:
                text = expand(word.text, values)
                if text and not is_remote(text) and not text.startswith("<<"):
                    yield from self._sources(instruction, word, text, target, written)

    def _sources(
        self, instruction: Instruction, word: Word, text: str, target: str, written: str
    ) -> Iterator[_Landing]:
        inner = posixpath.normpath("/" + text).lstrip("/")
        in_folder = written.endswith(("/", "/.")) or written == "." or len(instruction.taken) > 1
        if "parents" in instruction.flags:
            target, in_folder = posixpath.join(target, posixpath.dirname(inner)), True
        source = posixpath.normpath(posixpath.join(self.context, inner))
        if not _PATTERN.search(inner):
            yield _Landing(instruction, word, source, target, in_folder)
            return
        folder, pattern = posixpath.split(source)
        if not _PATTERN.search(folder):
            for name in self.wrapper.listed(folder or ".")[:_MOST_FILES]:
                if fnmatchcase(name, pattern):
                    yield _Landing(instruction, word, posixpath.join(folder, name), target, True)


def _may_write(run: Instruction, in_path: bool) -> bool:
    """Return whether a RUN may put files anywhere that it doesn't name, or that are in a folder outside PATH."""
    if run.listed is not None or re.search(r"\.(?:deb|apk)\b", run.text):
        return True
    known = _HARMLESS | (_PACKAGE_MANAGERS if in_path else set())
    return any(call.program not in known or "$" in call.program for call in run.calls)


def _joined(folder: str | None, path: str | None) -> str | None:
    """Return a path in the image, or None if it isn't known."""
    if path is None or not (path.startswith("/") or folder):
        return None
    return posixpath.normpath(posixpath.join(folder or "/", path))


@lru_cache(maxsize=8)
def image_files(wrapper: Wrapper, image: str) -> ImageFiles | None:
    """Return the files of the wrapper in an image of the manifest, or None if its Dockerfile isn't known."""
    build = image_build(wrapper, image)
    return ImageFiles(wrapper, *build) if build else None
