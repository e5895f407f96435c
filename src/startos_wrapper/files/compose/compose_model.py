"""What a compose file says: its services, with the line of each value.

Values can be secrets. Show names and lines to people, and a value only where it's known to be harmless.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

Keys = tuple[str | int, ...]


class ComposeError(Exception):
    """A compose file or a file of variables can't be read. The message says what is wrong, without any value."""

    def __init__(self, file: str, line: int, what: str) -> None:
        """Store the parts. The line counts from 1, and is 0 if the whole file is meant."""
        super().__init__(f"{file}:{line}: {what}" if line else f"{file}: {what}")
        self.file, self.line, self.what = file, line, what


class NoServicesError(ComposeError):
    """A file can be read, but has no services, so it may not be a compose file at all."""


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar of the compose file.

    `raw` is the text as written, with its variables. `value` has them filled in, from the file's own defaults and from
    `.env`. A variable without a value is empty, and its name is in `unset`. `used` has the names of all variables.
    `hint` is the value if the samples beside the file (`.env.example`) are used, too, and None if they add nothing.
    `plain` tells a scalar without quotes.
    """

    raw: str
    value: str
    line: int
    unset: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    hint: str | None = None
    plain: bool = False

    @property
    def best(self) -> str:
        """Return the value, or the hint if the value isn't complete."""
        return self.value if self.hint is None else self.hint


@dataclass(slots=True)
class Node:
    """A value of the document: a scalar (`text`), a mapping (`fields`), a list (`items`) or null.

    Merge keys (`<<`) are merged. A node that an alias refers to is shared, so don't change nodes.
    """

    line: int
    kind: str  # "text", "map", "list" or "null"
    text: Text | None = None
    fields: "dict[str, KeyAt]" = field(default_factory=dict)
    items: "list[Node]" = field(default_factory=list)

    def get(self, *names: str) -> "Node | None":
        """Return the node at a path of keys, or None. Null counts as missing."""
        node: Node | None = self
        for name in names:
            key = node.fields.get(name) if node else None
            node = key.node if key else None
        return None if node is None or node.kind == "null" else node

    def get_text(self, *names: str) -> Text | None:
        """Return the scalar at a path of keys, or None."""
        node = self.get(*names)
        return node.text if node else None

    def walk(self, path: Keys = ()) -> "Iterator[tuple[Keys, int, Node]]":
        """Yield path, line and node of everything below this node. A key has the line of its name."""
        for name, key in self.fields.items():
            yield (*path, name), key.line, key.node
            yield from key.node.walk((*path, name))
        for number, item in enumerate(self.items):
            yield (*path, number), item.line, item
            yield from item.walk((*path, number))


@dataclass(frozen=True, slots=True)
class KeyAt:
    """A key of a mapping: its name, the line of the name, and its value."""

    name: str
    line: int
    node: Node


@dataclass(frozen=True, slots=True)
class Port:
    """An entry of `ports`. `text` is what was written: the entry, or the `target` of the long syntax.

    `target` is None if a variable without a value decides it. `last_target` is the end of a range. `published` is text,
    because it can be a range or missing. `from_sample` is true if the target comes from a sample beside the file.
    """

    target: int | None
    last_target: int | None
    protocol: str
    published: str
    host: str
    text: Text
    line: int
    from_sample: bool = False


@dataclass(frozen=True, slots=True)
class Mount:
    """An entry of `volumes`. `text` is what was written: the entry, or the `source` or `target` of the long syntax.

    `kind` is "volume", "bind", "tmpfs", "npipe", "cluster", "image" or "anonymous". `raw_source` is the source without
    its variables filled in.
    """

    kind: str
    source: str
    target: str
    read_only: bool
    options: tuple[str, ...]
    subpath: str
    text: Text
    line: int
    raw_source: str = ""
    from_sample: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the container. `value` is None if Compose would take it from the shell and `.env` doesn't have it.

    `passed` is true if only the name is written, so the value comes from elsewhere.
    """

    name: str
    value: Text | None
    line: int
    file: str
    passed: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A `command` or `entrypoint`. `words` are what Compose passes to the image, and `shell` is the text form.

    No words mean that the file empties the image's own command. `hint` are the words if the samples beside the file are
    used. `cut` is true if Compose drops the end of the text, which it does from `;`, `&`, `|`, `<` or `>` on.
    """

    words: tuple[str, ...]
    shell: str | None
    line: int
    unset: tuple[str, ...] = ()
    hint: tuple[str, ...] | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """A health check. `kind` is "cmd" with its words, "shell" with its text, "none" or "" for the image's own test."""

    kind: str
    words: tuple[str, ...]
    shell: str
    line: int
    interval: Text | None = None
    timeout: Text | None = None
    retries: Text | None = None
    start_period: Text | None = None
    unset: tuple[str, ...] = ()

    @property
    def disabled(self) -> bool:
        """Return whether the file turns the health check off."""
        return self.kind == "none"


@dataclass(frozen=True, slots=True)
class Build:
    """How the image is built. Paths are as written, relative to the compose file, with variables filled in."""

    context: str
    dockerfile: str
    target: str
    args: dict[str, Text | None]
    line: int
    inline: bool = False


@dataclass(frozen=True, slots=True)
class EnvFile:
    """An entry of `env_file`. `sample` is the name of a sample beside a missing file. `variables` has its content.

    `path` is as written, with variables filled in. `outside` tells a file outside the folder, which isn't read.
    """

    path: str
    exists: bool
    sample: str
    line: int
    required: bool = True
    outside: bool = False
    variables: tuple[Variable, ...] = ()
    sample_variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """An entry of a service's `secrets` or `configs`: the name at the top level, and the path in the container."""

    source: str
    target: str
    line: int


@dataclass(frozen=True, slots=True)
class Extends:
    """The service that this one extends, and its file, or an empty text for the same file. It isn't followed."""

    service: str
    file: str
    line: int


@dataclass(slots=True)
class Service:
    """A service. `keys` has every key with its line and node, also those that have a field here."""

    name: str
    line: int
    keys: dict[str, KeyAt]
    image: Text | None = None
    build: Build | None = None
    command: Command | None = None
    entrypoint: Command | None = None
    health: Health | None = None
    extends: Extends | None = None
    ports: list[Port] = field(default_factory=list)
    expose: list[Port] = field(default_factory=list)
    mounts: list[Mount] = field(default_factory=list)
    environment: list[Variable] = field(default_factory=list)
    env_files: list[EnvFile] = field(default_factory=list)
    depends_on: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    labels: dict[str, Text] = field(default_factory=dict)
    profiles: list[str] = field(default_factory=list)
    secrets: list[Granted] = field(default_factory=list)
    configs: list[Granted] = field(default_factory=list)

    def text(self, name: str) -> Text | None:
        """Return the scalar of a key such as `user`, or None."""
        key = self.keys.get(name)
        return key.node.text if key else None

    def variables(self) -> dict[str, Variable]:
        """Return the container's variables: those of `env_file`, then those of `environment`, which override them."""
        from_files = (variable for file in self.env_files for variable in file.variables)
        return {variable.name: variable for variable in (*from_files, *self.environment)}


@dataclass(slots=True)
class ComposeFile:
    """A compose file. `path` is the name in places: relative to the folder that was given.

    `top` has every key of the top level. `dot_env` and `samples` have the variables of `.env` and of the samples beside
    the file. `header` has the comments before the first key, without their `#`.
    """

    path: str
    name: str
    root: Node
    services: dict[str, Service] = field(default_factory=dict)
    volumes: dict[str, Node] = field(default_factory=dict)
    networks: dict[str, Node] = field(default_factory=dict)
    secrets: dict[str, Node] = field(default_factory=dict)
    configs: dict[str, Node] = field(default_factory=dict)
    includes: list[Text] = field(default_factory=list)
    dot_env: dict[str, Variable] = field(default_factory=dict)
    samples: dict[str, Variable] = field(default_factory=dict)
    header: tuple[str, ...] = ()

    @property
    def top(self) -> dict[str, KeyAt]:
        """Return every key of the top level."""
        return self.root.fields

    def paths(self) -> Iterator[tuple[Keys, int, Node]]:
        """Yield path, line and node of every key and every item of a list, e.g. ("services", "app", "ports", 0)."""
        return self.root.walk()

    def places(self, text: Text) -> tuple[str, ...]:
        """Return where a value comes from: its own line, and those of the variables in `.env` that it uses."""
        used = (self.dot_env[name] for name in text.used if name in self.dot_env)
        return (f"{self.path}:{text.line}", *(f"{variable.file}:{variable.line}" for variable in used))
