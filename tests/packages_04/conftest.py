"""Render every set of answers once per session."""

from pathlib import Path

import pytest

from tests.packages_04.answer_sets import NAMES, SETS
from tests.packages_04.packages import Packages


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that share packages on one worker, so that no other renders them again."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.path.stem != "test_make":
            item.add_marker(pytest.mark.xdist_group("packages_04"))


@pytest.fixture(scope="session")
def packages(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """The packages of all sets, bundled."""
    rendered = Packages.of(template, tmp_path_factory.mktemp("packages"), {name: SETS[name] for name in NAMES})
    said = rendered.bundle(NAMES)
    assert not said, said
    return rendered
