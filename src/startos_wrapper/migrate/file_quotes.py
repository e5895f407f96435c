"""Quote what needs a person in the other files of a wrapper: scripts, config, Makefile, workflows and documents."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.makefile import read_blocks
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.migrate.quote import Quote, quote_lines, quote_node
from startos_wrapper.migrate.settings_form import LeftOut

SPEC, RULES = "assets/compat/config_spec.yaml", "assets/compat/config_rules.yaml"
BUNDLE = "scripts/embassy.js"
_SCRIPTS = (".ts", ".js", ".mts", ".mjs")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile", "service.mk")
# Longer lines are those of a bundle, which stays in the work tree.
_LONGEST = 400
_HOST = re.compile(r"(?<![\w.-])[a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.embassy(?![\w-]|\.[a-z])")
_EXPORT = re.compile(r"\s*export\s+(?:default|async|function|const|let|var|class|\{|\*)")
_POINTER = re.compile(r"""["']?type["']?\s*:\s*["']pointer["']""")
_CODE = re.compile(r"\bexit\s+(?:59|60|61)\b|error-?[cC]ode|\b(?:59|60|61)\s*,\s*[\"']")
_TOOL = re.compile(r"start-sdk|embassy-sdk|embassy-cli|embassy\.js|manifest\.yaml|docker-images|image\.tar")
_INCLUDE = re.compile(r"-?s?include\b")
_MOST_HOSTS = 200


def file_quotes(wrapper: Wrapper, files: list[str], left_out: list[LeftOut], spec: Source | None) -> Iterator[Quote]:
    """Yield what needs a person in the tracked files, and in the config spec that was converted from `spec`."""
    for each in left_out:
        if spec:
            yield quote_node(each.subject, spec, None, each.node, each.name)
    for file in files:
        source = wrapper.readable(file)
        if source is None:
            continue
        if file != ANSWERS:
            yield from _hosts(source)
        path = PurePosixPath(file)
        if path.suffix in _SCRIPTS and path.parts[0] == "scripts":
            is_bundle = file == BUNDLE and _has_sources(files)
            # What the form leaves out is quoted already.
            pointers = not (spec and file == spec.file)
            yield from _script(source, is_bundle=is_bundle, has_pointers=pointers)
        elif path.suffix == ".sh" or path.suffix == "":
            yield from _codes(source)
        if file in (SPEC, RULES):
            yield from _unreadable(source)
        if file == RULES:
            yield from _rules(source)
        if file in _MAKEFILES:
            yield from makefile_quotes(source)
        elif path.parts[:2] == (".github", "workflows") and _TOOL.search(source.text):
            yield from _lines(source, _TOOL, "workflow")
        elif path.suffix == ".md":
            yield from _lines(source, _TOOL, "document")


def _has_sources(files: list[str]) -> bool:
    return any(file.startswith("scripts/") and file.endswith(".ts") for file in files)


def _lines(source: Source, pattern: re.Pattern[str], subject: str) -> Iterator[Quote]:
    for number, line in enumerate(source.lines, 1):
        if pattern.search(line) and len(line) <= _LONGEST:
            yield quote_lines(subject, source, number)


def _hosts(source: Source) -> Iterator[Quote]:
    found = 0
    for number, line in enumerate(source.lines, 1):
        names = dict.fromkeys(_HOST.findall(line)) if ".embassy" in line else {}
        if names and found < _MOST_HOSTS:
            found += 1
            lines = [line] if len(line) <= _LONGEST else []
            yield Quote("host", source.file, number, lines, ", ".join(names))


def _script(source: Source, *, is_bundle: bool, has_pointers: bool) -> Iterator[Quote]:
    if is_bundle:
        yield Quote("script", source.file, 1, [], "made from the other scripts")
        return
    for number, line in enumerate(source.lines, 1):
        if len(line) > _LONGEST:
            continue
        if _EXPORT.match(line):
            yield quote_lines("script", source, number)
        if has_pointers and _POINTER.search(line):
            first = max(number - 1, 1)
            yield quote_lines("config-key", source, first, 3, "a pointer")
        if _CODE.search(line):
            yield quote_lines("health-code", source, number)


def _codes(source: Source) -> Iterator[Quote]:
    for number, line in enumerate(source.lines, 1):
        if len(line) <= _LONGEST and re.search(r"\bexit\s+(?:59|60|61)\b", line):
            yield quote_lines("health-code", source, number)


def _unreadable(source: Source) -> Iterator[Quote]:
    """Yield the line where a file of the config isn't valid YAML."""
    try:
        read_document(source)
    except NotADocumentError as error:
        line = source.place(error.offset).line
        # An error at the end is after the last line.
        yield quote_lines("config-unreadable", source, min(line, max(len(source.lines), 1)), note=error.what)
    except TooLargeError as error:
        yield Quote("config-unreadable", source.file, 1, [], str(error))


def _rules(source: Source) -> Iterator[Quote]:
    try:
        rules = read_document(source)
    except (NotADocumentError, TooLargeError):
        rules = Node(None, 0, 0)
    if rules.items or rules.fields:
        yield quote_lines("config-rules", source, 1, len(source.lines))


def makefile_quotes(source: Source, subject: str = "makefile") -> Iterator[Quote]:
    """Yield each rule, variable and condition of a Makefile."""
    for block in read_blocks(source.lines):
        if block.kind != "other" and not _INCLUDE.match(block.head):
            yield Quote(subject, source.file, block.line, block.lines, block.name)
