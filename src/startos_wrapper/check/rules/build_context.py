"""Rules about the build context of the images."""

import fnmatch
import posixpath
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.builds import build_context, dockerfile_of
from startos_wrapper.files.source import Place, Source
from startos_wrapper.files.wrapper import Wrapper


def copied(wrapper: Wrapper) -> set[str]:
    """Return what the Dockerfile copies from the build context, as normalized paths in the wrapper."""
    dockerfile = dockerfile_of(wrapper)
    words = (word.text for each in (dockerfile.instructions if dockerfile else []) for word in each.taken)
    context = build_context(wrapper)
    return {posixpath.normpath(posixpath.join(context, word.lstrip("/"))) for word in words if word}


@checks("W801", "W802")
def ignore_file(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a missing .dockerignore, or one that doesn't exclude the images, if the whole folder is copied.

    BuildKit only sends what the Dockerfile copies, so the file makes no difference otherwise.
    """
    dockerfile, context = dockerfile_of(wrapper), build_context(wrapper)
    if dockerfile is None or wrapper.in_submodule(context) or not _copies_all(wrapper, context):
        return
    beside = posixpath.normpath(posixpath.join(context, ".dockerignore"))
    file = next((file for file in (f"{dockerfile.source.file}.dockerignore", beside) if wrapper.is_file(file)), None)
    images = posixpath.relpath(wrapper.asset("docker-images"), context)
    if file is None:
        what = "There is no .dockerignore, so .git, docker-images and the finished package end up in the build"
        todo = f"create {beside} with the lines docker-images, *.s9pk and .git"
        yield Finding("W801", Place(dockerfile.source.file), what, todo)
        return
    source = wrapper.readable(file)
    if source and not _ignores(source, images):
        what = f"The Dockerfile copies the whole folder, and {file} doesn't exclude the old images in {images}"
        start = "" if source.text.endswith("\n") or not source.text else "\n"
        fix = source.edit(len(source.text), len(source.text), f"{start}{images}\n")
        yield Finding("W802", Place(file), what, f"add the line {images}", (fix,))


def _copies_all(wrapper: Wrapper, context: str) -> bool:
    whole = posixpath.normpath(context)
    return not copied(wrapper).isdisjoint({whole, posixpath.normpath(posixpath.join(whole, "*"))})


def _ignores(source: Source, path: str) -> bool:
    """Return whether the last pattern that matches `path` or a file in it excludes it."""
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
