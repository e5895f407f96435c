"""How long adopting takes: medians of 10 whole processes in one run, against `copier --version`. Run by `make bench-adopt`.

Each manifest of tests/corpus is adopted once more; the slowest is named.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ROUNDS = 10
LIMIT = 2.0
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("", "adopt", "update")]

from services import commit, write  # noqa: E402
from tools import MANIFESTS  # noqa: E402


def _took(*command: str | Path) -> float:
    began = time.perf_counter()
    subprocess.run(list(map(str, command)), capture_output=True, check=True)
    return time.perf_counter() - began


def _adopt(wrapper: Path) -> float:
    (wrapper / ".copier-answers.yml").unlink(missing_ok=True)
    return _took(BIN / "startos-wrapper", "adopt", wrapper)


def main() -> int:
    """Print medians and ratios; return 1 where the ratio is above its limit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrapper = write(folder / "tides")
        # In turns, so that a slow moment of the machine falls on all alike.
        rounds = [(_adopt(wrapper), _took(BIN / "copier", "--version")) for _ in range(ROUNDS)]
        adopt, floor = (statistics.median(each[at] for each in rounds) for at in (0, 1))
        print(f"copier --version  {floor * 1000:6.0f} ms")
        print(f"adopt             {adopt * 1000:6.0f} ms, {adopt / floor:.2f} times (limit {LIMIT})")
        times = {}
        for real in MANIFESTS:
            copy = folder / real.parent.name
            copy.mkdir()
            (copy / real.name).write_bytes(real.read_bytes())
            commit(copy)
            times[copy.name] = _adopt(copy)
        slowest = max(times, key=lambda each: times[each])
        median = statistics.median(times.values())
        print(f"{len(times)} manifests: {median * 1000:.0f} ms, at most {times[slowest] * 1000:.0f} ms ({slowest})")
    return int(adopt / floor > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
