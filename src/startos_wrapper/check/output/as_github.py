"""Format findings as GitHub workflow commands, which GitHub shows as annotations in a pull request."""

from startos_wrapper.check.output.report import Report, message, severity
from startos_wrapper.check.registry import Finding
from startos_wrapper.terminal import printable


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
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{severity(finding.code)} {given}::{_data(message(finding.what))}%0A{_data(message(finding.todo))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
