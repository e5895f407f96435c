"""Check thousands of broken manifests: never a traceback, and always the oracle's verdict."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from yaml.composer import ComposerError

from startos_wrapper.check.engine import check
from tests.check import example_wrapper
from tests.support import oracle
from tests.support.depth import DEEP
from tests.support.limits import little_cpu
from tests.support.tools import MANIFESTS

# 12,000 in CI.
ROUNDS, EACH = 24, 500 if DEEP else 10
# The oracle has no verdict on few manifests. This margin is large enough that the test never fails by chance.
MARGIN = 10
PIECES = (
    b"!!int ", b"!x ", b"&a ", b"*a", b"<<: ", b"? ", b"---\n", b"...\n", b"%YAML 1.2\n", b"|\n", b">-\n", b"{", b"}", b"[",
    b"]", b"'", b'"', b": ", b"- ", b"#", b"\t", b"\r\n", b"\xef\xbb\xbf", b"\xff", b"\x00", b"\x85", b"\xe2\x80\xa8", b"~",
    b"null", b"yes", b"0x10", b"1e400", b".inf", b"99999999999999999999999", b"\\ud800", b"BACKUP", b"-" * 3000, b"[" * 300,
)  # fmt: skip
PARSE = tuple(f"E1{number:02}" for number in range(100))


def _mutated(data: bytes, rng: random.Random) -> bytes:
    """Return a manifest after one to four accidents: bytes, words and lines get lost, doubled, moved or inserted."""
    for _ in range(rng.randint(1, 4)):
        lines = data.split(b"\n")
        at, line = rng.randrange(len(data) + 1), rng.randrange(len(lines))
        match rng.randrange(7):
            case 0:
                data = data[:at] + data[at + rng.randint(1, 30) :]
            case 1:
                data = data[:at] + rng.choice(PIECES) + data[at:]
            case 2:
                data = b"\n".join([*lines[:line], *lines[line + rng.randint(1, 3) :]])
            case 3:
                data = b"\n".join([*lines[: line + 1], *lines[line : line + rng.randint(1, 5)], *lines[line + 1 :]])
            case 4:
                lines[line] = b" " * rng.randint(0, 6) + lines[line].lstrip()
                data = b"\n".join(lines)
            case 5:
                key, colon, _ = lines[line].partition(b":")
                lines[line] = key + colon + b" " + rng.choice(PIECES)
                data = b"\n".join(lines)
            case 6:
                other = rng.randrange(len(lines))
                lines[line], lines[other] = lines[other], lines[line]
                data = b"\n".join(lines)
    return data


def _manifests(seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield an endless series of broken manifests."""
    rng = random.Random(seed)
    while True:
        path = rng.choice(MANIFESTS)
        yield path.name, _mutated(path.read_bytes(), rng)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_no_manifest_stops_the_check(seed: int, tmp_path: Path) -> None:
    """Check manifests until EACH of them have been compared with the oracle, which has no verdict on a few."""
    wrapper = example_wrapper.write(tmp_path / "wrapper", {})
    (wrapper / "manifest.yaml").unlink()
    compared, no_verdict = 0, 0
    for name, data in _manifests(seed):
        file = wrapper / name
        file.write_bytes(data)
        with little_cpu():
            findings = check(wrapper).findings
        assert file.read_bytes() == data
        found = [finding for finding in findings if finding.code in PARSE]
        verdict = _stops(file)
        file.unlink()
        if verdict is None:
            no_verdict += 1
            assert no_verdict <= EACH + MARGIN, "the oracle has a verdict on less than half of the manifests"
            continue
        assert bool(found) == verdict, (data, found)
        compared += 1
        if compared == EACH:
            return


def _stops(file: Path) -> bool | None:
    """Return whether the OS's parser stops at a manifest, or None if the oracle can't tell.

    It reads YAML with libyaml, as the OS does, but refuses an anchor that is there twice.
    """
    try:
        return bool(oracle.parse_faults(oracle.read_manifest(file)))
    except ValueError as fault:
        return None if isinstance(fault.__cause__, ComposerError) else True
