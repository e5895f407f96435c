"""Why a service didn't end by itself, as its processes show."""

from signal import SIGKILL, SIGQUIT, SIGTERM

import pytest

from startos_wrapper.rehearse.inspect_container import Process
from startos_wrapper.rehearse.service import Stopped
from startos_wrapper.rehearse.steps.stop import fault_of, of_script

KILLED, ENDED = Stopped(30.2, 30, 137), Stopped(0.3, 30, 143)


def process(
    id: int, parent: int, command: str, handled: int = 0, ignored: int = 0, name: str = "", session: int = 1
) -> Process:
    words, masks = command.split(), [1 << (number - 1) if number else 0 for number in (handled, ignored)]
    return Process(id, parent, name or words[0], words, "S", masks[0], masks[1], session)


# As Linux names a script that is run by its path.
SCRIPT = process(1, 0, "/bin/sh /usr/local/bin/docker_entrypoint.sh", handled=SIGTERM, name="docker_entrypoi")


@pytest.mark.parametrize(
    ("stopped", "processes", "signal", "cause"),
    [
        (KILLED, [process(1, 0, "sh run.sh"), process(7, 1, "server")], "TERM", "a shell (sh run.sh) that passes no signal on to server"),
        (KILLED, [process(1, 0, "/bin/sh /run.sh", name="run.sh"), process(7, 1, "server")], "TERM", "that passes no signal on to server"),
        (KILLED, [process(1, 0, "sh run.sh"), process(7, 1, "sleep 1d"), process(6, 1, "server")], "TERM", "runs in the background"),
        (KILLED, [process(1, 0, "tail -f /dev/null"), process(7, 1, "server")], "TERM", "process 1 (tail -f /dev/null) only waits"),
        (KILLED, [process(1, 0, "sh x", ignored=SIGTERM), process(7, 1, "server")], "TERM", "ignores the signal"),
        (KILLED, [process(1, 0, "server")], "TERM", "doesn't handle the signal, and Linux gives process 1 no default"),
        (KILLED, [process(1, 0, "server", handled=SIGTERM)], "QUIT", "the image's STOPSIGNAL is SIGQUIT"),
        (KILLED, [process(1, 0, "server", handled=SIGTERM)], "TERM", "although process 1 handles the signal"),
        (KILLED, [process(1, 0, "server", handled=SIGQUIT)], "QUIT", "although process 1 handles the signal"),
        (KILLED, [], "TERM", "didn't end within 30 s after SIGTERM"),
        (Stopped(0.1, 0, 137), [], "TERM", "StartOS sends SIGKILL at once"),
        (KILLED, [process(1, 0, "tini -- run"), process(7, 1, "sh run", ignored=SIGTERM), process(8, 7, "server", ignored=SIGTERM)], "TERM", "tini passed the signal on to sh (sh run), which ignores it"),
        (KILLED, [process(1, 0, "tini -- run"), process(7, 1, "sh run", handled=SIGTERM), process(8, 7, "server -x", ignored=SIGTERM)], "TERM", "tini passed the signal on to sh, but server (server -x), which runs below it, ignores it"),
        (KILLED, [process(1, 0, "tini -- server"), process(7, 1, "server", handled=SIGTERM)], "TERM", "passed the signal on to server (server), which handles it, but doesn't end"),
        (KILLED, [process(1, 0, "tini -- server"), process(7, 1, "server", handled=SIGTERM)], "WINCH", "the image's STOPSIGNAL is SIGWINCH"),
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


def test_a_process_that_the_trap_forgets_is_named() -> None:
    processes = [SCRIPT, process(7, 1, "server"), process(8, 1, "worker")]
    what, todo = fault_of(ENDED, processes, "TERM", {8})
    assert what.startswith("worker still ran when the script that started it ended (/bin/sh /usr/local/bin/docker_en")
    assert what.endswith(", so Linux killed it")
    assert todo == "Let the script's trap signal worker as well, and `wait` for it before the script ends."


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        # A shell with the command of the script is a part of it, and sleep has nothing to save.
        ([SCRIPT, process(7, 1, "server"), process(8, 1, "worker"), process(9, 1, "sh x"), process(10, 1, "sleep 5")], [7, 8]),
        ([process(1, 0, "tini -- run"), process(6, 1, "bash run", handled=SIGTERM), process(7, 6, "server")], [7]),
        ([process(1, 0, "tini -- run"), process(6, 1, "bash run"), process(7, 6, "server")], []),
        ([process(1, 0, "server", handled=SIGTERM), process(7, 1, "worker")], []),
        ([], []),
    ],
)  # fmt: skip
def test_what_a_script_with_a_trap_started(processes: list[Process], expected: list[int]) -> None:
    assert [each.id for each in of_script(processes, SIGTERM)] == expected


def test_what_a_health_check_left_behind_is_not_the_scripts() -> None:
    """busybox's `timeout` goes on waiting when its command has ended. It then belongs to process 1."""
    started, left = process(7, 1, "server"), process(31, 1, "timeout 5 wget", session=31)
    assert of_script([SCRIPT, started, left], SIGTERM) == [started]
