"""The fixture of the update tests."""

from pathlib import Path

import pytest

import releases


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository of the template with a tag for every release and for the working tree. Not to be changed."""
    return releases.template(tmp_path_factory.mktemp("history") / "template")
