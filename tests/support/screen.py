"""A program on a terminal, by default of 80 columns and 24 lines, and what a person sees on it."""

import os
import time
from collections.abc import Callable
from typing import Any

import pexpect
import pyte

COLUMNS, LINES = 80, 24
# Seconds without any output, after which what's missing on the screen won't appear anymore.
QUIET = 30
# Seconds that a command may take, e.g. to install packages on a busy machine.
LONG = 600


class Screen:
    """A running program, and the screen that it draws on."""

    def __init__(self, *command: str, columns: int = COLUMNS, lines: int = LINES) -> None:
        """Start the program `command` in a pseudo-terminal."""
        self._screen: Any = pyte.Screen(columns, lines)
        self._stream: Any = pyte.Stream(self._screen)
        # Everything that was printed, with all control characters.
        self.raw = ""
        self._child = pexpect.spawn(
            command[0],
            list(command[1:]),
            # Without the answer to "where is the cursor?", which nothing here would give.
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            timeout=QUIET,
            encoding="utf-8",
            dimensions=(lines, columns),
        )

    @property
    def text(self) -> str:
        """The lines of the screen, without trailing spaces."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, text: str) -> None:
        """Read what the program prints until the screen shows a text.

        Raises: AssertionError if the program ends without it, or prints nothing more.
        """
        while text not in self.text:
            self._read(QUIET, f"{text!r} isn't on the screen")

    def wait_for_end(self, line: str) -> None:
        """Read what the program prints until the last line on the screen is `line`.

        Raises: AssertionError if the program ends without it, or prints nothing more.
        """
        while self.text.rstrip().rpartition("\n")[2] != line:
            self._read(QUIET, f"{line!r} isn't the last line")

    def wait_until(self, done: Callable[[], bool], seconds: float = LONG) -> None:
        """Read what the program prints until something is done.

        Raises: AssertionError if the program ends or takes too long.
        """
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise AssertionError(f"not done:\n{self.text}")
            try:
                self._feed(0.1)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF as error:
                raise AssertionError(f"the program ended:\n{self.text}") from error

    def clear(self) -> None:
        """Empty the screen, as Ctrl-L does."""
        self._screen.reset()

    def _feed(self, timeout: float) -> None:
        text = self._child.read_nonblocking(4096, timeout=timeout)
        self.raw += text
        self._stream.feed(text)

    def _read(self, timeout: float, missing: str) -> None:
        try:
            self._feed(timeout)
        except (pexpect.EOF, pexpect.TIMEOUT) as error:
            raise AssertionError(f"{missing}:\n{self.text}") from error

    def send(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal's window."""
        self._screen.resize(lines, columns)
        self._child.setwinsize(lines, columns)

    def kill(self, signal: int) -> None:
        """Send a signal to the program."""
        self._child.kill(signal)

    def exit_code(self) -> int:
        """Wait until the program ends, and return its exit code, or -1 if a signal ended it."""
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            try:
                self._feed(QUIET)
            except pexpect.EOF:
                break
        self._child.close()
        return -1 if self._child.exitstatus is None else int(self._child.exitstatus)

    def close(self) -> None:
        """End the program."""
        self._child.close(force=True)
