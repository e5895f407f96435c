"""What the code writes and says is what it wrote and said when the tables were made."""

import os
from pathlib import Path

import pytest

from tests.golden import subjects, table
from tests.golden.record import KINDS, recorder

# Of the records that take long, elsewhere than in CI every so many are compared.
EVERY = 1 if os.environ.get("CI") else 5
# As many as one test compares: few enough that several workers share them.
CHUNK = 10


def _chunks() -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for kind in KINDS.values():
        names = sorted(kind.subjects())[:: EVERY if kind.sampled else 1]
        found += [(kind.name, tuple(names[at : at + CHUNK])) for at in range(0, len(names), CHUNK)]
    return found


CHUNKS = _chunks()


@pytest.fixture(scope="session")
def plain_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return subjects.copy_template(tmp_path_factory.mktemp("golden").resolve() / "template")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", table.SIDES)
def test_the_tables_have_every_record_and_no_other(kind: str, side: str) -> None:
    assert sorted(table.read(KINDS[kind], side)) == sorted(KINDS[kind].subjects())


@pytest.mark.parametrize(("kind", "names"), CHUNKS, ids=[f"{kind}-{names[0]}" for kind, names in CHUNKS])
def test_nothing_has_changed(plain_template: Path, kind: str, names: tuple[str, ...]) -> None:
    known = KINDS[kind]
    tables = {side: table.read(known, side) for side in table.SIDES}
    everything, record = known.subjects(), recorder(known, plain_template)
    found = [text for name in names for text in table.differences(known, name, record(everything[name]), tables)]
    if found:
        pytest.fail("\n".join(["what a user sees has changed", *found]), pytrace=False)
