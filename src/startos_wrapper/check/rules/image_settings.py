"""Rules about settings of an image that StartOS ignores, and about the mode of the entrypoint."""

import posixpath
from collections.abc import Iterator

from startos_wrapper.check.in_dockerfile import finding, model, runs
from startos_wrapper.check.registry import Finding, MakeExecutable, checks
from startos_wrapper.files.builds import builds_of
from startos_wrapper.files.entrypoint import copies_as
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper


@checks("W615")
def ignored_healthcheck(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a HEALTHCHECK, which StartOS disables. S/procedure/docker.rs:242"""
    dockerfile = model(wrapper)
    for instruction in dockerfile.shipped:
        if instruction.name == "HEALTHCHECK" and instruction.words and instruction.words[0].text.upper() != "NONE":
            word = Word("", instruction.start, instruction.start + len(instruction.name))
            what = "StartOS ignores HEALTHCHECK, because it starts containers with --no-healthcheck"
            yield finding("W615", dockerfile, word, what, "add a health check to the manifest's health-checks instead")


@checks("W618")
def entrypoint_without_run_bit(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an entrypoint that isn't executable in the image, so the container can't start."""
    entrypoint = wrapper.manifest.get("main", "entrypoint")
    if entrypoint is None or not entrypoint.text or any(build.context != "." for build in builds_of(wrapper)):
        return
    dockerfile = model(wrapper)
    copied = _copied_to(wrapper, entrypoint.text)
    if copied is None:
        return
    word, file = copied
    later = (instruction.text for instruction in runs(dockerfile.shipped) if instruction.start > word.start)
    if not any(_may_give_run_bit(text, posixpath.basename(entrypoint.text)) for text in later):
        what = f"{file} is main's entrypoint, but it isn't executable, and no RUN makes it executable"
        todo = f"run `chmod +x {file}` and commit the change"
        yield finding("W618", dockerfile, word, what, todo, (MakeExecutable(file),))


def _may_give_run_bit(text: str, name: str) -> bool:
    """Return whether a RUN can make a file executable: by its name, or by an expression that can match it."""
    means = (name, "*", "$", "-R", "find", "xargs")
    return ("chmod" in text and any(each in text for each in means)) or ("install" in text and name in text)


def _copied_to(wrapper: Wrapper, entrypoint: str) -> tuple[Word, str] | None:
    """Return the entrypoint's file and the word that copies it, or None if the file is executable or unknown."""
    name = posixpath.basename(entrypoint)
    for instruction, word, _ in reversed(list(copies_as(wrapper, name))):
        file = posixpath.normpath("/" + word.text).lstrip("/")
        lands = instruction.words[-1].text
        last = posixpath.basename(lands)
        if last not in (name, posixpath.basename(file)) and "." not in last:
            lands = posixpath.join(lands, posixpath.basename(file))
        right = lands == entrypoint if entrypoint.startswith("/") else posixpath.basename(lands) == name
        if right and wrapper.is_file(file):
            is_run = "chmod" in instruction.flags or (wrapper.root / file).stat().st_mode & 0o111
            return None if is_run else (word, file)
    return None
