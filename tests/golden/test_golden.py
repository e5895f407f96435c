"""The product's output is the same as when the tables were made."""

from pathlib import Path

import pytest

from tests.golden import subjects, table
from tests.golden.record import KINDS, recorder
from tests.support.depth import DEEP

# Outside CI, only every fifth of the slow records is compared.
EVERY = 1 if DEEP else 5
# The number of records that a test compares: small enough to share the work between several workers.
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
