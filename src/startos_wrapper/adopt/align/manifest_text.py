"""Align the manifest: the template's with the author's release notes, or the author's without image.tar."""

import re
from typing import Any

import yaml

from startos_wrapper.adopt.compare import compare
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.source import Source, TooLargeError

_PART = "manifest"
_FILE = "manifest.yaml"
_OLD_IMAGE = re.compile(
    r"[ \t]*(?:docker-images|\"docker-images\"):[ \t]*[\"']?image\.tar[\"']?[ \t]*(?:#.*)?(?:\r?\n|$)"
)
_NOTES = re.compile(r"^release-notes: .*$", re.MULTILINE)


def align_manifest(plan: Plan) -> None:
    """Plan manifest.yaml, and remove a manifest in another format, because the packer might use that instead.

    StartOS must be able to read the existing manifest.
    """
    text = _with_notes(plan)
    plan.files[_FILE] = text.encode()
    _name_lost(plan, text)
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
        said = _said(found)
        if said is not None and said.get("release-notes") == notes.text:
            return found
    return text


def _said(text: str) -> dict[str, Any] | None:
    """Return the content of a manifest, or None if it isn't valid."""
    try:
        value = read_document(Source(_FILE, text.encode())).plain_value()
    except (NotADocumentError, TooLargeError):
        return None
    return value if isinstance(value, dict) else None


def _name_lost(plan: Plan, text: str) -> None:
    """Add notes for values that the new manifest lacks, because no answer can express them."""
    wrapper = plan.wrapper
    differences = compare(wrapper.manifest.plain_value(), _said(text) or {}).differences
    lost = [each for each in differences if not each.contradicts]
    # A single note for everything below a name.
    named = {each.path[:2] for each in lost}
    for path in sorted(named, key=lambda path: wrapper.at_key(*path)):
        place = wrapper.at_key(*path)
        todo = "write back what you need, and updates will keep it"
        plan.note(_PART, place.file, place.line, f"{'.'.join(path)} is no longer complete", todo)


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
