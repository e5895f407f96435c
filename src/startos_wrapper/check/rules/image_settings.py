"""Rules about settings of an image that StartOS ignores."""

from collections.abc import Iterator

from startos_wrapper.check.in_dockerfile import finding, model
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper


@checks("W615")
def ignored_healthcheck(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a HEALTHCHECK, which StartOS 0.3.5 disables, and 0.4 doesn't read. S/procedure/docker.rs:242"""
    why, todo = (
        "because it starts containers with --no-healthcheck",
        "add a health check to the manifest's health-checks",
    )
    if wrapper.startos != "0.3.5":
        why, todo = "and only runs what startos/main.ts says", "write it as `ready` of the daemon in startos/main.ts"
    dockerfile = model(wrapper)
    for instruction in dockerfile.shipped:
        if instruction.name == "HEALTHCHECK" and instruction.words and instruction.words[0].text.upper() != "NONE":
            word = Word("", instruction.start, instruction.start + len(instruction.name))
            yield finding("W615", dockerfile, word, f"StartOS ignores HEALTHCHECK, {why}", f"{todo} instead")
