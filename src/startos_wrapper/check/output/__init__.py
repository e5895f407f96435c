"""Output formats of `check`."""

from startos_wrapper.check.output.report import Report

FORMATS = ("text", "json", "github", "sarif")


def render(report: Report, form: str, color: bool = False, width: int | None = None) -> str:
    """Return the report in one of FORMATS, ending with a newline.

    Only the text format has colors, and fits into `width`, the columns of a terminal.

    Formats are imported on demand because some of them load the documentation of all rules.
    """
    if form == "json":
        from startos_wrapper.check.output.as_json import as_json

        return as_json(report)
    if form == "github":
        from startos_wrapper.check.output.as_github import as_github

        return as_github(report)
    if form == "sarif":
        from startos_wrapper.check.output.as_sarif import as_sarif

        return as_sarif(report)
    from startos_wrapper.check.output.as_text import as_text

    return as_text(report, color, width)
