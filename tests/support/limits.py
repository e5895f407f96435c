"""Set limits that hold on a busy machine: CPU time to measure effort, and a timeout for tests that wait.

No test measures elapsed time.
"""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

#: Seconds after which a test stops waiting. It only ends tests that hang.
HUNG = 600
#: Seconds of CPU time that hostile input may cost. Good code needs a few. Code with superlinear cost needs minutes.
MOST_CPU = 30
T = TypeVar("T")


def _used() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextmanager
def little_cpu(most: float = MOST_CPU) -> Iterator[None]:
    """Fail if the block, including the processes it waits for, uses more CPU time than allowed."""
    before = _used()
    yield
    used = _used() - before
    assert used < most, f"{used:.1f} s of CPU time"


def until(found: Callable[[], T], what: str = "") -> T:
    """Wait until `found()` is true and return its result.

    Raises: AssertionError on timeout.
    """
    deadline = time.monotonic() + HUNG
    while not (value := found()):
        assert time.monotonic() < deadline, f"waited in vain {what}".strip()
        time.sleep(0.05)
    return value
