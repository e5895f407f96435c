"""Why a service didn't end by itself, as its processes show."""

from signal import SIGKILL, SIGQUIT, SIGTERM

import pytest

from startos_wrapper.rehearse.inspect_container import Process
from startos_wrapper.rehearse.service import Stopped
from startos_wrapper.rehearse.steps.stop import fault_of

KILLED, ENDED = Stopped(30.2, 30, 137), Stopped(0.3, 30, 143)


def process(id: int, parent: int, command: str, handled: int = 0, ignored: int = 0) -> Process:
    words = command.split()
    return Process(
        id, parent, words[0], words, "S", 1 << (handled - 1) if handled else 0, 1 << (ignored - 1) if ignored else 0
    )


@pytest.mark.parametrize(
    ("stopped", "processes", "signal", "cause"),
    [
        (KILLED, [process(1, 0, "sh run.sh"), process(7, 1, "server")], "TERM", "a shell (sh run.sh) that passes no signal on to server"),
        (KILLED, [process(1, 0, "sh run.sh"), process(7, 1, "sleep 1d"), process(6, 1, "server")], "TERM", "runs in the background"),
        (KILLED, [process(1, 0, "tail -f /dev/null"), process(7, 1, "server")], "TERM", "process 1 (tail -f /dev/null) only waits"),
        (KILLED, [process(1, 0, "sh x", ignored=SIGTERM), process(7, 1, "server")], "TERM", "ignores the signal"),
        (KILLED, [process(1, 0, "server")], "TERM", "doesn't handle the signal, and Linux gives process 1 no default"),
        (KILLED, [process(1, 0, "server", handled=SIGTERM)], "QUIT", "the image's STOPSIGNAL is SIGQUIT"),
        (KILLED, [process(1, 0, "server", handled=SIGTERM)], "TERM", "although process 1 handles the signal"),
        (KILLED, [process(1, 0, "server", handled=SIGQUIT)], "QUIT", "although process 1 handles the signal"),
        (KILLED, [], "TERM", "didn't end within 30 s after SIGTERM"),
        (Stopped(0.1, 0, 137), [], "TERM", "StartOS sends SIGKILL at once"),
        (ENDED, [process(1, 0, "tini -- run"), process(7, 1, "sh run"), process(8, 7, "server")], "TERM", "ends sh, which tini started, but not server"),
    ],
)  # fmt: skip
def test_the_cause_is_named(stopped: Stopped, processes: list[Process], signal: str, cause: str) -> None:
    what, todo = fault_of(stopped, processes, signal)
    assert cause in what
    assert todo.endswith(".")


@pytest.mark.parametrize(
    "processes",
    [
        [process(1, 0, "server", handled=SIGTERM)],
        [process(1, 0, "tini -- server"), process(7, 1, "server"), ],
        [process(1, 0, "tini -g -- run"), process(7, 1, "sh run"), process(8, 7, "server")],
        [process(1, 0, "tini -- run"), process(7, 1, "sh run", handled=SIGTERM), process(8, 7, "server")],
        [process(1, 0, "tini -- run"), process(7, 1, "sh run"), process(8, 7, "sleep 1")],
        [],
    ],
)  # fmt: skip
def test_a_service_that_ends_is_fine(processes: list[Process]) -> None:
    assert fault_of(ENDED, processes, "TERM") == ("", "")


def test_a_service_that_was_killed_before_the_time_was_up_was_not_killed_by_startos() -> None:
    assert fault_of(Stopped(1.0, 30, 128 + SIGKILL), [process(1, 0, "x", handled=SIGTERM)], "TERM")[0]
