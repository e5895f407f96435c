"""The model of a shell script: simple commands with their words, functions, and bash syntax."""

from dataclasses import dataclass, field


class NotUnderstoodError(Exception):
    """The script can't be parsed.

    `why` completes the sentence "The shell can't parse the script", and `at` is the offset of the error. They're empty
    if a limit of this parser is the reason, so a shell may be able to parse the script.
    """

    def __init__(self, why: str = "", at: int = 0) -> None:
        """Store the reason and the offset."""
        super().__init__(why)
        self.why = why
        self.at = at


@dataclass(slots=True)
class ShellWord:
    """A word as it's written, and its `value`: without quotes, with expansions as they're written.

    `substitution` is the offset of the first unquoted command substitution, or None.
    """

    text: str
    start: int
    end: int
    value: str
    substitution: int | None = None


@dataclass(slots=True)
class Redirection:
    """A redirection, e.g. `2>>file`: the operator with the number before it, and the word after it."""

    operator: str
    target: ShellWord


@dataclass(slots=True)
class Command:
    """A simple command: its words without assignments and redirections, and its context.

    `piped` and `background`: the command itself is part of a pipeline or followed by `&`.
    `child`: it runs in a copy of the shell because of the command around it.
    `tested`: its failure is handled (`if`, `&&`, `!`).
    `conditional`: it follows `&&` or `||`.
    `nested`: it's in a function, a compound command or a substitution.
    `quoted`: that substitution is in double quotes.
    """

    words: list[ShellWord]
    assignments: list[ShellWord]
    start: int
    end: int
    function: str | None = None
    piped: bool = False
    background: bool = False
    child: bool = False
    tested: bool = False
    conditional: bool = False
    nested: bool = False
    quoted: bool = False
    redirections: list[Redirection] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the name of the command, empty if there are only assignments."""
        return self.words[0].value if self.words else ""

    @property
    def args(self) -> list[str]:
        """Return the values of the words after the name."""
        return [word.value for word in self.words[1:]]

    @property
    def is_exec(self) -> bool:
        """Return whether this is `exec` with a program, not only with redirections."""
        names = [word.value for word in self.words if word.value not in ("command", "builtin")]
        return len(names) > 1 and names[0] == "exec"

    @property
    def replaces_shell(self) -> bool:
        """Return whether this is an `exec` that always replaces the script's shell with a program."""
        is_apart = self.function is not None or self.nested or self.child or self.piped or self.background
        return self.is_exec and not (is_apart or self.tested or self.conditional)


@dataclass(slots=True)
class Bashism:
    """Syntax that bash supports and sh doesn't: its kind and its offsets."""

    kind: str
    start: int
    end: int


@dataclass(slots=True)
class Script:
    """The commands of a script in the order of the text, the offsets of its functions, and its bashisms.

    If `broken` is set, parts of the script couldn't be parsed, and the context of its commands is uncertain.
    """

    commands: list[Command] = field(default_factory=list)
    functions: dict[str, tuple[int, int]] = field(default_factory=dict)
    bashisms: list[Bashism] = field(default_factory=list)
    broken: bool = False
