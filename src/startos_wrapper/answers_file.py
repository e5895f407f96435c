"""The answers file of a wrapper: read what Copier recorded, and change one answer without touching the others."""

import contextlib
import os
import re
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import parts
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.files.source import Source, TooLargeError, UnreadableError, read_bytes

ANSWERS = ".copier-answers.yml"
# The files of each part. If a part owns a whole folder, the folder stands for its files.
PARTS = {name: tuple(dict.fromkeys(file.split("/")[0] for file in files)) for name, files in parts().items()}

# Even with the longest answers, a file is much smaller.
_LARGEST = 256 * 1024
# PyYAML takes very long for mappings that merge mappings that merge mappings, and for nested brackets.
_MOST_ALIASES = 20
_DEEPEST = 50
_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
# Conflict markers of a merge. PyYAML would only complain about a missing colon.
_CONFLICT = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?:\s|$)", re.MULTILINE)
# The comment at the top, from the template of the answers file.
_HEADER = re.compile(r"(?:[ \t]*(?:#.*)?\n)*")
# What PyYAML raises for invalid YAML, for values such as `!!bool maybe`, and for very deep nesting.
_NOT_YAML = (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class OtherTemplateError(RefusedError):
    """The answers file was written by another template: something that this template records is missing."""


class Answers:
    """The answers file of a wrapper."""

    def __init__(self, folder: Path) -> None:
        """Read the answers file in `folder`.

        Raises: RefusedError if it isn't valid, and OSError if it can't be read.
        """
        self.folder = folder
        self.path = folder / ANSWERS
        self.source = self._read()
        self.values = self._parse()
        # Copier doesn't record `manage` while `advanced` is false. The default applies then: all parts.
        kept = self.values.get("manage", list(PARTS))
        if not isinstance(kept, list) or not all(isinstance(part, str) for part in kept):
            raise RefusedError(f"{self.path}: manage must be a list of parts, e.g. [{', '.join(PARTS)}]")
        self.kept: list[str] = kept

    @property
    def known(self) -> list[str]:
        """All parts in the order of the question, followed by parts that only a newer template has."""
        return list(dict.fromkeys([*PARTS, *self.kept]))

    @property
    def sets_advanced(self) -> bool:
        """Whether a change has to record `advanced: true`, because Copier rejects the answer `manage` without it."""
        return self.values.get("advanced") is not True

    def files(self, part: str) -> list[str]:
        """Return the files of a part that this wrapper has."""
        here = [name for name in PARTS.get(part, ()) if os.path.lexists(self.folder / name)]
        return [f"{name}/" if (self.folder / name).is_dir() else name for name in here]

    @property
    def address(self) -> str | None:
        """Where the template is, or None if the file doesn't record it."""
        address = self.values.get("_src_path")
        return address if isinstance(address, str) else None

    def write_parts(self, kept: list[str]) -> None:
        """Record the managed parts, in one step.

        Raises: RefusedError if the file changed since it was read, and OSError.
        """
        self._write({"manage": kept, **({"advanced": True} if self.sets_advanced else {})})

    def write_address(self, address: str) -> None:
        """Record where the template is, in one step.

        Raises: RefusedError if the file changed since it was read, and OSError.
        """
        self._write({"_src_path": address})

    def _write(self, changes: dict[str, Any]) -> None:
        text = _edited(self.source.text, self.values, changes)
        if self._read().data != self.source.data:
            raise RefusedError(f"{self.path}: the file changed in the meantime; try again")
        replace_file(self.path, self.source.encode(text))

    def _read(self) -> Source:
        if self.path.is_symlink():
            raise RefusedError(f"{self.path}: this is a symlink; replace it with a regular file")
        try:
            data = read_bytes(self.path, _LARGEST)
            if data is not None:
                return Source(ANSWERS, data)
        except TooLargeError as error:
            raise RefusedError(f"{self.path}: too large for an answers file") from error
        except UnreadableError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from error
            raise RefusedError(f"{self.path}: {error}") from error
        if self.path.exists():
            raise RefusedError(f"{self.path}: not a regular file")
        # Only this needs it.
        from startos_wrapper.files.whereabouts import no_wrapper

        if missing := no_wrapper(self.folder):
            raise missing
        todo = "to adopt an existing wrapper, run `startos-wrapper adopt`"
        raise RefusedError(f"{self.path}: not found, so this folder can't be updated; {todo}")

    def _parse(self) -> dict[Any, Any]:
        conflict = _CONFLICT.search(self.source.text)
        if conflict:
            line = self.source.place(conflict.start()).line
            raise RefusedError(f"{self.path}:{line}: unresolved merge conflict; resolve it first")
        try:
            if _takes_long(self.source.text):
                raise RefusedError(f"{self.path}: too many aliases (*name) or nested too deeply for an answers file")
            values = yaml.safe_load(self.source.text)
        except _NOT_YAML as error:
            mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
            where = f"{self.path}:{mark.line + 1}" if mark else str(self.path)
            raise RefusedError(f"{where}: invalid YAML" + (f": {problem}" if problem else "")) from error
        if not isinstance(values, dict) or not isinstance(values.get("service_id"), str):
            raise OtherTemplateError(f"{self.path}: service_id is missing, so this isn't a wrapper's answers file")
        recorded: dict[Any, Any] = values
        return recorded


def _takes_long(text: str) -> bool:
    """Return whether PyYAML would take very long to read a text.

    Raises: YAMLError.
    """
    aliases = depth = 0
    for token in yaml.scan(text):
        aliases += isinstance(token, yaml.AliasToken)
        depth += type(token) in _OPENING
        depth -= type(token) in _CLOSING
        if aliases > _MOST_ALIASES or depth > _DEEPEST:
            return True
    return False


def _edited(text: str, values: dict[Any, Any], changes: dict[str, Any]) -> str:
    """Return the text with changed answers, and everything else untouched.

    If that fails, return all answers as Copier would write them.
    """
    edited = text
    with contextlib.suppress(*_NOT_YAML):
        for name, value in changes.items():
            edited = _set(edited, name, value)
        read = yaml.safe_load(edited)
        # The order of the parts doesn't matter.
        if "manage" in changes:
            read["manage"].sort(key=changes["manage"].index)
        if _dump(read) == _dump({**values, **changes}):
            return edited
    header = _HEADER.match(text)
    end = "\r\n" if "\r\n" in text else "\n"
    return (header[0] if header else "") + _dump({**values, **changes}).replace("\n", end)


def _dump(values: Any) -> str:
    """Return YAML in Copier's style, like `to_nice_yaml` in the template of the answers file."""
    return yaml.safe_dump(values, indent=2, width=120, allow_unicode=True, default_flow_style=False)


def _set(text: str, name: str, value: Any) -> str:
    """Return the text of a block-style mapping with one answer set. For other text, the result may be nonsense.

    PyYAML's marks are offsets into this text, whatever its line endings are.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = _dump({name: value}).replace("\n", end)
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = root.value
    for key, node in entries:
        if key.value != name:
            continue
        if value and isinstance(node, yaml.SequenceNode) and not node.flow_style:
            return _set_items(text, node.value, value, end)
        # PyYAML ends a block-style list where the next node begins, so comments in between would be lost.
        last = node if getattr(node, "flow_style", True) else node.value[-1]
        return text[: key.start_mark.index] + lines.removesuffix(end) + text[last.end_mark.index :]
    # Copier sorts the answers.
    later = [key.start_mark.index for key, _ in entries if key.value > name]
    return _insert(text, min(later, default=len(text)), lines, end)


def _set_items(text: str, items: list[Any], wanted: list[str], end: str) -> str:
    """Return the text with lines of a list of parts removed and added. All other lines stay where they are."""
    spans = {
        item.value: (_line_start(text, item.start_mark.index), _line_end(text, item.end_mark.index)) for item in items
    }
    bullet = text[_line_start(text, items[0].start_mark.index) : items[0].start_mark.index]
    edits = [(start, stop, "") for part, (start, stop) in spans.items() if part not in wanted]
    for place, part in enumerate(wanted):
        if part not in spans:
            behind = next((spans[later][0] for later in wanted[place:] if later in spans), None)
            at = max(stop for _, stop in spans.values()) if behind is None else behind
            edits.append((at, at, bullet + part + end))
    # From the end, so that the earlier offsets stay valid.
    for start, stop, new in sorted(edits, key=lambda edit: edit[0])[::-1]:
        text = _insert(text, start, new, end) if new else text[:start] + text[stop:]
    return text


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    return text.find("\n", at) + 1 or len(text)


def _insert(text: str, at: int, lines: str, end: str) -> str:
    """Return the text with whole lines inserted."""
    before = text[:at]
    return before + (end if before and not before.endswith("\n") else "") + lines + text[at:]
