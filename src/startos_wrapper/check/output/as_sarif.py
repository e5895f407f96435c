"""Format findings as SARIF 2.1.0 (Static Analysis Results Interchange Format), for code scanning and editors.

We don't use a library because the format is a single dictionary, and every wrapper's CI would have to install it.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from startos_wrapper.check.output.report import Report, message, severity, whole
from startos_wrapper.check.registry import Finding, Fix
from startos_wrapper.check.rule_docs import RuleDoc, explain, rule_doc
from startos_wrapper.files.source import Edit, Place
from startos_wrapper.terminal import well_formed

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# Not `primaryLocationLineHash`: GitHub's upload action computes that one and warns about any other value.
_FINGERPRINT = "startosWrapper/v1"


def as_sarif(report: Report) -> str:
    """Return a log of one run in ASCII, with the rules that have findings.

    Files in the working directory get relative URIs. In a workflow, these are relative to the repository's root.
    """
    codes = sorted({finding.code for finding in report.findings})
    driver = {
        "name": "startos-wrapper",
        "version": version("startos-wrapper"),
        "rules": [_rule(rule_doc(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "results": list(_results(report, codes)),
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: RuleDoc) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nSource: {rule.source}", "markdown": explain(rule.code)},
        "defaultConfiguration": {"level": severity(rule.code), "enabled": not (rule.pedantic or rule.release)},
    }


def _results(report: Report, codes: list[str]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for finding in report.findings:
        known = _fingerprint(report, finding)
        seen[known] += 1
        result = {
            "ruleId": finding.code,
            "ruleIndex": codes.index(finding.code),
            "level": severity(finding.code),
            "message": _message(finding),
            "locations": [{"physicalLocation": _location(report, finding.place)}],
            "partialFingerprints": {_FINGERPRINT: f"{known}:{seen[known]}"},
        }
        if changes := _changes(report, finding.fixes):
            result["fixes"] = [{"description": {"text": message(finding.todo)}, "artifactChanges": changes}]
        yield result


def _location(report: Report, place: Place) -> dict[str, Any]:
    """Return a file and region. For a whole file, use line 1, because code scanning needs a region."""
    region = {"startLine": place.line}
    if not whole(place):
        region |= {"startColumn": place.column, "endColumn": place.column + place.length}
    return {"artifactLocation": _artifact(report, place.file), "region": region}


def _artifact(report: Report, file: str) -> dict[str, str]:
    path = Path(os.path.normpath(Path.cwd() / report.path(file)))
    if path.is_relative_to(Path.cwd()):
        return {"uri": quote(path.relative_to(Path.cwd()).as_posix())}
    return {"uri": f"file://{quote(path.as_posix())}"}


def _message(finding: Finding) -> dict[str, str]:
    """Return what is wrong and how to fix it, without braces (placeholders in SARIF) and `](` (a link)."""
    text = f"{message(finding.what)}. How to fix: {message(finding.todo)}."
    return {"text": text.replace("{", "{{").replace("}", "}}").replace("](", "] (")}


def _fingerprint(report: Report, finding: Finding) -> str:
    """Return a fingerprint that doesn't depend on line numbers: it hashes code, file and the line's text or message."""
    line = report.line_of(finding.place)
    parts = (finding.code, report.path(finding.place.file), finding.what if line is None else line.strip())
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _changes(report: Report, fixes: tuple[Fix, ...]) -> list[dict[str, Any]]:
    """Return the replacements in each file, or an empty list if any fix isn't a replacement of text."""
    files: dict[str, list[dict[str, Any]]] = {}
    for fix in fixes:
        source = report.source_of(fix.file) if isinstance(fix, Edit) else None
        if not isinstance(fix, Edit) or source is None:
            return []
        start, end = source.place(fix.start), source.place(fix.end)
        region = {"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column}
        replacement = {"deletedRegion": region, "insertedContent": {"text": well_formed(fix.text)}}
        files.setdefault(fix.file, []).append(replacement)
    return [
        {"artifactLocation": _artifact(report, file), "replacements": replacements}
        for file, replacements in files.items()
    ]
