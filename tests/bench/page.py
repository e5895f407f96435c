"""Measure the page of `new`: the CPU time until its first screen, and until the page is shown again after a change."""

import os
import pty
import statistics
import sys
import time
from pathlib import Path

from startos_wrapper.new.drawing import Cursor, draw_menu
from startos_wrapper.new.page import Page
from startos_wrapper.new.page_state import Given, PageState
from startos_wrapper.new.same_again import Again
from startos_wrapper.new.views import BACK, Menu, Pressed
from startos_wrapper.rendering import Template
from tests.bench.process import ENVIRONMENT, Cost, median, run

# The first screen may take so many times the CPU time of `copier --version`, and a change so many seconds.
FIRST, CHANGE = 1.2, 0.05
_ROUNDS = 10
_CTRL_C = b"\x03"


def measure(work: Path, copier: Path) -> bool:
    """Print what the page takes, and return whether that's within the limits."""
    floor, first = _medians([(run((copier, "--version")), first_screen(work)) for _ in range(_ROUNDS)])
    ratio, change = first.cpu / floor.cpu, statistics.median(changes())
    kept = ratio <= FIRST and change <= CHANGE
    print(f"new, first screen        {first.cpu * 1000:5.0f} ms  {ratio:.2f} x copier --version, limit {FIRST}")
    print(
        f"new, page after a change {change * 1000:5.0f} ms  limit {CHANGE * 1000:.0f} ms{'' if kept else ': EXCEEDED'}"
    )
    return kept


def _medians(pairs: list[tuple[Cost, Cost]]) -> tuple[Cost, Cost]:
    # The first round warms up.
    floors, firsts = zip(*pairs[1:], strict=True)
    return median(list(floors)), median(list(firsts))


def first_screen(work: Path) -> Cost:
    """Return what `new` takes until it shows its first question. Ctrl-C then ends it."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(work)
        program = [sys.executable, "-m", "startos_wrapper", "new", "my-service"]
        os.execve(sys.executable, program, {**ENVIRONMENT, "TERM": "xterm"})
    seen = b""
    while b"> 0.3.5" not in seen:
        seen += os.read(terminal, 4096)
    elapsed = time.perf_counter() - began
    os.write(terminal, _CTRL_C)
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        # Linux ends a terminal without a program so.
        pass
    _, _, usage = os.wait4(child, 0)
    os.close(terminal)
    return Cost(usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss / 1024)


def changes() -> list[float]:
    """Return what it takes to show the page after each of several changes."""
    given = {"service_id": "hello-world", "startos": "0.3.5", "base": "golang", "source": "starter"}
    state = PageState(Template(Path("my-service")), {name: Given(value) for name, value in given.items()})
    flow = Page(state, Again(Path("my-service"))).flow()
    next(flow)
    found = []
    for at in range(2 * _ROUNDS):
        flow.send(Pressed(("answer", "title")))
        began = time.process_time()
        view = flow.send(f"Hello {at}")
        assert isinstance(view, Menu)
        draw_menu(view, Cursor(view.start), 80, 24)
        found.append(time.process_time() - began)
    flow.send(BACK)
    return found[_ROUNDS:]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        raise SystemExit(int(not measure(Path(name), Path(sys.executable).parent / "copier")))
