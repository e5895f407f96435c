"""The report names each step, and below a failure the cause, the command, the log and what to do."""

import json
import shlex
import subprocess

import pytest

from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.outcome import Outcome, Status, StepFailedError, StepResult
from startos_wrapper.rehearse.report.github_report import annotations, job_summary
from startos_wrapper.rehearse.report.json_report import as_json
from startos_wrapper.rehearse.report.text_report import command_lines, duration, step_lines, summary
from tests.rehearse.conftest import MakePackage

FAILURE = StepFailedError(
    "health-checks.web: not green after 180 s: connection refused",
    todo="Let the service listen on 0.0.0.0: it listens on 127.0.0.1:8080 only.",
    outcome=Outcome("docker exec x", 1, b"", "refused\n", 0.25),
    log="".join(f"line {number}\n" for number in range(30)) + "\x1b[31mred\x1b[0m",
    place=Place("manifest.yaml", 61),
)
RESULTS = [
    StepResult("install", Status.OK, 2.1, warnings=[("written outside: /root/x", Place("manifest.yaml", 20))]),
    StepResult("healthy", Status.FAILED, 38.04, str(FAILURE), FAILURE),
    StepResult("actions", Status.SKIPPED, 0.0, "none named; --actions reset-password runs one"),
]


def test_the_text_report() -> None:
    lines = [line for result in RESULTS for line in step_lines(result)]
    assert lines[:6] == [
        "ok    install        2.1 s",
        "warn                        written outside: /root/x (manifest.yaml:20)",
        "FAIL  healthy       38.0 s  health-checks.web: not green after 180 s: connection",
        "                            refused (manifest.yaml:61)",
        "      command  docker exec x",
        "      exit     1 after 0.2 s",
    ]
    assert lines[7] == "      log      | line 11"
    assert lines[26:] == [
        r"               | \x1b[31mred\x1b[0m",
        "      do       Let the service listen on 0.0.0.0: it listens on 127.0.0.1:8080",
        "               only.",
        "skip  actions               none named; --actions reset-password runs one",
    ]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("results", "text"),
    [
        (RESULTS, "1 of 3 steps failed, 1 skipped in 40.1 s"),
        (RESULTS[:1], "1 step passed in 2.1 s"),
        ([RESULTS[0], RESULTS[2]], "1 step passed, 1 skipped in 2.1 s"),
        ([StepResult("x", Status.SKIPPED)], "0 steps passed, 1 skipped in 0.0 s"),
    ],
)
def test_a_skipped_step_never_counts_as_passed(results: list[StepResult], text: str) -> None:
    assert summary(results) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.4, "59.4 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_json_has_all_of_it(make_package: MakePackage) -> None:
    found = json.loads(as_json(make_package(), "x86_64", RESULTS))
    assert [step["status"] for step in found["steps"]] == ["ok", "failed", "skipped"]
    assert (found["failed"], found["skipped"], found["processor"]) == (1, 1, "x86_64")
    failed = found["steps"][1]
    assert (failed["file"], failed["line"], failed["exit"], failed["command"]) == (
        "manifest.yaml",
        61,
        1,
        "docker exec x",
    )
    assert found["steps"][0]["warnings"] == [
        {"message": "written outside: /root/x", "file": "manifest.yaml", "line": 20}
    ]


def test_github_gets_an_annotation_for_each_failure_and_warning() -> None:
    warning, error = annotations(RESULTS)
    assert warning == "::warning file=manifest.yaml,line=20,title=rehearse%3A install::written outside: /root/x"
    assert error.startswith(
        "::error file=manifest.yaml,line=61,title=rehearse%3A healthy::health-checks.web: not green"
    )
    assert "%0ALet the service listen" in error


def test_the_job_summary_is_a_table_that_no_log_can_break(make_package: MakePackage) -> None:
    hostile = StepResult("start", Status.FAILED, 1.0, "a | b\n<script>", StepFailedError("x", log="```\n</details>"))
    text = job_summary(make_package(), "x86_64", [*RESULTS, hostile])
    assert r"| ❌ | start | 1.0 s | a \| b\\n\<script\> |" in text
    assert "\n</details>\n\n<details>" in text
    assert not [line for line in text.splitlines() if line.startswith("```")]


def test_a_command_is_shown_as_a_whole_and_a_shell_can_run_it() -> None:
    words = [
        "printf",
        "%s|",
        *(f"--mount=type=volume,src={number},dst=/x" for number in range(20)),
        "a\n'b'\\n\x1b",
        "$HOME",
    ]
    lines = list(command_lines(shlex.join(words), 65))
    assert len(lines) > 5 and max(map(len, lines)) <= 65
    assert all(line.isprintable() for line in lines)
    done = subprocess.run(["bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.split("|") == [*words[2:], ""]


def test_a_hostile_command_is_cut_off() -> None:
    assert sum(map(len, command_lines(shlex.join(["x" * 1_000_000, "'"]), 65))) < 10_000
