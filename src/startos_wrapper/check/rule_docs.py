"""Documentation of the rules, read from `rules/*.yaml`: for `--explain`, docs/rules.md and SARIF."""

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from startos_wrapper.check.registry import is_error
from startos_wrapper.data import loader
from startos_wrapper.terminal import printable

FOLDER = Path(__file__).parent / "rules"
# The columns of a terminal, without the last one.
_WIDTH = 79

# What wrappers are for.
TARGETS = ("0.3.5", "0.4")
_DIGITS = {None: " ", "0.3.5": "3", "0.4": "4"}

# Groups of rules by the first two characters of their codes: a heading, and what a finding leads to.
_GROUPS = {
    "E1": ("Parse", "`start-sdk pack` can't read the manifest, and neither can anything else that uses it."),
    "E2": ("Pack", "`start-sdk pack` stops because a file or a commit is missing."),
    "E3": ("Verify", "The package is built, but `start-sdk verify`, `start-sdk publish` and every install reject it."),
    "E4": ("Installer", "The package passes `start-sdk verify`, but it can't be installed."),
    "E5": (
        "Package 0.4",
        "The TypeScript of a package for StartOS 0.4 compiles, but `start-cli` can't pack the package, StartOS can't"
        " install it, or it fails when it runs.",
    ),
    "E6": ("Image", "The package passes `start-sdk verify`, but no server can load the image or start it."),
    "E7": ("Procedures", "A procedure always fails, because its container can't run the script or can't read a file."),
    "E8": (
        "Leftovers",
        "Something is unfinished. start-sdk doesn't notice: the build stops, or the package isn't what you want.",
    ),
    "W4": ("Sources 0.4", "A package for StartOS 0.4 can be packed, but something in it doesn't do what it says."),
    "W5": ("Manifest", "StartOS accepts the manifest, but something in it doesn't do what it says."),
    "W6": ("Dockerfile", "The image may fail to build now or later, or is larger or less secure than it needs to be."),
    "W7": ("Scripts", "The service may not start, or doesn't stop or fail as it should."),
    "W8": ("Tree", "Problems in other files: Makefile, assets, ignore files, texts, answers."),
    "W9": ("Check", "Notes about the check itself: files that it couldn't read, and comments that silence nothing."),
}

_LANGUAGES = {
    ".js": "js", ".json": "json", ".md": "markdown", ".rs": "rust", ".sh": "sh", ".toml": "toml", ".ts": "ts",
    ".yaml": "yaml", ".yml": "yaml", ".gitmodules": "ini", "Dockerfile": "dockerfile", "Makefile": "make",
}  # fmt: skip


@dataclass(frozen=True)
class RuleDoc:
    """A rule. `title`, `why` and `source` are Markdown. `bad` and `good` list what an example changes in a wrapper.

    A `pedantic` rule only concerns style, and is off without --pedantic. A `release` rule is off without --release.
    `startos` is the StartOS that a rule is for, or None for both.
    """

    code: str
    name: str
    title: str
    why: str
    source: str
    fixable: bool
    pedantic: bool
    release: bool
    startos: str | None
    bad: dict[str, Any]
    good: dict[str, Any]


@cache
def rule_docs() -> dict[str, RuleDoc]:
    """Return the documentation of all rules, keyed and sorted by code."""
    found: dict[str, RuleDoc] = {}
    for text in _texts(FOLDER):
        entries = yaml.load(text, loader()) or {}
        found |= {code: _rule_doc(code, entry) for code, entry in entries.items()}
    return dict(sorted(found.items()))


def rule_doc(code: str) -> RuleDoc:
    """Return the documentation of one rule. Only its part is parsed, because parsing all files takes 20 ms.

    Raises: KeyError if no rule has this code.
    """
    return _parsed(FOLDER, code)


@cache
def _parsed(folder: Path, code: str) -> RuleDoc:
    for text in _texts(folder):
        if entry := re.search(rf"^{re.escape(code)}:\n(?:[ \n].*\n?|\n)*", text, re.MULTILINE):
            return _rule_doc(code, yaml.load(entry[0], loader())[code])
    raise KeyError(code)


@cache
def _texts(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]


def _rule_doc(code: str, entry: dict[str, Any]) -> RuleDoc:
    return RuleDoc(
        code,
        entry["name"],
        entry["title"],
        entry["why"].strip(),
        entry["source"].strip(),
        entry.get("fixable", False),
        entry.get("pedantic", False),
        entry.get("release", False),
        entry.get("startos"),
        entry["bad"],
        entry["good"],
    )


def is_on(code: str, *, pedantic: bool = True, release: bool = False) -> bool:
    """Return whether a rule is checked with these options."""
    rule = rule_doc(code)
    return (pedantic or not rule.pedantic) and (release or not rule.release)


def explain(code: str) -> str:
    """Return the documentation of one rule as Markdown.

    Raises: KeyError if no rule has this code.
    """
    rule = rule_doc(code)
    _, what = _GROUPS[code[:2]]
    return "\n".join([f"# {code} {rule.name}", "", f"{_severity(code).capitalize()}. {what}", "", *_description(rule)])


def wrapped(markdown: str) -> str:
    """Wrap the paragraphs and list items of Markdown to fit a terminal, and leave code alone."""
    lines: list[str] = []
    paragraph: list[str] = []
    in_code = False
    for line in [*markdown.split("\n"), ""]:
        is_fence = line.startswith("```")
        begins = re.match(r"(?:[-*]|\d+\.) |#|Source: ", line)
        if paragraph and (is_fence or begins or not line):
            indent = re.match(r"(?:(?:[-*]|\d+\.) )?", paragraph[0])
            more = " " * (indent.end() if indent else 0)
            lines += textwrap.wrap(
                " ".join(paragraph), _WIDTH, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
            )
            paragraph = []
        if in_code or is_fence or not line:
            lines.append(line)
        else:
            paragraph.append(line.strip())
        in_code ^= is_fence
    return "\n".join(lines[:-1])


def listing(rules: list[RuleDoc], as_json: bool) -> str:
    """Return a list of rules: as JSON, or a line per rule.

    A line has the code, whether `--fix` fixes it, the StartOS if the rule is only for one, and the title.
    """
    if as_json:
        found = [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": _severity(rule.code),
                "title": rule.title,
                "fixable": rule.fixable,
                "pedantic": rule.pedantic,
                "release": rule.release,
                "startos": [rule.startos] if rule.startos else list(TARGETS),
            }
            for rule in rules
        ]
        return json.dumps(found, indent=2) + "\n"
    lines = []
    for prefix, (heading, _) in _GROUPS.items():
        group = [rule for rule in rules if rule.code.startswith(prefix)]
        if group:
            lines += ["", f"{heading} ({_severity(prefix)}s)"]
            lines += [f"{rule.code}{_marks(rule)} {_DIGITS[rule.startos]} {rule.title}" for rule in group]
    lines += ["", "* `--fix` fixes it. + Off by default. 3, 4: only for StartOS 0.3.5, 0.4."]
    lines += ["`--explain CODE` says why, with examples."]
    return "\n".join(lines[1:]) + "\n"


def _marks(rule: RuleDoc) -> str:
    return f"{'*' if rule.fixable else ''}{'+' if rule.pedantic or rule.release else ''}".ljust(1)


def _severity(code: str) -> str:
    return "error" if is_error(code) else "warning"


def page() -> str:
    """Return the text of docs/rules.md: for each group, a table and a section for each rule."""
    rules = list(rule_docs().values())
    lines = [
        "<!-- Generated by docs/rules.py from src/startos_wrapper/check/rules. Run `make docs` to update it. -->",
        '<!-- markdownlint-configure-file {"MD010": {"code_blocks": false}} -->',
        "",
        "# The rules",
        "",
        "This page lists the rules of `startos-wrapper check`. The codes are part of its API.",
        "",
        "- An error (E) makes StartOS or its packer reject the package, or is something unfinished (E8).",
        "- A warning (W) marks something that they accept, but that breaks or does harm later.",
        "- The column *StartOS* shows which StartOS a rule is for. Without an entry, it's for both.",
        "- A source that begins with `core/` is a file of start-os v0.3.5.1.",
        "- An example only shows what differs from a wrapper without findings.",
        "- The column *Fix* shows whether `--fix` can fix findings of a rule.",
        "- A rule that only concerns style is off without `--pedantic`, and a rule for releases without `--release`.",
        "",
    ]
    for prefix, (heading, what) in _GROUPS.items():
        group = [rule for rule in rules if rule.code.startswith(prefix)]
        if group:
            lines += [f"## {heading}", "", what, "", *_table(group), ""]
            for rule in group:
                lines += [f"### {rule.code} {rule.name}", "", *_description(rule)]
    return "\n".join(lines)


def _table(rules: list[RuleDoc]) -> Iterator[str]:
    yield "| Code | Name | What | StartOS | Fix |"
    yield "| --- | --- | --- | --- | --- |"
    for rule in rules:
        link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
        title = " ".join(rule.title.split()).replace("|", "\\|")
        yield f"| {link} | {rule.name} | {title} | {rule.startos or 'both'} | {'yes' if rule.fixable else 'no'} |"


def _description(rule: RuleDoc) -> Iterator[str]:
    """Yield everything except the heading, followed by an empty line."""
    fix = f" Only for StartOS {rule.startos}." if rule.startos else ""
    fix += " `--fix` fixes it." if rule.fixable else ""
    fix += " Only reported with `--pedantic`." if rule.pedantic else ""
    fix += " Only reported with `--release`." if rule.release else ""
    yield from (f"{rule.title}.{fix}", "", rule.why, "", f"Source: {_linked(rule.source)}", "")
    for name, example in (("Bad", rule.bad), ("Good", rule.good)):
        for said, text, language in _parts(example):
            if text is None:
                yield from (f"{name}: {said}", "")
            else:
                yield from (f"{name}, {said}:", "", *_fenced(text, language), "")


def _linked(text: str) -> str:
    return re.sub(r"(?<!<)https://[^\s)>;]+", r"<\g<0>>", text)


_Part = tuple[str, str | None, str]


def _parts(example: dict[str, Any]) -> Iterator[_Part]:
    """Yield what an example changes: a sentence, None and "", or a file's label, its text and its language."""
    if example.get("without"):
        yield f"`manifest.yaml` without {_names(example['without'])}.", None, ""
    if "manifest" in example:
        yield "in `manifest.yaml`", example["manifest"], "yaml"
    for file, changes in example.get("replace", {}).items():
        yield from _file(f"`{file}`", file, "\n".join(textwrap.dedent(text) for text in changes.values()))
    for file, content in example.get("files", {}).items():
        yield from _file(f"`{file}`", file, content)
    for file, mode in example.get("modes", {}).items():
        yield f"`{file}` has mode {mode}.", None, ""
    for file in example.get("older", []):
        yield f"`{file}` is older than the sources.", None, ""
    for folder in example.get("folders", []):
        yield f"the folder `{folder}` is empty.", None, ""
    for file, target in example.get("links", {}).items():
        yield f"`{file}` is a symbolic link to `{target}`.", None, ""
    for file, text in example.get("home", {}).items():
        yield from _file(f"`~/{file}`", file, text)
    if example.get("programs"):
        yield f"installed programs: {_names(example['programs'])}.", None, ""


def _file(label: str, file: str, content: Any) -> Iterator[_Part]:
    if content is None:
        yield f"{label} is missing.", None, ""
    elif content == "":
        yield f"{label} is empty.", None, ""
    elif isinstance(content, str):
        yield label, content, _language(file)
    elif "size" in content:
        yield f"{label} has {content['size']} bytes.", None, ""
    elif "bytes" in content:
        yield f"{label} contains the bytes `{content['bytes']}`.", None, ""
    elif "image" in content:
        yield f"the image in {label}", yaml.safe_dump(content["image"], sort_keys=False, width=100), "yaml"
    else:
        yield f"{label} is a tar archive of {_names(content['tar']) or 'nothing'}.", None, ""
        for member, text in content["tar"].items():
            yield from _file(f"`{member}` in {label}", member, text)


def _names(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _language(file: str) -> str:
    path = PurePosixPath(file)
    return _LANGUAGES.get(path.name) or _LANGUAGES.get(path.suffix, "text")


def _fenced(text: str, language: str) -> Iterator[str]:
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + language
    for line in text.rstrip("\n").split("\n"):
        yield "\t".join(printable(part) for part in line.split("\t"))
    yield fence
