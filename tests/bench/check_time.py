"""How long a check takes: medians of 10 whole processes in one run, against `copier --version`. Run by `make bench-check`.

The default wrapper is made by the template and committed. The real manifests are those of tests/corpus.
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
LIMIT, CORPUS_LIMIT = 0.6, 3.0
sys.path.insert(0, str(ROOT / "tests"))

from tools import MANIFESTS  # noqa: E402


def _took(*command: str | Path) -> float:
    began = time.perf_counter()
    subprocess.run(list(map(str, command)), capture_output=True, check=False)
    return time.perf_counter() - began


def _default_wrapper(folder: Path) -> Path:
    new: list[str | Path] = [
        BIN / "startos-wrapper",
        "new",
        folder,
        "--defaults",
        "--quiet",
        "--data",
        "service_id=hello-world",
    ]
    subprocess.run(new, check=True, capture_output=True)
    user = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    for command in (("init", "-q"), ("add", "."), (*user, "commit", "-qm", "New wrapper")):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def main() -> int:
    """Print medians and ratios; return 1 where a ratio is above its limit."""
    check = BIN / "startos-wrapper", "check", "--strict"
    corpus = [path.parent for path in MANIFESTS]
    with tempfile.TemporaryDirectory() as folder:
        wrapper = _default_wrapper(Path(folder) / "wrapper")
        subprocess.run([*check, wrapper], check=True, capture_output=True)
        commands: dict[str, tuple[str | Path, ...]] = {
            "copier --version": (BIN / "copier", "--version"),
            "check, default wrapper": (*check, wrapper),
            "check, one manifest": (*check, *corpus[:1]),
            f"check, {len(corpus)} manifests": (*check, *corpus),
        }
        # In turns, so that a slow moment of the machine falls on all alike.
        rounds = [{name: _took(*command) for name, command in commands.items()} for _ in range(ROUNDS)]
    floor, default, one, many = (statistics.median(each[name] for each in rounds) for name in commands)
    for name, seconds in zip(commands, (floor, default, one, many), strict=True):
        print(f"{name:24} {seconds * 1000:6.0f} ms")
    print(f"default wrapper / copier --version: {default / floor:.2f} (limit {LIMIT})")
    print(f"{len(corpus)} manifests / one: {many / one:.2f} (limit {CORPUS_LIMIT})")
    return int(default / floor > LIMIT or many / one > CORPUS_LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
