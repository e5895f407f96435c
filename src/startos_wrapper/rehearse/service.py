"""The main container: start, restart rule, stop, log, exit codes, and what it wrote outside its volumes."""

import json
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.errors import CannotError
from startos_wrapper.files.manifest.os_grammar import duration_seconds
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.rehearse.container import Network, arguments, container_options
from startos_wrapper.rehearse.docker import Docker, bounded, moment
from startos_wrapper.rehearse.outcome import SUCCESSES, Outcome
from startos_wrapper.rehearse.volumes import Kind, Volumes
from startos_wrapper.rehearse.written_outside import WrittenOutside, written_outside

# podman's default, which counts without sigterm-timeout. S/manager/manager_seed.rs:17-31
_STOP_SECONDS = 10
_STARTING_SECONDS = 60
_POLL = 0.1
_JOIN = 2.0
_LINES = 20
# What StartOS's container engine returns if it can't create the container.
NOT_CREATED = 125


@dataclass(frozen=True)
class End:
    """How a run of the container ended. `reason` is Docker's, if it couldn't even start."""

    code: int
    seconds: float
    log: str
    reason: str = ""
    is_out_of_memory: bool = False


@dataclass(frozen=True)
class Stopped:
    """How a stop went: how long it took, how long it may take, and the exit code, or None if nothing ran."""

    seconds: float
    limit: int
    code: int | None


@dataclass
class Service:
    """The main container of a package, which is started again whenever it ends. S/manager/manager_container.rs:338-369

    `ends` are the ends since `start` that nobody asked for. `outside` is what was written outside the volumes so far.
    """

    docker: Docker
    network: Network
    helper: str
    main: Procedure
    id: str
    image: str | None
    volumes: Volumes
    crash_pause: float
    write_certificates: Callable[[str], None]
    ends: list[End] = field(default_factory=list)
    outside: WrittenOutside = field(default_factory=WrittenOutside)
    address: str = ""
    _since: float | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _error: Exception | None = None

    # --- What it is now ----------------------------------------------------------------------------------------------

    @property
    def container(self) -> str:
        """The name of the container, for `docker exec`."""
        return self.docker.name("main")

    @property
    def is_started(self) -> bool:
        """Return whether StartOS keeps the service running: it's started and not stopped."""
        return self._thread is not None

    @property
    def is_running(self) -> bool:
        """Return whether the container runs now. Raises: CannotError if Docker failed meanwhile."""
        if self._error:
            raise self._error
        return self._since is not None

    @property
    def milliseconds(self) -> int:
        """How long it has been running, for health checks."""
        since = self._since
        return 0 if since is None else int((time.monotonic() - since) * 1000)

    @property
    def limit(self) -> int:
        """How many seconds StartOS waits before it kills the container. S/util/docker.rs:117-119"""
        node = self.main.node.get("sigterm-timeout")
        seconds = duration_seconds(node.text) if node and node.text else None
        return _STOP_SECONDS if seconds is None else int(seconds)

    def log(self, lines: int = _LINES) -> str:
        """Return the last lines of the container's log, or of its last run."""
        done = bounded(self.docker.command("logs", "--tail", str(lines), self.container), is_merged=True)
        if done.code == 0:
            return done.errors.decode("utf-8", "replace")
        return self.ends[-1].log if self.ends else ""

    # --- Start and stop ----------------------------------------------------------------------------------------------

    @property
    def command(self) -> list[str]:
        """The words of the command that starts it. Raises: ValueError."""
        options = container_options(
            self.docker,
            self.main,
            "main",
            f"{self.id}.embassy",
            self.network.options(f"{self.id}.embassy"),
            self.volumes.mounts(self.main.mounts),
        )
        return list(self.docker.command("run", "--detach", *options, self.image or "", *arguments(self.main)))

    def start(self) -> None:
        """Start the container, and keep it running until `stop`. If it ends at once, `ends` has how."""
        self._stopping.clear()
        self.ends.clear()
        self._launch()
        self._thread = threading.Thread(target=self._keep_running, daemon=True)
        self._thread.start()

    def stop(self) -> Stopped:
        """Stop the container like StartOS, whatever comes of it, and remove it."""
        self._stopping.set()
        before, known = time.monotonic(), len(self.ends)
        was_running = self._since is not None
        stop = ("stop", "-t", str(self.limit), self.container)
        self.docker.try_(*stop, timeout=self.limit + _STARTING_SECONDS)
        seconds = time.monotonic() - before
        self._join(lambda: self.docker.try_(*stop, timeout=self.limit + _STARTING_SECONDS))
        # The end of this run was asked for.
        ended = self.ends[known:]
        del self.ends[known:]
        return Stopped(seconds, self.limit, ended[0].code if ended and was_running else None)

    def kill(self) -> None:
        """Remove the container at once."""
        self._stopping.set()
        self._remove()
        self._join(self._remove)

    def _join(self, again: Callable[[], object]) -> None:
        """Wait for the other thread. It may just have started the container again."""
        while self._thread and self._thread.is_alive():
            self._thread.join(_JOIN)
            if self._thread.is_alive():
                again()
        self._thread = None

    def _keep_running(self) -> None:
        """Wait for each end, and start the container again."""
        try:
            while True:
                if self._since is not None:
                    self._wait()
                end = self.ends[-1]
                # 0 and 143: at once, without a pause. Else after 15 s.
                pause = 0.0 if end.code in SUCCESSES else self.crash_pause
                if self._stopping.wait(pause):
                    return
                self._launch()
        except Exception as error:
            # The main thread raises it.
            self._error = error
            self._since = None

    def _launch(self) -> None:
        """Run the container once, and wait for its address."""
        self._remove()
        if self.image is None:
            self._note(End(NOT_CREATED, 0.0, "", "no such image"))
            return
        before = time.monotonic()
        done = bounded(self.command, timeout=_STARTING_SECONDS)
        if done.code != 0:
            self._remove()
            self._note(End(NOT_CREATED if done.code is None else done.code, 0.0, "", done.reason))
            return
        while time.monotonic() - before < _STARTING_SECONDS:
            state = self._inspect()
            if not _get(state, "State", "Running"):
                self._note(self._end())
                return
            self.address = _get(state, "NetworkSettings", "Networks", self.network.name, "IPAddress") or ""
            if self.address:
                break
            time.sleep(_POLL)
        # StartOS writes them now, while the service is already starting. S/manager/mod.rs:653-685
        self.write_certificates(self.address)
        self._since = time.monotonic()

    def _wait(self) -> None:
        """Wait for the end of this run."""
        bounded(self.docker.command("wait", self.container))
        self._since = None
        self._note(self._end())

    def _note(self, end: End) -> None:
        self._since, self.address = None, ""
        self.ends.append(end)

    def _end(self) -> End:
        """Describe the end of the container, and remove it."""
        state, log = self._inspect(), self.log()
        self.outside.add(written_outside(self.docker, self.helper, self.container, state))
        self._remove()
        code = _get(state, "State", "ExitCode")
        times = [str(_get(state, "State", name) or "") for name in ("StartedAt", "FinishedAt")]
        seconds = max(0.0, moment(times[1]) - moment(times[0])) if all(times) else 0.0
        reason = _get(state, "State", "Error") or ""
        is_oom = bool(_get(state, "State", "OOMKilled"))
        return End(code if isinstance(code, int) else NOT_CREATED, seconds, log, str(reason), is_oom)

    def _remove(self) -> None:
        self.docker.try_("rm", "--force", "--volumes", self.container, timeout=_STARTING_SECONDS)

    def _inspect(self) -> Mapping[str, Any]:
        done = self.docker.try_("inspect", "--type", "container", self.container, timeout=_STARTING_SECONDS)
        try:
            found = json.loads(done.output)[0] if done.code == 0 else {}
        except (ValueError, IndexError) as error:
            raise CannotError(f"docker inspect: {done.reason}") from error
        return found if isinstance(found, dict) else {}

    def written_so_far(self) -> WrittenOutside:
        """Return what all runs wrote outside the volumes, including the one that runs now."""
        if self._since is not None:
            self.outside.add(written_outside(self.docker, self.helper, self.container, self._inspect()))
        return self.outside

    def outcome(self, end: End) -> Outcome:
        """Return an end as a report shows it."""
        return Outcome(shlex.join(self.command), end.code, b"", end.reason, end.seconds)


def _get(data: Any, *names: str) -> Any:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def certificates_of(volumes: Volumes) -> list[tuple[str, str]]:
    """Return the volumes for certificates by their names in the helper, each with its interface."""
    return [(volume.name, volume.interface) for volume in volumes.of_kind(Kind.CERTIFICATE)]
