"""Provide packages and a fake `docker` for tests without an engine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.rehearse.package import Package
from tests.rehearse.fake_docker import FakeDocker, fake_docker
from tests.rehearse.startos04.visits_package import bundled, sdk

# The fixtures of the package for StartOS 0.4.
__all__ = ["bundled", "fake", "make_package", "sdk"]
MakePackage = Callable[..., Package]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    """A `docker` that only records."""
    with fake_docker(tmp_path / "fake-docker", monkeypatch) as found:
        yield found


@pytest.fixture
def make_package(tmp_path: Path) -> MakePackage:
    """Return `make_package(**keys)`, which returns a package whose manifest has these keys."""

    def make(**keys: Any) -> Package:
        folder = tmp_path / "wrapper"
        folder.mkdir(exist_ok=True)
        (folder / "manifest.yaml").write_text(yaml.safe_dump({"id": "hello", "version": "1.0.0", **keys}))
        return Package(Wrapper(folder), folder)

    return make
