"""The text of MIGRATION.md: what needs a person, and what was taken away, each with its place in the old files."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from startos_wrapper.migrate.manifest_quotes import Stanza
from startos_wrapper.migrate.quote import Quote, subjects

GUIDE = "MIGRATION.md"
_BACKTICKS = re.compile("`{3,}")
_LANGUAGES = {
    "yaml": "yaml",
    "yml": "yaml",
    "ts": "ts",
    "js": "js",
    "json": "json",
    "toml": "toml",
    "sh": "sh",
    "md": "md",
}


@dataclass
class Guide:
    """What the page has: the versions, the quotes in order, the old manifest, and files that aren't there anymore.

    `carried` are the answers that were taken from the manifest, `excluded` lines for git's `info/exclude`.
    """

    old: str
    new: str
    manifest: str
    branch: str
    quotes: list[Quote] = field(default_factory=list)
    stanzas: list[Stanza] = field(default_factory=list)
    gone: dict[str, list[str]] = field(default_factory=dict)
    version_note: str = ""
    carried: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


def as_markdown(guide: Guide) -> str:
    """Return the page."""
    return (
        "\n".join([*_introduction(guide), *_todo(guide.quotes), *_manifest(guide), *_gone(guide.gone)]).rstrip() + "\n"
    )


def _introduction(guide: Guide) -> Iterator[str]:
    yield from ["# From StartOS 0.3.5 to StartOS 0.4", ""]
    yield f"`startos-wrapper migrate` wrote this on the branch `{guide.branch}`. Version {guide.old} became"
    yield f"{guide.new}, which StartOS 0.4 sorts above it. The data stays where it is: the volumes and the settings"
    yield "file are the same."
    yield from ["", guide.version_note] if guide.version_note else []
    if guide.carried:
        names = ", ".join(f"`{name}`" for name in guide.carried)
        yield from ["", f"You changed texts in {guide.manifest} that are answers. They're in the answers now: {names}."]
    yield ""
    if guide.quotes:
        yield "What needs you comes first, by subject: where it goes, and the lines of the old files with their places."
        yield "Delete what you've done, and in the end this file."
    else:
        yield "Nothing needs you. Delete this file when you've seen it."
    yield ""


def _todo(quotes: Iterable[Quote]) -> Iterator[str]:
    about = subjects()["todo"]
    for subject, group in groupby(quotes, key=lambda quote: quote.subject):
        yield from [f"## {about[subject]['title']}", "", about[subject]["text"].strip(), ""]
        for quote in group:
            note = f" ({quote.note})" if quote.note else ""
            yield f"- [ ] `{quote.place}`{note}"
            if quote.lines:
                yield from ["", *_fenced(quote.file, quote.lines)]
            yield ""


def _manifest(guide: Guide) -> Iterator[str]:
    if not guide.stanzas:
        return
    about = subjects()["stanzas"]
    yield from [
        f"## {guide.manifest}, as it was",
        "",
        "What each stanza became, with its comments. If you need to do something about a stanza, it says so, and the",
        "lines are quoted above, too.",
        "",
    ]
    for stanza in guide.stanzas:
        found = about.get(stanza.name, about["other"]) if stanza.name else {"to": "startos/"}
        yield f"### {stanza.name or guide.manifest}"
        yield ""
        text = " ".join(filter(None, [_whereabouts(guide, stanza, found["to"]), found.get("text", "")]))
        yield from [f"`{guide.manifest}:{stanza.line}` {text}", "", *_fenced(guide.manifest, stanza.lines), ""]


def _whereabouts(guide: Guide, stanza: Stanza, to: str) -> str:
    """Return where a stanza went, unless lines of it need a person."""
    lines = range(stanza.line, stanza.line + len(stanza.lines))
    if any(quote.file == guide.manifest and quote.line in lines for quote in guide.quotes):
        return f"It belongs in {to}, but not all of it is there: see above." if to else "See above."
    return f"Now in {to}." if to else ""


def _gone(files: dict[str, list[str]]) -> Iterator[str]:
    if files:
        yield from ["## Files that were deleted or replaced", ""]
    for file, lines in files.items():
        yield from [f"`{file}:1`", "", *_fenced(file, lines), ""]


def _fenced(file: str, lines: list[str]) -> Iterator[str]:
    """Yield lines as they are, in a fence that none of them closes."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=2)
    fence = "`" * (longest + 1)
    yield fence + _LANGUAGES.get(file.rpartition(".")[2], "makefile" if file.endswith("akefile") else "")
    yield from lines
    yield fence
