"""The command and the file of answers that write the same wrapper without questions."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import load
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.new.page_state import PageState
from startos_wrapper.new.upstream.merging import unmerged
from startos_wrapper.terminal import PROGRAM

# Answers that fit into a command of this many characters don't need a file.
_LONGEST = 160


@dataclass(frozen=True)
class Again:
    """What was passed: the folder of the wrapper, and options that the command needs again.

    `source` says where a proposal came from. With all answers, nobody needs one.
    """

    dest: Path
    options: tuple[str, ...] = ()
    source: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """A file for the answers that doesn't exist yet, in the current folder, or next to it if that's DEST."""
        try:
            folder = Path("..") if self.dest.samefile(".") else Path()
        except OSError:
            folder = Path()
        name = f"{self.dest.absolute().name}-answers"
        names = (folder / f"{name}{f'-{number}' if number > 1 else ''}.yml" for number in count(1))
        return next(path for path in names if not os.path.lexists(path))

    def fault(self, text: str) -> str:
        """Return why the answers can't be kept in a file, or ""."""
        path = Path(text)
        if not text or not text.isprintable():
            return "type the name of a file"
        if not path.parent.is_dir():
            return "there's no such folder"
        file, dest = Path(os.path.realpath(path)), Path(os.path.realpath(self.dest))
        if file == dest or file in dest.parents or dest in file.parents:
            return "the wrapper will be there; type another name"
        return "it already exists; type another name" if os.path.lexists(path) else ""

    def command(self, state: PageState) -> str:
        """Return the command."""
        answers = _needed(state)
        data = [word for name, value in answers.items() for word in ("-d", f"{name}={_text(value)}")]
        command = self._command(*self.options, "--defaults", *data)
        simple = all(not isinstance(value, (dict, list)) for value in state.applied.values())
        if simple and len(command) <= _LONGEST and "\n" not in command:
            return command
        return self._command(*self.options, "--defaults", "--data-file", str(self.file))

    def resume(self, kept: Path) -> str:
        """Return the command that goes on with the answers in a file."""
        return self._command(*self.source, *self.options, "--data-file", str(kept))

    def _command(self, *words: str) -> str:
        dest = str(self.dest)
        return shlex.join([PROGRAM, "new", f"./{dest}" if dest.startswith("-") else dest, *words])

    def file_lines(self, state: PageState) -> list[str]:
        """Return the lines of the file of answers."""
        return _file_text(_needed(state)).splitlines()

    def keep(self, state: PageState, path: Path) -> None:
        """Write the answers that were given to a file. `resume` merges them with a proposal. Raises: OSError."""
        given = {name: given.value for name, given in state.given.items()}
        replace_file(path, _file_text(unmerged(state.proposed, given)).encode())


def _needed(state: PageState) -> dict[str, Any]:
    """Return the answers that make the same wrapper: with --defaults, guesses for an image need to be given."""
    guesses = load("image_guesses") if "upstream_image" in state.looked.recorded else []
    more = {name: state.value(name) for name in guesses if name not in state.applied and name in state.looked.recorded}
    order = list(state.template.questions)
    return dict(sorted({**state.applied, **more}.items(), key=lambda item: order.index(item[0])))


def _file_text(answers: dict[str, Any]) -> str:
    return "".join(_lines(answers)) or "{}\n"


def _lines(answers: dict[str, Any]) -> Iterator[str]:
    for name, value in answers.items():
        yield yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=76)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")
