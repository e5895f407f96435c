"""Rules about copies of the version in the migrations of scripts and in the Makefile."""

import re
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.tree import scripts
from startos_wrapper.files.wrapper import Wrapper

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){0,3}")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_OPENING = re.compile(r"\s*\(")
_TO_LOOK_AT = re.compile(r"[^\"'`/()\[\]{},\s]+|[,\s]+")


def _numbers(version: str | None) -> list[int] | None:
    """Return the four numbers that StartOS compares, or None if the text isn't a plain version."""
    if version is None or len(version) > 100 or not _VERSION.fullmatch(version):
        return None
    parts = [int(part) for part in version.split(".")]
    return parts + [0] * (4 - len(parts))


@checks("W805", startos="0.3.5")
def other_version(wrapper: Wrapper) -> Iterator[Finding]:
    """Find other versions than the manifest's in scripts and the Makefile."""
    version = _numbers(wrapper.version)
    if version is None:
        return
    for source in scripts(wrapper):
        for start, end in _mapped_versions(source.text):
            written = source.text[start:end]
            numbers = _numbers(written)
            if numbers and numbers != version:
                what = f"The migrations lead to {written}, but the manifest's version is {wrapper.version}"
                fixes = (source.edit(start, end, str(wrapper.version)),)
                yield Finding("W805", source.place(start, end), what, f"write {wrapper.version}", fixes)
    yield from _makefile_version(wrapper, version)


def _mapped_versions(text: str) -> Iterator[tuple[int, int]]:
    """Yield the span of the last argument of `fromMapping(..., "1.2.3")`, without quotes, for up to three calls."""
    at = 0
    for _ in range(3):
        at = text.find("fromMapping", at) + len("fromMapping")
        if at < len("fromMapping"):
            return
        before = text[text.rfind("\n", 0, at) + 1 : at]
        opening = _OPENING.match(text, at)
        if opening is None or "//" in before or before.lstrip().startswith(("*", "/*")):
            continue
        span = _last_argument(text, opening.end())
        if span:
            yield span


def _last_argument(text: str, at: int) -> tuple[int, int] | None:
    """Return the span of a call's last argument if it's a string. The arguments start at `at`."""
    depth, last = 1, None
    while at < len(text):
        sign = text[at]
        if sign in "\"'`":
            string = _STRING.match(text, at)
            if not string:
                return None
            last, at = (at + 1, string.end() - 1), string.end()
        elif text.startswith(("//", "/*"), at):
            end = text.find("\n" if text[at + 1] == "/" else "*/", at + 2)
            if end < 0:
                return None
            at = end + (1 if text[at + 1] == "/" else 2)
        elif sign in ")]}":
            depth -= 1
            if not depth:
                return last
            last, at = None, at + 1
        elif run := _TO_LOOK_AT.match(text, at):
            last = last if run[0].strip(", \t\r\n") == "" else None
            at = run.end()
        else:
            depth += sign in "([{"
            last, at = None, at + 1
    return None


def _makefile_version(wrapper: Wrapper, version: list[int]) -> Iterator[Finding]:
    """Find a version in the Makefile that becomes the image tag, but differs from the manifest's."""
    makefile = wrapper.makefile
    for name in ("VERSION", "PKG_VERSION") if makefile else ():
        assert makefile is not None
        numbers = _numbers(makefile.variables.get(name, "").strip("\"'"))
        tagged = re.search(rf"start9/[^\s:]*:[\"']?\$[({{]{name}[)}}]", makefile.text)
        if numbers is None or numbers == version or not tagged:
            continue
        for number, line in enumerate(makefile.source.lines, 1):
            if found := re.match(rf"(?:export\s+)?{name}\s*(?::{{0,3}}=|\?=)\s*[\"']?({_VERSION.pattern})", line):
                start = makefile.source.offset(number) + found.start(1)
                what = f"The images get the tag {found[1]}, but the manifest's version is {wrapper.version}"
                todo = f"read the version from the manifest, or write {wrapper.version}"
                yield Finding("W805", makefile.source.place(start, start + len(found[1])), what, todo)
