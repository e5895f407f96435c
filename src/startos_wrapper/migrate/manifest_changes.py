"""Find what the manifest has and the answers don't: what an answer can express, and what a person has to write."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from startos_wrapper.copier_errors import told
from startos_wrapper.errors import CommandError
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.compare import compare
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.migrate.next_answers import TARGET
from startos_wrapper.migrate.old_wrapper import OldWrapper
from startos_wrapper.migrate.quote import Quote, quote_node, subjects
from startos_wrapper.rendering import RefusedAnswerError, Template
from startos_wrapper.updating.newest import Recorded

_Path = tuple[str, ...]
# Texts of the manifest that are an answer.
_ANSWERS = {
    ("title",): "title",
    ("license",): "license",
    ("wrapper-repo",): "wrapper_repo",
    ("upstream-repo",): "upstream_repo",
    ("support-site",): "support_site",
    ("marketing-site",): "marketing_site",
    ("donation-url",): "donation_url",
    ("description", "short"): "short_description",
    ("description", "long"): "long_description",
    ("main", "sigterm-timeout"): "sigterm_timeout",
}
# Nobody has to write these: migrate counts the version up, and StartOS 0.4 and its tools set the others.
_SET = ("version", "eos-version", "min-os-version", "git-hash")
# The part of a wrapper that has the manifest.
_PART = "manifest"
# What unexpected values in a manifest may raise.
_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def carried_answers(old: OldWrapper) -> dict[str, str]:
    """Return the answers that an author changed in the manifest, if the template then writes the same texts."""
    template, carried = Template(), dict[str, str]()
    answers = _without_origin(old.answers)
    faults, written = _faults(template, answers), _rendered(template, answers)
    for path, name in _ANSWERS.items():
        node = old.wrapper.manifest.get(*path)
        text = (node.text or "").strip() if node else ""
        if not text or text == _text_at(written, path):
            continue
        tried = {**answers, **carried, name: text}
        then = _rendered(template, tried)
        if _text_at(then, path) == text and _faults(template, tried) <= faults:
            carried[name], written = text, then
    return carried


def manifest_changes(old: OldWrapper, carried: Mapping[str, str], recorded: Recorded, kept: list[str]) -> list[Quote]:
    """Return the values of the manifest that differ from what the template writes for the answers.

    `kept` are the parts that the template manages. Raises: CommandError and OSError.
    """
    source = old.wrapper.manifest_source
    mine = old.wrapper.manifest.plain_value()
    if source is None or not isinstance(mine, dict):
        return []
    theirs = _rendered(Template(), {**_without_origin(old.answers), **carried})
    paths = [path for path in _differences(mine, theirs) if path[0] not in _SET]
    if _PART not in kept:
        # The template never wrote this manifest, so only what StartOS reads counts.
        paths = _that_startos_reads(paths, mine, theirs)
    elif paths:
        # Perhaps another release wrote it.
        then = _written_then(old, recorded)
        paths = [path for path in paths if then is None or _at(mine, path) != _at(then, path)]
    return [_quoted(old.wrapper.manifest, source, path) for path in paths]


def _without_origin(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answers.items() if not str(name).startswith("_")}


def _rendered(template: Template, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest that the template writes, or an empty one if it refuses the answers."""
    try:
        return _read(template.file("manifest.yaml", template.ask(answers)))
    except RefusedAnswerError:
        return {}


def _written_then(old: OldWrapper, recorded: Recorded) -> dict[str, Any] | None:
    """Return the manifest that the recorded release writes for the answers, or None if it can't be rendered anymore."""
    # Importing Copier takes a third of a second.
    from copier import run_copy

    try:
        with tempfile.TemporaryDirectory(prefix="startos-wrapper.") as folder, told(recorded.shown):
            run_copy(
                recorded.source,
                folder,
                _without_origin(old.answers),
                vcs_ref=recorded.release,
                exclude=["*", "!/manifest.yaml"],
                defaults=True,
                quiet=True,
            )
            return _read((Path(folder) / "manifest.yaml").read_text(encoding="utf-8"))
    except (CommandError, OSError):
        return None


def _read(text: str) -> dict[str, Any]:
    try:
        value = read_document(Source("manifest.yaml", text.encode())).plain_value()
    except (NotADocumentError, TooLargeError):
        return {}
    return value if isinstance(value, dict) else {}


def _faults(template: Template, answers: dict[str, Any]) -> set[str]:
    """Return the answers that the template refuses for either StartOS."""
    return {*template.look(answers).faults, *template.look({**answers, "startos": TARGET}).faults}


def _differences(mine: Any, theirs: Any, path: _Path = ()) -> Iterator[_Path]:
    """Yield the paths of the smallest values that differ. Null, false and what's empty are the same as nothing."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in {**mine, **theirs}:
            yield from _differences(mine.get(key), theirs.get(key), (*path, key))
    elif _plain(mine) != _plain(theirs):
        yield path


def _plain(value: Any) -> Any:
    """Return a value as it's compared."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if _plain(inner) is not None} or None
    return value.strip() or None if isinstance(value, str) else value or None


def _at(value: Any, path: _Path) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return _plain(value)


def _text_at(manifest: dict[str, Any], path: _Path) -> str:
    return str(_at(manifest, path) or "")


def _that_startos_reads(paths: list[_Path], mine: dict[str, Any], theirs: dict[str, Any]) -> list[_Path]:
    try:
        read = [each.path for each in compare(mine, theirs).differences]
    except _FAILURES:
        return paths
    return [path for path in paths if any(path[: len(each)] == each[: len(path)] for each in read)]


def _quoted(manifest: Node, source: Source, path: _Path) -> Quote:
    """Quote a value of the manifest, and say where it goes."""
    found = subjects()["stanzas"].get(path[0], {})
    name, to = ".".join(path), found.get("to", "")
    parent = manifest.get(*path[:-1]) if path[1:] else manifest
    if parent and path[-1] in parent.fields:
        key, node = parent.keys.get(path[-1]), parent.fields[path[-1]]
        return quote_node("manifest", source, key, node, f"{name}, for {to}" if to else name)
    # The author deleted it. The nearest key above is still there.
    above, line = manifest, 1
    for key_name in path:
        if key_name not in above.fields:
            break
        line = source.place(above.keys[key_name].start).line
        above = above.fields[key_name]
    where = f"; take it out of {to}" if to else ""
    return Quote("manifest", source.file, line, [], f"{name} isn't in your manifest, but the answers have it{where}")
