"""The check that nothing stays of rehearsals says what stayed."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.images.engine import Engine
from tests.rehearse.listing import Listing

ID = "0123abcd"


@pytest.fixture(autouse=True)
def _own_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_ENGINE", raising=False)


def _rehearse(folder: Path, *left: str) -> None:
    """Rehearse on an empty engine, which has these images afterwards."""
    images: list[str] = []

    def docker(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess(words, 0, "\n".join(images) if words[0] == "image" else "")

    with Listing(cast(Engine, SimpleNamespace(docker=docker)), folder, {ID}).nothing_left():
        images.extend(left)


def test_the_first_rehearsal_leaves_the_shared_image_and_its_base(tmp_path: Path) -> None:
    _rehearse(tmp_path, "startos-wrapper/compat:0123456789ab", "debian:bookworm-slim")
    _rehearse(tmp_path, "startos-wrapper/service-0.4:0123456789ab", "debian:trixie-slim")


@pytest.mark.parametrize("name", [f"startos-wrapper/rehearsal:{ID}-main", "debian:sid-slim", "<none>:<none>"])
def test_anything_else_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(AssertionError, match=name):
        _rehearse(tmp_path, "startos-wrapper/compat:0123456789ab", "debian:bookworm-slim", name)
