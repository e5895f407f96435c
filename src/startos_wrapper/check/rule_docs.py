"""What is documented of each rule, in `rules/*.yaml`: for `--explain`, for docs/rules.md and for SARIF."""

import re
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

# The rules' groups by the beginning of their codes: heading and what comes of a fault.
_GROUPS = {
    "E1": ("PARSE", "The manifest cannot be read: `start-sdk pack` stops, and so does every other reader."),
    "E2": ("PACK", "`start-sdk pack` stops, as a file or a commit is missing."),
    "E3": ("VERIFY", "The package is built; `start-sdk verify`, `start-sdk publish` and every install refuse it."),
    "E4": ("Installer", "The package passes verify, and its installation fails."),
    "W5": ("Manifest", "The manifest is accepted, and something in it does not do what it says."),
    "W6": ("Dockerfile", "The image may not build, or not again, or is larger or weaker than it need be."),
    "W7": ("Entrypoint", "The service starts, and does not stop or fail as it should."),
    "W8": ("Tree", "The files around: Makefile, assets, ignore files, texts, answers."),
    "W9": ("Check", "What the check says of itself: files that it could not read, comments that silence nothing."),
}

_LANGUAGES = {
    ".js": "js", ".json": "json", ".md": "markdown", ".rs": "rust", ".sh": "sh", ".toml": "toml", ".ts": "ts",
    ".yaml": "yaml", ".yml": "yaml", ".gitmodules": "ini", "Dockerfile": "dockerfile", "Makefile": "make",
}  # fmt: skip


@dataclass(frozen=True)
class RuleDoc:
    """A rule: `title`, `why` and `source` are Markdown; `bad` and `good` say what an example changes in a wrapper."""

    code: str
    name: str
    title: str
    why: str
    source: str
    fixable: bool
    bad: dict[str, Any]
    good: dict[str, Any]


@cache
def rule_docs() -> dict[str, RuleDoc]:
    """Return the documentation of all rules by their codes, in the order of codes."""
    found: dict[str, RuleDoc] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        entries = yaml.load(path.read_text(encoding="utf-8"), loader()) or {}
        found |= {code: _rule_doc(code, entry) for code, entry in entries.items()}
    return dict(sorted(found.items()))


def _rule_doc(code: str, entry: dict[str, Any]) -> RuleDoc:
    return RuleDoc(
        code,
        entry["name"],
        entry["title"],
        entry["why"].strip(),
        entry["source"].strip(),
        entry.get("fixable", False),
        entry["bad"],
        entry["good"],
    )


def explain(code: str) -> str:
    """Return what is to say about one rule, as Markdown. Raises KeyError for a code that no rule has."""
    rule = rule_docs()[code]
    kind = "Error" if is_error(code) else "Warning"
    _, what = _GROUPS[code[:2]]
    return "\n".join([f"# {code} {rule.name}", "", f"{kind}. {what}", "", *_description(rule)])


def page() -> str:
    """Return docs/rules.md: a table of each group of rules, then a section for each rule."""
    rules = list(rule_docs().values())
    lines = [
        "<!-- Written by docs/rules.py from src/startos_wrapper/check/rules: `make docs`. -->",
        '<!-- markdownlint-configure-file {"MD010": {"code_blocks": false}} -->',
        "",
        "# The rules",
        "",
        "What `startos-wrapper check` looks for. The codes are API. An error (E) is what StartOS 0.3.5 or its packer",
        "refuses; a warning (W) is what passes there and breaks or hurts later. A source `core/...` is of start-os at",
        "v0.3.5.1. An example shows only what it changes in a wrapper without faults. *Fix* says what `--fix` repairs.",
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
    yield "| Code | Name | What | Fix |"
    yield "| --- | --- | --- | --- |"
    for rule in rules:
        link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
        title = " ".join(rule.title.split()).replace("|", "\\|")
        yield f"| {link} | {rule.name} | {title} | {'yes' if rule.fixable else 'no'} |"


def _description(rule: RuleDoc) -> Iterator[str]:
    """Yield all but the heading, with an empty line at the end."""
    fix = " `--fix` repairs it." if rule.fixable else ""
    yield from (f"{rule.title}.{fix}", "", rule.why, "", f"Source: {_linked(rule.source)}", "")
    for name, example in (("Bad", rule.bad), ("Good", rule.good)):
        for said, text, language in _parts(example):
            if text is None:
                yield from (f"{name}: {said}", "")
            else:
                yield from (f"{name}, {said}:", "", *_fenced(text, language), "")


def _linked(text: str) -> str:
    return re.sub(r"(?<!<)https://[^\s)>]+", r"<\g<0>>", text)


_Part = tuple[str, str | None, str]


def _parts(example: dict[str, Any]) -> Iterator[_Part]:
    """Yield what an example changes: a sentence, None and nothing; or a file's name, its text and its language."""
    if example.get("without"):
        yield f"`manifest.yaml` without {_names(example['without'])}.", None, ""
    if "manifest" in example:
        yield "in `manifest.yaml`", example["manifest"], "yaml"
    for file, content in example.get("files", {}).items():
        yield from _file(f"`{file}`", file, content)
    for file, mode in example.get("modes", {}).items():
        yield f"`{file}` has the mode {mode}.", None, ""
    for folder in example.get("folders", []):
        yield f"there is an empty folder `{folder}`.", None, ""
    for file, target in example.get("links", {}).items():
        yield f"`{file}` is a symbolic link to `{target}`.", None, ""
    for file, text in example.get("home", {}).items():
        yield from _file(f"`~/{file}`", file, text)
    if example.get("programs"):
        yield f"installed is {_names(example['programs'])}.", None, ""


def _file(label: str, file: str, content: Any) -> Iterator[_Part]:
    if content is None:
        yield f"there is no {label}.", None, ""
    elif content == "":
        yield f"{label} is empty.", None, ""
    elif isinstance(content, str):
        yield label, content, _language(file)
    elif "size" in content:
        yield f"{label} has {content['size']} bytes.", None, ""
    elif "bytes" in content:
        yield f"{label} consists of the bytes `{content['bytes']}`.", None, ""
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
