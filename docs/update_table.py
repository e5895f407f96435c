"""Writes what updates do to wrappers that are edited as real ones are (tests/update/authors.py): each of them into
docs/update-table.md, and their sums into the end of docs/update.md.

What git makes of them is asked here for every wrapper; tests compare it with what Copier does. It takes some minutes,
so it is not part of `make docs`: run it when a test says so.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from tests.update import authors, releases

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "update-table.md"
SUMMARY = ROOT / "docs" / "update.md"
_STEPS = ((authors.OLDEST, releases.NEWEST), (releases.NEWEST, authors.NEXT))
_NOTHING = "none"

_BEGIN = "<!-- From here on written by docs/update_table.py. -->\n"
_SUMMARY = f"""
We generated WRAPPERS wrappers, each with the answers that fit a real wrapper for StartOS 0.3.5. Then we edited each one
as heavily as the real one: the real manifest's sections instead of the template's, more targets and prerequisites and
different recipes in the Makefile, and a different entrypoint. Lines of the authors that updates lost: **0**.

Updates don't touch the Makefile, and nobody needs to edit startos.mk. The Makefiles of {authors.OLDEST} have everything
in one file, so `startos-wrapper update` converts them once. It kept the CONVERTED parts that the authors had edited,
lost no line, and `make` ran without a warning.

A conflict means that the author and the template changed the same or adjacent lines. A file with one conflict counts as
conflicting, no matter how many of its other edits were merged. See the [results for each wrapper](update-table.md).

From {authors.OLDEST} to this release:

FIRST
From this release to a next one, made up for this table. It changes a recipe and adds a target in startos.mk, changes
a workflow, adds a line to the backup and rewords a comment in the manifest:

SECOND"""
_TEXT = f"""\
<!-- Written by docs/update_table.py. -->

# What updates do to real wrappers

These are the wrappers and releases that [How well it works](update.md#how-well-it-works) sums up.

- *Edits* counts the places where the author changed each file: {", ".join(authors.EDITS)}.
- *Conflicts* names the manifest key of each conflict.
- *Converted* counts the author's rules, variables and conditions that the converted Makefile of {authors.OLDEST} kept.

{" and ".join(f"`{id}`" for id in sorted(authors.DISORDERED))} had to put the recorded `volumes` in order before the \
first update.

| Wrapper | Edits | Merged, {authors.OLDEST} to this | Conflicts, {authors.OLDEST} to this \
| Converted | Merged, this to next | Conflicts, this to next |
| --- | --- | --- | --- | --- | --- | --- |
ROWS
"""
_TOTALS = """\
| File | Author's edits | Conflicts | Unchanged files | Merged files | Files with conflicts |
| --- | --- | --- | --- | --- | --- |
"""


def row(author: authors.Author, plain: dict[str, Path], folder: Path) -> str:
    """Return an author's line of the table. `plain` has the plain folders of the releases."""
    if author.id in authors.REFUSED:
        return f"| `{author.id}` | left out: {authors.REFUSED[author.id]} | | | | | |"
    cells: list[str] = []
    for old, new in _STEPS:
        (folder / new).mkdir(parents=True)
        found = authors.forecast(author, plain[old], plain[new], folder / new)
        if not cells:
            cells.append(", ".join(map(str, found.edits.values())))
        conflicts = (
            f"`{name}`: " + ", ".join(f"`{where}`" for where in found.conflicts[name]) for name in found.conflicts
        )
        cells += [", ".join(f"`{name}`" for name in found.merged) or _NOTHING, "; ".join(conflicts) or _NOTHING]
        cells += [found.converted] if found.converted else []
    return f"| `{author.id}` | {' | '.join(cells)} |"


def _total(rows: list[list[str]], column: int) -> str:
    """Count a step whose cells begin at `column`: edits and conflicts, and what became of the files."""
    lines = []
    for number, name in enumerate(authors.EDITS):
        edits = sum(int(cells[1].split(", ")[number]) for cells in rows)
        merged = sum(f"`{name}`" in cells[column] for cells in rows)
        found = [re.findall(rf"`{re.escape(name)}`: ([^;]+)", cells[column + 1]) for cells in rows]
        conflicts = [places[0].count(", ") + 1 for places in found if places]
        unchanged = len(rows) - merged - len(conflicts)
        lines.append(f"| {name} | {edits} | {sum(conflicts)} | {unchanged} | {merged} | {len(conflicts)} |\n")
    return _TOTALS + "".join(lines)


def page(rows: list[str]) -> str:
    """Return the table of each wrapper as Markdown."""
    return _TEXT.replace("ROWS", "\n".join(rows))


def summary(rows: list[str]) -> str:
    """Return docs/update.md with the sums of the rows at its end."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows]
    counted = [row for row in cells if not row[1].startswith("left out")]
    parts = {"WRAPPERS": str(len(counted)), "FIRST": _total(counted, 2), "SECOND": _total(counted, 5)}
    parts["CONVERTED"] = str(sum(int(cells[4]) for cells in counted))
    written = re.sub("|".join(parts), lambda match: parts[match[0]], _SUMMARY)
    return SUMMARY.read_text(encoding="utf-8").partition(_BEGIN)[0] + _BEGIN + written


def _main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Nobody's settings, as in tests/conftest.py.
        (folder / "settings.yml").write_text("{}\n")
        (folder / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.com\n")
        os.environ["COPIER_SETTINGS_PATH"] = str(folder / "settings.yml")
        os.environ["GIT_CONFIG_GLOBAL"], os.environ["GIT_CONFIG_SYSTEM"] = str(folder / "gitconfig"), os.devnull
        template = authors.next_release(releases.template(folder / "history"), folder / "template")
        versions = {version for step in _STEPS for version in step}
        plain = {version: authors.plain(template, version, folder / f"plain-{version}") for version in versions}
        rows = []
        for author in authors.authors():
            rows.append(row(author, plain, folder / author.id))
            print(rows[-1], file=sys.stderr)
    PAGE.write_text(page(rows), encoding="utf-8")
    SUMMARY.write_text(summary(rows), encoding="utf-8")


if __name__ == "__main__":
    _main()
    print(f"Wrote {PAGE.relative_to(ROOT)} and {SUMMARY.relative_to(ROOT)}", file=sys.stderr)
