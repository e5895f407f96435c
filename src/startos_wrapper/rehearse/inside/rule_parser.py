"""The rules of configs, e.g. `'mode = "fast" AND #size > 3`, as the image compat compiles them.

system-images/compat/src/config/rule_parser.pest and rules.rs. The grammar takes the first alternative that fits, so
`<=` and `>=` are errors: `<` has already matched.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from startos_wrapper.rehearse.inside.rule_values import (
    ARITHMETIC,
    NUMERIC,
    TEXTUAL,
    AllOf,
    AnyOf,
    Config,
    Configs,
    Expression,
    Result,
    Step,
    as_number,
    as_text,
    both,
    either,
    joined,
    mapped,
    unescaped,
)

Condition = Callable[[Config, Configs], bool]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_TEXT = re.compile(r'"(?:[^\\"]|\\[nrt\\0"\'])*"')
_INDEX = re.compile(r"[0-9]+")
_SPACE = re.compile(r"[ \t]*")
_COMPARE = re.compile(r"<|=|!=|>")
_FUNCTION = re.compile("first|last|any|all")
# From the one that binds most.
_BOOLEAN: dict[str, Callable[[bool, bool], bool]] = {
    "AND": lambda left, right: left and right,
    "XOR": lambda left, right: left != right,
    "OR": lambda left, right: left or right,
}


class RuleError(Exception):
    """The text isn't a rule."""


def condition(text: str) -> Condition:
    """Compile a rule. Raises: RuleError."""
    compiled: Condition = _Parser(text).whole(_Parser.condition)
    return compiled


def value(text: str) -> Callable[[Config, Configs], Any]:
    """Compile an expression for a value, which is null unless it's a single one. Raises: RuleError."""
    compiled: Expression = _Parser(text).whole(_Parser.value)

    def evaluate(config: Config, configs: Configs) -> Any:
        found = compiled(config, configs)
        return None if isinstance(found, AnyOf | AllOf) else found

    return evaluate


def reference(text: str) -> tuple[str, list[Step]]:
    """Compile a reference to write to, and return the key and the steps from there. Raises: RuleError."""
    found: tuple[str, list[Step]] = _writable(_Parser(text).whole(_Parser.path), text)
    return found


def deletion(text: str) -> tuple[str, list[Step], str, Condition]:
    """Compile `FROM list AS item WHERE condition`. Raises: RuleError."""
    path, item, holds = _Parser(text).whole(_Parser.deletion)
    return *_writable(path, text), item, holds


def _writable(path: tuple[str | None, str, list[Step]], text: str) -> tuple[str, list[Step]]:
    owner, name, steps = path
    if owner is not None:
        raise RuleError("Can only assign to relative path")
    if any(step.kind in ("any", "all") for step in steps):
        raise RuleError(f"Any and All are immutable: {text}")
    return name, steps


class _Failed(Exception):
    """An alternative doesn't fit."""


class _Parser:
    """A parser that takes the first alternative that fits, and compiles at once."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.furthest = text, 0, 0

    def whole(self, part: Callable[["_Parser"], Any]) -> Any:
        try:
            self.space()
            found = part(self)
            self.space()
            if self.at == len(self.text):
                return found
        except (_Failed, RecursionError):
            pass
        self.furthest = max(self.furthest, self.at)
        raise RuleError(f"can't read the rule at character {self.furthest + 1}: {self.text}")

    def space(self) -> None:
        if found := _SPACE.match(self.text, self.at):
            self.at = found.end()

    def take(self, pattern: "re.Pattern[str]") -> str:
        found = pattern.match(self.text, self.at)
        if not found:
            self.furthest = max(self.furthest, self.at)
            raise _Failed
        self.at = found.end()
        return found[0]

    def literal(self, text: str) -> str:
        return self.take(re.compile(re.escape(text)))

    def first(self, *parts: Callable[[], Any]) -> Any:
        """Return the first alternative that fits."""
        start = self.at
        for part in parts:
            try:
                return part()
            except _Failed:
                self.at = start
        raise _Failed

    def in_brackets(self, left: str, part: Callable[[], Any], right: str) -> Any:
        self.literal(left)
        self.space()
        found = part()
        self.space()
        self.literal(right)
        return found

    # --- Conditions ---------------------------------------------------------------------------------------------------

    def condition(self) -> Condition:
        """`a AND b XOR c OR d`: AND binds most, then XOR."""
        terms, operators = [self.condition_term()], []
        while True:
            start = self.at
            try:
                self.space()
                operator = self.take(re.compile("AND|OR|XOR"))
                self.space()
                terms.append(self.condition_term())
                operators.append(operator)
            except _Failed:
                self.at = start
                break
        for name, combine in _BOOLEAN.items():
            while name in operators:
                at = operators.index(name)
                operators.pop(at)
                terms[at : at + 2] = [both(terms[at], terms[at + 1], combine)]
        return terms[0]

    def condition_term(self) -> Condition:
        def negated() -> Condition:
            inner = self.in_brackets("!(", self.condition, ")")
            return lambda config, configs: not inner(config, configs)

        found: Condition = self.first(
            self.flag,
            lambda: self.in_brackets("(", self.condition, ")"),
            negated,
            lambda: self.comparison(self.number, NUMERIC),
            lambda: self.comparison(self.string, TEXTUAL),
        )
        return found

    def flag(self) -> Condition:
        variable = self.variable()
        self.literal("?")
        return lambda config, configs: either(
            mapped(variable(config, configs), lambda each: each is not None and each is not False)
        )

    def comparison(
        self, part: Callable[[], Expression], operators: Mapping[str, Callable[[Any, Any], bool]]
    ) -> Condition:
        left = part()
        self.space()
        compare = operators[self.take(_COMPARE)]
        self.space()
        right = part()
        return lambda config, configs: either(both(left, right, compare)(config, configs))

    # --- Values -------------------------------------------------------------------------------------------------------

    def value(self) -> Expression:
        def flag() -> Expression:
            return self.condition()

        found: Expression = self.first(self.variable, self.string, self.number, flag)
        return found

    def number(self) -> Expression:
        terms, operators = [self.number_term()], []
        while True:
            start = self.at
            try:
                self.space()
                operator = self.take(re.compile(r"[-+*/^]"))
                self.space()
                terms.append(self.number_term())
                operators.append(operator)
            except _Failed:
                self.at = start
                break
        # Powers bind from the right.
        while "^" in operators:
            at = len(operators) - 1 - operators[::-1].index("^")
            operators.pop(at)
            terms[at : at + 2] = [both(terms[at], terms[at + 1], ARITHMETIC["^"])]
        for level in ("*/", "+-"):
            while at_level := [at for at, operator in enumerate(operators) if operator in level]:
                at = at_level[0]
                terms[at : at + 2] = [both(terms[at], terms[at + 1], ARITHMETIC[operators.pop(at)])]
        return terms[0]

    def number_term(self) -> Expression:
        def constant() -> Expression:
            number = float(self.take(_NUMBER))
            return lambda *_: number

        def variable() -> Expression:
            self.literal("#")
            found = self.variable()
            return lambda config, configs: mapped(found(config, configs), as_number)

        found: Expression = self.first(constant, variable, lambda: self.in_brackets("(", self.number, ")"))
        return found

    def string(self) -> Expression:
        found = self.string_term()
        while True:
            start = self.at
            try:
                self.space()
                self.literal("+")
                self.space()
                found = both(found, self.string_term(), joined)
            except _Failed:
                self.at = start
                return found

    def string_term(self) -> Expression:
        def constant() -> Expression:
            text = unescaped(self.take(_TEXT)[1:-1])
            return lambda *_: text

        def variable() -> Expression:
            self.literal("'")
            found = self.variable()
            return lambda config, configs: mapped(found(config, configs), as_text)

        found: Expression = self.first(constant, variable, lambda: self.in_brackets("(", self.string, ")"))
        return found

    # --- Variables ----------------------------------------------------------------------------------------------------

    def variable(self) -> Expression:
        """`[package].key.0.*.[first(item => 'item.id = "x")]`, without spaces."""
        package, name, steps = self.path()

        def evaluate(config: Config, configs: Configs) -> Result:
            if package is not None:
                if package not in configs:
                    return None
                config = configs[package]
            found: Result = config.get(name)
            for step in steps:
                found = mapped(found, partial(step.find, configs=configs))
            return found

        return evaluate

    def path(self) -> tuple[str | None, str, list[Step]]:
        def package() -> str:
            self.literal("[")
            start = self.at
            self.regular()
            name = self.text[start : self.at]
            self.literal("]")
            self.literal(".")
            return name

        owner: str | None = self.first(package, lambda: None)
        start = self.at
        self.regular()
        name, steps = self.text[start : self.at], []
        while True:
            before = self.at
            try:
                self.literal(".")
                steps.append(self.first(self.regular, self.index, self.every, self.function))
            except _Failed:
                self.at = before
                return owner, name, steps

    def regular(self) -> Step:
        def named() -> Step:
            name = self.take(_NAME)
            return Step("key", lambda _: name)

        def computed() -> Step:
            text = self.in_brackets("[", self.string, "]")
            return Step("key", lambda configs: text({}, configs))

        found: Step = self.first(named, computed)
        return found

    def index(self) -> Step:
        def constant() -> Step:
            number = int(self.take(_INDEX))
            return Step("index", lambda _: number)

        def computed() -> Step:
            number = self.in_brackets("[", self.number, "]")
            return Step("index", lambda configs: number({}, configs))

        found: Step = self.first(constant, computed)
        return found

    def every(self) -> Step:
        return Step({"*": "any", "&": "all"}[self.take(re.compile(r"[*&]"))], lambda _: None)

    def function(self) -> Step:
        self.literal("[")
        kind = self.take(_FUNCTION)
        self.space()
        self.literal("(")
        self.space()
        start = self.at
        self.regular()
        name = self.text[start : self.at]
        self.space()
        self.literal("=>")
        self.space()
        holds = self.condition()
        self.space()
        self.literal(")")
        self.literal("]")
        return Step(kind, lambda _: None, lambda item, configs: holds({name: item}, configs))

    def deletion(self) -> tuple[Any, str, Condition]:
        self.literal("FROM")
        self.space()
        path = self.path()
        self.space()
        self.literal("AS")
        self.space()
        start = self.at
        self.regular()
        name = self.text[start : self.at]
        self.space()
        self.literal("WHERE")
        self.space()
        return path, name, self.condition()
