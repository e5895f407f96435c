"""Format the results as JSON. The field names are part of the API, documented in docs/rehearse.md."""

import json
from collections.abc import Sequence
from typing import Any

from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.outcome import Status, StepResult
from startos_wrapper.rehearse.package import Package

VERSION = 1
_WORDS = {Status.OK: "ok", Status.FAILED: "failed", Status.SKIPPED: "skipped"}


def as_json(package: Package, processor: str, results: Sequence[StepResult]) -> str:
    """Return one JSON object in ASCII, which works with any terminal and locale."""
    content = {
        "version": VERSION,
        "package": {"id": package.id, "version": package.version},
        "processor": processor,
        "steps": [_step(result) for result in results],
        "failed": sum(result.status is Status.FAILED for result in results),
        "skipped": sum(result.status is Status.SKIPPED for result in results),
        "seconds": round(sum(result.seconds for result in results), 1),
    }
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
