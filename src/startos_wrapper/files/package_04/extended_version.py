"""Versions of StartOS 0.4 (ExVer): parse and compare them, and convert those of StartOS 0.3.5.

start-core/exver/exver.js and start-core/exver/index.js of @start9labs/start-sdk 2.0.9
"""

import re
from dataclasses import dataclass
from itertools import zip_longest

_NUMBERS = r"\d+(?:\.\d+)*"
_VERSION = rf"({_NUMBERS})(?:-((?:\d+|[a-zA-Z]+)(?:\.(?:\d+|[a-zA-Z]+))*))?"
_EXVER = re.compile(rf"(?:#([a-z]+):)?{_VERSION}:{_VERSION}")
_EMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:\.(\d+))?")
# An upstream prerelease that needs a dot, as in -beta1.
_WITHOUT_DOTS = re.compile(r"-[0-9A-Za-z.]*(?:[a-zA-Z]\d|\d[a-zA-Z])")
# No release has a number with more digits, and Python takes long for a million of them.
_LONGEST = 200


@dataclass(frozen=True)
class Version:
    """Numbers, and the parts of a prerelease."""

    numbers: tuple[int, ...]
    prerelease: tuple[int | str, ...] = ()

    def compare(self, other: "Version") -> int:
        """Return 1 if this version is higher, -1 if it's lower, or 0."""
        for mine, its in zip_longest(self.numbers, other.numbers, fillvalue=0):
            if mine != its:
                return 1 if mine > its else -1
        if not self.prerelease or not other.prerelease:
            return bool(other.prerelease) - bool(self.prerelease)
        for left, right in zip(self.prerelease, other.prerelease, strict=False):
            if left != right:
                # A number comes before a word.
                first, second = ((isinstance(each, str), each) for each in (left, right))
                return 1 if first > second else -1
        return (len(self.prerelease) > len(other.prerelease)) - (len(self.prerelease) < len(other.prerelease))


@dataclass(frozen=True)
class ExtendedVersion:
    """The flavor, the version of the service, and that of the package."""

    text: str
    upstream: Version
    downstream: Version
    flavor: str | None = None

    def is_lower_than(self, other: "ExtendedVersion") -> bool:
        """Return whether this version is lower. Versions of different flavors can't be compared."""
        if self.flavor != other.flavor:
            return False
        return (self.upstream.compare(other.upstream) or self.downstream.compare(other.downstream)) < 0


def _version(numbers: str, prerelease: str | None) -> Version:
    parts = prerelease.split(".") if prerelease else []
    found = tuple(int(part) if part.isdigit() else part for part in parts)
    return Version(tuple(map(int, numbers.split("."))), found)


def parse_extended(text: str) -> ExtendedVersion | None:
    """Return the version that a text is, or None if it isn't one."""
    match = _EXVER.fullmatch(text) if len(text) <= _LONGEST else None
    if not match:
        return None
    return ExtendedVersion(text, _version(match[2], match[3]), _version(match[4], match[5]), match[1])


def lacks_dots(text: str) -> bool:
    """Return whether a version would be one with dots in its prerelease: -beta.1 instead of -beta1."""
    fixed = re.sub(r"(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])", ".", text)
    return bool(_WITHOUT_DOTS.search(text)) and parse_extended(fixed) is not None


def from_035(text: str) -> ExtendedVersion | None:
    """Return what StartOS 0.4 makes of a version of StartOS 0.3.5, or None if it isn't one: 1.2.3.4 becomes 1.2.3:4."""
    match = _EMVER.fullmatch(text) if len(text) <= _LONGEST else None
    return parse_extended(f"{match[1]}.{match[2]}.{match[3]}:{match[4] or 0}") if match else None


def parse_either(text: str) -> ExtendedVersion | None:
    """Return the version of StartOS 0.4 that a text is, or that one of 0.3.5 becomes, or None if it's neither."""
    return from_035(text) or parse_extended(text)
