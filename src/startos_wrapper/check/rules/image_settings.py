"""Rules about settings of an image that StartOS ignores."""

from collections.abc import Iterator

from startos_wrapper.check.in_dockerfile import finding, model
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper


@checks("W615", startos="0.3.5")
def ignored_healthcheck(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a HEALTHCHECK, which StartOS disables. S/procedure/docker.rs:242"""
    dockerfile = model(wrapper)
    for instruction in dockerfile.shipped:
        if instruction.name == "HEALTHCHECK" and instruction.words and instruction.words[0].text.upper() != "NONE":
            word = Word("", instruction.start, instruction.start + len(instruction.name))
            what = "StartOS ignores HEALTHCHECK, because it starts containers with --no-healthcheck"
            yield finding("W615", dockerfile, word, what, "add a health check to the manifest's health-checks instead")
