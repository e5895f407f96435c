"""Read a .dockerignore, and tell what it shuts out of the build, exactly as BuildKit does.

Sources: ignorefile.go and patternmatcher.go of github.com/moby/patternmatcher at v0.6.1.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

# Hostile files can have more. A build with so many patterns isn't judged.
_MOST_PATTERNS = 200
_LONGEST_PATTERN = 200
_WILD = re.compile(r"[*?\[\\]")
# A class, in which `-` only stands between two other characters.
_CLASS = re.compile(r"\[(?:\^|(?!\^))((?:[^]-](?:-[^]-])?)+)\]", re.DOTALL)
_RANGE = re.compile(r"([^]-])-([^]-])", re.DOTALL)
_TOKEN = re.compile(r"\*\*/?|\*|\?|\\.|\[\^?\]?[^\]]*\]|.", re.DOTALL)


@dataclass(frozen=True)
class _Pattern:
    """A line: whether it begins with `!`, its path, and for one with wildcards the steps that a match takes.

    A step is a regular expression for a single character, or one of `*`, `**` and `?`. The last one may skip two steps.
    """

    exception: bool
    path: str
    steps: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """Return whether the pattern matches a path. This takes no longer for a hostile pattern, as a regex would."""
        if not self.steps:
            return path == self.path
        if not path.startswith(_WILD.split(self.path)[0]):
            return False
        states = self._reached({0})
        for character in path:
            after: set[int] = set()
            for state in states - {len(self.steps)}:
                step = self.steps[state]
                if step == "**" or (step == "*" and character != "/"):
                    after.add(state)
                elif step not in ("*", "?") and re.fullmatch(step, character, re.DOTALL):
                    after.add(state + 1)
            states = self._reached(after)
        return len(self.steps) in states

    def _reached(self, states: set[int]) -> set[int]:
        """Add the states that need no further character."""
        waiting, found = list(states), set(states)
        while waiting:
            state = waiting.pop()
            step = self.steps[state] if state < len(self.steps) else ""
            more = {"*": (1,), "**": (1,), "?": (1, 3)}.get(step, ())
            new = {state + count for count in more} - found
            found |= new
            waiting += new
        return found


class Dockerignore:
    """The patterns of a .dockerignore. Paths are relative to the build context."""

    def __init__(self, source: Source) -> None:
        """Read the patterns."""
        self.source = source
        lines = (line for line in source.text.removeprefix("\ufeff").split("\n") if not line.startswith("#"))
        self._patterns = [pattern for line in lines if (pattern := _pattern(line.strip()))]
        self.too_long = len(self._patterns) > _MOST_PATTERNS or any(
            len(pattern.path) > _LONGEST_PATTERN for pattern in self._patterns
        )

    @property
    def malformed(self) -> tuple[int, str] | None:
        """Return the line and the text of the first pattern that no build accepts. Go's path/filepath.Match

        Every build stops then with "invalid excludepatterns: syntax error in pattern".
        """
        for number, line in enumerate(self.source.lines, 1):
            text = line.removeprefix("\ufeff") if number == 1 else line
            if not text.startswith("#") and _is_malformed(text.strip()[: _LONGEST_PATTERN * 10]):
                return number, text.strip()
        return None

    @property
    def exceptions(self) -> list[str]:
        """Return the patterns with `!`, which let paths in again."""
        return [pattern.path for pattern in self._patterns if pattern.exception]

    def shuts_out(self, path: str) -> bool:
        """Return whether a file isn't part of the build. The last pattern for it or a folder around it decides."""
        if self.too_long:
            return False
        parts = path.split("/")
        above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        out = False
        for pattern in self._patterns:
            if pattern.exception == out and any(map(pattern.matches, above)):
                out = not pattern.exception
        return out


def dockerignore_of(wrapper: Wrapper, dockerfile: str, context: str) -> Source | None:
    """Return the ignore file of a build: DOCKERFILE.dockerignore, or else .dockerignore in the context."""
    files = (f"{dockerfile}.dockerignore", posixpath.normpath(posixpath.join(context, ".dockerignore")))
    file = next(filter(wrapper.is_file, files), None)
    return wrapper.readable(file) if file else None


def _is_malformed(pattern: str) -> bool:
    """Return whether a class isn't closed, is empty or has a reversed range, or the pattern ends in a backslash."""
    rest = re.sub(r"\\.", "x", pattern, flags=re.DOTALL)
    if "\\" in rest:
        return True
    while "[" in rest:
        found = _CLASS.match(rest := rest[rest.index("[") :])
        if found is None or any(low > high for low, high in _RANGE.findall(found[1])):
            return True
        rest = rest[found.end() :]
    return False


def _pattern(line: str) -> _Pattern | None:
    exception = line.startswith("!")
    text = line[1:].strip() if exception else line
    if not text:
        return None
    text = posixpath.normpath(text)
    # Docker trims and cleans twice, and removes a slash in between. The second time, `!` protects the blanks after it.
    text = text.lstrip("/")
    text = posixpath.normpath((text.rstrip() if exception else text.strip()) or "/")
    steps = tuple(_steps(text)) if _WILD.search(text) else ()
    try:
        any(re.compile(step) is None for step in steps[:_LONGEST_PATTERN] if step not in ("*", "**", "?"))
    except re.error:
        # Docker stops at a class like [z-a].
        return None
    return _Pattern(exception, text, steps)


def _steps(pattern: str) -> Iterator[str]:
    tokens = _TOKEN.findall(pattern)
    for index, token in enumerate(tokens):
        if token.startswith("**"):
            # Inside, it stands for any number of whole folders. `**.sh` is special: it also matches web.sh.
            plain = index == 0 and token == "**" and not _WILD.search(pattern[2:])
            yield from ("**",) if plain or index == len(tokens) - 1 else ("?", "**", "/")
        elif token == "*":
            yield "*"
        elif token == "?":
            yield "[^/]"
        elif len(token) > 1:
            # A class, or an escaped character. Both are a regular expression in Docker, too.
            yield token
        else:
            yield re.escape(token)
