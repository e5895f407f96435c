"""What `adopt` tells: answers and their places, what the template reproduces, what differs, whose the parts are."""

import json
from dataclasses import dataclass
from typing import Any

from startos_wrapper.adopt.align.plan import Note
from startos_wrapper.adopt.compare import Difference
from startos_wrapper.adopt.describe import Description, Reason
from startos_wrapper.adopt.nearness import Part
from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.terminal import printable

_LONGEST_VALUE = 60
_KINDS = {
    "corrected": "corrected: the template writes what works",
    "harmless": "more that the template says, and that changes nothing",
    "differs": "written otherwise by the template",
    "missing": "that only your manifest says: no answer does",
}


@dataclass(frozen=True)
class Report:
    """What was found and done. `path` is how the user names the answers file."""

    description: Description
    parts: list[Part]
    path: str
    written: bool
    notes: list[Note]

    def place(self, difference: Difference) -> str:
        """Return where in the manifest a leaf, or the nearest key above it, stands."""
        return self.description.facts.place(*difference.path)


def as_text(report: Report) -> str:
    """Return the report for people."""
    description = report.description
    blocks = [
        _answers(description),
        _manifest(report),
        _left(description),
        _parts(report),
        _notes(report),
        _end(report),
    ]
    return "\n".join(block for block in blocks if block)


def _answers(description: Description) -> str:
    rows = []
    for name in description.asked.recorded:
        answer = description.proposal.answers.get(name)
        if answer and answer.places:
            rows.append((name, _shown(description.asked.values[name]), _places(answer.places)))
    return _table("Answers, and where each was read:", rows)


def _places(places: tuple[str, ...]) -> str:
    return places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else "")


def _manifest(report: Report) -> str:
    comparison, description = report.description.comparison, report.description
    whole = len(comparison.same) + len(comparison.differences)
    name = description.facts.wrapper.manifest_file
    lines = [f"Of {whole} values in {name}, the template writes {len(comparison.same)} as they are.\n"]
    reasons = [(each, description.reason(each)) for each in comparison.differences]
    for kind, title in _KINDS.items():
        rows = [
            (each.name, _change(each), f"{report.place(each)}  {reason.text}")
            for each, reason in reasons
            if reason.kind == kind
        ]
        lines.append(_table(f"{len(rows)} {title}:", rows))
    return "".join(lines)


def _change(difference: Difference) -> str:
    if difference.rendered is None:
        return _shown(difference.original)
    before = "nothing" if difference.original is None else _shown(difference.original)
    return f"{before} -> {_shown(difference.rendered)}"


def _left(description: Description) -> str:
    told = {description.reason(each).text for each in description.comparison.differences}
    rows = [(left.answer, left.item, left.reason) for left in description.proposal.left if left.reason not in told]
    return _table("What answers leave out or guess:", rows)


def _parts(report: Report) -> str:
    rows = [
        (
            part.name,
            "the template's" if part.managed else "yours",
            f"{part.reason}: {', '.join(part.files) or 'no file'}",
        )
        for part in report.parts
    ]
    return _table("Parts: `copier update` changes those that are the template's, and no other file:", rows)


def _notes(report: Report) -> str:
    if not report.notes:
        return ""
    done = [f"  {note}\n" for note in report.notes if not note.todo]
    todo = [f"  {note}\n" for note in report.notes if note.todo]
    text = "".join(["Aligned:\n", *done]) if done else ""
    return text + ("".join(["For you to do:\n", *todo]) if todo else "")


def _end(report: Report) -> str:
    if not report.written:
        return f"{report.path} says so already: nothing was written.\n"
    lines = [f"{report.path} was written. Commit it, then `copier update` works:"]
    lines.append(f"  git add {ANSWERS} && git commit -m 'Adopt the wrapper'")
    yours = [part.name for part in report.parts if not part.managed]
    if yours and not report.notes:
        lines.append("To have the template's files in place of your own, for you to review:")
        lines.append(f"  startos-wrapper adopt --align {yours[0] if len(yours) == 1 else 'PART'}")
    return "\n".join(lines) + "\n"


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return title + "\n" + "".join(f"  {a:{first}}  {b:{second}}  {c}".rstrip() + "\n" for a, b, c in rows)


def _shown(value: Any) -> str:
    """Return a value on one line that is not long, with what a terminal would obey written out."""
    text = printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def as_json(report: Report) -> str:
    """Return the report for programs."""
    description, comparison = report.description, report.description.comparison
    answers = {}
    for name in description.asked.recorded:
        answer = description.proposal.answers.get(name)
        answers[name] = {
            "value": description.asked.values[name], "places": list(answer.places if answer else ())
        }  # fmt: skip
    value = {
        "version": 1,
        "file": report.path,
        "written": report.written,
        "answers": answers,
        "manifest": {
            "file": description.facts.wrapper.manifest_file,
            "same": len(comparison.same),
            "differences": [_difference(report, each, description.reason(each)) for each in comparison.differences],
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
            for part in report.parts
        ],
        "notes": [
            {"part": note.part, "file": note.file, "line": note.line, "what": note.what, "todo": note.todo}
            for note in report.notes
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _difference(report: Report, difference: Difference, reason: Reason) -> dict[str, Any]:
    return {
        "key": difference.name,
        "original": difference.original,
        "rendered": difference.rendered,
        "kind": reason.kind,
        "reason": reason.text,
        "place": report.place(difference),
    }
