"""Draw stored screens as the pictures in README.md: `python -m tests.walk.picture`."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.support.tools import ROOT

# What a terminal with colors shows in color: steps of `rehearse`, with the spaces behind each, because some programs drop
# those at the beginning of a text.
_STEPS = {"ok": "bold green", "FAIL": "bold red", "skip": "bold blue", "warn": "bold yellow"}
STEPS = {rf"(?m)^{word} +": style for word, style in _STEPS.items()}
# The page of `new`: its title, the selected line, where answers came from, and the keys.
PAGE = {r"\A.*": "bold", "(?m)^> .*": "bold cyan", "(?m)(?<=  )(you|default)$": "green", r".*\Z": "blue"}
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


@dataclass(frozen=True)
class Picture:
    """A screen and its picture. `names` are replaced: the releases of the tests' templates by names of real ones.

    `prompt` is what the shell prints before the command that's on the screen, and `colors` are styles by pattern.
    """

    screen: Path
    path: Path
    names: Mapping[str, str] = field(default_factory=dict)
    prompt: str = "$ "
    colors: Mapping[str, str] = field(default_factory=lambda: STEPS)

    def drawn(self) -> str:
        """Return the screen as SVG."""
        text = self.screen.read_text(encoding="utf-8").removesuffix("$\n").rstrip()
        for name, shown in self.names.items():
            text = text.replace(name, shown)
        # Rich drops spaces at the beginning of a line.
        drawn = Text(f"{self.prompt}{text}".replace("\n  ", "\n\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}"))
        for pattern, style in self.colors.items():
            drawn.highlight_regex(pattern, style)
        console = Console(record=True, width=80, file=io.StringIO())
        console.print(drawn)
        return console.export_svg(title="startos-wrapper", theme=MONOKAI, code_format=_FORMAT, unique_id=self.path.stem)


PICTURES = (
    Picture(
        ROOT / "tests" / "walk" / "screens" / "update-conflict.txt",
        ROOT / "docs" / "update.svg",
        {"COMMIT": "v0.7.0", "v999.0.0": "v0.7.0", "v999.1.0": "v0.8.0"},
    ),
    Picture(ROOT / "tests" / "walk" / "screens" / "page.txt", ROOT / "docs" / "new.svg", prompt="", colors=PAGE),
    Picture(ROOT / "tests" / "rehearse" / "screens" / "rehearse.txt", ROOT / "docs" / "rehearse.svg"),
)

if __name__ == "__main__":
    for each in PICTURES:
        each.path.write_text(each.drawn(), encoding="utf-8")
