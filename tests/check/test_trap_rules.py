"""The rules about handlers of SIGTERM."""

from pathlib import Path

import pytest

from startos_wrapper.check.engine import check
from tests.check import example_wrapper

START = "run &\npid=$!\n"
TRAP = "trap 'kill -TERM $pid' TERM\n"


def _codes(folder: Path, script: str) -> list[str]:
    files = {"docker_entrypoint.sh": f"#!/bin/sh\nset -e\n{script}"}
    wrapper = example_wrapper.write(folder / "wrapper", {"files": files})
    return [finding.code for finding in check(wrapper, lambda code: code in {"W719", "W722"}).findings]


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (f"{START}{TRAP}wait $pid\n", True),
        (f"{START}{TRAP}wait\necho ended\nexit 0\n", True),
        (f"stop() {{ kill $pid; }}\n{START}trap stop TERM INT\nwait $pid\n", True),
        (f"[ $$ -ne 1 ] || exec tini -- $0\n{START}{TRAP}wait $pid\n", True),
        (f"{START}{TRAP}wait $pid || wait $pid\n", False),
        (f"{START}{TRAP}wait $pid; wait $pid\n", False),
        (f"{START}{TRAP}while kill -0 $pid; do wait $pid; done\n", False),
        (f"{START}{TRAP}wait $pid || :\nclean-up $pid\n", False),
        (f"{START}{TRAP}while [ -z $x ]; do read -r x; done\nwait\n", False),
        (f"{START}trap 'kill $pid; wait $pid' TERM\nwait $pid\n", False),
        (f"stop() {{ kill $pid; wait $pid; }}\n{START}trap stop TERM\nwait $pid\n", False),
        (f"{START}trap 'echo stopped' TERM\nwait $pid\n", False),
        (f"{START}trap - TERM\nwait $pid\n", False),
        (f"{START}trap 'kill $pid' EXIT\nwait $pid\n", False),
    ],
)
def test_a_script_that_ends_at_its_first_wait_is_found(script: str, found: bool, tmp_path: Path) -> None:
    assert _codes(tmp_path, script) == ["W719"] * found


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ('trap "kill $pid" TERM\nrun &\npid=$!\n', True),
        ('trap "kill ${pid}" TERM\nrun &\nexport pid=$!\n', True),
        ('run &\npid=$!\ntrap "kill $pid" TERM\n', False),
        ('pid=1\ntrap "kill $pid" TERM\npid=$!\n', False),
        ('trap "kill \\$pid" TERM\nrun &\npid=$!\n', False),
        ("trap 'kill $pid' TERM\nrun &\npid=$!\n", False),
        ('trap "kill $OTHER" TERM\nrun &\n', False),
        ('. ./names\ntrap "kill $pid" TERM\nrun &\npid=$!\n', False),
        ('set_up() {\n  trap "kill $pid" TERM\n}\nrun &\npid=$!\nset_up\n', False),
    ],
)
def test_a_variable_that_a_trap_reads_too_early_is_found(start: str, found: bool, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"{start}wait || wait\n") == ["W722"] * found
