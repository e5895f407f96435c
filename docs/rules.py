"""Generate docs/rules.md from src/startos_wrapper/check/rules."""

import sys
from pathlib import Path

from startos_wrapper.check.rule_docs import page

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "rules.md"

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written", file=sys.stderr)
