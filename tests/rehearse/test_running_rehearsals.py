"""A rehearsal removes what is its own, and what killed ones left, but nothing of those that still run."""

import fcntl
from pathlib import Path

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse import running_rehearsals
from tests.rehearse.fake_docker import FakeDocker


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: FakeDocker) -> Path:
    monkeypatch.setattr(running_rehearsals, "folder", lambda: tmp_path / "runs")
    (tmp_path / "runs").mkdir()
    fake.answer(info="engine")
    return tmp_path / "runs"


def removed(fake: FakeDocker) -> set[str]:
    """Return the ids of the runs whose remains were looked for."""
    filters = (call[call.index("--filter") + 1] for call in fake.calls if call[0] == "ps")
    return {each.rpartition("=")[2] for each in filters}


def test_a_run_is_locked_while_it_lasts_and_cleaned_up_after(folder: Path, fake: FakeDocker) -> None:
    with running_rehearsals.new_run() as docker:
        path = folder / f"{docker.run}.lock"
        with path.open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert removed(fake) == set()
    assert removed(fake) == {docker.run}
    assert list(folder.iterdir()) == []


def test_a_failure_is_cleaned_up_too(folder: Path, fake: FakeDocker) -> None:
    with pytest.raises(KeyboardInterrupt), running_rehearsals.new_run():
        raise KeyboardInterrupt
    assert len(removed(fake)) == 1
    assert list(folder.iterdir()) == []


def test_what_a_killed_run_left_is_removed_at_the_next_start(folder: Path, fake: FakeDocker) -> None:
    (folder / "dead.lock").write_text("engine")
    with running_rehearsals.new_run():
        assert removed(fake) == {"dead"}
        assert not (folder / "dead.lock").exists()


def test_a_run_that_lives_is_left_alone(folder: Path, fake: FakeDocker) -> None:
    with (folder / "alive.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("engine")
        lock.flush()
        with running_rehearsals.new_run():
            pass
    assert "alive" not in removed(fake)
    assert (folder / "alive.lock").exists()


def test_a_dead_run_of_another_engine_waits_for_that_one(folder: Path, fake: FakeDocker) -> None:
    (folder / "dead.lock").write_text("another engine")
    with running_rehearsals.new_run():
        pass
    assert "dead" not in removed(fake)
    assert (folder / "dead.lock").exists()


def test_what_cannot_be_removed_is_named_and_tried_again(folder: Path, fake: FakeDocker) -> None:
    with pytest.raises(CannotError, match="can't remove the volume stuck; the next"), running_rehearsals.new_run():
        fake.answer(info="engine", volume_ls="stuck")
    assert len(list(folder.iterdir())) == 1
