"""Draw a stored screen as the picture in README.md: `python -m tests.walk.picture`."""

import io

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.support.tools import ROOT

SCREEN = ROOT / "tests" / "walk" / "screens" / "update-conflict.txt"
PICTURE = ROOT / "docs" / "update.svg"
# As Rich's, without the fonts that it loads from a server.
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""


def picture() -> str:
    """Return the screen as SVG. The releases of the tests' templates get the names of real ones."""
    text = SCREEN.read_text(encoding="utf-8").removesuffix("$\n").rstrip()
    for name, shown in {"COMMIT": "v0.7.0", "v999.0.0": "v0.7.0", "v999.1.0": "v0.8.0"}.items():
        text = text.replace(name, shown)
    console = Console(record=True, width=80, file=io.StringIO())
    # Rich drops spaces at the beginning of a line.
    console.print(Text(f"$ {text}".replace("\n  ", "\n\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}")))
    return console.export_svg(title="startos-wrapper", theme=MONOKAI, code_format=_FORMAT, unique_id="update")


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
