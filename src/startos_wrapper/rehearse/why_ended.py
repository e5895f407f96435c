"""Say why the service doesn't stay up."""

import re
from collections.abc import Sequence

from startos_wrapper.rehearse.image_programs import broken_program
from startos_wrapper.rehearse.outcome import SUCCESSES, StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.service import NOT_CREATED, End

_NO_SUCH, _NOT_EXECUTABLE, _FORMAT = "no such file", "permission denied", "exec format error"
_PORT_DENIED = re.compile(r"(?i)(?:permission denied|eacces)")
_NOT_FIRST = "can only run as pid 1"
_PORT = re.compile(r"(?i)bind|listen|:80\b|:443\b")


def failure_of(rehearsal: Rehearsal, ends: Sequence[End]) -> StepFailedError:
    """Return the failure for a service that ended by itself."""
    last = ends[-1]
    what, todo = _why(rehearsal, last)
    if last.code != NOT_CREATED and not last.reason:
        again = "at once" if last.code in SUCCESSES else f"after {rehearsal.settings.pace.crash:g} s"
        times = f", {len(ends)} times in a row" if len(ends) > 1 else ""
        what = f"{what}{times}; StartOS starts it again {again}"
    return StepFailedError(
        f"main: {what}",
        todo=todo,
        outcome=rehearsal.service.outcome(last),
        log=last.log,
        place=rehearsal.place("main", "entrypoint"),
    )


def _why(rehearsal: Rehearsal, end: End) -> tuple[str, str]:
    """Return what happened, and what to do."""
    entrypoint = rehearsal.service.main.node.get("entrypoint")
    program = (entrypoint and entrypoint.text) or "the entrypoint"
    said = f"{end.reason}\n{end.log}".lower()
    if rehearsal.service.image is None:
        tag = rehearsal.package.tag(_image(rehearsal))
        return f"no tar has an image with the tag {tag}", f"Build the images with `--tag {tag}`."
    if _FORMAT in said:
        what = f"{program} isn't a program for {rehearsal.processor}, or a script without a first line like #!/bin/sh"
        return what, "Build the image for this processor, and begin scripts with #! and their interpreter."
    if end.reason or end.code == NOT_CREATED:
        if _NOT_EXECUTABLE in said:
            return (
                f"{program} isn't executable in the image",
                "Run `chmod +x` on it, or copy it with `COPY --chmod=0755`.",
            )
        if _NO_SUCH in said or "not found" in said:
            found = broken_program(rehearsal.package, rehearsal.service.main, rehearsal.processor)
            if found:
                return found
            return f"{program} isn't in the image", "Copy it into the image, or correct the entrypoint."
        return f"the container doesn't start: {end.reason}", "Correct what Docker names."
    took = f"after {end.seconds:.1f} s"
    if end.is_out_of_memory:
        return f"the service was killed {took} because the memory was used up", "Let it use less memory."
    if end.code in SUCCESSES:
        what = f"the service ended {took} with exit code {end.code}"
        return what, "Let the entrypoint run the service in the foreground: exec SERVICE, without & at the end."
    what = f"the service ended {took} with exit code {end.code}"
    if _NOT_FIRST in end.log:
        what = f"{what}: s6 must be process 1"
        return what, "Let the entrypoint be /init, or end with exec /init, without tini."
    if _PORT_DENIED.search(end.log) and _PORT.search(end.log):
        what = f"{what}: it may not listen on a port below 1024, because it doesn't run as root"
        return what, "Let it listen on a higher port, and map that one."
    return what, f"The log says why. {rehearsal.settings.how_to_try}"


def _image(rehearsal: Rehearsal) -> str:
    node = rehearsal.service.main.node.get("image")
    return (node and node.text) or "main"
