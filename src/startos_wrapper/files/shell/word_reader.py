"""Parse the words of a shell script: quotes, expansions and substitutions. Each character is read once."""

import re

from startos_wrapper.files.shell.script import Bashism, NotUnderstoodError, Script, ShellWord

BLANKS = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
COMMENT = re.compile(r"#[^\n]*")
PLAIN = re.compile(r"[^\s'\"\\$`|&;<>()]+")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_IN_BRACES = re.compile(r"[^}\"'\\$`]+")
_ANSI = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_BACKQUOTED = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL)
_PARAMETER = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])")
_EXPANSION = re.compile(r"(!?)#?(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])")
_RANGE = re.compile(r"\{(?:-?[0-9]+\.\.-?[0-9]+|[A-Za-z]\.\.[A-Za-z])(?:\.\.-?[0-9]+)?\}")
_PAREN = re.compile(r"[()]")
_NAMES = {"'": "single quote", '"': "double quote", "`": "backquote"}

# No entrypoint nests deeper, and Python limits recursion. The longest entrypoint of 114 wrappers has 372 lines.
_DEEPEST = 40


class WordReader:
    """A position in a script, and methods that read words from there on."""

    def __init__(self, text: str, begin: int, tolerant: bool) -> None:
        """Read `text` from the offset `begin` on. If `tolerant`, treat an opening character without an end as text."""
        self.text = text
        self.tolerant = tolerant
        self.at = begin
        self.depth = 0
        self.quotes = 0
        # How many characters were read in search of a missing end.
        self.wasted = 0
        # How many simple and compound commands were read.
        self.count = 0
        self.substituted: int | None = None
        # Characters that don't occur after this position.
        self.gone: set[str] = set()
        self.script = Script()

    def list_until(self, ends: tuple[str, ...]) -> None:
        """Read commands up to one of `ends`, without consuming it, or to the end of the text."""
        raise NotImplementedError

    def mark(self, before: int, *, child: bool = False, tested: bool = False, conditional: bool = False) -> None:
        """Set the context of all commands after the first `before` ones."""
        for command in self.script.commands[before:]:
            command.child |= child
            command.tested |= tested
            command.conditional |= conditional

    # --- Characters --------------------------------------------------------------------------------------------------

    def sees(self, text: str) -> bool:
        """Return whether `text` is next."""
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        """Take `text` if it's next."""
        if self.sees(text):
            self.at += len(text)
            return True
        return False

    def need(self, text: str) -> None:
        """Take `text`, which must be next."""
        if not self.take(text):
            raise NotUnderstoodError(f"`{text}` is missing", self.at)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take the text that matches a pattern."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def bashism(self, kind: str, start: int, end: int) -> None:
        """Record syntax that only bash supports."""
        self.script.bashisms.append(Bashism(kind, start, end))

    def endless(self, begin: int, sign: str) -> NotUnderstoodError:
        """Go back to `begin`, right after a `sign` without an end, and return the error to raise."""
        self.wasted += len(self.text) - begin
        self.at = begin
        start = max(0, begin - len(sign))
        return NotUnderstoodError(f"nothing closes this {_NAMES.get(sign, f'`{sign}`')}", start)

    def opens(self, sign: str, end: str) -> bool:
        """Take `sign` if it's next. In tolerant mode, only take it if `end` follows."""
        if not self.sees(sign) or (self.tolerant and not self.comes(end)):
            return False
        self.at += len(sign)
        return True

    def comes(self, sign: str) -> bool:
        """Return whether `sign` occurs after the next character. No sign is searched for in vain twice."""
        if sign not in self.gone and self.text.find(sign, self.at + 1) < 0:
            self.gone.add(sign)
        return sign not in self.gone

    def parentheses(self) -> None:
        """Skip to the end of parentheses that are already open: arithmetic, a list, a pattern."""
        begin, open_ones = self.at, 1
        while open_ones:
            found = _PAREN.search(self.text, self.at)
            if not found:
                raise self.endless(begin, "(")
            open_ones += 1 if found[0] == "(" else -1
            self.at = found.end()

    def arithmetic(self) -> bool:
        """Skip to the end of arithmetic whose two parentheses are already open, or go back if they're subshells."""
        begin = self.at
        self.parentheses()
        if self.take(")"):
            return True
        self.wasted += self.at - begin
        self.at = begin
        return False

    def deeper(self) -> None:
        """Enter a nested construct."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotUnderstoodError

    def nested(self, ends: tuple[str, ...], *, may_be_empty: bool = False) -> None:
        """Read the commands in a nested construct, up to one of `ends`."""
        self.deeper()
        before = self.count
        self.list_until(ends)
        self.depth -= 1
        if self.count == before and not may_be_empty and not self.tolerant:
            raise NotUnderstoodError("a command is missing here", min(self.at, len(self.text) - 1))

    # --- Words -------------------------------------------------------------------------------------------------------

    def word(self) -> ShellWord | None:
        """Return the word that begins here, or None."""
        start, value = self.at, ""
        outer, self.substituted = self.substituted, None
        while self.at < len(self.text):
            begin = self.at
            if plain := self.match(PLAIN):
                value += plain[0]
                if found := _RANGE.search(plain[0]):
                    self.bashism("{1..3}", begin + found.start(), begin + found.end())
            elif self.sees("\\"):
                value += self.text[self.at + 1 : self.at + 2].strip("\r\n")
                self.at = min(self.at + (3 if self.sees("\\\r\n") else 2), len(self.text))
            elif self.opens("'", "'"):
                value += self.single()
            elif self.opens('"', '"'):
                value += self.double()
            elif self.sees("'") or self.sees('"'):
                self.script.broken = True
                self.at += 1
                value += self.text[begin]
            elif self.sees("$") or self.sees("`"):
                self.dollar(quoted=False)
                value += self.text[begin : self.at]
            elif self.sees("<(") or self.sees(">("):
                self.at += 2
                self.bashism("<(", begin, self.at)
                self.substitution(begin)
            else:
                break
        substituted, self.substituted = self.substituted, outer
        return ShellWord(self.text[start : self.at], start, self.at, value, substituted) if self.at > start else None

    def single(self) -> str:
        """Return the text in single quotes that are already open."""
        start, end = self.at, self.text.find("'", self.at)
        if end < 0:
            raise self.endless(start, "'")
        self.at = end + 1
        return self.text[start:end]

    def double(self) -> str:
        """Return the text in double quotes that are already open."""
        start, value = self.at, ""
        self.quotes += 1
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
                raise self.endless(start, '"')
        self.quotes -= 1
        return value

    def dollar(self, quoted: bool) -> None:
        """Skip an expansion or substitution, and read the commands in `$(...)`."""
        start = self.at
        if self.match(_BACKQUOTED):
            self.note_substitution(start)
        elif self.opens("`", "`"):
            raise self.endless(start + 1, "`")
        elif self.opens("$((", "))"):
            if self.arithmetic():
                self.note_substitution(start)
            else:
                self.at = start + 2
                self.substitution(start)
        elif self.opens("$(", ")"):
            self.substitution(start)
        elif self.opens("${", "}"):
            self.braces(start, quoted)
        elif not quoted and self.match(_ANSI):
            self.bashism("$'", start, start + 2)
        elif not self.match(_PARAMETER):
            self.script.broken |= self.sees("$(") or self.sees("${") or self.sees("`")
            self.at += 1

    def note_substitution(self, start: int) -> None:
        """Record the offset of the first unquoted substitution of a word."""
        if self.substituted is None and not self.quotes:
            self.substituted = start

    def substitution(self, start: int) -> None:
        """Read the commands of a substitution that begins at `start` and is already open."""
        self.note_substitution(start)
        self.subshell(may_be_empty=True)

    def subshell(self, *, may_be_empty: bool = False) -> None:
        """Read commands that a copy of the shell runs, including the closing parenthesis."""
        before, begin = len(self.script.commands), self.at
        self.nested((")",), may_be_empty=may_be_empty)
        if not self.sees(")"):
            raise NotUnderstoodError("nothing closes this `(`", begin - 1)
        self.need(")")
        self.mark(before, child=True)

    def braces(self, start: int, quoted: bool) -> None:
        """Skip to the end of `${...}`, which begins at `start` and is already open."""
        begin = self.at
        if found := self.match(_EXPANSION):
            rest = self.text[self.at : self.at + 2]
            indirect = found[1] and len(found[0]) > 1
            kind = "${!x}" if indirect and rest[:1] != "[" else _kind_of(rest)
            if kind:
                self.bashism(kind, start, self.at + 1)
        self.deeper()
        while not self.take("}"):
            if self.at >= len(self.text):
                raise self.endless(begin, "${")
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


def _kind_of(after_name: str) -> str | None:
    """Return the kind of bashism after a variable's name in `${...}`, or None."""
    sign, follower = after_name[:1], after_name[1:]
    if sign == ":":
        return None if follower in ("-", "=", "?", "+") else "${x:1:2}"
    return {"/": "${x//a/b}", "^": "${x^}", ",": "${x,}", "[": "${x[0]}", "@": "${x@Q}"}.get(sign)
