"""`startos-wrapper rehearse` on a package for StartOS 0.4."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from startos_wrapper.errors import Exit, UsageError
from startos_wrapper.rehearse.outcome import Status
from startos_wrapper.rehearse.report.github_report import annotations, write_job_summary
from startos_wrapper.rehearse.report.json_report import as_json
from startos_wrapper.rehearse.report.text_report import not_shown_lines, summary
from startos_wrapper.rehearse.startos04.keeping_04 import keep_04
from startos_wrapper.rehearse.startos04.life import Settings04
from startos_wrapper.rehearse.startos04.playing_04 import STEPS, play_04
from startos_wrapper.terminal import print_text

if TYPE_CHECKING:
    from startos_wrapper.rehearse.report.live import Progress


def known_steps(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Return the steps of --steps. Raises: UsageError."""
    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        raise UsageError(f'unknown step "{unknown[0]}"; the steps of a package for StartOS 0.4 are {", ".join(STEPS)}')
    return steps


def rehearse_04(form: str, path: Path, settings: Settings04, watcher: "Progress") -> int:
    """Rehearse, print the report, and return the exit code. Raises: UsageError, CannotError."""
    # JSON has standard output to itself.
    shown_on = sys.stderr if form == "json" else sys.stdout
    keep = partial(keep_04, stream=shown_on) if settings.keep else None
    package, results, unshown = play_04(path, settings, watcher, keep)
    watcher.clear()
    if form == "json":
        print_text(as_json(package, watcher.processor, results, unshown))
    else:
        print_text("".join(f"{line}\n" for line in (summary(results), *not_shown_lines(unshown))))
    if form == "github":
        print_text("".join(f"{line}\n" for line in annotations(results)))
        write_job_summary(package, watcher.processor, results)
    return Exit.FOUND if any(result.status is Status.FAILED for result in results) else Exit.DONE
