"""Format findings as GitHub workflow commands, which GitHub shows as annotations in a pull request."""

from startos_wrapper.check.output.report import Report, message, severity
from startos_wrapper.check.registry import Finding
from startos_wrapper.terminal import printable
from startos_wrapper.workflow_commands import workflow_command


def as_github(report: Report) -> str:
    """Return a command for each finding, and a summary line.

    Paths are relative to the working directory, which is the repository's root in a workflow.
    """
    return "\n".join([*(_command(report, finding) for finding in report.findings), report.summary()]) + "\n"


def _command(report: Report, finding: Finding) -> str:
    place = finding.place
    properties = {
        "file": printable(report.path(place.file)),
        "line": place.line,
        "col": place.column,
        "endColumn": place.column + place.length,
        "title": finding.code,
    }
    return workflow_command(severity(finding.code), properties, message(finding.what), message(finding.todo))
