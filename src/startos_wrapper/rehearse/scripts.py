"""Run procedures in scripts/embassy.js, as StartOS does: without access to anything but the effects."""

import json
import os
import queue
import re
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from startos_wrapper.files.javascript import read_module
from startos_wrapper.rehearse.docker import kill
from startos_wrapper.rehearse.outcome import Outcome
from startos_wrapper.rehearse.script_effects import RefusedEffectError, ScriptVolume, request
from startos_wrapper.rehearse.script_engine import runner_command
from startos_wrapper.rehearse.volume_helper import VolumeHelper, VolumeHelperError

__all__ = ["ScriptVolume", "answered", "run_script"]

# StartOS's codes. JS/lib.rs:55-68
JAVASCRIPT, WRONG_SHAPE, NO_SCRIPT = 2, 4, 6
# Most procedures have no time-out on StartOS. An endless loop must not keep the rehearsal forever.
_PATIENCE = 600.0
# Most bytes of a line, and of all lines.
_MOST_LINE, _MOST = 16 * 1024**2, 64 * 1024**2
_MOST_MEMORY = 1536 * 1024**2
_PARALLEL = 16
_IMPORT = "Embassy.js cannot import anything else"
_DYNAMIC_IMPORT = re.compile(r"(?<![\w$.#])import(?=\s*\()")


class _TooMuchError(Exception):
    """The script prints or asks for more than any real one."""


def run_script(
    source: bytes | None,
    export: str,
    helper: VolumeHelper,
    volumes: Mapping[str, ScriptVolume],
    *,
    input: Any = None,
    args: tuple[Any, ...] = (),
    is_sandboxed: bool = False,
    timeout: float | None = None,
) -> Outcome:
    """Call an export of embassy.js, such as `/health/web`, and return its result.

    `Outcome.output` is the JSON of `result`; `code` 0, or StartOS's code for an error (2, 4, 6, or that of an
    `error-code`), with the message in `errors`. `code` is None if it took too long. JS/lib.rs,
    S/procedure/js_scripts.rs:84-139

    Raises: CannotError if neither Deno nor Node.js is installed.
    """
    started = time.monotonic()
    name = f"embassy.js {export}"

    def outcome(code: int | None, errors: str = "", output: bytes = b"") -> Outcome:
        return Outcome(name, code, output, errors, time.monotonic() - started)

    if source is None:
        return outcome(NO_SCRIPT, "there is no scripts/embassy.js")
    try:
        text = source.decode()
    except UnicodeDecodeError:
        return outcome(NO_SCRIPT, "The file reading created error: stream did not contain valid UTF-8")
    if read_module(text).imported:
        return outcome(JAVASCRIPT, _IMPORT)
    start = {
        # The engine refuses the renamed call. The length stays, so that places in errors are right.
        "source": _DYNAMIC_IMPORT.sub("imp0rt", text),
        "export": export,
        "input": input,
        "args": list(args),
        "isSandboxed": is_sandboxed,
    }
    call = _Call(helper, volumes, is_sandboxed)
    try:
        ended = call.run(json.dumps(start), _PATIENCE if timeout is None else timeout)
    except _TooMuchError as error:
        return outcome(JAVASCRIPT, str(error))
    if ended is None:
        return outcome(None, "" if timeout else f"the script hasn't ended within {_PATIENCE:.0f} s")
    if "failed" in ended:
        return outcome(JAVASCRIPT, str(ended["failed"]))
    code, errors, output = answered(ended.get("done"))
    return outcome(code, errors, output)


def answered(text: object) -> tuple[int, str, bytes]:
    """Return the exit code, the error and the result that the JSON of an answer stands for. js_scripts.rs:190-214"""
    try:
        answer = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        answer = text
    if answer is None:
        return 0, "", b"null"
    match answer if isinstance(answer, dict) and len(answer) == 1 else None:
        case {"result": result}:
            return 0, "", json.dumps(result).encode()
        case {"error": str(error)}:
            return JAVASCRIPT, error, b""
        case {"error-code": [int(code), str(error)]} if not isinstance(code, bool) and abs(code) < 2**31:
            # For a script, StartOS takes every code for an error, also those with which a program succeeds.
            return code if code not in (0, 143) else JAVASCRIPT, error, b""
    return WRONG_SHAPE, f"Couldn't convert output = {str(text)[:1000]} to the correct type", b""


def _limit_memory(process: int) -> None:
    """Limit what a script can allocate. The engine's own limit doesn't count buffers. Only Linux can do this."""
    try:
        import resource

        resource.prlimit(process, resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    except (ImportError, AttributeError, OSError, ValueError):
        pass


class _Call:
    """A run of the engine, whose effects are performed in the helper."""

    def __init__(self, helper: VolumeHelper, volumes: Mapping[str, ScriptVolume], is_sandboxed: bool) -> None:
        self.helper, self.volumes, self.is_sandboxed = helper, volumes, is_sandboxed
        self.session = uuid.uuid4().hex
        self.lock = threading.Lock()
        self.asked: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def run(self, start: str, timeout: float) -> dict[str, Any] | None:
        """Return the last message, or None after the time-out."""
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                runner_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder,
                env={"HOME": folder, "DENO_DIR": folder, "NO_COLOR": "1", "PATH": os.defpath}, start_new_session=True,
            )  # fmt: skip
            _limit_memory(process.pid)
            is_late = threading.Event()

            def stop() -> None:
                is_late.set()
                kill(process)

            timer = threading.Timer(timeout, stop)
            timer.daemon = True
            timer.start()
            for _ in range(_PARALLEL):
                threading.Thread(target=self.work, args=(process,), daemon=True).start()
            try:
                self.send(process, start)
                ended = self.serve(process)
            finally:
                timer.cancel()
                kill(process)
                for _ in range(_PARALLEL):
                    self.asked.put(None)
                for stream in (process.stdin, process.stdout):
                    with suppress(OSError):
                        if stream:
                            stream.close()
                with suppress(VolumeHelperError):
                    self.helper.ask("end", session=self.session)
        if ended is None and not is_late.is_set():
            return {"failed": f"the script's engine ended with exit code {process.returncode}, as if out of memory"}
        return ended

    def serve(self, process: "subprocess.Popen[bytes]") -> dict[str, Any] | None:
        """Perform effects until the script has ended. What the script may have written itself isn't trusted."""
        assert process.stdout
        total = 0
        while line := process.stdout.readline(_MOST_LINE + 1):
            total += len(line)
            if len(line) > _MOST_LINE or total > _MOST:
                raise _TooMuchError(
                    "the script returns or writes too much: rehearse takes 16 MiB at once, and 64 in all"
                )
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if not isinstance(message, dict):
                continue
            if "done" in message or "failed" in message:
                return message
            if isinstance(message.get("id"), int):
                self.asked.put(message)
        return None

    def work(self, process: "subprocess.Popen[bytes]") -> None:
        """Perform effects until the end."""
        while message := self.asked.get():
            if process.poll() is None:
                self.perform(process, message)

    def perform(self, process: "subprocess.Popen[bytes]", message: dict[str, Any]) -> None:
        """Perform an effect and send its result."""
        answer: dict[str, Any] = {"id": message["id"]}
        try:
            asked = request(str(message.get("op")), message.get("args"), self.volumes, self.is_sandboxed)
            answer["result"] = self.helper.ask(**asked.action(self.session)) if asked else None
        except (RefusedEffectError, VolumeHelperError) as error:
            answer["error"] = str(error)
        except Exception as error:
            # Otherwise the script would wait for this answer forever.
            answer["error"] = f"rehearse: {error}"
        self.send(process, json.dumps(answer))

    def send(self, process: "subprocess.Popen[bytes]", text: str) -> None:
        """Send a line."""
        assert process.stdin
        with self.lock, suppress(OSError, ValueError):
            process.stdin.write(text.encode("utf-8", "replace") + b"\n")
            process.stdin.flush()
