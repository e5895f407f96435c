"""Align the ignore files: the template's lines, and what else this wrapper needs."""

import posixpath
import re
from collections.abc import Iterator

from startos_wrapper.adopt.align.image_rules import keeps_its_images
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.builds import builds_of

_PART = "plumbing"
_VARIABLE = re.compile(r"\$(?:\{[^{}]*\}|\w+)")
# Files from an older Makefile. The template's doesn't create them, or its .gitignore already lists them.
_OLD_LEFTOVERS = re.compile(r"/?(?:\*\.s9pk|[\w.$()-]+\.s9pk|image\.tar|docker-images(?:/.*)?|docker-images/?)")
# Files that must stay out of the build context if it includes the whole folder.
_NEVER = ["docker-images", "*.s9pk", ".build", ".data"]


def align_gitignore(plan: Plan) -> None:
    """Plan .gitignore: the template's lines, followed by the author's lines that still matter."""
    ours = plan.rendered[".gitignore"]
    source = plan.source(".gitignore")
    there = {line.strip().strip("/") for line in ours.splitlines()}
    still = {"image.tar"} if keeps_its_images(plan.wrapper) else set()
    kept = (
        [
            line
            for line in source.lines
            if line.strip().strip("/") in still or not _OLD_LEFTOVERS.fullmatch(line.strip())
        ]
        if source
        else []
    )
    kept = [line for line in kept if line.strip().strip("/") not in there or not line.strip()]
    rest = "\n".join(kept).strip("\n")
    plan.files[".gitignore"] = (f"{ours}\n{rest}\n" if rest else ours).encode()


def align_dockerignore(plan: Plan) -> None:
    """Plan .dockerignore: the template's lines, which exclude most files, the Dockerfile's sources, the author's."""
    if keeps_its_images(plan.wrapper):
        plan.note(_PART, ".dockerignore", 0, "not changed, because your own rules build the images")
        return
    contexts = {build.context for build in builds_of(plan.wrapper)} - {None, "."}
    if contexts:
        where = sorted(filter(None, contexts))[0]
        plan.note(_PART, ".dockerignore", 0, f"not written, because the images are built in {where}")
        return
    if plan.dockerfile is None:
        plan.note(_PART, ".dockerignore", 0, "not written, because there's no Dockerfile to build from")
        return
    ours = plan.rendered[".dockerignore"]
    lines = list(dict.fromkeys(_allowed(plan)))
    lines = [line for line in lines if line not in ours.splitlines()]
    if "!**" in lines:
        lines = ["!**", *_NEVER]
    source = plan.source(".dockerignore")
    there = {"", "*", "**", *lines, *ours.splitlines()}
    lines += [line.strip() for line in source.lines if line.strip() not in there] if source else []
    plan.files[".dockerignore"] = (ours + "".join(f"{line}\n" for line in lines)).encode()


def _allowed(plan: Plan) -> Iterator[str]:
    """Yield a line for each path that the Dockerfile copies from the wrapper."""
    assert plan.dockerfile is not None
    for instruction in plan.dockerfile.instructions:
        paths = [word.text for word in instruction.taken]
        if instruction.name == "RUN":
            for flag in instruction.flags.get("mount", []):
                options = dict(part.partition("=")[::2] for part in flag.text.split(","))
                if options.get("type", "bind") == "bind" and "from" not in options:
                    paths.append(options.get("source", options.get("src", ".")))
        for path in paths:
            if "://" in path or path.startswith(("<<", "git@")):
                continue
            # Patterns work the same way in both files. A variable may have any value.
            normal = posixpath.normpath(_VARIABLE.sub("*", path).lstrip("/") or ".")
            if normal.startswith(".."):
                continue
            yield "!**" if normal in (".", "*") else f"!{normal}"
