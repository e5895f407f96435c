"""Plan what `adopt --align` does with each part of a wrapper. Nothing is written yet."""

from collections.abc import Collection, Mapping
from typing import Any

from startos_wrapper.adopt.align.author_makefile import align_makefile
from startos_wrapper.adopt.align.ignore_files import align_dockerignore, align_gitignore
from startos_wrapper.adopt.align.image_rules import keeps_its_images
from startos_wrapper.adopt.align.lost import report_lost
from startos_wrapper.adopt.align.manifest_text import align_manifest, without_old_image
from startos_wrapper.adopt.align.old_makefile import ARM, INTEL, old_makefile
from startos_wrapper.adopt.align.old_workflows import align_workflows
from startos_wrapper.adopt.align.processors import align_dockerfile, for_all_processors
from startos_wrapper.adopt.nearness import FILES, is_templates
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.answers_file import PARTS
from startos_wrapper.files.wrapper import Wrapper


def changed_answers(wrapper: Wrapper, answers: Mapping[str, Any], parts: Collection[str]) -> dict[str, Any]:
    """Return the answers that aligning changes. The template's files are rendered with them.

    A wrapper without workflows gets some. If the Makefile builds image.tar for arm64, which was once the only option,
    aligning both `build` and `plumbing` adds an image for PCs.
    """
    found: dict[str, Any] = {}
    if "ci" in parts and answers["ci"] == "none":
        found["ci"] = "github"
    old = old_makefile(wrapper)
    one = old is not None and old.is_of_one_processor and not keeps_its_images(wrapper)
    if {"build", "plumbing"} <= set(parts) and one:
        found["arches"] = [ARM, INTEL]
        for name in ("build_image", "runtime_image", "upstream_image"):
            if answers.get(name):
                found[name] = for_all_processors(answers[name])
    return found


def align_parts(plan: Plan, parts: Collection[str]) -> None:
    """Plan to replace parts with the template's files, and add notes. `plan.rendered` must use `changed_answers`.

    The author's own Dockerfile and entrypoint stay. Only mechanical changes are made in them.

    Raises: RefusedError if the parts don't work together.
    """
    # The Dockerfile first, because the other parts depend on the changes in it.
    for part in sorted(set(parts), key=["build", *PARTS].index):
        _PLANS[part](plan)
    if "plumbing" in parts and "manifest" not in parts:
        without_old_image(plan)
    report_lost(plan)


def parts_to_manage(wrapper: Wrapper, parts: Collection[str]) -> frozenset[str]:
    """Return the aligned parts that `copier update` can manage. `wrapper` is the wrapper after aligning.

    That's all of them, except `build` if the Dockerfile or the entrypoint is the author's own.
    """
    # Not every wrapper has a settings.sh.
    files = [file for file in PARTS["build"] if file != "settings.sh" or wrapper.is_file(file)]
    found = (wrapper.readable(file) for file in files)
    templates = all(source is not None and is_templates(source.text) for source in found)
    return frozenset(part for part in parts if part != "build" or templates)


def _build(plan: Plan) -> None:
    for file in PARTS["build"]:
        source = plan.source(file)
        if source is not None and is_templates(source.text) and file in plan.rendered:
            plan.files[file] = plan.rendered[file].encode()
        elif file == "Dockerfile" and keeps_its_images(plan.wrapper):
            plan.note("build", "Makefile", 0, "your rules for the images stay, so no Dockerfile was changed")
        elif file == "Dockerfile":
            align_dockerfile(plan)


def _plumbing(plan: Plan) -> None:
    align_makefile(plan)
    align_gitignore(plan)
    align_dockerignore(plan)


def _ci(plan: Plan) -> None:
    align_workflows(plan)
    _as_rendered(plan, "ci")


def _docs(plan: Plan) -> None:
    _as_rendered(plan, "docs")


def _as_rendered(plan: Plan, part: str) -> None:
    plan.files |= {path: plan.rendered[path].encode() for path in FILES[part] if path in plan.rendered}


_PLANS = {
    "manifest": align_manifest,
    "build": _build,
    "plumbing": _plumbing,
    "ci": _ci,
    "docs": _docs,
}
