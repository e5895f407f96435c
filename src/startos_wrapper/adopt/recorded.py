"""The recorded answers of a wrapper, from an earlier adoption or from the template that created it."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from startos_wrapper.adopt.nearness import FILES, Part
from startos_wrapper.answers_file import ANSWERS, Answers, OtherTemplateError
from startos_wrapper.errors import RefusedError
from startos_wrapper.origin import Origin

# Every answers file of this template has these.
_OURS = ("service_id", "title", "base", "volumes")
# These describe the template, not the wrapper.
_ORIGIN = ("_src_path", "_commit")
# A commit, perhaps after the tag before it, as `git describe` prints it.
_COMMIT = re.compile(r"(?:.*-[0-9]+-g)?([0-9a-f]{7,40})")
_OTHER = "these are the answers for another template; a wrapper can only have one in this file"

Recorded = dict[str, Any]


def recorded_answers(folder: Path) -> Recorded | None:
    """Return the recorded answers, or None without an answers file.

    Raises: RefusedError if they're for another template.
    """
    if not os.path.lexists(folder / ANSWERS):
        return None
    try:
        values = Answers(folder).values
    except OtherTemplateError as error:
        raise RefusedError(f"{folder / ANSWERS}: {_OTHER}") from error
    if any(name not in values for name in _OURS):
        raise RefusedError(f"{folder / ANSWERS}: {_OTHER}")
    return dict(values)


def refuse_other(folder: Path, recorded: Recorded, found: Mapping[str, Any]) -> None:
    """Raise RefusedError if the recorded answers differ from those found in the wrapper."""
    # `adopt` records every answer, and with them `advanced`.
    if recorded.get("advanced") is False:
        todo = "change its answers with `startos-wrapper update -d NAME=VALUE` or `startos-wrapper manage`"
        raise RefusedError(f"{folder / ANSWERS}: this was made from the template, so updates work already; {todo}")
    names = [name for name in found if name not in _ORIGIN and recorded.get(name) != found[name]]
    if names:
        commands = "`startos-wrapper update --data` or `startos-wrapper manage`"
        todo = f"run {commands} to change them, or delete the file to start over"
        what = f"already adopted, with different answers for {', '.join(names)}"
        raise RefusedError(f"{folder / ANSWERS}: {what}; {todo}")


def refuse_other_address(folder: Path, recorded: Recorded, address: str | None) -> None:
    """Raise RefusedError if the user gave an address of the template that isn't the recorded one."""
    if address is not None and address != recorded.get("_src_path"):
        known = f"the template's address is {recorded['_src_path']}" if "_src_path" in recorded else "no address yet"
        todo = f"run `startos-wrapper manage --template {address}`"
        raise RefusedError(f"{folder / ANSWERS}: already adopted, and {known}; to change it, {todo}")


def same_release(folder: Path, recorded: Recorded, origin: Origin) -> Origin:
    """Return the template that the recorded answers are for.

    Raises: RefusedError if they're for another release than this one.
    """
    release = recorded.get("_commit")
    if not _is_same(str(release), str(origin.release)):
        upgrade = "`pipx upgrade startos-wrapper` or `uv tool upgrade startos-wrapper`"
        todo = f"if the wrapper's is older, run `startos-wrapper update` first, else {upgrade}"
        raise RefusedError(f"{folder / ANSWERS}: recorded for {release}, but this is {origin.release}; {todo}")
    return replace(origin, address=recorded.get("_src_path"))


def _is_same(one: str, other: str) -> bool:
    """Return whether two releases are the same one. Of a commit, one may be longer than the other."""
    commits = [_COMMIT.fullmatch(each) for each in (one, other)]
    short, long = sorted((match[1] for match in commits if match), key=len) if all(commits) else ("", "")
    return one == other or (short != "" and long.startswith(short))


def managed_as_recorded(parts: Iterable[Part], recorded: Recorded) -> list[Part]:
    """Return the parts, managed as in the recorded answers."""
    kept = recorded.get("manage", list(FILES))
    return [replace(part, managed=part.name in kept, reason="as recorded") for part in parts]
