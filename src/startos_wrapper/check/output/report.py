"""What a check found in one wrapper, and how any of it may be shown: hostile text never reaches a terminal raw."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from startos_wrapper.check.registry import Finding, is_error
from startos_wrapper.files.source import Place, Source
from startos_wrapper.terminal import printable, shorten, well_formed

# A message may name a key of any length.
LONGEST = 1000


def _no_source(_: str) -> Source | None:
    return None


@dataclass
class Report:
    """The findings of one or more wrappers.

    Files are named from the working directory. `findings` and `fixed` (what `--fix` has repaired) are put in
    the order of places, then codes. `silenced` counts the findings that comments silence, `cut` names
    rules that would find more than is listed. `source_of` gives a text file
    of the wrapper by its relative path, None where there is none; it is asked only for files of findings.
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
        """How many findings are errors."""
        return sum(finding.is_error for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.errors

    @property
    def fixable(self) -> int:
        """How many findings `--fix` would repair."""
        return sum(bool(finding.fixes) for finding in self.findings)

    def path(self, file: str) -> str:
        """Return a file's name as it is shown, from the working directory if it lies there; no UTF-8 is U+FFFD."""
        path = Path(file)
        if path.is_absolute() and path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        return well_formed(path.as_posix())

    def line_of(self, place: Place) -> str | None:
        """Return the line that a place is in; None for a whole file or folder, or where there is no such line."""
        source = None if whole(place) else self.source_of(place.file)
        return source.lines[place.line - 1] if source and place.line <= len(source.lines) else None

    def summary(self) -> str:
        """Return one line: how many of each kind, what `--fix` could repair and has repaired, what is silenced."""
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
    return sorted(findings, key=lambda finding: (finding.place, finding.code, finding.what))


def severity(code: str) -> str:
    """Return `error` or `warning` for a rule's code: the words of all formats."""
    return "error" if is_error(code) else "warning"


def whole(place: Place) -> bool:
    """Say whether a place is that of a whole file or folder, of which no line is meant."""
    return place == Place(place.file)


def message(text: str) -> str:
    """Return a sentence of a finding as it may be shown, cut where it is endless."""
    return printable(shorten(text, LONGEST, "…", kept=LONGEST))
