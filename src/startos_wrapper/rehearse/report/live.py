"""Print the text report while the rehearsal runs, with progress on a terminal."""

import sys
import threading
import time
from typing import TextIO

from startos_wrapper.rehearse.outcome import StepResult, Subject
from startos_wrapper.rehearse.playing import Watcher
from startos_wrapper.rehearse.report.text_report import Paint, colored, plain, step_lines
from startos_wrapper.terminal import has_colors, is_terminal, print_text, printable, shorten

_WIDTH = 79
_ERASE = "\r\x1b[K"


class Progress(Watcher):
    """Shows on a terminal what a step is doing and for how long. Prints nothing else."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Begin without a step."""
        self.processor = ""
        self.stream = stream or sys.stderr
        self.is_shown = is_terminal(self.stream)
        self._since, self._text, self._ended = 0.0, "", threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begins(self, _: Subject, processor: str) -> None:
        """Remember the processor, for the report."""
        self.processor = processor

    def does(self, step: str, what: str) -> None:
        """Show a step and what it's doing."""
        if not self.is_shown:
            return
        with self._lock:
            if not self._text.startswith(step) or not self._text:
                self._since = time.monotonic()
            self._text = f"{step}  {' '.join(printable(what).split())}"
        if self._thread is None:
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()

    def ended(self, _: StepResult) -> None:
        """Erase it."""
        self.clear()

    def clear(self) -> None:
        """Erase the line."""
        with self._lock:
            if self._text:
                print(_ERASE, end="", file=self.stream, flush=True)
            self._text = ""

    def close(self) -> None:
        """Show nothing more."""
        self._ended.set()
        self.clear()

    def _tick(self) -> None:
        while not self._ended.wait(0.2):
            with self._lock:
                if self._text:
                    line = f"{time.monotonic() - self._since:5.0f} s  {self._text}"
                    print(_ERASE + shorten(line, _WIDTH, "…"), end="", file=self.stream, flush=True)


class Live(Progress):
    """Prints each line of the report when its step has ended."""

    def __init__(self) -> None:
        """Use colors if the terminal has them."""
        super().__init__()
        self.paint: Paint = colored if has_colors() else plain

    def begins(self, package: Subject, processor: str) -> None:
        """Print the first line."""
        super().begins(package, processor)
        self.clear()
        print_text(f"rehearsing {printable(package.id)} {printable(package.version)} on {processor}\n")

    def ended(self, result: StepResult) -> None:
        """Print the lines of a step."""
        self.clear()
        print_text("".join(f"{line}\n" for line in step_lines(result, self.paint)))
