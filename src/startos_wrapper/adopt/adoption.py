"""One adoption: from a folder to its answers file, and, where asked, to aligned parts."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.adopt.describe import Description
from startos_wrapper.adopt.nearness import FILES, Part, judge
from startos_wrapper.adopt.repository import refuse_unless_kept, wrapper_in
from startos_wrapper.adopt.summary import Report
from startos_wrapper.answers_file import ANSWERS, Answers
from startos_wrapper.data import loader
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.files.wrapper import Wrapper

# What every answers file of this template records.
_OURS = ("service_id", "title", "base", "volumes", "_src_path")
# What says where the template is, and not what the wrapper is.
_ORIGIN = ("_src_path", "_commit")


@dataclass(frozen=True)
class Origin:
    """Which template the answers are for: where Copier finds it, and the release."""

    source: str
    release: str


def adopt(folder: Path, managed: frozenset[str] | None, aligned: frozenset[str], origin: Origin) -> Report:
    """Describe the wrapper in a folder, write its answers file, and align parts of it.

    `managed` are the parts that `copier update` shall manage, None for those that are near enough. Raises RefusedError,
    NotAnsweredError and CannotError before anything is written, and OSError where a file cannot be read or written.
    """
    wrapper = wrapper_in(folder)
    recorded = _recorded(folder)
    refuse_unless_kept(folder)
    description = Description(wrapper)
    if aligned:
        return _align(folder, description, managed, aligned, origin, recorded)
    parts = judge(wrapper, description.rendered, managed)
    if recorded is not None and managed is None:
        parts = _as_recorded(parts, recorded)
    description.answer("manage", [part.name for part in parts if part.managed])
    text = description.template.answers_file(description.asked, origin.source, origin.release)
    if recorded is not None:
        _refuse_other(folder, recorded, yaml.load(text, loader()))
    else:
        replace_file(folder / ANSWERS, text.encode())
    return Report(description, parts, str(folder / ANSWERS), recorded is None, [])


def _align(
    folder: Path,
    description: Description,
    managed: frozenset[str] | None,
    aligned: frozenset[str],
    origin: Origin,
    recorded: dict[str, Any] | None,
) -> Report:
    """Replace parts by the template's, and record that the template manages them from now on."""
    from startos_wrapper.adopt.align import align, changed
    from startos_wrapper.adopt.align import managed as align_managed

    if recorded is not None:
        origin = _same_release(folder, recorded, origin)
        description.take({name: value for name, value in recorded.items() if not name.startswith("_")})
    if "ci" in aligned and description.asked.values["ci"] == "none":
        description.answer("ci", "github")
    for name, value in changed(description.facts.wrapper, description.asked.values, aligned).items():
        description.answer(name, value)
    parts = judge(description.facts.wrapper, description.rendered, managed)
    if recorded is not None and managed is None:
        parts = _as_recorded(parts, recorded)
    notes = align(folder, description.asked.values, sorted(aligned), description.rendered)
    theirs = align_managed(folder, sorted(aligned))
    after = judge(Wrapper(folder), description.rendered, frozenset(theirs))
    parts = [new if new.name in theirs else old for old, new in zip(parts, after, strict=True)]
    description.answer("manage", [part.name for part in parts if part.managed])
    text = description.template.answers_file(description.asked, origin.source, origin.release)
    written = recorded is None or yaml.load(text, loader()) != recorded
    if written:
        replace_file(folder / ANSWERS, text.encode())
    return Report(description, parts, str(folder / ANSWERS), written, notes)


def _same_release(folder: Path, recorded: dict[str, Any], origin: Origin) -> Origin:
    """Return where the recorded answers come from. Raises RefusedError where that is another release than this one."""
    release = recorded.get("_commit")
    if release != origin.release:
        todo = "run `copier update` first, or install that release"
        raise RefusedError(f"{folder / ANSWERS}: recorded for {release}, and this is {origin.release}: {todo}")
    return Origin(str(recorded["_src_path"]), str(release))


def _recorded(folder: Path) -> dict[str, Any] | None:
    """Return the answers that are recorded already, None where none are. Raises RefusedError for those of others."""
    if not os.path.lexists(folder / ANSWERS):
        return None
    try:
        values = Answers(folder).values
    except RefusedError as error:
        if "is missing" in str(error):
            raise RefusedError(f"{folder / ANSWERS}: {_OTHER}") from error
        raise
    if any(name not in values for name in _OURS):
        raise RefusedError(f"{folder / ANSWERS}: {_OTHER}")
    return dict(values)


_OTHER = "the answers of another template; a wrapper can have only one in this file"


def _refuse_other(folder: Path, recorded: dict[str, Any], found: dict[str, Any]) -> None:
    """Raise RefusedError where the recorded answers say something else than the wrapper does."""
    names = [name for name in found if name not in _ORIGIN and recorded.get(name) != found[name]]
    if names:
        todo = "`copier update --data` changes answers, `startos-wrapper manage` the parts; delete it to begin anew"
        raise RefusedError(f"{folder / ANSWERS}: adopted already, with other answers for {', '.join(names)}: {todo}")


def _as_recorded(parts: list[Part], recorded: dict[str, Any]) -> list[Part]:
    kept = recorded.get("manage", list(FILES))
    return [Part(part.name, part.files, part.nearness, part.name in kept, "as recorded") for part in parts]
