"""Write serialized.jsonl again: hostile settings, and how both versions of serde_yaml that compat was built with store them.

Run it as `python -m tests.settings.make_table`. It needs cargo, and downloads the crates.
"""

import json
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# What YAML gives a meaning to, what sh gives a meaning to, and characters that editors and terminals trip over.
PIECES = [
    "a", "b c", " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", "\\", "\\n", "'", '"', "$(id)", "`id`", "${HOME}", ":", ": ", " #",
    "#", "- ", "-", "? ", "|", ">", "&x", "*x", "!t", "%", "@", "{", "}", "[", "]", ",", "=", "~", "é", "שלום", "🚀", "\x85",
    "\u2028", "\u2029", "\ufeff", "\x01", "\x1b", "\x7f", "\xa0", "\ufffd", "%s", "%b", "\\c", "\\0", "null", "1",
]  # fmt: skip
TEXTS = [
    "", "plain", "two words", " leading", "trailing ", "true", "True", "yes", "no", "off", "y", "null", "Null", "~", "1", "0x1F", "0o17",
    "017", "1.5", "-1", "+1", "1e3", ".5", ".inf", "-.inf", ".nan", "1_000", "12:30:45", "2001-12-14", "=", "<<", "-", "--", "---",
    "--- x", "...", "... x", "- x", "-x", "? x", "?x", ": x", ":x", "x:", "x: y", "x:y", "x #y", "x#y", "#x", "{x}", "[x]", "{", "}", "[", "]",
    ",", "a, b", "&x", "*x", "!x", "|", "|-", ">", "%x", "@x", "`id`", "$(touch PWNED)", "${HOME}", "$HOME", "'", "''", "'x'", '"', '"x"',
    "it's", 'say "hi"', "\\", "\\n", "\\x41", "a\\", "\\c", "%s%n", "--version", "-n", "-e", "a\nb", "a\nb\n", "a\n\nb", "\na", "\n", "\n\n",
    "a\n", "a\n\n", "a\n b", " a\nb", "  a\nb\n", "a \nb", "a\t\nb", "\ta\nb", "a\n\tb", "a\n#b", "#a\nb", "- a\n- b", "a: b\nc: d",
    "---\na", "a\n---\nb", "...\n", "a\n...", "a\r", "a\rb", "a\r\nb\r\n", "\r", "\r\n", "\t", "a\tb", "\ta", "a\t", " ", "   ", " \n", "\n ",
    "\n  a\n", "a\n  \nb", "a\nb ", "a\nb\n ", "a\x00b", "\x01", "\x1b[31m", "\x7f", "a\x85b", "a\u2028b", "a\u2029b", "a\u2028\nb", "a\n\x85b",
    "\ufeffa", "a\ufeff", "a\xa0b", "🚀", "🚀\n中文", "ünïcödé", "\u200f", "x" * 200, "word " * 60, ("word " * 60) + "\n" + "x" * 200,
    "é" * 130, "'" * 90, '"\\' * 60, "a  b", "a" + " " * 100 + "b", "\n".join(["line"] * 20), "SETTING_X=1", "a=b", "\ud7ff", "\ue000", "\ufffd",
]  # fmt: skip
OTHERS: list[Any] = [
    None, True, False, 0, -1, 1, 65535, 2**63 - 1, -(2**63), 2**64 - 1, 0.5, -0.5, 1.0, 1e21, 1e-7, 1.7976931348623157e308, [], {}, [[]],
    [{}], [[1, 2], ["a", [None]]], [{"a": 1, "b": {"c": [1]}}, {"a": None}], {"a": {}}, {"a": {"b": {"c": {"d": "deep"}}}}, {"a": [], "b": 1},
    ["x", "", "a\nb", "a\nb\n", "- y", None, True], [["a\nb"], {"k": "a\n b"}], {"text": " a\nb\n", "next": "n"}, [[{"a": "x\ny\n"}], 2],
]  # fmt: skip
# For the setting of the starters.
GREETINGS = ["Hi", '- <b>$(touch PWNED) `touch PWNED` "it\'s" \\n %s & 🚀 # no: yes', "two\n  lines"]
KEYS = [
    "rpc-user", "rpc_user", "a.b", "a b", "1", "true", "null", "", "größe", "UPPER", "x: y", "'q'", '"q"', "#x", "- x", "~", "key" * 60, "a\nb",
    "?", "🚀", "{x}", "a\\b", "$(id)", " x", "x:", "-", "a\tb",
]  # fmt: skip


def configs() -> Iterator[dict[str, Any]]:
    """Yield settings: each value alone, nested and in a list, each key, and random combinations."""
    for value in [*TEXTS, *OTHERS]:
        yield {"first": value, "nested": {"deep": value, "list": [value, value]}, "last": "end"}
    yield from ({"greeting": greeting} for greeting in GREETINGS)
    for key in KEYS:
        yield {key: "value", "nested": {key: "a\nb", "other": {key: 1}}, "list": [{key: [2]}], "last": "end"}
    chance = random.Random(13)
    for _ in range(400):
        text, key = ("".join(chance.choices(PIECES, k=chance.randint(1, 8))) for _ in range(2))
        yield {"first": text, "list": [text, {"in-list": text}], "map": {key: text}, "last": "end"}


def main() -> None:
    """Build the serializer, run it on all settings and write the table."""
    found = list(configs())
    with tempfile.TemporaryDirectory() as target:
        written = subprocess.run(
            ["cargo", "run", "--quiet", "--release", "--locked", "--target-dir", target],
            cwd=HERE / "serializer", input="".join(f"{json.dumps(config)}\n" for config in found), text=True,
            capture_output=True, check=True,
        ).stdout  # fmt: skip
    # Not splitlines(), because the texts hold other line breaks.
    lines = written.removesuffix("\n").split("\n")
    rows = [[config, *json.loads(line)] for config, line in zip(found, lines, strict=True)]
    table = HERE / "serialized.jsonl"
    table.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
