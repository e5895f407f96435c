"""Remove the workflows of the old template, unless the author changed them, and keep the author's own."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from startos_wrapper.adopt.nearness import is_templates
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.terminal import shorten

_PART = "ci"
_FOLDER = ".github/workflows"
_OLD_NAMES = re.compile(r"(?:build|release)service\.ya?ml", re.IGNORECASE)
_KEYS = {"name", "on", "jobs", "permissions"}
_JOB_KEYS = {"name", "runs-on", "steps", "permissions"}
_USES = {
    *("Start9Labs/sdk", "actions/checkout", "actions/upload-artifact", "softprops/action-gh-release"),
    *("docker/setup-qemu-action", "docker/setup-buildx-action", "k0gen/sdk"),
}
_USUAL_SETTING = re.compile(r"shell: bash|(?:path|files): (?:\./)?\$\{\{[^}]*package_id[^}]*\}\}\.s9pk.*")
_TOOLS = ("start-sdk", "embassy-sdk", "Start9Labs/sdk")
# The lines in the steps of the old template.
_RUNS = re.compile(
    r"""git\ submodule\ update\ .*|start-sdk\ init|make|PACKAGE_(?:ID|TITLE)=.*|echo\ .*|printf\ .*|sha256sum\ .*
    |yq\ .*manifest\.\*.*|if\ \[\[.*S9REGISTRY.*\]\];\ then|else|fi|start-sdk\ publish\ .*|\#.*|""",
    re.VERBOSE,
)


def align_workflows(plan: Plan) -> None:
    """Plan to remove the old template's workflows, and add notes for others that build packages."""
    new = {path for path in plan.rendered if path.startswith(f"{_FOLDER}/")}
    if not new:
        plan.note(_PART, _FOLDER, 0, "the answer ci is none, so there are no workflows to write")
        return
    for name in plan.wrapper.listed(_FOLDER):
        path = f"{_FOLDER}/{name}"
        source = plan.source(path) if name.endswith((".yml", ".yaml")) else None
        if source is None or (path in new and is_templates(source.text)):
            continue
        instead = "release.yml" if name.lower().startswith("release") else "build.yml"
        if (path in new or _OLD_NAMES.fullmatch(name)) and _is_old(source):
            _remove(plan, source, instead)
        elif path in new:
            _move(plan, source)
        elif line := _line(source, *_TOOLS):
            todo = "remove it, or move its other steps to build.yml and release.yml"
            plan.note(_PART, path, line, "your own workflow builds the package, too", todo)


def _remove(plan: Plan, source: Source, instead: str) -> None:
    """Plan to remove a workflow of the old template, and report what the new one doesn't do."""
    path = source.file
    if path not in plan.rendered:
        plan.files[path] = None
    plan.note(_PART, path, 0, f"removed: it came from the old template, and {instead} replaces it")
    if line := _line(source, "start-sdk publish"):
        todo = f"add the step to {instead} if you published that way"
        plan.note(_PART, path, line, "it also published to a registry if the secrets named one", todo)
    new = _settings(Source(path, plan.rendered[f"{_FOLDER}/{instead}"].encode()))
    there = {(names[-1], value) for names, value in new}
    more: dict[str, list[str]] = {}
    for names, value in _settings(source):
        if (names[-1], value) not in there:
            more.setdefault(".".join(names[-2:]), []).append(shorten(value, 40))
    if more:
        said = "; ".join(f"{name}: {', '.join(dict.fromkeys(values))}" for name, values in more.items())
        plan.note(_PART, path, 0, f"it had settings that {instead} doesn't have: {said}", "add those that you need")


def _move(plan: Plan, source: Source) -> None:
    """Plan another name for the author's workflow, because the template's has this one."""
    path = PurePosixPath(source.file)
    name = f"{path.stem}-own"
    while plan.wrapper.is_file(str(path.with_stem(name))):
        name += "-own"
    plan.files[str(path.with_stem(name))] = source.data
    todo = f"remove what {path.name} does, too" if _line(source, *_TOOLS) else ""
    plan.note(_PART, source.file, 0, f"your own workflow is now {path.with_stem(name).name}", todo)


def _settings(source: Source) -> list[tuple[tuple[str, ...], str]]:
    """Return the settings of a workflow other than names and usual steps: keys and values."""
    found = _scalars(read_document(source).plain_value(), ())
    return [(names, value) for names, value in found if names and not _USUAL_SETTING.fullmatch(f"{names[-1]}: {value}")]


def _scalars(value: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            name = "on" if key in ("true", "True") else str(key)
            if names == ("jobs",):
                # The name of the job doesn't matter.
                yield from _scalars(inner, ("job",))
            elif name not in ("name", "uses", "run", "id", "runs-on", "permissions"):
                # An event without settings.
                yield from [((*names, name), "")] if inner is None and names == ("on",) else ()
                yield from _scalars(inner, (*names, name))
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, names)
    elif value is not None:
        yield names, " ".join(str(value).split())


def _line(source: Source, *words: str) -> int:
    """Return the number of the first line with one of the words, or 0."""
    return next((at for at, line in enumerate(source.lines, 1) if any(word in line for word in words)), 0)


def _is_old(source: Source) -> bool:
    """Return whether a workflow only does what the old template's workflows did."""
    try:
        document = read_document(source)
    except (NotADocumentError, TooLargeError):
        return False
    jobs = document.get("jobs")
    if set(document.fields) - _KEYS - {"true"} or jobs is None or len(jobs.fields) != 1:
        return False
    job = next(iter(jobs.fields.values()))
    steps = job.get("steps")
    return not set(job.fields) - _JOB_KEYS and steps is not None and all(map(_is_usual, steps.items))


def _is_usual(step: Node) -> bool:
    uses, run = step.get("uses"), step.get("run")
    if uses is not None:
        return (uses.text or "").partition("@")[0] in _USES
    return run is not None and all(_RUNS.fullmatch(line.strip()) for line in (run.text or "").splitlines())
