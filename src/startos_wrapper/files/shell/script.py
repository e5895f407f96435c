"""What a shell script consists of: simple commands with their words, functions, and what only bash understands."""

from dataclasses import dataclass, field


class NotUnderstoodError(Exception):
    """The script is none that this reading follows to its end."""


@dataclass(slots=True)
class ShellWord:
    """A word as it stands in the script, and its `value`: without quotes, expansions left as they are.

    `substitution` is where the first command substitution outside quotes begins, None without one.
    """

    text: str
    start: int
    end: int
    value: str
    substitution: int | None = None


@dataclass(slots=True)
class Redirection:
    """A redirection such as `2>>file`: the operator with the number before it, and the word after it."""

    operator: str
    target: ShellWord


@dataclass(slots=True)
class Command:
    """A simple command: its words without assignments and redirections, and what surrounds it.

    `piped` and `background` say that the command itself is part of a pipeline or followed by `&`; `child` that it runs
    in a copy of the shell because of what it stands in; `tested` that its failure is looked at (`if`, `&&`, `!`);
    `nested` that it stands in a function, a compound command or a substitution, `quoted` that double quotes surround
    that substitution.
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
    nested: bool = False
    quoted: bool = False
    redirections: list[Redirection] = field(default_factory=list)

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
    """The commands of a script in the order of the text, its functions' spans, and its bashisms.

    `broken` says that it was not understood in full; what surrounds its commands is uncertain then.
    """

    commands: list[Command] = field(default_factory=list)
    functions: dict[str, tuple[int, int]] = field(default_factory=dict)
    bashisms: list[Bashism] = field(default_factory=list)
    broken: bool = False
