"""What a package's code says, each with its place. What isn't written out is a `Gap`, and is never guessed."""

import shlex
from dataclasses import dataclass, field
from typing import Any, Literal

from startos_wrapper.files.source import Place
from startos_wrapper.files.typescript.expression import Value

_LONGEST = 60
_PREPARED = ("docker_entrypoint.sh", "sh", "-c")


@dataclass(frozen=True)
class Gap:
    """Something that can't be known or expressed: the answer it's about, the item in it, where, and why."""

    answer: str
    item: str
    place: Place
    why: str

    @property
    def reason(self) -> str:
        """The reason, with its place."""
        return f"{place_text(self.place)}: {self.why}"


@dataclass(frozen=True)
class Mount:
    """A mount of a container. `package` is the other package whose volume it is, if it's one.

    `certain` is whether it's always there, rather than in a condition.
    """

    kind: Literal["volume", "assets", "dependency"]
    volume: str
    subpath: str | None
    mountpoint: str
    readonly: bool
    certain: bool
    place: Place
    package: str | None = None


@dataclass(frozen=True)
class Ready:
    """When a daemon is ready: `port` or `url` if that's what it checks, and nothing else.

    `grace` is in milliseconds.
    """

    port: int | None
    url: str | None
    grace: int | None
    displayed: bool
    place: Place

    @property
    def checked_port(self) -> int | None:
        """The port that the check connects to, or None."""
        if self.url is None:
            return self.port
        scheme, _, rest = self.url.partition("://")
        _, _, port = rest.partition("/")[0].partition(":")
        return int(port) if port.isdigit() else {"http": 80, "https": 443}.get(scheme)


@dataclass(frozen=True)
class Daemon:
    """A daemon, a oneshot or a health check of `main`, in the order of the code.

    `command` has the words that replace the entrypoint, or those after it with `useEntrypoint`. None means that they
    aren't written out. `gaps` has everything about it that isn't written out.
    """

    kind: Literal["daemon", "oneshot", "health check"]
    id: str
    certain: bool
    place: Place
    image: str | None = None
    mounts: tuple[Mount, ...] = ()
    command: tuple[str, ...] | None = None
    entrypoint: bool = False
    environment: dict[str, tuple[str, Place]] = field(default_factory=dict)
    options: dict[str, Value] = field(default_factory=dict)
    ready: Ready | None = None
    requires: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def is_prepared(self) -> bool:
        """Whether docker_entrypoint.sh starts the command, as in a package of this template."""
        return (self.command or ())[:3] == _PREPARED

    @property
    def shell(self) -> str:
        """The command as sh reads it. What docker_entrypoint.sh starts counts as itself."""
        words = self.command or ()
        return words[3].removeprefix("exec ") if self.is_prepared and len(words) == 4 else shlex.join(words)


@dataclass(frozen=True)
class Interface:
    """An exported interface, the port that it's bound to, and its host."""

    id: str
    host: str
    port: int
    binding: Value
    fields: Value
    certain: bool
    place: Place

    @property
    def is_ui(self) -> bool:
        """Whether it's for people with a browser."""
        kind = self.fields.get("type")
        return kind is not None and kind.text == "ui"


@dataclass(frozen=True)
class Dependency:
    """A dependency of the manifest, with what `setDependencies` says about it, if that's written out."""

    id: str
    optional: bool
    description: str
    kind: str | None
    range: str | None
    health_checks: tuple[str, ...]
    certain: bool
    place: Place


@dataclass(frozen=True)
class Image:
    """An image of the manifest: a published one by its `tag`, or one that `dockerfile` builds in `context`."""

    id: str
    tag: str | None
    dockerfile: str | None
    context: str
    arches: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class Backups:
    """The volumes that are backed up, and what of them is left out."""

    volumes: tuple[str, ...]
    exclude: tuple[str, ...]
    dumps: dict[str, dict[str, Any]]
    place: Place


def place_text(place: Place) -> str:
    """Return a place as `file:line`."""
    return f"{place.file}:{place.line}"


def written(value: Value) -> str:
    """Return an expression for a message, in one line."""
    text = " ".join(value.written.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
