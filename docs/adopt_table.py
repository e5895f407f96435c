"""Writes the table of real wrappers into docs/adopt.md: how much of each manifest the template writes from the answers.

The manifests are those of tests/corpus; tests compare the table with what adopt finds.
"""

import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.tools import MANIFESTS

from startos_wrapper.adopt.describe import describe
from startos_wrapper.files.wrapper import Wrapper

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "adopt.md"
_BEGIN, _END = "<!-- Written by docs/adopt_table.py. -->\n", "<!-- The end of what it writes. -->\n"


@dataclass(frozen=True)
class Row:
    """A wrapper: its values, how many are the same, the keys by the kind of their reason, and what it has."""

    name: str
    same: int
    keys: dict[str, list[tuple[str, str]]]
    simple: bool

    @property
    def whole(self) -> int:
        """How many values are compared: what the template corrects on purpose is not."""
        return self.same + len(self.keys["missing"]) + len(self.keys["differs"])

    @property
    def share(self) -> float:
        """The share of values that are the same, in percent."""
        return 100 * self.same / self.whole


def row(folder: Path) -> Row:
    """Describe the wrapper in a folder and count."""
    description = describe(Wrapper(folder))
    keys: dict[str, list[tuple[str, str]]] = {kind: [] for kind in ("missing", "differs", "corrected", "harmless")}
    for difference in description.comparison.differences:
        reason = description.reason(difference)
        keys[reason.kind].append((_key(difference.name), reason.text))
    manifest = description.facts.manifest
    data = sum(volume["type"] == "data" for volume in manifest["volumes"].values())
    simple = data == 1 and len(manifest["interfaces"]) <= 1 and not manifest.get("dependencies")
    name = f"{manifest['id']} {manifest['version']}"
    return Row(name, len(description.comparison.same), keys, simple)


def _key(name: str) -> str:
    """Return a key with the author's own ids replaced by a star."""
    return re.sub(r"^(health-checks|actions|dependencies|interfaces|volumes)\.[^.]+", r"\1.*", name)


def table(rows: list[Row]) -> str:
    """Return the sums, the reasons and the rows as Markdown."""
    shares = [each.share for each in rows]
    simple = [each.share for each in rows if each.simple]
    with_corrected = [100 * each.same / (each.whole + len(each.keys["corrected"])) for each in rows]
    lines = [
        "",
        f"For {len(rows)} real manifests, the share of values that the template reproduces from the answers:",
        "",
        "| | Wrappers | Median | Lowest | Complete |",
        "| --- | --- | --- | --- | --- |",
        _sum("all", shares),
        _sum("one data volume, at most one interface, no dependencies", simple),
        _sum("all, counting corrected values as different", with_corrected),
        "",
        f"Values that the template would write differently: {sum(len(each.keys['differs']) for each in rows)}.",
        "",
        "### Values that aren't reproduced, by key",
        "",
        "| Key | Wrappers | What happens to it |",
        "| --- | --- | --- |",
        *_reasons(rows),
        "",
        "### Each wrapper",
        "",
        "| Wrapper | Values | Same | Percent | Corrected | Left to the author |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_line(each) for each in sorted(rows, key=lambda each: each.name)),
        "",
    ]
    return "\n".join(lines) + "\n"


def _sum(what: str, shares: list[float]) -> str:
    whole = sum(share == 100 for share in shares)
    return f"| {what} | {len(shares)} | {statistics.median(shares):.1f} % | {min(shares):.1f} % | {whole} |"


def _reasons(rows: Iterable[Row]) -> list[str]:
    counted: Counter[tuple[str, str, str]] = Counter()
    for each in rows:
        counted.update({(kind, *pair) for kind, pairs in each.keys.items() for pair in pairs})
    return [
        f"| `{key}` | {count} | {kind}: {text} |"
        for (kind, key, text), count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]


def _line(each: Row) -> str:
    left = ", ".join(f"`{key}`" for key in dict.fromkeys(key for key, _ in each.keys["missing"])) or "nothing"
    return f"| {each.name} | {each.whole} | {each.same} | {each.share:.1f} | {len(each.keys['corrected'])} | {left} |"


def page(rows: list[Row]) -> str:
    """Return docs/adopt.md with the table in its place."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    return before + _BEGIN + table(rows) + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    PAGE.write_text(page([row(manifest.parent) for manifest in MANIFESTS]), encoding="utf-8")
    print(f"Wrote {PAGE.relative_to(ROOT)}", file=sys.stderr)
