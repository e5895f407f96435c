"""Update many wrappers to the template's next release, one after the other and two at a time."""

import shutil
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.process import Cost, median, release, run

WRAPPERS = 20
# How much more than the first wrappers the last ones may take.
GROWTH = 1.25


def measure(work: Path, template: Path, copier: Path) -> bool:
    """Print what a wrapper takes. Return whether the last wrappers take as much as the first ones.

    The template gets another release, which changes a file of every wrapper.
    """
    first = work / "first"
    run((copier, "copy", "--quiet", "--defaults", "-d", "service_id=hello-world", template, first))
    release(first, "v1")
    with (template / "template" / ".gitignore.jinja").open("a", encoding="utf-8") as file:
        file.write("/next-release/\n")
    release(template, "v1.1.0")
    flat = [_measure(work, first, copier, at_a_time) for at_a_time in (1, 2)]
    return all(flat)


def _measure(work: Path, first: Path, copier: Path, at_a_time: int) -> bool:
    temporary = work / f"temporary-{at_a_time}"
    temporary.mkdir()
    wrappers = [work / f"wrapper-{at_a_time}-{number}" for number in range(WRAPPERS)]
    for wrapper in wrappers:
        shutil.copytree(first, wrapper, symlinks=True)

    def update(wrapper: Path) -> Cost:
        return run((copier, "update", "--quiet", "--defaults"), cwd=wrapper, TMPDIR=str(temporary))

    with ThreadPoolExecutor(at_a_time) as pool:
        costs = list(pool.map(update, wrappers))
    for wrapper in wrappers:
        if "/next-release/" not in (wrapper / ".gitignore").read_text(encoding="utf-8"):
            raise SystemExit(f"{wrapper} wasn't updated")
    cpu, memory = (_growth([getattr(cost, what) for cost in costs]) for what in ("cpu", "memory"))
    left = len(list(temporary.iterdir()))
    flat = cpu <= GROWTH and memory <= GROWTH and not left
    middle = median(costs)
    print(
        f"{WRAPPERS} updates, {at_a_time} at a time: {middle.cpu:.2f} s of CPU, {middle.elapsed:.2f} s and"
        f" {middle.memory:.0f} MB per wrapper;\n  the last five took {cpu:.2f} x the time and {memory:.2f} x the"
        f" memory of the first five, and left {left} temporary files{'' if flat else ': EXCEEDED'}"
    )
    return flat


def _growth(values: list[float]) -> float:
    return statistics.median(values[-5:]) / statistics.median(values[:5])
