"""Shell scripts, read without running them: their simple commands, and what only bash understands.

This is a reading, not a shell: it follows quotes, here-documents, functions, compound commands and substitutions as
far as rules about an entrypoint need them. It takes each character once, and says so where it understands no further.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_BLANKS = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_PLAIN = re.compile(r"[^\s'\"\\$`|&;<>()]+")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_IN_BRACES = re.compile(r"[^}\"'\\$`]+")
_ANSI = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_BACKQUOTED = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])")
_EXPANSION = re.compile(r"(!?)#?(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])")
_REDIRECTION = re.compile(
    r"(?:[0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\})?(?:<<<|<<-|<<|<&|<>|>>|>&|>\||<(?!\()|>(?!\()|&>>|&>)"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^]]*\])?\+?=")
_ARRAY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=\(")
_FUNCTION = re.compile(r"([^\s'\"\\$`|&;<>()=]+)[ \t]*\([ \t]*\)")
_RANGE = re.compile(r"\{(?:-?[0-9]+\.\.-?[0-9]+|[A-Za-z]\.\.[A-Za-z])(?:\.\.-?[0-9]+)?\}")
_PAREN = re.compile(r"[()]")

# Deeper nesting than this is no entrypoint's, and would end in Python's own limit. The longest of 114 has 372 lines.
_DEEPEST = 40
_MOST_COMMANDS = 10_000


class NotUnderstoodError(Exception):
    """The script is none that this reading follows to its end."""


@dataclass(slots=True)
class Word:
    """A word as it stands in the script, and its `value`: without quotes, expansions left as they are."""

    text: str
    start: int
    end: int
    value: str


@dataclass(slots=True)
class Command:
    """A simple command: its words without assignments and redirections, and what surrounds it.

    `piped` and `background` say that the command itself is part of a pipeline or followed by `&`; `child` that it runs
    in a copy of the shell because of what it stands in; `tested` that its failure is looked at (`if`, `&&`, `!`).
    """

    words: list[Word]
    assignments: list[Word]
    start: int
    end: int
    function: str | None = None
    piped: bool = False
    background: bool = False
    child: bool = False
    tested: bool = False

    @property
    def name(self) -> str:
        """The name of what is run; empty where there are assignments alone."""
        return self.words[0].value if self.words else ""

    @property
    def args(self) -> list[str]:
        """The values of the words after the name."""
        return [word.value for word in self.words[1:]]


@dataclass(slots=True)
class Bashism:
    """Something that bash understands and sh does not: what kind, and where."""

    kind: str
    start: int
    end: int


@dataclass(slots=True)
class Script:
    """The commands of a script in the order of the text, its functions' spans, and its bashisms."""

    commands: list[Command] = field(default_factory=list)
    functions: dict[str, tuple[int, int]] = field(default_factory=dict)
    bashisms: list[Bashism] = field(default_factory=list)


def read_script(text: str) -> Script:
    """Return the commands of the shell script `text`. Raises NotUnderstoodError."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.function: str | None = None
        self.documents: list[tuple[str, bool]] = []
        self.script = Script()

    def read(self) -> Script:
        self.list_until(())
        if self.at < len(self.text):
            raise NotUnderstoodError
        return self.script

    # --- Characters --------------------------------------------------------------------------------------------------

    def sees(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if self.sees(text):
            self.at += len(text)
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise NotUnderstoodError

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def bashism(self, kind: str, start: int, end: int) -> None:
        self.script.bashisms.append(Bashism(kind, start, end))

    def blanks(self) -> None:
        self.match(_BLANKS)
        if self.sees("#"):
            self.match(_COMMENT)

    def newlines(self) -> None:
        """Skip blanks, comments and line ends, and the here-documents that begin after a line end."""
        self.blanks()
        while self.take("\n"):
            for delimiter, tabs in self.documents:
                self.document(delimiter, tabs)
            self.documents = []
            self.blanks()

    def document(self, delimiter: str, tabs: bool) -> None:
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line = self.text[self.at : end].rstrip("\r")
            self.at = min(end + 1, len(self.text))
            if (line.lstrip("\t") if tabs else line) == delimiter:
                return

    def parentheses(self) -> None:
        """Skip to the end of a pair of parentheses whose first one was taken: arithmetic, a list, a pattern."""
        open_ones = 1
        while open_ones:
            found = _PAREN.search(self.text, self.at)
            if not found:
                raise NotUnderstoodError
            open_ones += 1 if found[0] == "(" else -1
            self.at = found.end()

    # --- Words -------------------------------------------------------------------------------------------------------

    def word(self) -> Word | None:
        """Return the word that begins here, if one does."""
        start, value = self.at, ""
        while self.at < len(self.text):
            begin = self.at
            if plain := self.match(_PLAIN):
                value += plain[0]
                if found := _RANGE.search(plain[0]):
                    self.bashism("{1..3}", begin + found.start(), begin + found.end())
            elif self.sees("\\"):
                value += self.text[self.at + 1 : self.at + 2].strip("\r\n")
                self.at = min(self.at + (3 if self.sees("\\\r\n") else 2), len(self.text))
            elif self.take("'"):
                value += self.single()
            elif self.take('"'):
                value += self.double()
            elif self.sees("$") or self.sees("`"):
                self.dollar(quoted=False)
                value += self.text[begin : self.at]
            elif self.sees("<(") or self.sees(">("):
                self.at += 2
                self.bashism("<(", begin, self.at)
                self.substitution()
            else:
                break
        return Word(self.text[start : self.at], start, self.at, value) if self.at > start else None

    def single(self) -> str:
        start, self.at = self.at, self.text.find("'", self.at) + 1
        if not self.at:
            raise NotUnderstoodError
        return self.text[start : self.at - 1]

    def double(self) -> str:
        value = ""
        while not self.take('"'):
            begin = self.at
            if self.match(_IN_QUOTES):
                value += self.text[begin : self.at]
            elif self.sees("\\"):
                value += self.text[self.at + 1 : self.at + 2]
                self.at += 2
            elif self.at < len(self.text):
                self.dollar(quoted=True)
                value += self.text[begin : self.at]
            if self.at >= len(self.text):
                raise NotUnderstoodError
        return value

    def dollar(self, quoted: bool) -> None:
        """Skip an expansion or substitution; commands in `$(...)` are read too."""
        start = self.at
        if self.sees("`"):
            if not self.match(_BACKQUOTED):
                raise NotUnderstoodError
        elif self.take("$(("):
            self.parentheses()
            self.need(")")
        elif self.take("$("):
            self.substitution()
        elif self.take("${"):
            self.braces(start, quoted)
        elif not quoted and self.match(_ANSI):
            self.bashism("$'", start, start + 2)
        elif not self.match(_PARAMETER):
            self.at += 1

    def substitution(self) -> None:
        before = len(self.script.commands)
        self.nested((")",))
        self.need(")")
        self.mark(before, child=True)

    def braces(self, start: int, quoted: bool) -> None:
        if found := self.match(_EXPANSION):
            rest = self.text[self.at : self.at + 2]
            indirect = found[1] and len(found[0]) > 1
            kind = "${!x}" if indirect and rest[:1] != "[" else _kind_of(rest)
            if kind:
                self.bashism(kind, start, self.at + 1)
        self.deeper()
        while not self.take("}"):
            if self.at >= len(self.text):
                raise NotUnderstoodError
            if self.match(_IN_BRACES):
                continue
            if self.sees("\\"):
                self.at += 2
            elif self.take('"'):
                self.double()
            elif self.take("'"):
                if not quoted:
                    self.single()
            else:
                self.dollar(quoted)
        self.depth -= 1

    # --- Commands ----------------------------------------------------------------------------------------------------

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotUnderstoodError

    def nested(self, ends: tuple[str, ...]) -> None:
        self.deeper()
        self.list_until(ends)
        self.depth -= 1

    def mark(self, before: int, *, child: bool = False, tested: bool = False) -> None:
        for command in self.script.commands[before:]:
            command.child |= child
            command.tested |= tested

    def ends_here(self, ends: Iterable[str]) -> bool:
        """Say whether one of `ends` stands here: an operator, or a keyword as a word of its own."""
        for end in ends:
            if self.sees(end) and (not end.isalpha() or not _PLAIN.match(self.text, self.at + len(end))):
                return True
        return self.at >= len(self.text)

    def list_until(self, ends: tuple[str, ...]) -> None:
        """Read commands up to one of `ends`, which stays, or to the end of the text."""
        self.newlines()
        while not self.ends_here(ends):
            before = len(self.script.commands)
            only = self.pipelines()
            self.blanks()
            if self.sees("&") and not self.sees("&&"):
                self.at += 1
                self.in_background(before, only)
            elif not (self.sees(";;") or self.sees(";&")):
                self.take(";")
            self.newlines()

    def in_background(self, before: int, only: Command | None) -> None:
        self.mark(before, child=True)
        if only:
            only.child, only.background = False, True

    def pipelines(self) -> Command | None:
        """Read pipelines joined by `&&` and `||`; return the last if it is a simple command."""
        while True:
            before = len(self.script.commands)
            last = self.pipeline()
            if not (self.take("&&") or self.take("||")):
                return last
            self.mark(before, tested=True)
            self.newlines()

    def pipeline(self) -> Command | None:
        before = len(self.script.commands)
        tested = False
        while self.text[self.at : self.at + 2] in ("! ", "!\t"):
            self.at += 2
            self.blanks()
            tested = True
        parts = [(before, self.command())]
        self.blanks()
        while self.sees("|") and not self.sees("||"):
            self.at += 1
            if self.take("&"):
                self.bashism("|&", self.at - 2, self.at)
            self.newlines()
            parts.append((len(self.script.commands), self.command()))
            self.blanks()
        self.mark(before, tested=tested)
        if len(parts) == 1:
            return parts[0][1]
        self.mark(before, child=True)
        for _, part in parts:
            if part:
                part.child, part.piped = False, True
        return None

    def command(self) -> Command | None:
        """Read one command; return it if it is a simple one."""
        keyword = _PLAIN.match(self.text, self.at)
        read = _COMPOUND.get(keyword[0]) if keyword else None
        if read and keyword:
            self.at = keyword.end()
            read(self, keyword.start())
        elif self.sees("(("):
            self.bashism("((", self.at, self.at + 2)
            self.at += 2
            self.parentheses()
            self.need(")")
        elif self.sees("("):
            self.subshell()
        elif (found := _FUNCTION.match(self.text, self.at)) and found[1] not in _KEYWORDS:
            self.at = found.end()
            self.function_body(found[1], found.start())
            return None
        else:
            return self.simple()
        self.redirections()
        return None

    def simple(self) -> Command:
        command = Command([], [], self.at, self.at, self.function)
        # Before its words, as they may hold commands of their own.
        self.script.commands.append(command)
        if len(self.script.commands) > _MOST_COMMANDS:
            raise NotUnderstoodError
        while True:
            self.blanks_in_line()
            if self.redirection():
                command.end = self.at
                continue
            begin = self.at
            if _ARRAY.match(self.text, self.at) and (not command.words or command.name in _DECLARING):
                command.assignments.append(self.array(begin))
            elif word := self.word():
                assigns = not command.words and _ASSIGNMENT.match(word.text)
                (command.assignments if assigns else command.words).append(word)
                if assigns and assigns[0].endswith("+="):
                    self.bashism("+=", begin, begin + assigns.end())
            else:
                break
            command.end = self.at
        if command.end == command.start or (command.words and command.words[0].text in _CLOSING):
            raise NotUnderstoodError
        return command

    def blanks_in_line(self) -> None:
        """Skip blanks, and a comment where one may begin: after a blank."""
        if self.match(_BLANKS) and self.sees("#"):
            self.match(_COMMENT)

    def array(self, start: int) -> Word:
        found = self.match(_ARRAY)
        assert found  # the caller looked
        self.bashism("x=(", start, self.at)
        self.newlines()
        while not self.take(")"):
            if self.word() is None:
                raise NotUnderstoodError
            self.newlines()
        return Word(self.text[start : self.at], start, self.at, found[0])

    def redirection(self) -> bool:
        start = self.at
        found = self.match(_REDIRECTION)
        if not found:
            return False
        operator = found[0].lstrip("0123456789")
        for sign in ("<<<", "&>"):
            if operator.startswith(sign):
                self.bashism(sign, start, self.at)
        self.match(_BLANKS)
        target = self.word()
        if target is None:
            raise NotUnderstoodError
        if operator.endswith(("<<", "<<-")) and not operator.endswith("<<<"):
            self.documents.append((target.value, operator.endswith("-")))
        return True

    def redirections(self) -> None:
        self.blanks()
        while self.redirection():
            self.blanks()

    # --- Compound commands -------------------------------------------------------------------------------------------

    def subshell(self) -> None:
        self.need("(")
        self.substitution()

    def function_body(self, name: str, start: int) -> None:
        outer, self.function = self.function, name
        self.deeper()
        self.newlines()
        self.command()
        self.depth -= 1
        self.function = outer
        self.script.functions[name] = (start, self.at)

    def bash_function(self, start: int) -> None:
        self.bashism("function", start, self.at)
        self.blanks()
        name = self.match(_PLAIN)
        if not name:
            raise NotUnderstoodError
        self.blanks()
        if self.take("("):
            self.blanks()
            self.need(")")
        self.function_body(name[0], start)

    def group(self, _start: int) -> None:
        self.nested(("}",))
        self.need("}")

    def keyword(self, word: str) -> None:
        if not self.ends_here((word,)):
            raise NotUnderstoodError
        self.need(word)

    def condition(self, end: str) -> None:
        before = len(self.script.commands)
        self.nested((end,))
        self.keyword(end)
        self.mark(before, tested=True)

    def if_command(self, _start: int) -> None:
        self.condition("then")
        self.nested(("elif", "else", "fi"))
        while self.ends_here(("elif",)) and self.take("elif"):
            self.condition("then")
            self.nested(("elif", "else", "fi"))
        if self.ends_here(("else",)) and self.take("else"):
            self.nested(("fi",))
        self.keyword("fi")

    def loop(self, _start: int) -> None:
        self.condition("do")
        self.nested(("done",))
        self.keyword("done")

    def for_command(self, start: int) -> None:
        self.blanks()
        if self.take("(("):
            self.bashism("((", start, self.at)
            self.parentheses()
            self.need(")")
        elif self.match(_NAME):
            self.newlines()
            if self.ends_here(("in",)) and self.take("in"):
                self.blanks_in_line()
                while self.word():
                    self.blanks_in_line()
        self.blanks()
        self.take(";")
        self.newlines()
        self.keyword("do")
        self.nested(("done",))
        self.keyword("done")

    def select(self, start: int) -> None:
        self.bashism("select", start, self.at)
        self.for_command(start)

    def case(self, _start: int) -> None:
        self.blanks()
        self.word()
        self.newlines()
        self.keyword("in")
        self.newlines()
        while not self.ends_here(("esac",)):
            self.pattern()
            self.nested((";;", ";&", "esac"))
            if self.take(";;"):
                self.take("&")
            elif self.take(";&"):
                self.bashism(";&", self.at - 2, self.at)
            self.newlines()
        self.keyword("esac")

    def pattern(self) -> None:
        """Skip the patterns of one branch up to their parenthesis."""
        self.take("(")
        while not self.take(")"):
            self.match(_BLANKS)
            if self.word() is None and not self.take("|"):
                if not self.sees("("):
                    self.match(_BLANKS)
                    self.need(")")
                    return
                self.at += 1
                self.parentheses()

    def double_bracket(self, start: int) -> None:
        self.bashism("[[", start, self.at)
        while self.at < len(self.text):
            self.newlines()
            word = self.word()
            if word is None:
                self.at += 1
            elif word.text == "]]":
                return
        raise NotUnderstoodError


def _kind_of(after_name: str) -> str | None:
    """Return what kind of bashism follows a variable's name in `${...}`."""
    sign, follower = after_name[:1], after_name[1:]
    if sign == ":":
        return None if follower in ("-", "=", "?", "+") else "${x:1:2}"
    return {"/": "${x//a/b}", "^": "${x^}", ",": "${x,}", "[": "${x[0]}", "@": "${x@Q}"}.get(sign)


_COMPOUND = {
    "{": _Reader.group,
    "if": _Reader.if_command,
    "while": _Reader.loop,
    "until": _Reader.loop,
    "for": _Reader.for_command,
    "case": _Reader.case,
    "select": _Reader.select,
    "function": _Reader.bash_function,
    "[[": _Reader.double_bracket,
}
_CLOSING = {"then", "elif", "else", "fi", "do", "done", "esac", "}", "]]"}
_KEYWORDS = {*_COMPOUND, *_CLOSING, "in", "!"}
_DECLARING = {"declare", "typeset", "local", "export", "readonly"}
