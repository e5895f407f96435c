"""Run the docker command, and remove everything that a rehearsal made."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import IO

from startos_wrapper.errors import CannotError

LABEL = "startos-wrapper.rehearsal"
# The repository of the images that rehearsals load. Each has the tag RUN-PROCESSOR-IMAGE.
IMAGES = "startos-wrapper/rehearsal"

# Of standard output, this much is kept. No procedure of a real wrapper prints a hundredth of it.
_MOST_OUTPUT = 8 * 1024**2
# StartOS keeps the last 1,000 lines of standard error. S/procedure/docker.rs:307-309
_MOST_LINES, _MOST_ERRORS = 1000, 1024**2
# A program that prints this much doesn't end by itself.
_FLOOD = 64 * 1024**2
_CHUNK = 64 * 1024
_DENIED = ("This user may not use Docker: add it to the group docker, and log in again.",)
_NO_ENGINE = ("Start Docker, or set DOCKER_HOST to the address of an engine that runs.",)
# Removing takes seconds, unless the engine hangs.
_PATIENCE = 120
_ROUNDS = 5


@dataclass(frozen=True)
class Done:
    """What a docker command returned. `code` is None if it took too long or printed too much."""

    code: int | None
    output: bytes
    errors: bytes
    is_flood: bool = False

    @property
    def reason(self) -> str:
        """The line of docker's errors that says why it failed."""
        lines = [line.strip() for line in self.errors.decode("utf-8", "replace").splitlines()]
        lines = [line for line in lines if line and not line.startswith("See 'docker")]
        for prefix in ("docker: ", "Error response from daemon: ", "ERROR: "):
            lines = [line.removeprefix(prefix) for line in lines]
        return lines[-1] if lines else f"exit code {self.code}"


@dataclass(frozen=True)
class Docker:
    """The docker command for one rehearsal, whose id is `run`."""

    run: str

    def name(self, part: str) -> str:
        """Return the name of a container, volume or network of this rehearsal."""
        return f"startos-rehearsal-{self.run}-{part}"

    @property
    def labels(self) -> list[str]:
        """Return the options that label what is created, so that it can be removed."""
        return ["--label", f"{LABEL}={self.run}"]

    def try_(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> Done:
        """Run docker, whatever its exit code. Raises: CannotError if docker isn't installed."""
        return bounded(self.command(*arguments), data, timeout)

    def output(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> str:
        """Return what docker prints. Raises: CannotError with docker's reason if it fails."""
        done = self.try_(*arguments, data=data, timeout=timeout)
        if done.code is None:
            raise CannotError(f"docker {arguments[0]}: no answer within {timeout or 0:.0f} seconds")
        if done.code:
            raise CannotError(f"docker {arguments[0]}: {done.reason}")
        return done.output.decode("utf-8", "replace").strip()

    def version(self, template: str) -> str:
        """Return what the engine says of its version. Raises: CannotError that says how to reach it."""
        try:
            return self.output("version", "--format", template, timeout=60)
        except CannotError as error:
            reason = str(error).removeprefix("docker version: ")
            denied = "permission denied" in reason.lower()
            raise CannotError(f"can't reach Docker: {reason}", *(_DENIED if denied else _NO_ENGINE)) from error

    def command(self, *arguments: str) -> Sequence[str]:
        """Return the words of a docker command, for `subprocess.Popen`."""
        return ["docker", *arguments]

    # --- Cleaning up -------------------------------------------------------------------------------------------------

    def left(self) -> list[str]:
        """Return what exists of this rehearsal: containers, networks, volumes and images, each with its kind."""
        return [f"{kind} {name}" for kind, names in self._found() for name in names]

    def remove_all(self) -> list[str]:
        """Remove all of it, and return what can't be removed."""
        for _ in range(_ROUNDS):
            # A command that was interrupted may still create something.
            found = self._found()
            if not found:
                return []
            for kind, names in found:
                self.try_(*_REMOVE[kind], *names, timeout=_PATIENCE)
        return self.left()

    def _found(self) -> list[tuple[str, list[str]]]:
        """Return the kinds and names, in the order in which they can be removed."""
        label = f"label={LABEL}={self.run}"
        reference = f"reference={IMAGES}:{self.run}-*"
        listed = (
            ("container", ("ps", "--all", "--filter", label, "--format", "{{.Names}}")),
            ("network", ("network", "ls", "--filter", label, "--format", "{{.Name}}")),
            ("volume", ("volume", "ls", "--filter", label, "--format", "{{.Name}}")),
            ("image", ("image", "ls", "--filter", reference, "--format", "{{.Repository}}:{{.Tag}}")),
        )
        found = [(kind, self.output(*words, timeout=_PATIENCE).split()) for kind, words in listed]
        return [(kind, names) for kind, names in found if names]


_REMOVE = {
    # With the volumes that have no name, which an image's VOLUME makes.
    "container": ("rm", "--force", "--volumes"),
    "network": ("network", "rm"),
    "volume": ("volume", "rm", "--force"),
    "image": ("image", "rm", "--force"),
}


def moment(text: str) -> float:
    """Return the seconds of a time as Docker prints it, with nanoseconds, which Python 3.10 can't read."""
    whole, _, rest = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
    return moment.timestamp() + (float(f"0.{rest}") if rest.isdigit() else 0.0)


# --- Running a command ------------------------------------------------------------------------------------------------


@dataclass
class _Kept:
    """What is kept of a stream: the beginning, or the last lines."""

    most: int
    is_end: bool
    data: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        if not self.is_end:
            self.data += chunk[: self.most - len(self.data)]
            return
        self.data += chunk
        if len(self.data) > 2 * self.most:
            del self.data[: -self.most]

    @property
    def result(self) -> bytes:
        if not self.is_end:
            return bytes(self.data)
        return b"".join(self.data[-self.most :].splitlines(keepends=True)[-_MOST_LINES:])


def bounded(
    command: Sequence[str], data: bytes = b"", timeout: float | None = None, *, is_merged: bool = False
) -> Done:
    """Run a command, and keep a bounded part of what it prints. Only the client is killed if it takes too long.

    With `is_merged`, what it prints to standard output goes to standard error, too.

    Raises: CannotError if the program isn't installed.
    """
    process = started(command, has_input=bool(data), is_merged=is_merged)
    kept = (_Kept(_MOST_OUTPUT, is_end=False), _Kept(_MOST_ERRORS, is_end=True))
    assert process.stdout
    streams = ((process.stdout, kept[1]),) if is_merged else ((process.stdout, kept[0]), (process.stderr, kept[1]))
    threads = [_reading(stream, each) for stream, each in streams if stream]
    readers = threads[:]
    if process.stdin:
        threads.append(_writing(process.stdin, data))
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        code, is_flood = _ended(process, readers, kept, deadline)
    finally:
        kill(process)
        for thread in threads:
            thread.join()
    return Done(code, kept[0].result, kept[1].result, is_flood)


def started(command: Sequence[str], *, has_input: bool = False, is_merged: bool = False) -> "subprocess.Popen[bytes]":
    """Start a command with pipes. Ctrl-C in the terminal doesn't reach it. Raises: CannotError."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if is_merged else subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise CannotError(f"{command[0]} isn't installed here; install Docker Engine") from error
    except OSError as error:
        raise CannotError(f"{command[0]} can't be run: {error.strerror}") from error


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a client and its plugins if it still runs."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a client if it still runs, and close its pipes."""
    kill(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with suppress(OSError):
                stream.close()


def _ended(
    process: "subprocess.Popen[bytes]",
    readers: Sequence[threading.Thread],
    kept: Sequence[_Kept],
    deadline: float | None,
) -> tuple[int | None, bool]:
    """Wait for the end. Return the exit code, or None, and whether too much was printed."""
    for _ in _until(deadline):
        if any(each.total > _FLOOD for each in kept):
            return None, True
        running = next((thread for thread in readers if thread.is_alive()), None)
        if running is None:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(None if deadline is None else max(0.0, deadline - time.monotonic())), False
        else:
            running.join(0.1)
    return None, False


def _until(deadline: float | None) -> Iterator[None]:
    yield
    while deadline is None or time.monotonic() < deadline:
        yield


def _reading(stream: IO[bytes], kept: _Kept) -> threading.Thread:
    def read() -> None:
        with stream:
            while chunk := os.read(stream.fileno(), _CHUNK):
                kept.add(chunk)
                if kept.total > _FLOOD:
                    return

    return _running(read)


def _writing(stream: IO[bytes], data: bytes) -> threading.Thread:
    def write() -> None:
        # A program may end without reading its input.
        with suppress(OSError), stream:
            stream.write(data)

    return _running(write)


def _running(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
