"""The syntax of JSONPath as StartOS 0.3.5.1 reads it: Start9Labs/jsonpath at 1cacbd64, src/parser.

No Python library accepts the same texts. This parser ignores everything after a complete path, needs a `@` or a
comparison in a filter, and has one escape per text.
"""

import re

_I64, _U64 = 2**63, 2**64 - 1
# Unicode's White_Space property, which lacks four characters of Python's \s.
_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ENDS = rf".*\[\]()@?,:<>=&|!{_SPACE}"
# src/parser/tokenizer.rs. A token that the OS can't read ends the text. So do `<` and `>` in the last place.
_TOKEN = re.compile(
    rf"""(?P<space>[{_SPACE}]+)
    | (?P<quoted>'(?:[^']*\\'[^']*|[^']*(?<!\\))'|"(?:[^"]*\\"[^"]*|[^"]*(?<!\\))")
    | (?P<compare>[=!<>]=|[<>](?=.)) | (?P<join>&&|\|\|)
    | (?P<key>\$[^{_ENDS}]+|[^$'"{_ENDS}][^${_ENDS}]*)
    | (?P<sign>[$.*\[\]()@?,:])""",
    re.VERBOSE | re.DOTALL,
)
_WHOLE = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)", re.I | re.A)
# We don't know at which depth the OS's parser overflows its stack, but nobody nests filters.
_DEEPEST = 64


def jsonpath(text: str) -> bool:
    """Return whether a text begins with a JSONPath."""
    try:
        _Reader(text).absolute(0)
    except _NotAPathError:
        return False
    return True


class _NotAPathError(Exception):
    pass


class _Reader:
    """A recursive parser with one method per function of src/parser/mod.rs."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while token := _TOKEN.match(text, at):
            kind = str(token.lastgroup)
            self._tokens.append((token[0] if kind == "sign" else kind, token[0]))
            at = token.end()
        self._tokens.reverse()

    def _sees(self, *kinds: str) -> bool:
        return bool(self._tokens) and self._tokens[-1][0] in kinds

    def _takes(self, kind: str) -> bool:
        """Skip the next token if it is of this kind."""
        if self._sees(kind):
            self._tokens.pop()
            return True
        return False

    def _need(self, kind: str) -> str:
        if not self._sees(kind):
            raise _NotAPathError
        return self._tokens.pop()[1]

    def _whole(self, low: int, high: int) -> None:
        text = self._need("key")
        if not _WHOLE.fullmatch(text) or len(text) > len(str(high)) + 1 or not low <= int(text) <= high:
            raise _NotAPathError

    def absolute(self, depth: int) -> None:
        self._need("$")
        self._steps(depth)

    def _steps(self, depth: int) -> None:
        while self._sees(".", "["):
            if self._takes("["):
                self._takes("space")
                self._array(depth)
            else:
                self._need(".")
                self._step(depth)

    def _step(self, depth: int) -> None:
        if self._takes("."):
            if not self._takes("*") and not self._sees("["):
                self._need("key")
        elif self._takes("["):
            self._array(depth)
        elif not self._takes("*"):
            self._need("key")

    def _array(self, depth: int) -> None:
        if self._takes("?"):
            self._need("(")
            self._conditions(depth + 1)
            self._takes("space")
            self._need(")")
        elif not self._takes("*"):
            self._index()
        self._takes("space")
        self._need("]")

    def _index(self) -> None:
        if self._takes(":"):
            if not self._range_end() and not self._sees("]"):
                self._whole(-_I64, _I64 - 1)
                self._range_end()
        elif self._sees("quoted"):
            self._texts()
        else:
            self._whole(-_I64, _I64 - 1)
            self._takes("space")
            if self._takes(":"):
                self._takes("space")
                if self._sees("key"):
                    self._whole(-_I64, _I64 - 1)
                self._range_end()
                return
            while self._takes(","):
                self._takes("space")
                self._whole(-_I64, _I64 - 1)

    def _range_end(self) -> bool:
        """Read the step of a range, and return whether there is one."""
        self._takes("space")
        if not self._takes(":"):
            return False
        self._takes("space")
        if not self._sees("key"):
            return False
        self._whole(0, _U64)
        return True

    def _texts(self) -> None:
        self._need("quoted")
        while self._takes(","):
            self._takes("space")
            self._need("quoted")
            self._takes("space")

    def _conditions(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise _NotAPathError
        while True:
            self._takes("space")
            if self._takes("("):
                self._conditions(depth + 1)
                self._takes("space")
                self._need(")")
            else:
                self._condition(depth)
            self._takes("space")
            if not self._takes("join"):
                return

    def _condition(self, depth: int) -> None:
        relative = self._sees("@")
        self._term(depth)
        self._takes("space")
        if self._takes("compare"):
            self._takes("space")
            self._term(depth)
        elif not relative:
            raise _NotAPathError

    def _term(self, depth: int) -> None:
        if self._takes("@"):
            if not self._takes("space"):
                self._steps(depth)
        elif self._sees("$"):
            self.absolute(depth)
        elif self._sees("quoted"):
            self._texts()
        else:
            text = self._need("key")
            if text[0] in "-0123456789":
                number = f"{text}.{self._need('key')}" if self._takes(".") else text
                if not _FLOAT.fullmatch(number):
                    raise _NotAPathError
            elif text[0] not in "tTfF":
                raise _NotAPathError
