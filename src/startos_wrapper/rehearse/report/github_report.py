"""Format the results for GitHub: the text report, an annotation for each failure, and a summary of the job."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.outcome import Status, StepResult, Subject
from startos_wrapper.rehearse.report.text_report import step_lines, summary
from startos_wrapper.terminal import printable, well_formed
from startos_wrapper.workflow_commands import workflow_command

_MARKS = {Status.OK: "✅", Status.FAILED: "❌", Status.SKIPPED: "⏭️"}


def annotations(results: Sequence[StepResult]) -> Iterator[str]:
    """Yield a command for each failure and warning."""
    for result in results:
        title = f"rehearse: {result.step}"
        if result.failure:
            yield _command("error", title, result.failure.place, result.message, result.failure.todo)
        for text, place in result.warnings:
            yield _command("warning", title, place, text)


def _command(kind: str, title: str, place: Place | None, *lines: str) -> str:
    where = {"file": printable(place.file), "line": place.line} if place else {}
    return workflow_command(kind, {**where, "title": title}, *map(printable, filter(None, lines)))


def job_summary(package: Subject, processor: str, results: Sequence[StepResult]) -> str:
    """Return a page in Markdown for the summary of the job."""
    rows = "".join(
        f"| {_MARKS[result.status]} | {result.step} | {result.seconds:.1f} s | {_cell(result)} |\n"
        for result in results
    )
    failures = "".join(
        f"\n<details><summary>{result.step}</summary>\n\n{_indented(result)}\n</details>\n"
        for result in results
        if result.failure
    )
    head = f"### Rehearsal of {printable(package.id)} {printable(package.version)} on {processor}\n\n"
    return f"{head}|   | step | time |   |\n|---|---|---:|---|\n{rows}\n{summary(results)}\n{failures}"


def write_job_summary(package: Subject, processor: str, results: Sequence[StepResult]) -> None:
    """Add the summary to that of the job, if this is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(well_formed(job_summary(package, processor, results)))


def _cell(result: StepResult) -> str:
    texts = [result.message, *(f"⚠️ {text}" for text, _ in result.warnings)]
    return "<br>".join(_escaped(text) for text in texts if text)


def _escaped(text: str) -> str:
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>|#" else each for each in printable(text))


def _indented(result: StepResult) -> str:
    return "".join(f"    {line}\n" for line in step_lines(result))
