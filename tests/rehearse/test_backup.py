"""A backup is only worth something if there is data of the service in it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.steps import backup, restore_backup
from startos_wrapper.rehearse.volumes import Volumes
from tests.rehearse.conftest import MakePackage


@pytest.mark.parametrize(
    ("was_started", "files", "played"), [(False, 0, False), (False, 1, True), (True, 0, True)], ids=str
)
def test_a_service_that_never_started_has_nothing_to_back_up(
    make_package: MakePackage, monkeypatch: pytest.MonkeyPatch, was_started: bool, files: int, played: bool
) -> None:
    procedure = {"type": "docker", "image": "main", "entrypoint": "x", "mounts": {"BACKUP": "/b"}}
    package = make_package(volumes={"main": {"type": "data"}}, backup={"create": procedure, "restore": procedure})
    calls: list[Any] = []
    monkeypatch.setattr(backup, "call", lambda *_, **__: calls.append(1))
    found = {"kinds": {"file": files, "folder": 1}, "longest": ""}
    rehearsal = cast(
        Rehearsal,
        SimpleNamespace(
            package=package, installed=SimpleNamespace(volumes=Volumes.of(Docker("run"), package)),
            service=SimpleNamespace(is_started=False), was_started=was_started, has_backup=False, place=package.place,
            helper=SimpleNamespace(ask=lambda *_, **__: found), progress=lambda _: None, warn=lambda *_: None,
        ),
    )  # fmt: skip
    if played:
        backup.run(rehearsal)
        assert len(calls) == 2 and rehearsal.has_backup
        return
    with pytest.raises(SkippedError, match="the service never started, so it wrote nothing"):
        backup.run(rehearsal)
    with pytest.raises(SkippedError, match="there is no complete backup"):
        restore_backup.run(rehearsal)
    assert calls == []
