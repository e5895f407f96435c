"""What runs and listens in a container, seen from a helper container: the service's image may have no tools."""

import json
import posixpath
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from subprocess import Popen
from threading import Timer

from startos_wrapper.rehearse.docker import Docker, end, kill, started

_INSIDE = Path(__file__).parent / "inside"
# Docker's DNS server listens in each container of a network.
_DOCKERS_OWN = "127.0.0.11"
_SECONDS = 60


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket."""

    address: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only the container itself can connect."""
        return ip_address(self.address).is_loopback

    @property
    def text(self) -> str:
        """Return the address and port as text."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Process:
    """A process. `handled` has a bit for each signal that it catches or waits for, and `ignored` likewise."""

    id: int
    parent: int
    name: str
    command: Sequence[str]
    state: str
    handled: int
    ignored: int
    session: int

    def was_started_by(self, other: "Process") -> bool:
        """Return whether another process surely started it: it's a child in the same session.

        Linux gives process 1 what a command of `docker exec` leaves behind, e.g. the `timeout` of a health check.
        """
        return self.parent == other.id and self.session == other.session

    @property
    def program(self) -> str:
        """The name of the program. A script's own name is that of its file, but its program is the shell."""
        return posixpath.basename(self.command[0]).lstrip("-") if self.command and self.command[0] else self.name

    def handles(self, signal: int) -> bool:
        """Return whether it catches a signal."""
        return bool(self.handled >> (signal - 1) & 1)

    def ignores(self, signal: int) -> bool:
        """Return whether it ignores a signal."""
        return bool(self.ignored >> (signal - 1) & 1)


@dataclass(frozen=True)
class Inside:
    """What is in a container at one moment."""

    listeners: Sequence[Listener] = ()
    processes: Sequence[Process] = ()


def look_into(docker: Docker, image: str, container: str) -> Inside:
    """Return what listens and runs in a container, or nothing if it doesn't run. `image` must have Python."""
    shared = ("--network", f"container:{container}", "--pid", f"container:{container}")
    options = ("--rm", *docker.labels, *shared, "--no-healthcheck", "--entrypoint", "python3")
    done = docker.try_("run", *options, image, "-c", (_INSIDE / "look.py").read_text("utf-8"), timeout=_SECONDS)
    if done.code != 0:
        return Inside()
    found = json.loads(done.output)
    listeners = (Listener(address, port) for address, port in found["listeners"])
    return Inside(
        [each for each in listeners if each.address != _DOCKERS_OWN],
        [Process(**each) for each in found["processes"]],
    )


@contextmanager
def watched(docker: Docker, image: str, container: str, ids: Sequence[int]) -> Iterator[Callable[[], set[int]]]:
    """Watch processes of a container, until it ends.

    Provide a function for afterwards, which returns those of them that Linux killed because process 1 had ended.
    `image` must have Python.
    """
    if not ids:
        yield set
        return
    shared = ("--pid", f"container:{container}", "--cap-add", "SYS_PTRACE", "--network", "none")
    options = ("--rm", *docker.labels, *shared, "--no-healthcheck", "--entrypoint", "python3")
    program = (_INSIDE / "watch.py").read_text("utf-8")
    process = started(docker.command("run", *options, image, "-c", program, *map(str, ids)))
    assert process.stdout
    lines = process.stdout
    try:
        with _limited(process):
            seen = set(map(int, lines.readline().split()))

        def killed() -> set[int]:
            with _limited(process):
                return seen - set(map(int, lines))

        yield killed
    finally:
        end(process)


@contextmanager
def _limited(process: "Popen[bytes]") -> Iterator[None]:
    """Kill a client that takes too long."""
    timer = Timer(_SECONDS, kill, [process])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
