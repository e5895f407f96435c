"""The template's files for the wrappers of these tests."""

import pytest

from tests.adopt.old_wrappers import ANSWERS
from tests.conftest import Render


@pytest.fixture(scope="session")
def rendered(render: Render) -> dict[str, str]:
    """The template's files for the answers of the old wrappers."""
    folder = render(ANSWERS)
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png"]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
