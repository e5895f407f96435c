"""Align the manifest: the template's with what only the author's has, or the author's without image.tar."""

import re

import yaml

from startos_wrapper.adopt.align.authors_stanzas import manifest_in, report_unused, with_authors_stanzas
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.errors import RefusedError

_PART = "manifest"
_FILE = "manifest.yaml"
_OLD_IMAGE = re.compile(
    r"[ \t]*(?:docker-images|\"docker-images\"):[ \t]*[\"']?image\.tar[\"']?[ \t]*(?:#.*)?(?:\r?\n|$)"
)
_NOTES = re.compile(r"^release-notes: .*$", re.MULTILINE)


def align_manifest(plan: Plan) -> None:
    """Plan manifest.yaml, and remove a manifest in another format, because the packer might use that instead.

    What no answer can express stays as the author wrote it. StartOS must be able to read the existing manifest.
    """
    text = with_authors_stanzas(plan, _with_notes(plan))
    plan.files[_FILE] = text.encode()
    report_unused(plan, text)
    old = plan.wrapper.manifest_file
    if old and old != _FILE:
        plan.files[old] = None
        plan.note(_PART, old, 0, f"removed, because {_FILE} replaces it")


def _with_notes(plan: Plan) -> str:
    """Return the template's manifest with the author's release notes, in their original form if that's YAML."""
    text, wrapper = plan.rendered[_FILE], plan.wrapper
    notes, source = wrapper.manifest.get("release-notes"), wrapper.manifest_source
    if notes is None or not notes.text or source is None:
        return text
    candidates = [yaml.safe_dump({"release-notes": notes.text}, allow_unicode=True, width=120)]
    if source.file == _FILE:
        start = wrapper.manifest.keys["release-notes"].start
        candidates.insert(0, source.text[start : notes.end].replace("\r\n", "\n"))
    for lines in candidates:
        found = _NOTES.sub(lambda _, lines=lines: lines.rstrip("\n"), text, count=1)  # type: ignore[misc]
        said = manifest_in(found)
        if said is not None and said.get("release-notes") == notes.text:
            return found
    return text


def without_old_image(plan: Plan) -> None:
    """Adapt the author's manifest to the template's startos.mk, which builds docker-images/ instead of image.tar.

    Raises: RefusedError for a manifest in another format, because that Makefile only reads YAML.
    """
    source = plan.wrapper.manifest_source
    if plan.wrapper.manifest_file != _FILE or source is None:
        name = plan.wrapper.manifest_file or _FILE
        raise RefusedError(
            f"{plan.wrapper.root / name}: the template's startos.mk reads {_FILE}; align the part manifest, too"
        )
    assets = plan.wrapper.manifest.get("assets")
    if assets is None or plan.wrapper.asset("docker-images") != "image.tar":
        return
    start = source.offset(source.place(assets.keys["docker-images"].start).line)
    match = _OLD_IMAGE.match(source.text, start)
    # YAML would turn a mapping without keys into null.
    if match is None or len(assets.fields) == 1:
        line = source.place(start).line
        plan.note("plumbing", _FILE, line, "the Makefile doesn't build image.tar", "remove docker-images from assets")
        return
    plan.files[_FILE] = source.encode(source.text[:start] + source.text[match.end() :])
    what = "docker-images removed, because the Makefile doesn't build image.tar"
    plan.note("plumbing", _FILE, source.place(start).line, what)
