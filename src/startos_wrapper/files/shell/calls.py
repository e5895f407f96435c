"""The programs that a RUN instruction or a line of a recipe calls. Incomplete shell code is accepted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import Command, ShellWord
from startos_wrapper.files.word import Word, word_of

# Words before a program. Keywords only end up here if the keyword that opens their command is missing.
_LEADS = {"sudo", "env", "exec", "time", "command", "nohup"}
_LEADS |= {"if", "then", "else", "elif", "do", "while", "until", "!", "{"}
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
_PIPE = re.compile(r"\s*\|(?!\|)")


@dataclass(frozen=True)
class Call:
    """A call of a program: `words` begins with the program, without sudo and the like before it.

    `assigned` are the assignments before the program, and `redirections` its redirections as words. `piped` is set if
    the output goes into the next call. The words end at the beginning of an unquoted command substitution, because it
    can expand to any number of words.
    """

    words: tuple[Word, ...]
    assigned: tuple[Word, ...]
    redirections: tuple[Word, ...]
    piped: bool
    start: int
    end: int

    @property
    def program(self) -> str:
        """Return the name of the program without its folder."""
        return self.words[0].text.lstrip("`").rpartition("/")[2] if self.words else ""

    @property
    def args(self) -> tuple[Word, ...]:
        """Return the words after the program."""
        return self.words[1:]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Return the arguments as text."""
        return tuple(word.text for word in self.args)


def read_calls(text: str, start: int = 0, begin: int = 0) -> list[Call]:
    """Return the calls in `text` from the offset `begin` on, in the order of the programs.

    `start` is the offset of the text in its file. A substitution in double quotes is part of a word.
    """
    commands = read_script(text, begin, tolerant=True).commands
    calls = [_call(command, text, start) for command in commands if not command.quoted]
    return sorted(calls, key=lambda call: call.words[0].start if call.words else call.start)


def _call(command: Command, text: str, start: int) -> Call:
    words: list[Word] = []
    assigned: list[Word] = []
    is_cut = False
    for index, shell_word in enumerate([*command.assignments, *command.words]):
        written, is_cut = _without_substitution(shell_word)
        word = word_of(written, start + shell_word.start)
        if words:
            words.append(word)
        elif _ASSIGNMENT.fullmatch(word.text):
            assigned.append(word)
            continue
        elif word.text not in _LEADS and not (index and word.text.startswith("-")):
            words.append(word)
        if is_cut:
            break
    redirections = tuple(_redirections(command, text, start))
    piped = not is_cut and _PIPE.match(text, command.end) is not None
    return Call(tuple(words), tuple(assigned), redirections, piped, start + command.start, start + command.end)


def _without_substitution(word: ShellWord) -> tuple[str, bool]:
    """Return the part of a word before a substitution, with its opening characters, and whether the words end there.

    A substitution in backquotes is kept up to its first blank, and the words don't end there.
    """
    if word.substitution is None:
        return word.text, False
    at = word.substitution - word.start
    if word.text[at] == "`":
        return word.text[:at] + word.text[at:].split(maxsplit=1)[0], False
    return word.text[: at + 1], True


def _redirections(command: Command, text: str, start: int) -> Iterator[Word]:
    for each in command.redirections:
        at = text.rindex(each.operator, 0, each.target.start)
        yield Word(each.operator + each.target.value, start + at, start + each.target.end)
