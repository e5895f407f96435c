"""Copy the manifests of real wrappers into this folder, without their sentences: `python -m tests.corpus.make SOURCE`.

SOURCE has a folder for each wrapper with its manifest, and an `index.tsv`. Words from this file replace every sentence,
comment and inline script, with the same number of characters between punctuation marks. The rest of a manifest stays
the same, byte for byte: structure, quotes, line breaks, names, numbers, paths and URLs. The tests need neither this
script nor its source.
"""

import argparse
import csv
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.support.bundle import pack

HERE = Path(__file__).parent
# Copied columns. `language`, `extras` and `unsaved` are derived, see `index`.
COLUMNS = (
    *("dir", "repo", "commit", "date", "era", "id", "version", "manifest_file", "final_base", "arches", "config"),
    *("entrypoint_style", "language", "extras", "unsaved"),
)
LANGUAGES = ("c/c++", "dotnet", "go", "node", "python", "rust")

SENTENCES = {"short", "long", "release-notes", "success-message", "description", "warning", "how"}
# Any other value of at least this many words is a sentence, unless it is the title.
SENTENCE = 4

_TEXT = """
    the harbor lies quiet under grey clouds while small boats drift past old stone walls and gulls circle above painted
    roofs each morning someone sweeps leaves from wooden stairs before bread arrives warm in baskets after rain bright
    lanterns swing along narrow lanes where cats sleep beside copper kettles until evening bells ring across fields of
    barley and distant hills turn violet
"""
WORDS = _TEXT.split()
# The last word of a stretch of text, by the number of characters left.
ENDINGS = (
    *("a", "so", "sea", "tide", "water", "meadow", "orchard", "mainland", "sandbanks", "lighthouse"),
    *("breakwaters", "weatherproof"),
)
_URL = r"https?://[^\s\\\"<>)]+"
# Words between punctuation. Everything else stays, because it determines whether a manifest must quote a value.
_STRETCH = r"[^\W_](?:(?:(?!https?://)[\w ])*(?!https?://)[^\W_])?"
_ESCAPE = r"\\(?:x..|u.{4}|U.{8}|.)"
_SENTENCE = re.compile(f"{_URL}|(?P<stretch>{_STRETCH})")
_QUOTED_SENTENCE = re.compile(f"{_URL}|{_ESCAPE}|(?P<stretch>{_STRETCH})")
_TOML_LINE = re.compile(r"(?P<key>[\w-]+) = \"(?P<value>.*)\"")


class Span(NamedTuple):
    """A stretch of words in a manifest's sentence, comment or script."""

    start: int
    end: int


def spans(path: Path) -> list[Span]:
    """Return the stretches of sentences, comments and inline scripts in a manifest, in order."""
    text = _read(path)
    found = _in_toml(text) if path.suffix == ".toml" else [*_comments(text), *_in_yaml(text)]
    return sorted(span for span in found if re.search(r"[^\W\d_]", text[span.start : span.end]))


def rewritten(path: Path) -> str:
    """Return the text of a manifest with neutral words in place of its sentences."""
    text = _read(path)
    for start, end in reversed(spans(path)):
        text = text[:start] + neutral(text[start:end]) + text[end:]
    return text


def neutral(stretch: str) -> str:
    """Return words with the same length as a stretch of text. Equal texts give equal words."""
    left, at = len(stretch), zlib.crc32(stretch.encode())
    words = []
    while left > len(ENDINGS):
        words.append(WORDS[at % len(WORDS)])
        left -= len(words[-1]) + 1
        at += 1
    text = " ".join([*words, ENDINGS[left - 1]])
    return text[0].upper() + text[1:] if stretch[0].isupper() else text


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def _stretches(text: str, start: int, end: int, style: str | None) -> Iterator[Span]:
    """Yield the stretches of a scalar's source. Only double-quoted text has escapes."""
    for match in (_QUOTED_SENTENCE if style == '"' else _SENTENCE).finditer(text, start, end):
        if match["stretch"]:
            yield Span(*match.span("stretch"))


# ---- YAML, and JSON, which is also YAML ------------------------------------------------------------------------------


def _comments(text: str) -> Iterator[Span]:
    """Yield the text of each comment: between two tokens, or after the indicator of a block scalar."""
    end = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        gap = end, token.start_mark.index
        end = token.end_mark.index
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            gap = gap[0], text.index("\n", token.start_mark.index)
        for match in re.finditer(r"#\W*(?P<body>.*?)\W*$", text[slice(*gap)], re.MULTILINE):
            yield Span(gap[0] + match.start("body"), gap[0] + match.end("body"))


def _in_yaml(text: str) -> Iterator[Span]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for path, node in _scalars(root, ()):
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in ("|", ">"):
            start = text.index("\n", start)
        if _is_sentence(path, node.value):
            yield from _stretches(text, start, end, node.style)
        elif path[-1] == "args" and " " in node.value:
            # In an inline script, keep the name of the program.
            yield from _stretches(text, text.index(" ", start), end, node.style)


def _scalars(node: yaml.Node | None, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], yaml.ScalarNode]]:
    """Yield each text value with the keys above it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, path)
    elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
        yield path, node


def _is_sentence(path: tuple[str, ...], value: str) -> bool:
    words = sum(bool(re.search(r"[^\W\d_]", word)) for word in value.split())
    return path[0] == "alerts" or path[-1] in SENTENCES or (path != ("title",) and words >= SENTENCE)


# ---- TOML ------------------------------------------------------------------------------------------------------------


def _in_toml(text: str) -> Iterator[Span]:
    """Yield the stretches of a TOML manifest.

    Raises: ValueError for what no known manifest has: comments and multiline strings.
    """
    section, at = "", 0
    for line in text.splitlines(keepends=True):
        if "#" in re.sub(r'"[^"]*"', "", line) or '"""' in line or "'" in line:
            raise ValueError(f"can't copy this line of TOML: {line}")
        if line.startswith("["):
            section = line.strip("[] \n").partition(".")[0]
        match = _TOML_LINE.match(line)
        if match and _is_sentence((*filter(None, [section]), match["key"]), match["value"]):
            yield from _stretches(text, at + match.start("value"), at + match.end("value"), '"')
        at += len(line)


# ---- The index -------------------------------------------------------------------------------------------------------


def index(row: dict[str, str]) -> dict[str, str]:
    """Return the line of a wrapper without its remarks. `-` means unknown.

    `language` is what the service is compiled from, `extras` is what is built in addition to it, and `unsaved` lists
    the data volumes that aren't backed up.
    """
    language = row["language"]
    first = language.split(" ")[0]
    extras = [word for word in ("helper", "submodule") if word in language]
    unsaved = re.findall(r"data volume '([^']+)' not in backup", row["issues"])
    derived = {
        "language": first if first in LANGUAGES else "-",
        "extras": "+".join(extras) or "-",
        "unsaved": "+".join(unsaved) or "-",
    }
    return {name: derived.get(name, row.get(name, "-")) for name in COLUMNS}


def make(source: Path, target: Path) -> None:
    """Write index.tsv, and manifests.txt with every manifest that the source's index names, into a folder."""
    with (source / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = [index(row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    lines = ["\t".join(COLUMNS), *("\t".join(row.values()) for row in rows)]
    (target / "index.tsv").write_bytes("".join(f"{line}\n" for line in lines).encode())
    names = sorted(f"{row['dir']}/{row['manifest_file']}" for row in rows)
    (target / "manifests.txt").write_bytes(pack({name: rewritten(source / name) for name in names}).encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, metavar="SOURCE")
    parser.add_argument(
        "--target", type=Path, default=HERE, help="where to write, e.g. to compare; default: this folder"
    )
    arguments = parser.parse_args()
    make(arguments.source, arguments.target)
