"""Propose the answer `procedures`, for stanzas that the other answers can't express.

What the template corrects elsewhere is corrected here, too: see `reasons.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts

_NAME = "procedures"
_STEPS = {"config": ("get", "set"), "backup": ("create", "restore"), "migrations": ("from", "to")}
_SCRIPT = ("type", "args")
_PROGRAM = (
    *_SCRIPT,
    "image",
    "entrypoint",
    "system",
    "inject",
    "mounts",
    "io-format",
    "shm-size-mb",
    "gpu-acceleration",
)


def own_procedures(proposal: Proposal, facts: Facts, stanzas: Iterable[str]) -> bool:
    """Propose to write stanzas as they are. Return whether there was one that this hadn't been tried for."""
    answer = proposal.answers.get(_NAME, Answer({}))
    tried = {left.item for left in proposal.left if left.answer == _NAME}
    found = {
        name: _stanza(name, facts.manifest[name])
        for name in dict.fromkeys(stanzas)
        if name in (*_STEPS, "properties") and facts.manifest.get(name) and name not in answer.value
    }
    found = {name: stanza for name, stanza in found.items() if name not in tried}
    if not found:
        return False
    # These would have no effect.
    if "backup" in found:
        proposal.answers.pop("backup", None)
        _report_compat(proposal, facts.manifest["backup"])
    for name in ("properties", "migrations"):
        if name in found:
            proposal.answers[name] = Answer("none")
    places = (*answer.places, *(facts.place(name) for name in found))
    proposal.answers[_NAME] = Answer({**answer.value, **found}, places)
    return True


def _report_compat(proposal: Proposal, backup: Mapping[str, Any]) -> None:
    """Report arguments that compat doesn't take: clap exits with 1 for any other number of them. C/main.rs:176-211"""
    for step in _STEPS["backup"]:
        given = _mended(step, backup[step])
        if _is_duplicity(given) and (len(given["args"]) != 4 or given["args"][1:3] != [step, _drive(given)]):
            what = f"this backup can't work: compat takes {step}, the drive and one folder, and nothing else"
            proposal.leave(_NAME, f"backup.{step}.args", what)


def _stanza(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if name == "properties":
        return _procedure(given)
    steps = {step: given[step] for step in _STEPS[name] if given.get(step) is not None}
    if name == "migrations":
        return {
            way: {versions: _procedure(_directed(way, each)) for versions, each in ranges.items()}
            for way, ranges in steps.items()
        }
    return {step: _procedure(_mended(step, each) if name == "backup" else each) for step, each in steps.items()}


def _is_duplicity(given: Mapping[str, Any]) -> bool:
    args = given.get("args") or []
    return given.get("image") == given.get("entrypoint") == "compat" and args[:1] == ["duplicity"]


def _drive(given: Mapping[str, Any]) -> str | None:
    drive: str | None = (given.get("mounts") or {}).get("BACKUP")
    return drive


def _mended(step: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a procedure of a backup with the two folders in the order that compat expects."""
    args = given.get("args") or []
    if not _is_duplicity(given) or len(args) != 4 or args[3] != _drive(given) or args[2] == args[3]:
        return given
    return {**given, "args": ["duplicity", step, args[3], args[2]]}


def _directed(way: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a migration with the direction that its script needs."""
    args = given.get("args") or []
    return {**given, "args": [way]} if given["type"] == "script" and args in ([], ["from"], ["to"]) else given


def _procedure(given: Mapping[str, Any]) -> dict[str, Any]:
    keys = _SCRIPT if given["type"] == "script" else _PROGRAM
    return {key: given[key] for key in keys if given.get(key) not in (None, False, [], {})}
