"""`adopt --align`: parts of a wrapper become the template's in the work tree, for the author to look at."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from startos_wrapper.adopt.align.ignore_files import align_dockerignore, align_gitignore
from startos_wrapper.adopt.align.manifest_text import align_manifest, without_old_image
from startos_wrapper.adopt.align.old_makefile import ARM, INTEL, old_makefile
from startos_wrapper.adopt.align.old_workflows import align_workflows
from startos_wrapper.adopt.align.plan import Note, Plan
from startos_wrapper.adopt.align.processors import align_dockerfile, for_all_processors
from startos_wrapper.adopt.align.service_mk import align_makefile, is_templates
from startos_wrapper.adopt.nearness import FILES
from startos_wrapper.adopt.work_tree import refuse_unless_clean, refuse_unless_held
from startos_wrapper.answers_file import PARTS
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.files.dockerfile import dockerfile_of
from startos_wrapper.files.wrapper import Wrapper

__all__ = ["Note", "align", "changed", "managed"]


def changed(wrapper: Wrapper, answers: Mapping[str, Any], parts: Collection[str]) -> dict[str, Any]:
    """Return the answers that aligning changes, which the template's files have to be rendered with.

    Of a wrapper whose Makefile makes image.tar for arm64, because there was nothing else, both `build` and `plumbing`
    together make one for PCs too.
    """
    old = old_makefile(wrapper)
    if not {"build", "plumbing"} <= set(parts) or old is None or not old.is_of_one_processor:
        return {}
    found: dict[str, Any] = {"arches": [ARM, INTEL]}
    for name in ("build_image", "runtime_image", "upstream_image"):
        if answers.get(name):
            found[name] = for_all_processors(answers[name])
    return found


def align(folder: Path, answers: Mapping[str, Any], parts: Sequence[str], rendered: Mapping[str, str]) -> list[Note]:
    """Replace parts of a wrapper by the template's files `rendered` (path: text), and return what there is to say.

    The answers and what is rendered from them are those with `changed`.
    A Dockerfile and an entrypoint of the author's stay: only what is mechanical is changed in them. Nothing is
    committed. Raises RefusedError, before anything is written, where git could not bring back what is replaced, and
    OSError where a file cannot be written.
    """
    refuse_unless_clean(folder)
    plan = Plan(Wrapper(folder), dict(rendered), tuple(answers.get("arches", ())))
    plan.dockerfile = dockerfile_of(plan.wrapper)
    # The Dockerfile first: what the others make of it goes by what it will be.
    for part in sorted(set(parts), key=["build", *PARTS].index):
        _PLANS[part](plan)
    if "plumbing" in parts and "manifest" not in parts:
        without_old_image(plan)
    files = {path: data for path, data in plan.files.items() if _differs(folder / path, data)}
    refuse_unless_held(folder, files)
    for path, data in files.items():
        _put(folder / path, data)
    return plan.notes


def managed(folder: Path, parts: Sequence[str]) -> list[str]:
    """Return those of the parts that are the template's after `align`, which `copier update` can keep up to date.

    These are all but `build` where the Dockerfile or the entrypoint is the author's own.
    """
    wrapper = Wrapper(folder)
    found = (wrapper.readable(file) for file in PARTS["build"])
    templates = all(source is not None and is_templates(source.text) for source in found)
    return [part for part in parts if part != "build" or templates]


def _build(plan: Plan) -> None:
    for file in PARTS["build"]:
        source = plan.source(file)
        if source is not None and is_templates(source.text):
            plan.files[file] = plan.rendered[file].encode()
        elif file == "Dockerfile":
            align_dockerfile(plan)


def _plumbing(plan: Plan) -> None:
    align_makefile(plan)
    plan.files["Makefile"] = plan.rendered["Makefile"].encode()
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


def _differs(path: Path, data: bytes | None) -> bool:
    if data is None:
        return path.exists() or path.is_symlink()
    try:
        return path.is_symlink() or path.read_bytes() != data
    except OSError:
        return True


def _put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink()
    elif path.exists():
        replace_file(path, data)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), path.open("xb") as file:
            file.write(data)
