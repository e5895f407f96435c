"""Commands, entrypoints and health checks: lists of words, or a text that Compose splits without starting a shell."""

import re
from dataclasses import dataclass, field

from startos_wrapper.files.compose.compose_model import Command, Health, Node, Text
from startos_wrapper.files.compose.reading import Reading

_SPACES = " \t\r\n"
# Compose ends the command here, and drops the rest of the text.
_ENDS = ";&|<>"
_SPECIAL = re.compile(r"[^\s\\`()\"';&|<>]+")


class InvalidCommandError(Exception):
    """Compose can't split a text into words."""


def split_command(line: str) -> tuple[tuple[str, ...], bool]:
    """Split a text into words as Compose does, and return whether it drops the end of the text.

    It's not a shell: `a && b` is just `a`. (go-shellwords 1.0.12, Parse)  Raises: InvalidCommandError.
    """
    splitting = _Splitting()
    at = 0
    while at < len(line) and not splitting.ended:
        run = _SPECIAL.match(line, at)
        if run and not splitting.escaped:
            splitting.add(run.group())
            at = run.end()
        else:
            splitting.take(line[at])
            at += 1
    return splitting.result(), splitting.ended


@dataclass
class _Splitting:
    """The state of the splitter. `quote` is the open quote: one of `'`, `"`, a backtick, or `(` for `$(`."""

    words: list[str] = field(default_factory=list)
    word: list[str] = field(default_factory=list)
    begun: bool = False
    escaped: bool = False
    quote: str = ""
    ended: bool = False

    def add(self, text: str) -> None:
        self.word.append(text)
        self.begun = True

    def take(self, char: str) -> None:
        if self.escaped:
            self.add(char)
            self.escaped = False
        elif char == "\\" and self.quote != "'":
            self.escaped = True
        elif char in _SPACES and not self.quote:
            self._finish()
        elif char in "'\"" and self.quote in ("", char):
            # Empty quotes are a word.
            self.begun = self.begun or bool(self.quote)
            self.quote = "" if self.quote else char
        elif char == "`" and self.quote in ("", "`"):
            self.add(char)
            self.quote = "" if self.quote else char
        elif char == "(" and self.quote not in ("'", '"', "`"):
            self._open(char)
        elif char == ")" and self.quote not in ("'", '"', "`"):
            if not self.quote:
                raise InvalidCommandError
            self.add(char)
            self.quote = ""
        elif char in _ENDS and not self.quote:
            # In `2>file`, the digit belongs to what is dropped.
            self.begun = self.begun and not (char == ">" and "".join(self.word)[:1].isdecimal())
            self.ended = True
        else:
            self.add(char)

    def _open(self, char: str) -> None:
        if self.quote or not (self.word and self.word[-1].endswith("$")):
            raise InvalidCommandError
        self.add(char)
        self.quote = char

    def _finish(self) -> None:
        if self.begun:
            self.words.append("".join(self.word))
        self.word, self.begun = [], False

    def result(self) -> tuple[str, ...]:
        if self.quote or self.escaped:
            raise InvalidCommandError
        self._finish()
        return tuple(self.words)


def read_command(reading: Reading, node: Node, what: str) -> Command | None:
    """Return a command, or None for null, which leaves the image's own. Raises: ComposeError."""
    if node.kind == "null":
        return None
    texts = reading.texts(node, what)
    unset = _unset(texts)
    hinted = any(text.hint is not None for text in texts)
    if node.kind == "list":
        hint = tuple(text.best for text in texts) if hinted else None
        return Command(tuple(text.value for text in texts), None, node.line, unset, hint)
    (text,) = texts
    words, cut = _split(reading, text.value, node.line, what)
    hint = _split(reading, text.best, node.line, what)[0] if hinted else None
    return Command(words, text.value, node.line, unset, hint, cut)


def _split(reading: Reading, text: str, line: int, what: str) -> tuple[tuple[str, ...], bool]:
    try:
        return split_command(text)
    except InvalidCommandError as error:
        raise reading.error(line, f"{what}: the quotes or brackets don't match") from error


def _unset(texts: list[Text]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for text in texts for name in text.unset))


def read_health(reading: Reading, node: Node, what: str) -> Health | None:
    """Return a health check, or None for null. Raises: ComposeError."""
    if node.kind == "null":
        return None
    reading.fields(node, what)
    disable, test = node.get_text("disable"), node.get("test")
    texts = reading.texts(test, f"{what}.test") if test else []
    kind, words = _test(test, [text.value for text in texts])
    if disable and disable.value.lower() in ("true", "yes", "on", "y"):
        kind, words = "none", ()
    return Health(
        kind,
        () if kind == "shell" else words,
        words[0] if kind == "shell" and words else "",
        node.line,
        node.get_text("interval"),
        node.get_text("timeout"),
        node.get_text("retries"),
        node.get_text("start_period"),
        _unset(texts),
    )


def _test(node: Node | None, words: list[str]) -> tuple[str, tuple[str, ...]]:
    """Return the kind of a test and its words, or its text as the only word."""
    if node is None:
        return "", ()
    if node.kind == "text":
        return "shell", tuple(words)
    match words[:1]:
        case ["NONE"]:
            return "none", ()
        case ["CMD-SHELL"]:
            return "shell", (" ".join(words[1:]),)
        case ["CMD"]:
            return "cmd", tuple(words[1:])
    return "cmd", tuple(words)
