"""Writes docs/rules.md from hooks/data/rules, so that the page cannot say anything else."""

import sys
from pathlib import Path

from startos_wrapper.check.explain import page

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "rules.md"

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written", file=sys.stderr)
