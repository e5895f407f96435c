"""What an update did or would do, for people and for programs."""

import json
import shlex
import textwrap
from dataclasses import asdict, dataclass, field
from pathlib import Path

from startos_wrapper.terminal import commands_for, printable
from startos_wrapper.updating.merge import Merged

_WIDTH = 79
_FROM_A_LIST = "--pathspec-from-file=- --pathspec-file-nul"
# What the template says about an update, see hooks/update/changes.jinja.
_TOLD = {
    "folders": "New files, which are yours",
    "new": "New questions, answered with their defaults",
    "followed": "Other answers that changed or are gone",
    "stale": "Unchanged. Check whether they still fit",
}
_LEFT = ".rej"


@dataclass(frozen=True)
class Outcome:
    """The releases before and after, the files by what happened to them, and what the template says about it."""

    old: str
    new: str
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, merged: Merged, old: str, new: str) -> "Outcome":
        """Return the outcome of a merge between two releases."""
        found = cls(old, new, told={name: list(merged.told.get(name, [])) for name in _TOLD}, notes=merged.notes)
        for change in merged.changes:
            kind = found.changed if change.before and change.after else found.added if change.after else found.deleted
            kind.append(change.path)
            if change.path in merged.conflicts or (change.path.endswith(_LEFT) and not change.before):
                found.conflicts.append(change.path)
        return found

    @property
    def is_nothing(self) -> bool:
        """Whether no file changes."""
        return not (self.changed or self.added or self.deleted)

    @property
    def next_title(self) -> str:
        """The title of the commands to run next."""
        return "Next, once the conflicts are resolved:" if self.conflicts else "Next:"


def as_json(outcome: Outcome) -> str:
    """Return the outcome for programs."""
    value = {"version": 1, **asdict(outcome)}
    # Names of files can have any bytes.
    return json.dumps(value, indent=2) + "\n"


def as_text(outcome: Outcome, folder: Path, to_update: str = "") -> str:
    """Return the outcome for people, and what to do next in the wrapper's folder.

    `to_update` is the command that makes the update, if this is only a preview.
    """
    preview = bool(to_update)
    if outcome.is_nothing:
        return f"Nothing changed: already at {outcome.new}.\n"
    blocks = [_title(outcome, preview), _files(outcome), *_notes(outcome), _conflicts(outcome, preview)]
    blocks.append(f"Nothing was written. To update:\n  {to_update}\n" if preview else _end(outcome, folder))
    return "\n".join(block for block in blocks if block)


def _title(outcome: Outcome, preview: bool) -> str:
    if outcome.old == outcome.new:
        return f"{'Would update' if preview else 'Updated'}. The release stays {outcome.new}.\n"
    return f"{'Would update' if preview else 'Updated'} from {outcome.old} to {outcome.new}.\n"


def _files(outcome: Outcome) -> str:
    rows = {"Changed": outcome.changed, "Added": outcome.added, "Deleted": outcome.deleted}
    return "".join(_listed(f"  {title}:".ljust(12), paths) for title, paths in rows.items() if paths)


def _listed(title: str, paths: list[str]) -> str:
    """Return paths after a title, in lines that fit a terminal. A path isn't broken."""
    return _wrapped(title + ", ".join(map(_shown, paths)), " " * len(title))


def _notes(outcome: Outcome) -> list[str]:
    named = [f"{title}: {', '.join(map(_shown, outcome.told.get(name, [])))}" for name, title in _TOLD.items()]
    notes = [_wrapped(note) for note in named if not note.endswith(": ")]
    return [*notes, "".join(_wrapped(note, "    ") for note in map(_shown, outcome.notes))]


def _conflicts(outcome: Outcome, preview: bool) -> str:
    found = outcome.conflicts
    if not found:
        return ""
    title = f"Conflicts in {len(found)} files:" if len(found) > 1 else "Conflict in one file:"
    lines = [title, *(f"  {_shown(path)}" for path in found)]
    if not preview:
        lines.append("Your lines come first (<<<<<<<), then the template's (=======, >>>>>>>).")
        lines.append("Keep what you want of both, delete the markers, and `git add` the file.")
    return "\n".join(lines) + "\n"


def _end(outcome: Outcome, folder: Path) -> str:
    git, path = commands_for(folder)
    message = "Update the template" if outcome.old != outcome.new else "Update the wrapper"
    lines = [outcome.next_title, f"  {git} diff", f"  startos-wrapper check{path}"]
    lines.append(f'  {git} add --all . && {git} commit -m "{message}"')
    if outcome.deleted:
        names = " ".join(shlex.quote(_shown(path)) for path in outcome.deleted)
        if len(outcome.deleted) > 1 and len(names) > _WIDTH - len(f"  {git} restore "):
            lines += ["To keep what was deleted:", f"  {git} ls-files -dz | {git} restore {_FROM_A_LIST}"]
        else:
            lines += ["To keep what was deleted:", f"  {git} restore {names}"]
    return "\n".join([*lines, "Or go back:", f"  startos-wrapper undo{path}", ""])


def _shown(path: str) -> str:
    return printable(path)


def _wrapped(text: str, indent: str = "  ") -> str:
    lines = textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    return "\n".join(lines) + "\n"
