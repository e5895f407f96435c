"""Record the product's current output: in the tables or, with --dump, as full texts in a folder."""

import argparse
import tempfile
import time
from pathlib import Path

from tests.golden import subjects, table
from tests.golden.record import KINDS, recorder


def main() -> int:
    """Record the given kinds, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)} (default: all)")
    parser.add_argument("--dump", type=Path, metavar="DIR", help="write full texts here, and leave the tables alone")
    arguments = parser.parse_args()
    for name in arguments.kinds:
        if name not in KINDS:
            parser.error(f"there is no kind {name}")
    with tempfile.TemporaryDirectory() as folder:
        template = subjects.copy_template(Path(folder).resolve() / "template")
        for name in arguments.kinds or KINDS:
            kind, began = KINDS[name], time.process_time()
            record = recorder(kind, template)
            records = {each: record(subject) for each, subject in kind.subjects().items()}
            if arguments.dump:
                for each, found in records.items():
                    table.dump(arguments.dump, kind, each, found)
            else:
                for side in table.SIDES:
                    rows = {each: table.cells(found, side) for each, found in records.items()}
                    table.write(kind, side, rows)
            print(f"{name}: {len(records)} records, {time.process_time() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
