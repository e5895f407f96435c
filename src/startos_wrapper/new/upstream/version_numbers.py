"""Versions and tags of an upstream, as StartOS can compare them."""

import re
from collections.abc import Iterable

from startos_wrapper.data import pattern

# Something in front, e.g. v, release- or the project's name, then numbers, then something behind, e.g. -beta or +git.
_VERSION = re.compile(
    r"(?:[A-Za-z][\w/-]*?[-_/@])?[vV]?([0-9]+(?:\.[0-9]+){0,3})(?!\.?[0-9])(?:[-+_~.]?[A-Za-z].*|[-+_~].*)?"
)
_TRIAL = re.compile(
    r"(?<![a-z])(rc|alpha|beta|dev|pre|preview|nightly|snapshot|canary|test|a|b)(?![a-z])", re.IGNORECASE
)
_PLAIN = re.compile(r"[vV]?[0-9]")
_PLAIN_TRIAL = re.compile(r"[0-9][-_.]?(?:alpha|beta)$", re.IGNORECASE)
_CANDIDATE = re.compile(r"(?<![a-z])(rc|dev|nightly|snapshot|canary|test|alpha)(?![a-z])", re.IGNORECASE)


def numbers_of(text: str) -> str | None:
    """Return the 1 to 4 numbers of a version or tag, e.g. 1.2.3 for v1.2.3-beta, or None."""
    match = _VERSION.fullmatch(text.strip())
    found = match[1] if match else ""
    return found if pattern("version").fullmatch(found) else None


def newest_tag(tags: Iterable[str]) -> str | None:
    """Return the tag of the newest release.

    A trial such as a release candidate only counts if there's nothing else. Some projects call each release a beta,
    e.g. lnd: there, plain betas are releases.
    """
    known = [(tag, numbers) for tag in tags if (numbers := numbers_of(tag)) and "." in numbers]
    # The tags of a part of the repository, e.g. sdk/v1.2.0, have the name of its folder.
    whole = [each for each in known if "/" not in each[0]] or known
    # Other things have the project's name or theirs in front, e.g. helm-chart-1.2.0.
    whole = [each for each in whole if _PLAIN.match(each[0])] or whole
    final = [each for each in whole if not _TRIAL.search(each[0])]
    plain = [each for each in whole if _PLAIN_TRIAL.search(each[0])]
    if len(plain) > len(final):
        final += plain
    for kind in (final, [each for each in whole if not _CANDIDATE.search(each[0])]):
        if kind:
            return _highest(kind)
    return _highest(whole) if whole else None


def _highest(tags: list[tuple[str, str]]) -> str:
    return max(tags, key=lambda each: (tuple(map(int, each[1].split("."))), each[0]))[0]
