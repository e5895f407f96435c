"""Repositories of the template, each made once a session."""

from pathlib import Path

import pytest

from tests.update import authors, releases


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository of the template with a tag for every release and for the working tree. Not to be changed."""
    return releases.template(tmp_path_factory.mktemp("history") / "template")


@pytest.fixture(scope="session")
def later(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's repository with a release after the working tree. Not to be changed."""
    return authors.next_release(history, tmp_path_factory.mktemp("later") / "template")
