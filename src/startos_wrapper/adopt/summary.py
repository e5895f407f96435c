"""The report of `adopt`: answers and their sources, what the template reproduces, what differs, and the parts."""

import json
import shlex
import textwrap
from pathlib import Path
from typing import Any

from startos_wrapper.adopt.adoption import Adoption
from startos_wrapper.adopt.describe import Description
from startos_wrapper.adopt.plan import Note
from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.files.manifest.compare import Difference
from startos_wrapper.files.template_source import is_address
from startos_wrapper.terminal import printable, shorten

_LONGEST_VALUE = 50
# Of a line, so that it fits a terminal.
_WIDTH = 79
_KINDS = {
    "corrected": "corrected by the template, because your value doesn't work",
    "harmless": "added by the template, without any effect",
    "differs": "written differently by the template",
    "missing": "only in your {}, because no answer can express it",
}


def as_text(adoption: Adoption) -> str:
    """Return the report for people."""
    description = adoption.description
    blocks = [
        _answers(description),
        _manifest(description),
        _left(description),
        _parts(adoption),
        _notes(adoption),
        _end(adoption),
    ]
    return "\n".join(block for block in blocks if block)


def _answers(description: Description) -> str:
    rows = [
        (name, _shown(description.asked.values[name]), _places(places))
        for name in description.asked.recorded
        if (places := description.proposal.places(name))
    ]
    return _table("Answers, and where they were read:", rows)


def _places(places: tuple[str, ...]) -> str:
    return places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else "")


def _manifest(description: Description) -> str:
    comparison = description.comparison
    whole = len(comparison.same) + len(comparison.differences)
    lines = [f"The template reproduces {len(comparison.same)} of {whole} values in {description.described}.\n"]
    reasons = [(each, description.reason(each)) for each in comparison.differences]
    for kind, title in _KINDS.items():
        rows = [
            (each.name, _change(each), f"{description.place(each)}  {reason.text}".strip())
            for each, reason in reasons
            if reason.kind == kind
        ]
        lines.append(_table(f"{len(rows)} {title.format(description.noun)}:", rows))
    return "".join(lines)


def _change(difference: Difference) -> str:
    if difference.rendered is None:
        return _shown(difference.original)
    before = "nothing" if difference.original is None else _shown(difference.original)
    return f"{before} -> {_shown(difference.rendered)}"


def _left(description: Description) -> str:
    told = {description.reason(each).text for each in description.comparison.differences}
    rows = [(left.answer, left.item, left.reason) for left in description.proposal.left if left.reason not in told]
    return _table("Left out of the answers, or guessed:", rows)


def _parts(adoption: Adoption) -> str:
    rows = [
        (
            part.name,
            "managed" if part.managed else "yours",
            f"{part.reason}: {', '.join(part.files) or 'no files'}",
        )
        for part in adoption.parts
    ]
    return _table("Parts: updates only change the managed ones:", rows)


def _notes(adoption: Adoption) -> str:
    if not adoption.plan.notes:
        return ""
    done = [_item(note) for note in adoption.plan.notes if not note.todo]
    todo = [_item(note) for note in adoption.plan.notes if note.todo]
    text = "".join(["Aligned:\n", *done]) if done else ""
    return text + ("".join(["For you to do:\n", *todo]) if todo else "")


def _item(note: Note) -> str:
    return textwrap.fill(str(note), _WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False) + "\n"


def _end(adoption: Adoption) -> str:
    files, description = adoption.plan.files, adoption.description
    if not files:
        return f"{adoption.answers_path} is already up to date, so it wasn't changed.\n"
    folder = adoption.plan.wrapper.root
    written = [file for file, data in files.items() if data is not None]
    removed = [file for file, data in files.items() if data is None]
    lines = _wrapped("Wrote", [str(folder / file) for file in written])
    lines += _wrapped("Removed", [str(folder / file) for file in removed])
    if ANSWERS in files:
        lines += _address(adoption.address)
    git = "git" if folder == Path() else shlex.join(["git", "-C", str(folder)])
    what = f"add {ANSWERS}" if list(files) == [ANSWERS] else "add --all"
    lines.append("Commit it, and updates work:" if adoption.address else "Then commit:")
    lines.append(f"  {git} {what} && {git} commit -m 'Adopt the wrapper'")
    yours = [part.name for part in adoption.parts if not part.managed]
    if yours and not adoption.plan.notes and description.can_be_aligned:
        lines.append("To replace your files with the template's, for you to review:")
        lines.append(f"  startos-wrapper adopt --align {yours[0] if len(yours) == 1 else 'PART'}")
    return "\n".join(lines) + "\n"


def _wrapped(verb: str, files: list[str]) -> list[str]:
    """Return a sentence about files as lines."""
    return textwrap.wrap(f"{verb} {', '.join(files)}.", _WIDTH, break_on_hyphens=False) if files else []


def _address(address: str | None) -> list[str]:
    """Return what to do if updates can't get the template from where it is, or only on this machine."""
    if address is None:
        lines = ["Updates also need the template's address, which is unknown. Record it:"]
    elif is_address(address):
        return []
    else:
        lines = ["It records a folder on this machine, so only you can update the wrapper:", f"  {address}"]
        lines.append("Once the template is on a server, record its URL:")
    return [*lines, "  startos-wrapper manage --template URL"]


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [title]
    for a, b, c in rows:
        line = f"  {a:{first}}  {b:{second}}  {c}".rstrip()
        if len(line) <= _WIDTH:
            lines.append(line)
        else:
            indent = " " * (first + 4)
            lines += textwrap.wrap(b, _WIDTH, initial_indent=f"  {a:{first}}  ", subsequent_indent=indent)
            lines += textwrap.wrap(c, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    """Return a value as one short line, with control characters escaped."""
    text = printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return shorten(text, _LONGEST_VALUE)


def as_json(adoption: Adoption) -> str:
    """Return the report for programs."""
    description, comparison = adoption.description, adoption.description.comparison
    answers = {
        name: {"value": description.asked.values[name], "places": list(description.proposal.places(name))}
        for name in description.asked.recorded
    }
    value = {
        "version": 1,
        "file": str(adoption.answers_path),
        "written": ANSWERS in adoption.plan.files,
        "answers": answers,
        "manifest": {
            "file": description.described,
            "same": len(comparison.same),
            "differences": [_difference(description, each) for each in comparison.differences],
        },
        "left_out": [
            {"answer": each.answer, "item": each.item, "reason": each.reason} for each in description.proposal.left
        ],
        "parts": [
            {
                "name": part.name,
                "managed": part.managed,
                "nearness": part.nearness,
                "files": list(part.files),
                "reason": part.reason,
            }
            for part in adoption.parts
        ],
        "notes": [
            {"part": note.part, "file": note.file, "line": note.line, "what": note.what, "todo": note.todo}
            for note in adoption.plan.notes
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _difference(description: Description, difference: Difference) -> dict[str, Any]:
    reason = description.reason(difference)
    return {
        "key": difference.name,
        "original": difference.original,
        "rendered": difference.rendered,
        "kind": reason.kind,
        "reason": reason.text,
        "place": description.place(difference),
    }
