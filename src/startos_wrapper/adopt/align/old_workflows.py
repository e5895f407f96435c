"""Remove the workflows of the old template, unless the author changed them."""

import re

from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.source import Source, TooLargeError

_PART = "ci"
_FOLDER = ".github/workflows"
_OLD_NAMES = re.compile(r"(?:build|release)service\.ya?ml", re.IGNORECASE)
_KEYS = {"name", "on", "jobs", "permissions"}
_JOB_KEYS = {"name", "runs-on", "steps", "permissions"}
_USES = {
    *("Start9Labs/sdk", "actions/checkout", "actions/upload-artifact", "softprops/action-gh-release"),
    *("docker/setup-qemu-action", "docker/setup-buildx-action", "k0gen/sdk"),
}
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
        source = plan.source(path) if name.endswith((".yml", ".yaml")) and path not in new else None
        if source is None:
            continue
        if _OLD_NAMES.fullmatch(name) and _is_old(source):
            plan.files[path] = None
            instead = "release.yml" if name.lower().startswith("release") else "build.yml"
            plan.note(_PART, path, 0, f"removed: it came from the old template, and {instead} replaces it")
            if line := _line(source, "start-sdk publish"):
                todo = f"add the step to {instead} if you published that way"
                plan.note(_PART, path, line, "it also published to a registry if the secrets named one", todo)
        elif line := _line(source, "start-sdk", "embassy-sdk", "Start9Labs/sdk"):
            todo = "remove it, or move its other steps to build.yml and release.yml"
            plan.note(_PART, path, line, "your own workflow builds the package, too", todo)


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
