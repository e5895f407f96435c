"""Format findings as JSON. The field names are part of the API, documented in docs/check.md."""

import json
from typing import Any

from startos_wrapper.check.output.report import Report, message, severity
from startos_wrapper.check.registry import Finding
from startos_wrapper.check.rule_docs import rule_doc

VERSION = 1


def as_json(report: Report) -> str:
    """Return one JSON object in ASCII, which works with any terminal and locale."""
    content = {
        "version": VERSION,
        "findings": [_entry(report, finding) for finding in report.findings],
        "fixed": [_entry(report, finding) for finding in report.fixed],
        "errors": report.errors,
        "warnings": report.warnings,
        "fixable": report.fixable,
        "silenced": report.silenced,
        "cut": report.cut,
    }
    return json.dumps(content, indent=2) + "\n"


def _entry(report: Report, finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "code": finding.code,
        "name": rule_doc(finding.code).name,
        "severity": severity(finding.code),
        "file": report.path(place.file),
        "line": place.line,
        "column": place.column,
        "endColumn": place.column + place.length,
        "message": message(finding.what),
        "help": message(finding.todo),
        "fixable": bool(finding.fixes),
    }
