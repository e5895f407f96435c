"""Read and write the tables of digests: one for meanings and one for words of each kind, with one line per record."""

import difflib
import hashlib
from pathlib import Path

from tests.golden.record import Kind, Record
from tests.support.bundle import pack, unpack

#: One file with all tables, see tests/support/bundle.py.
TABLES = Path(__file__).parent / "digests.txt"
#: Full texts written by `make.py --dump .golden` to diff against. Git ignores them.
DUMPED = Path(__file__).parents[2] / ".golden"
SIDES = ("meaning", "words")
_NONE = "-"
# Meanings that fit on a single line of at most this length are stored as text, so that a diff shows what changed.
_LONGEST = 1000
_SHOWN = 40

Table = dict[str, dict[str, str]]


def cells(record: Record, side: str) -> dict[str, str]:
    """Return what a table stores for a record: each part's digest, or its meaning if that is a short, single line."""
    return {name: _cell(getattr(part, side), side) for name, part in record.items()}


def _cell(text: str, side: str) -> str:
    if side == "meaning" and 0 < len(text) <= _LONGEST and not set(text) & set("\t\r\n"):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _name(kind: Kind, side: str) -> str:
    return f"{kind.name}.{side}.tsv"


def read(kind: Kind, side: str) -> Table:
    """Read a table."""
    head, *rows = unpack(TABLES.read_text(encoding="utf-8"))[_name(kind, side)].split("\n")[:-1]
    _, *parts = head.split("\t")
    found: Table = {}
    for row in rows:
        name, *values = row.split("\t")
        found[name] = {part: value for part, value in zip(parts, values, strict=True) if value != _NONE}
    return found


def write(kind: Kind, side: str, table: Table) -> None:
    """Write a sorted table, and leave the other ones alone."""
    parts = sorted({part for row in table.values() for part in row})
    lines = ["\t".join(["", *parts])]
    lines += ("\t".join([name, *(row.get(part, _NONE) for part in parts)]) for name, row in sorted(table.items()))
    tables = unpack(TABLES.read_text(encoding="utf-8")) if TABLES.exists() else {}
    tables[_name(kind, side)] = "".join(f"{line}\n" for line in lines)
    TABLES.write_text(pack(dict(sorted(tables.items()))), encoding="utf-8")


def dump(folder: Path, kind: Kind, name: str, record: Record) -> None:
    """Write the full texts of a record into a folder."""
    for side in SIDES:
        for part, value in record.items():
            file = _dumped(folder, kind, side, name, part)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(getattr(value, side).encode("utf-8", "surrogatepass"))


def _dumped(folder: Path, kind: Kind, side: str, name: str, part: str) -> Path:
    # One record's name may be a parent folder of another's.
    return folder / side / kind.name / name.replace("/", "%") / part


def differences(kind: Kind, name: str, record: Record, tables: dict[str, Table]) -> list[str]:
    """Return the differences between a record and the tables, one text for each part."""
    found = []
    for side in SIDES:
        kept, now = tables[side].get(name, {}), cells(record, side)
        for part in sorted(kept.keys() | now.keys()):
            if kept.get(part) != now.get(part):
                head = f"{kind.name}: {name}: {part}: {side}: {kept.get(part, 'nothing')} -> {now.get(part, 'nothing')}"
                text = getattr(record[part], side) if part in record else ""
                found.append(head + "\n" + _shown(text, _dumped(DUMPED, kind, side, name, part)))
    return found


def _shown(text: str, before: Path) -> str:
    """Return a diff against the dumped text, or the beginning of the new text if there is no dump."""
    if before.is_file():
        old = before.read_text(encoding="utf-8", errors="surrogatepass").splitlines()
        lines = list(difflib.unified_diff(old, text.splitlines(), "before", "now", lineterm="", n=2))
    else:
        advice = (
            "(dump the older tree with `python -m tests.golden.make --dump`, see tests/golden/README.md, for a diff)"
        )
        lines = [advice, *text.splitlines()]
    more = [f"... {len(lines) - _SHOWN} more lines"] if len(lines) > _SHOWN else []
    return "\n".join(f"    {line}" for line in [*lines[:_SHOWN], *more])
