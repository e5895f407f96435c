"""Create repositories of the template, once per session."""

from pathlib import Path

import pytest

from tests.update import authors, releases


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository of the template with tags for every release and the working tree. Tests must not modify it.

    It only has the files that Copier reads.
    """
    return releases.template(tmp_path_factory.mktemp("history") / "template")


@pytest.fixture(scope="session")
def whole_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the other files and commits of this repository, e.g. to install it. Tests must not modify it."""
    return releases.whole(tmp_path_factory.mktemp("whole_history") / "template")


@pytest.fixture(scope="session")
def later(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's repository with a release after the working tree. Tests must not modify it."""
    return authors.next_release(history, tmp_path_factory.mktemp("later") / "template")
