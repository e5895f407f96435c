"""The results of a check, prepared for output: text from the wrapper never reaches the terminal unescaped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from startos_wrapper.check.registry import Finding, is_error
from startos_wrapper.files.source import Place, Source
from startos_wrapper.terminal import printable, shorten, well_formed

# Messages can contain keys of any length, so they are cut.
LONGEST = 1000


def _no_source(_: str) -> Source | None:
    return None


@dataclass
class Report:
    """The findings of one or more wrappers.

    Paths are relative to the working directory. `findings` and `fixed` (findings that `--fix` has fixed) are sorted:
    errors first, then by place and code. `silenced` counts silenced findings. `cut` lists rules that would report more
    findings. `source_of` returns a text file by its path, or None if it doesn't exist. It's only called for files with
    findings.
    """

    findings: list[Finding]
    fixed: list[Finding] = field(default_factory=list)
    silenced: int = 0
    cut: list[str] = field(default_factory=list)
    source_of: Callable[[str], Source | None] = _no_source

    def __post_init__(self) -> None:
        """Sort the findings."""
        self.findings, self.fixed = _sorted(self.findings), _sorted(self.fixed)

    @property
    def errors(self) -> int:
        """Return the number of errors."""
        return sum(finding.is_error for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Return the number of warnings."""
        return len(self.findings) - self.errors

    @property
    def fixable(self) -> int:
        """Return how many findings `--fix` would fix."""
        return sum(bool(finding.fixes) for finding in self.findings)

    def path(self, file: str) -> str:
        """Return a path for display: relative if it's in the working directory, with U+FFFD for invalid UTF-8."""
        path = Path(file)
        if path.is_absolute() and path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        return well_formed(path.as_posix())

    def line_of(self, place: Place) -> str | None:
        """Return the line of a place, or None if the place is a whole file or folder or the line doesn't exist."""
        source = None if whole(place) else self.source_of(place.file)
        return source.lines[place.line - 1] if source and place.line <= len(source.lines) else None

    def summary(self) -> str:
        """Return one line with the number of errors, warnings, fixes and silenced findings."""
        counts = ((self.errors, "error"), (self.warnings, "warning"))
        found = [f"{count} {name}{'s' if count > 1 else ''}" for count, name in counts if count]
        parts = [", ".join(found) or "no findings"]
        if self.fixable:
            parts.append(f"{self.fixable} fixable with --fix")
        if self.fixed:
            parts.append(f"{len(self.fixed)} fixed")
        if self.silenced:
            parts.append(f"{self.silenced} silenced")
        if self.cut:
            parts.append(f"more findings of {', '.join(self.cut)} not listed")
        return "; ".join(parts)


def _sorted(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (not finding.is_error, finding.place, finding.code, finding.what))


def severity(code: str) -> str:
    """Return `error` or `warning` for a rule's code. All formats use these words."""
    return "error" if is_error(code) else "warning"


def whole(place: Place) -> bool:
    """Return whether a place is a whole file or folder instead of a part of a line."""
    return place == Place(place.file)


def message(text: str) -> str:
    """Return a finding's text, made printable and cut to `LONGEST` characters."""
    return printable(shorten(text, LONGEST, "…", kept=LONGEST))
