"""Format the results as JSON. The field names are part of the API, documented in docs/rehearse.md."""

import json
from collections.abc import Sequence
from typing import Any

from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.outcome import Status, StepResult, Subject

VERSION = 1
_WORDS = {Status.OK: "ok", Status.FAILED: "failed", Status.SKIPPED: "skipped"}


def as_json(
    package: Subject, processor: str, results: Sequence[StepResult], not_shown: Sequence[str] | None = None
) -> str:
    """Return one JSON object in ASCII, which works with any terminal and locale.

    `not_shown` is what only a server shows, for StartOS 0.4.
    """
    content: dict[str, Any] = {
        "version": VERSION,
        "package": {"id": package.id, "version": package.version},
        "processor": processor,
        "steps": [_step(result) for result in results],
        "failed": sum(result.status is Status.FAILED for result in results),
        "skipped": sum(result.status is Status.SKIPPED for result in results),
        "seconds": round(sum(result.seconds for result in results), 1),
    }
    if not_shown is not None:
        content["not_shown"] = list(not_shown)
    return json.dumps(content, indent=2) + "\n"


def _step(result: StepResult) -> dict[str, Any]:
    failure = result.failure
    outcome = failure.outcome if failure else None
    return {
        "step": result.step,
        "status": _WORDS[result.status],
        "seconds": round(result.seconds, 1),
        "message": result.message,
        **_place(failure.place if failure else None),
        "help": failure.todo if failure else "",
        "command": outcome.command if outcome else None,
        "exit": outcome.code if outcome else None,
        "stderr": outcome.errors if outcome else "",
        "log": failure.log if failure else "",
        "warnings": [{"message": text, **_place(place)} for text, place in result.warnings],
    }


def _place(place: Place | None) -> dict[str, Any]:
    return {"file": place.file if place else None, "line": place.line if place else None}
