"""Generate hooks/data.json: what the template reads from hooks/data, because Jinja takes 20 times as long for YAML."""

import json
from pathlib import Path

from startos_wrapper.data import load

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "hooks" / "data.json"
NAMES = (
    "actions", "bases", "folders", "image_guesses", "limits", "package_files", "parts", "patterns", "processors",
    "sdk", "targets", "words",
)  # fmt: skip


def page() -> str:
    """Return the file's text: a line for each file in hooks/data."""
    lines = (f'"{name}": {json.dumps(load(name), ensure_ascii=True)}' for name in NAMES)
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    # Jinja reads the file, too.
    assert not any(mark in text for mark in ("{{", "{%", "{#"))
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
