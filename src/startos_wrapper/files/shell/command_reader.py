"""Parse the commands of a shell script: lists, pipelines, compound commands, functions and here-documents.

This isn't a complete shell: it parses quotes, here-documents, functions, compound commands and substitutions as far as
rules need them. It reads each character once, and raises an error if it can't continue. Written by hand because
tree-sitter-bash fails on the entrypoints of this template, and bashlex needs 120 ms for them.
"""

import re
from collections.abc import Iterable

from startos_wrapper.files.shell.script import Command, NotUnderstoodError, Redirection, Script, ShellWord
from startos_wrapper.files.shell.word_reader import BLANKS, COMMENT, PLAIN, WordReader

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REDIRECTION = re.compile(
    r"(?:[0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\})?(?:<<<|<<-|<<|<&|<>|>>|>&|>\||<(?!\()|>(?!\()|&>>|&>)"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^]]*\])?\+?=")
_ARRAY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=\(")
_FUNCTION = re.compile(r"([^\s'\"\\$`|&;<>()=]+)[ \t]*\([ \t]*\)")

# Keywords before a compound command. Before a simple command, they're read as its first words.
_BEFORE_COMPOUND = re.compile(
    r"(?:time(?:[ \t]+-p)?|coproc(?:[ \t]+\w+)?)[ \t]+(?=\{\s|\(|(?:if|while|until|for|case)[ \t])"
)
_OPERATOR = re.compile(r"[;&|()<>]+")

_MOST_COMMANDS = 10_000
# How many characters of a broken script may be read again, and how many each restart counts for.
_MOST_WASTED, _COST = 200_000, 100


def read_script(text: str, begin: int = 0, *, tolerant: bool = False) -> Script:
    """Return the commands of the shell script that begins at the offset `begin` of `text`.

    With `tolerant`, skip characters that can't be parsed. Raises: NotUnderstoodError if not `tolerant`.
    """
    reader = _Reader(text, begin, tolerant)
    reader.read()
    return reader.script


class _Reader(WordReader):
    def __init__(self, text: str, begin: int, tolerant: bool) -> None:
        super().__init__(text, begin, tolerant)
        self.function: str | None = None
        self.documents: list[tuple[str, bool]] = []

    def read(self) -> None:
        last = -1
        while self.at < len(self.text):
            try:
                self.list_until(())
            except NotUnderstoodError:
                if not self.tolerant:
                    raise
                self.script.broken = True
                if self.wasted > _MOST_WASTED or len(self.script.commands) > _MOST_COMMANDS:
                    return
                self.at = last = max(self.at, last + 1)
                self.wasted += _COST
                self.start_anew()

    def start_anew(self) -> None:
        """Reset the nesting, and drop empty commands and commands that begin after this position."""
        self.depth, self.quotes, self.substituted, self.function, self.documents = 0, 0, None, None, []
        kept = (each for each in self.script.commands if each.start < self.at)
        self.script.commands = [each for each in kept if each.words or each.assignments or each.redirections]

    # --- Blanks ------------------------------------------------------------------------------------------------------

    def blanks(self) -> None:
        self.match(BLANKS)
        if self.sees("#"):
            self.match(COMMENT)

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

    # --- Commands ----------------------------------------------------------------------------------------------------

    def ends_here(self, ends: Iterable[str]) -> bool:
        """Return whether one of `ends` is next: an operator, or a keyword that is a separate word."""
        for end in ends:
            if self.sees(end) and (not end.isalpha() or not PLAIN.match(self.text, self.at + len(end))):
                return True
        return self.at >= len(self.text)

    def list_until(self, ends: tuple[str, ...]) -> None:
        """Read commands up to one of `ends`, without consuming it, or to the end of the text."""
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
        """Read pipelines joined by `&&` and `||`. Return the last one if it's a simple command."""
        is_first = True
        while True:
            before = len(self.script.commands)
            last = self.pipeline()
            self.mark(before, conditional=not is_first)
            is_first = False
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
        """Read one command. Return it if it's a simple command."""
        self.count += 1
        start = self.at
        self.match(_BEFORE_COMPOUND)
        keyword = PLAIN.match(self.text, self.at)
        read = _COMPOUND.get(keyword[0]) if keyword else None
        if read and keyword:
            self.at = keyword.end()
            read(self, keyword.start())
        elif self.sees("(("):
            self.at += 2
            if self.arithmetic():
                self.bashism("((", start, start + 2)
            else:
                self.at = start + 1
                self.subshell()
        elif self.take("("):
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
        nested, quoted = self.depth > 0, self.quotes > 0
        command = Command([], [], self.at, self.at, self.function, nested=nested, quoted=quoted)
        # Added before its words are read, because they may contain other commands.
        self.script.commands.append(command)
        if len(self.script.commands) > _MOST_COMMANDS:
            raise NotUnderstoodError
        while True:
            self.blanks_in_line()
            begin = self.at
            if found := self.redirection():
                command.redirections.append(found)
            elif _ARRAY.match(self.text, self.at) and (not command.words or command.name in _DECLARING):
                command.assignments.append(self.array(begin))
            elif word := self.word():
                assigns = not command.words and _ASSIGNMENT.match(word.text)
                (command.assignments if assigns else command.words).append(word)
                if assigns and assigns[0].endswith("+="):
                    self.bashism("+=", begin, begin + assigns.end())
            else:
                break
            command.end = self.at
        is_stray = bool(command.words) and command.words[0].text in _CLOSING
        if command.end == command.start or (is_stray and not self.tolerant):
            raise self.unexpected(command.words[0].start if command.words else self.at)
        # In tolerant mode, a keyword without its opening keyword counts as a command.
        self.script.broken |= is_stray
        return command

    def blanks_in_line(self) -> None:
        """Skip blanks, and a comment if there is a blank before it."""
        if self.match(BLANKS) and self.sees("#"):
            self.match(COMMENT)

    def array(self, start: int) -> ShellWord:
        found = self.match(_ARRAY)
        assert found  # the caller has checked it
        self.bashism("x=(", start, self.at)
        self.newlines()
        while not self.take(")"):
            if self.word() is None:
                raise NotUnderstoodError("nothing closes this `(`", start + len(found[0]) - 1)
            self.newlines()
        return ShellWord(self.text[start : self.at], start, self.at, found[0])

    def redirection(self) -> Redirection | None:
        start = self.at
        found = self.match(_REDIRECTION)
        if not found:
            return None
        operator = found[0].lstrip("0123456789")
        for sign in ("<<<", "&>"):
            if operator.startswith(sign):
                self.bashism(sign, start, self.at)
        self.match(BLANKS)
        target = self.word()
        if target is None:
            raise NotUnderstoodError("the file of a redirection is missing", start)
        if operator.endswith(("<<", "<<-")) and not operator.endswith("<<<"):
            self.documents.append((target.value, operator.endswith("-")))
        return Redirection(found[0], target)

    def redirections(self) -> None:
        self.blanks()
        while self.redirection():
            self.blanks()

    # --- Compound commands -------------------------------------------------------------------------------------------

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
        name = self.match(PLAIN)
        if not name:
            raise NotUnderstoodError("the name of the function is missing", start)
        self.blanks()
        if self.take("("):
            self.blanks()
            self.need(")")
        self.function_body(name[0], start)

    def group(self, start: int) -> None:
        self.nested(("}",))
        self.keyword("}", start)

    def keyword(self, word: str, start: int) -> None:
        """Take the keyword that closes or continues the compound command that begins at `start`."""
        opening = PLAIN.match(self.text, start)
        if self.at >= len(self.text) and opening:
            raise NotUnderstoodError(f"`{opening[0]}` has no `{word}`", start)
        if not self.ends_here((word,)):
            raise self.unexpected(self.at)
        self.need(word)

    def unexpected(self, at: int) -> NotUnderstoodError:
        """Return the error for a word or operator that can't be here."""
        found = PLAIN.match(self.text, at) or _OPERATOR.match(self.text, at)
        what = f"`{found[0][:20]}` can't be here" if found else "a command is missing at the end"
        return NotUnderstoodError(what, min(at, max(0, len(self.text) - 1)))

    def condition(self, end: str, start: int) -> None:
        before = len(self.script.commands)
        self.nested((end,))
        self.keyword(end, start)
        self.mark(before, tested=True)

    def if_command(self, start: int) -> None:
        self.condition("then", start)
        self.nested(("elif", "else", "fi"))
        while self.ends_here(("elif",)) and self.take("elif"):
            self.condition("then", start)
            self.nested(("elif", "else", "fi"))
        if self.ends_here(("else",)) and self.take("else"):
            self.nested(("fi",))
        self.keyword("fi", start)

    def loop(self, start: int) -> None:
        self.condition("do", start)
        self.nested(("done",))
        self.keyword("done", start)

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
        if self.take("{"):
            self.group(self.at - 1)
            return
        self.keyword("do", start)
        self.nested(("done",))
        self.keyword("done", start)

    def select(self, start: int) -> None:
        self.bashism("select", start, self.at)
        self.for_command(start)

    def case(self, start: int) -> None:
        self.blanks()
        self.word()
        self.newlines()
        self.keyword("in", start)
        self.newlines()
        while not self.ends_here(("esac",)):
            self.pattern()
            self.nested((";;", ";&", "esac"), may_be_empty=True)
            if self.take(";;"):
                self.take("&")
            elif self.take(";&"):
                self.bashism(";&", self.at - 2, self.at)
            self.newlines()
        self.keyword("esac", start)

    def pattern(self) -> None:
        """Skip the patterns of one branch and their closing parenthesis."""
        self.take("(")
        while not self.take(")"):
            self.match(BLANKS)
            if self.word() is None and not self.take("|"):
                if not self.sees("("):
                    self.match(BLANKS)
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
        raise self.endless(start + 2, "[[")


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
