"""Rules about the build context of the images."""

import fnmatch
import posixpath
from collections.abc import Iterator
from itertools import islice

from startos_wrapper.check.in_dockerfile import copied_paths, finding, model, short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.tree import walk
from startos_wrapper.files.builds import build_context, builds_of, dockerfile_of
from startos_wrapper.files.dockerignore import Dockerignore, dockerignore_of
from startos_wrapper.files.makefile import IMAGE, Makefile
from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import Wrapper

_MOST_COPIED = 50
# Whether a folder is shut out is decided by this many of its files.
_MOST_FILES = 300


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
    source = dockerignore_of(wrapper, dockerfile.source.file, context)
    images = posixpath.relpath(wrapper.asset("docker-images"), context)
    if source is None and not _has_ignore_file(wrapper, dockerfile.source.file, context):
        beside = posixpath.normpath(posixpath.join(context, ".dockerignore"))
        what = "There is no .dockerignore, so .git, docker-images and the finished package end up in the build"
        todo = f"create {beside} with the lines docker-images, *.s9pk and .git"
        yield Finding("W801", Place(dockerfile.source.file), what, todo)
        return
    if source and not images.startswith("..") and not Dockerignore(source).shuts_out(f"{images}/aarch64.tar"):
        what = f"The Dockerfile copies the whole folder, and {source.file} doesn't exclude the old images in {images}"
        start = "" if source.text.endswith("\n") or not source.text else "\n"
        fix = source.edit(len(source.text), len(source.text), f"{start}{images}\n")
        yield Finding("W802", Place(source.file), what, f"add the line {images}", (fix,))


def _copies_all(wrapper: Wrapper, context: str) -> bool:
    whole = posixpath.normpath(context)
    return not copied(wrapper).isdisjoint({whole, posixpath.normpath(posixpath.join(whole, "*"))})


@checks("E813")
def copied_but_ignored(wrapper: Wrapper) -> Iterator[Finding]:
    """Find files that the Dockerfile copies, but that .dockerignore shuts out of the build."""
    dockerfile, context = model(wrapper), build_context(wrapper)
    source = dockerignore_of(wrapper, dockerfile.source.file, context)
    if source is None or len({build.context for build in builds_of(wrapper)}) > 1:
        return
    ignore = Dockerignore(source)
    for instruction, word, path in islice(copied_paths(dockerfile), _MOST_COPIED):
        if _is_shut_out(wrapper, ignore, context, path):
            what = f"{instruction.name} needs {short(path)}, but {source.file} excludes it, so the build stops"
            yield finding("E813", dockerfile, word, what, f"add the line !{path} at the end of {source.file}")


def _is_shut_out(wrapper: Wrapper, ignore: Dockerignore, context: str, path: str) -> bool:
    """Return whether nothing of a file or folder is in the build. Exceptions can let in a part of a folder."""
    if not ignore.shuts_out(path):
        return False
    here = posixpath.normpath(posixpath.join(context, path))
    if wrapper.is_file(here) or not ignore.exceptions:
        return True
    if not wrapper.is_dir(here) or wrapper.in_submodule(here):
        return False
    files = list(islice(walk(wrapper, here), _MOST_FILES + 1))
    inside = (posixpath.relpath(file, context) for file in files)
    return 0 < len(files) <= _MOST_FILES and all(map(ignore.shuts_out, inside))


@checks("E626")
def broken_pattern(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a pattern in .dockerignore that stops every build."""
    dockerfile = dockerfile_of(wrapper)
    source = dockerignore_of(wrapper, dockerfile.source.file, build_context(wrapper)) if dockerfile else None
    found = Dockerignore(source).malformed if source else None
    if source and found:
        what = f"The build stops here: `{short(found[1])}` isn't a valid pattern"
        yield Finding("E626", source.line_place(found[0]), what, "close the `[`, or write `\\[` for a bracket")


@checks("W815", startos="0.3.5")
def stale_image(wrapper: Wrapper) -> Iterator[Finding]:
    """Find files that the Dockerfile copies, but whose edits don't make a new image."""
    makefile, dockerfile, context = wrapper.makefile, model(wrapper), build_context(wrapper)
    rule = _rule_of_the_images(makefile) if makefile else None
    if makefile is None or rule is None:
        return
    number, target = rule
    needs = makefile.all_needs(target)
    if needs is None:
        return
    paths = (posixpath.normpath(posixpath.join(context, path)) for _, _, path in copied_paths(dockerfile))
    missing = [
        path
        for path in dict.fromkeys(islice(paths, _MOST_COPIED))
        if (wrapper.is_file(path) or wrapper.is_dir(path))
        and not wrapper.in_submodule(path)
        and not any(_covers(need, path) for need in needs)
    ]
    if missing:
        names = ", ".join(map(short, missing[:3])) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        what = f"The image isn't built again when you edit {names}: {target} doesn't depend on it"
        todo = f"add to the prerequisites of {target}: {' '.join(map(short, missing[:10]))}"
        yield Finding("W815", makefile.source.line_place(number), what, todo)


def _covers(need: str, path: str) -> bool:
    """Return whether a prerequisite, which can be a pattern, is a file, is in a folder, or is a folder around them."""
    return fnmatch.fnmatch(path, need) or need.startswith(f"{path}/") or path.startswith(f"{need}/")


def _rule_of_the_images(makefile: Makefile) -> tuple[int, str] | None:
    """Return the line and the first target of the rule that builds an image."""
    rules = ((number, target) for number, targets, _ in makefile.rules for target in targets)
    return next((rule for rule in rules if IMAGE.fullmatch(rule[1])), None)


def _has_ignore_file(wrapper: Wrapper, dockerfile: str, context: str) -> bool:
    files = (f"{dockerfile}.dockerignore", posixpath.join(context, ".dockerignore"))
    return any(map(wrapper.is_file, files))
