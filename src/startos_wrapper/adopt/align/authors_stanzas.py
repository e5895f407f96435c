"""Keep the stanzas of a manifest that no answer can express, and report what else the template's manifest lacks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from startos_wrapper.adopt.plan import Plan
from startos_wrapper.adopt.reasons import reason_for
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.compare import Difference, Path, compare, leaves
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.files.wrapper import DEFAULT_ASSETS
from startos_wrapper.terminal import ranges

_PART = "manifest"
_FILE = "manifest.yaml"
_MOST_NAMES = 3
# A comment on its own line, or after a value without quotes.
_COMMENT = re.compile(r"""(?:(?:[^"'#]|"[^"]*"|'[^']*')*\s)?#[#\s]*(?=[^\s#])""")
# The template sets these itself.
_SET = {("release-notes",), ("assets", "docker-images")}


def manifest_in(text: str) -> dict[str, Any] | None:
    """Return the content of a manifest, or None if it isn't valid."""
    document = _document(text)
    value = document.plain_value() if document else None
    return value if isinstance(value, dict) else None


def _document(text: str) -> Node | None:
    try:
        return read_document(Source(_FILE, text.encode()))
    except (NotADocumentError, TooLargeError):
        return None


# --- Stanzas ----------------------------------------------------------------------------------------------------------


def with_authors_stanzas(plan: Plan, text: str) -> str:
    """Return the template's manifest with the author's stanzas where it would say something else, and add notes."""
    original = plan.wrapper.manifest.plain_value()
    differences = compare(original, manifest_in(text) or {}).differences
    # `left` only has the reasons in other words.
    reasons = {each: reason_for(each, original, ()) for each in differences}
    for name in dict.fromkeys(each.path[0] for each in differences):
        here = [each for each in differences if each.path[0] == name]
        lost = [each for each in here if reasons[each].kind in ("missing", "differs")]
        if not lost:
            continue
        place = plan.wrapper.at_key(name)
        found = _replaced(plan, text, name, original.get(name))
        if found is None:
            todo = "write back what you need, and updates will keep it"
            plan.note(_PART, place.file, place.line, f"{name} is no longer complete", todo)
            continue
        text = found
        what = f"{name} stays as you wrote it, because no answer can express {_names(lost)}"
        plan.note(_PART, place.file, place.line, what)
        for each in here:
            if reasons[each].kind == "corrected":
                at = plan.wrapper.at_key(*each.path[:-1])
                plan.note(_PART, at.file, at.line, f"{each.name} doesn't work", reasons[each].text)
    return text


def _names(differences: list[Difference]) -> str:
    names = list(dict.fromkeys(".".join(each.path[:3]) for each in differences))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _replaced(plan: Plan, text: str, name: str, value: Any) -> str | None:
    """Return a manifest with the author's stanza instead of its own, or None if that fails."""
    document = _document(text)
    if document is None or value is None:
        return None
    start, end = _span(text, document, name) if name in document.fields else (len(text), len(text))
    before, after = text[:start].rstrip("\n"), text[end:].lstrip("\n")
    expected = {**(manifest_in(text) or {}), name: value}
    for stanza in _stanzas(plan, name, value):
        found = "\n\n".join(part for part in (before, stanza, after) if part.strip()).rstrip("\n") + "\n"
        if manifest_in(found) == expected:
            return found
    return None


def _stanzas(plan: Plan, name: str, value: Any) -> Iterator[str]:
    """Yield the author's stanza: as it's written if that's YAML, and then in YAML in any case."""
    source, manifest = plan.wrapper.manifest_source, plan.wrapper.manifest
    if source is not None and source.file == _FILE and name in manifest.fields:
        start, end = _span(source.text, manifest, name)
        yield source.text[start:end].replace("\r\n", "\n").strip("\n")
    yield yaml.safe_dump({name: value}, allow_unicode=True, sort_keys=False, width=120).strip("\n")


def _span(text: str, document: Node, name: str) -> tuple[int, int]:
    """Return the span of a stanza with the comments right above it, without blanks and comments after it."""
    start = document.keys[name].start
    while (above := text[:start].removesuffix("\n").rpartition("\n")[2]).startswith("#"):
        start -= len(above) + 1
    following = [key.start for key in document.keys.values() if key.start > document.keys[name].start]
    rest = text[start : min(following, default=len(text))]
    lines = rest.split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].startswith("#")):
        lines.pop()
    return start, start + len("\n".join(lines))


# --- Everything else --------------------------------------------------------------------------------------------------


def report_unused(plan: Plan, text: str) -> None:
    """Add notes for keys and comments of the author's manifest that the new one lacks."""
    original, new = plan.wrapper.manifest.plain_value(), manifest_in(text) or {}
    known = [*leaves(original)]
    there = dict(_values(new))
    gone = [
        path
        for path, value in _values(original)
        if there.get(path) != value and not any(path[: len(each)] == each[: len(path)] for each in known)
    ]
    names = dict.fromkeys(".".join(path[:4]) for path in gone if not _is_set(original, path))
    if names:
        what = f"left out of the new manifest, because StartOS 0.3.5 ignores it: {', '.join(names)}"
        plan.note(_PART, plan.wrapper.manifest_file or _FILE, 0, what)
    if lines := _comments(plan, text):
        file = plan.wrapper.manifest_file or _FILE
        what = f"comments that aren't in the new manifest: {'line' if len(lines) == 1 else 'lines'} {ranges(lines)}"
        plan.note(_PART, file, lines[0], what, f"copy what you need from `git show HEAD:./{file}`")


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the values that aren't empty, by their paths. A list counts as one value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, (*path, str(key)))
    elif value not in (None, False, "", []):
        yield path, value


def _is_set(manifest: Mapping[str, Any], path: Path) -> bool:
    """Return whether the template sets a value itself, or the value is StartOS's default or has another name."""
    usual = path[0] == "assets" and len(path) == 2 and manifest["assets"].get(path[1]) == DEFAULT_ASSETS.get(path[1])
    return usual or path[:1] in _SET or path[:2] in _SET or path[-1] == "mapping"


def _comments(plan: Plan, text: str) -> list[int]:
    """Return the lines of the comments that the new manifest doesn't have."""
    source = plan.wrapper.manifest_source
    if source is None or source.file.endswith(".json"):
        return []
    # In texts of several lines, # is part of the text.
    inside: set[int] = set()
    for node in plan.wrapper.manifest.walk():
        first, last = source.place(node.start).line, source.place(max(node.start, node.end - 1)).line
        if isinstance(node.value, str) and last > first:
            inside |= set(range(first + 1, last + 1))
    there = {line.partition("#")[2].strip("# ") for line in text.splitlines() if "#" in line}
    return [
        number
        for number, line in enumerate(source.lines, 1)
        if number not in inside and (match := _COMMENT.match(line)) and line[match.end() :].strip("# ") not in there
    ]
