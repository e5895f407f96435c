"""Provide the package `visits` with its bundle, and a life of it without Docker."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.rehearse.rehearsal import Pace
from startos_wrapper.rehearse.startos04.life import Life, Settings04
from startos_wrapper.rehearse.startos04.life_steps import install_package, migrate_data
from tests.rehearse.startos04.sandbox import Sandbox, life_in, sandbox
from tests.rehearse.startos04.visits_package import VISITS, Bundled

FAST = Pace(settle=0.4)


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Sandbox]:
    """The container of a service, without Docker."""
    with sandbox(tmp_path) as found:
        yield found


@pytest.fixture
def live(container: Sandbox, bundled: Bundled, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Life]]:
    """Return `live(*replacements, **settings)`, which provides the life of a package."""
    lives = []

    def unpack(*_: object) -> None:
        container.put_image(VISITS / "docker_entrypoint.sh")

    for module in (install_package, migrate_data):
        monkeypatch.setattr(module, "unpack_images", unpack)

    def begin(*replacements: tuple[str, str], **settings: Any) -> Life:
        found = life_in(container, bundled(*replacements), Settings04(**{"wait": 120, "pace": FAST, **settings}))
        lives.append(found)
        return found.__enter__()

    yield begin
    for each in lives:
        each.__exit__(None, None, None)
