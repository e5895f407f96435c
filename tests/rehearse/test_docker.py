"""Docker's output is bounded, its time-outs hold, and what a run made is found and removed."""

import os
import threading
from pathlib import Path

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker, Done, bounded, moment
from tests.rehearse.fake_docker import FakeDocker
from tests.support.limits import until


def test_a_command_gets_its_input_and_returns_what_it_prints() -> None:
    done = bounded(["sh", "-c", "cat; echo oops >&2; exit 3"], b"hello")
    assert (done.code, done.output, done.errors) == (3, b"hello", b"oops\n")


def test_a_command_that_reads_no_input_is_no_problem() -> None:
    assert bounded(["true"], b"x" * 1_000_000).code == 0


def test_only_the_last_1000_lines_of_errors_are_kept() -> None:
    done = bounded(["sh", "-c", "seq 2000 >&2"])
    assert done.errors.splitlines() == [b"%d" % number for number in range(1001, 2001)]


def test_merged_output_keeps_its_order() -> None:
    assert bounded(["sh", "-c", "echo a; echo b >&2; echo c"], is_merged=True).errors == b"a\nb\nc\n"


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_a_command_that_prints_without_end_is_ended(stream: str) -> None:
    done = bounded(["sh", "-c", f"yes {stream}"])
    assert done.code is None
    assert done.is_flood
    assert len(done.output) + len(done.errors) < 16 * 1024**2


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started() -> None:
    found: list[Done] = []
    words = ["sh", "-c", "echo first; sleep 1000000 & sleep 1000000"]
    threading.Thread(target=lambda: found.append(bounded(words, timeout=0.3)), daemon=True).start()
    (done,) = until(lambda: found, "for the end")
    assert (done.code, done.output, done.is_flood) == (None, b"first\n", False)


def test_a_missing_docker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotError, match="docker isn't installed here; install Docker"):
        Docker("run").output("info")


def test_an_error_has_dockers_reason(fake: FakeDocker) -> None:
    (fake.folder / "docker").write_text("#!/bin/sh\necho 'Error response from daemon: no space' >&2\nexit 1\n")
    with pytest.raises(CannotError, match=r"^docker network: no space$"):
        Docker("run").output("network", "create")


def test_only_what_has_the_label_is_removed(fake: FakeDocker) -> None:
    fake.answer(ps="one\ntwo\n", volume_ls="vol\n")
    assert Docker("abc").remove_all() == ["container one", "container two", "volume vol"]
    assert ["rm", "--force", "--volumes", "one", "two"] in fake.calls
    assert ["volume", "rm", "--force", "vol"] in fake.calls
    listed = [call for call in fake.calls if "--filter" in call]
    filters = {call[call.index("--filter") + 1] for call in listed}
    assert filters == {"label=startos-wrapper.rehearsal=abc", "reference=startos-wrapper/rehearsal:abc-*"}


def test_times_have_their_fraction() -> None:
    assert moment("2026-11-27T12:00:01.123456789Z") - moment("2026-11-27T12:00:00Z") == pytest.approx(1.123456789)


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///run/docker.sock",
            "group docker",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///run/docker.sock. Is the docker daemon running?",
            "DOCKER_HOST",
        ),
    ],
)
def test_an_engine_that_cannot_be_reached_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, hint: str
) -> None:
    (tmp_path / "docker").write_text(f"#!/bin/sh\necho '{reason}' >&2\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(CannotError) as error:
        Docker("").version("{{.Server.Version}}")
    assert str(error.value) == f"can't reach Docker: {reason}"
    (line,) = error.value.more
    assert hint in line
