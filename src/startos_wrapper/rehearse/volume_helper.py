"""Work inside the volumes: a helper container, in which all of them are mounted."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker, kill

# An answer holds a file or a page at most, which `inside/` limits to 16 MiB. JSON may write a byte as six.
_MOST_ANSWER = 128 * 1024**2
_PATIENCE = 60
_GONE = None


class VolumeHelperError(Exception):
    """What was asked for failed in the container. The message is its reason."""


class VolumeHelper:
    """A program in a helper container that has every volume at `/volumes/NAME`. Threads can use it together."""

    def __init__(self, docker: Docker, image: str, network: str) -> None:
        """Create it without a container; `mount` starts one."""
        self.container = docker.name("hands")
        self._docker, self._image, self._network = docker, image, network
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._count = 0
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any] | None]] = {}

    def mount(self, volumes: Mapping[str, str]) -> None:
        """Start the container again with these volumes: their names in it, and Docker's. Lists of checksums stay."""
        self.close()
        lists = self._docker.name("lists")
        self._docker.output("volume", "create", *self._docker.labels, lists)
        mounts = [f"type=volume,src={lists},dst=/var/lib/startos-lists"]
        mounts += [f"type=volume,src={volume},dst=/volumes/{name},volume-nocopy" for name, volume in volumes.items()]
        options = ["--detach", "--init", "--name", self.container, *self._docker.labels, "--network", self._network]
        # Without volumes, the folder is missing.
        options += ["--workdir", "/volumes", *(word for mount in mounts for word in ("--mount", mount))]
        self._docker.output("run", *options, "--entrypoint", "sleep", self._image, "infinity")
        module = "startos_wrapper.rehearse.inside.serving"
        self._process = subprocess.Popen(
            self._docker.command("exec", "--interactive", self.container, "python3", "-m", module),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def ask(self, action: str, timeout: float | None = None, **arguments: Any) -> Any:
        """Return the result of an action of `inside/serving.py`.

        Raises: VolumeHelperError, also after the time-out, and CannotError if the container is gone.
        """
        answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._lock:
            self._count += 1
            id = self._count
            self._waiting[id] = answers
            request = json.dumps({"id": id, "action": action, "arguments": arguments}) + "\n"
            try:
                if not self._process or not self._process.stdin:
                    raise BrokenPipeError
                self._process.stdin.write(request.encode())
                self._process.stdin.flush()
            except OSError:
                answers.put(_GONE)
        try:
            answer = answers.get(timeout=timeout)
        except queue.Empty:
            raise VolumeHelperError(f"{action} took longer than {timeout:.0f} s") from None
        finally:
            self._waiting.pop(id, None)
        if answer is _GONE:
            raise CannotError(f"the helper container {self.container} has stopped")
        if "error" in answer:
            raise VolumeHelperError(answer["error"])
        return answer["result"]

    def _read(self, stream: IO[bytes]) -> None:
        """Give each answer to the thread that waits for it."""
        with stream, suppress(ValueError):
            while (line := stream.readline(_MOST_ANSWER)).endswith(b"\n"):
                answer = json.loads(line)
                if waiting := self._waiting.get(answer["id"]):
                    waiting.put(answer)
        for waiting in list(self._waiting.values()):
            waiting.put(_GONE)

    def close(self) -> None:
        """Remove the container."""
        if not self._process:
            return
        process, self._process = self._process, None
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()
        kill(process)
        self._docker.try_("rm", "--force", self.container, timeout=_PATIENCE)


@contextmanager
def opened(docker: Docker, image: str, network: str, volumes: Mapping[str, str]) -> Iterator[VolumeHelper]:
    """Start the container with these volumes: their names in it, and Docker's."""
    helper = VolumeHelper(docker, image, network)
    try:
        helper.mount(volumes)
        yield helper
    finally:
        helper.close()
