"""Ask the package's JavaScript, which runs in Node.js, in a line of JSON each. `in_container/runtime.js` answers."""

import json
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from startos_wrapper.rehearse.docker import kill, started

# Everything below runs with requests on descriptor 4 and answers on 3, because daemons write to standard output.
SHELL = 'exec 3>&1 4<&0 >&2 </dev/null; exec "$@"'
_LINES = 2000
_SHOWN = 40
# With every call of an effect, and what the daemons listen to.
_MOST_ANSWER = 256 * 1024**2


class FailedError(Exception):
    """The package's code threw an error. The message is its own, `stack` where that was."""

    def __init__(self, message: str, stack: str = "") -> None:
        """Create the error from what Node.js says."""
        super().__init__(message)
        self.stack = stack


class TookTooLongError(Exception):
    """There was no answer in time."""


class Runtime:
    """The process that runs a package's code. What its daemons print is its log."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start it with a command that has requests on standard input and answers on standard output."""
        self._process: subprocess.Popen[bytes] = started(command, has_input=True)
        self._log: deque[str] = deque(maxlen=_LINES)
        self._answers: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._count = 0
        assert self._process.stdout and self._process.stderr
        self._threads = [
            threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._keep, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def call(self, method: str, timeout: float | None = None, **params: Any) -> Any:
        """Return the result of a method of `in_container/runtime.js`.

        Raises: FailedError if the package's code failed or Node.js ended, TookTooLongError.
        """
        self._count += 1
        request = {"id": self._count, "method": method, "params": params}
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{json.dumps(request)}\n".encode())
            self._process.stdin.flush()
        except OSError as error:
            raise self._ended() from error
        while True:
            try:
                answer = self._answers.get(timeout=timeout)
            except queue.Empty:
                raise TookTooLongError(f"no end after {timeout:.0f} s") from None
            if answer is None:
                raise self._ended()
            # An answer that came too late is nobody's.
            if answer["id"] == self._count:
                break
        if "error" in answer:
            raise FailedError(str(answer["error"]), str(answer.get("stack", "")))
        return answer["result"]

    def log(self, lines: int = _SHOWN) -> str:
        """Return the last lines of the log."""
        return "\n".join(list(self._log)[-lines:])

    def close(self) -> None:
        """End the process."""
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        kill(self._process)
        for thread in self._threads:
            thread.join()

    def _ended(self) -> FailedError:
        code = self._process.wait()
        return FailedError(f"Node.js ended with exit code {code}")

    def _read(self, stream: IO[bytes]) -> None:
        with stream, suppress(ValueError):
            while (line := stream.readline(_MOST_ANSWER)).endswith(b"\n"):
                self._answers.put(json.loads(line))
        self._answers.put(None)

    def _keep(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._log.append(line.decode("utf-8", "replace").rstrip("\r\n"))
