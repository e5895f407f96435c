"""Explain texts with wrong syntax in a manifest: ids, versions, ranges, durations, ports, URLs, forms."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from startos_wrapper.files.manifest import os_grammar
from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.manifest.schema import FORMATS, Breach
from startos_wrapper.files.manifest.wording import LONGEST_SHOWN, LONGEST_WORD, MERGE, MERGE_TODO, kebab, shown


def wrong_grammar(breach: Breach) -> Iterator[Fault]:
    """Yield a fault for a text, or for each key of a mapping, that doesn't match its pattern or format."""
    if breach.node.text is not None:
        what, todo = wrong_text(breach, breach.node.text)
        yield breach.fault(breach.rule, f"{breach.name}: {what}", todo, breach.node)
        return
    # In Python, `$` also matches before a trailing newline.
    pattern = re.compile(breach.part.get("pattern", "").replace("$", r"\Z"))
    accepts = FORMATS.get(breach.part.get("format", ""))
    for name in breach.node.fields:
        if pattern.search(name) and (accepts is None or accepts(name)):
            continue
        what, todo = (MERGE, MERGE_TODO) if name == "<<" else wrong_text(breach, name)
        yield breach.fault(breach.rule, f"{breach.name}: {what}", todo, breach.node.keys[name])


def _id(text: str, _: dict[str, Any]) -> tuple[str, str]:
    what = f"`{shown(text)}` isn't a valid id: use lowercase letters in groups joined by single hyphens"
    digits = ", and no digits" if re.search("[0-9]", text) else ""
    better = re.sub(r"[^a-z]+", "-", kebab(text)).strip("-")
    if digits or not better or len(text) > LONGEST_WORD:
        return what + digits, "choose an id with the letters a to z and single hyphens"
    return what, f"write {better}"


def _version(text: str, _: dict[str, Any]) -> tuple[str, str]:
    what = f"`{shown(text)}` isn't a valid version: use one to four numbers joined by dots"
    bare = text.strip().lstrip("vV")
    if os_grammar.version(bare):
        return what, f'write "{shown(bare)}"'
    if re.match(r"[0-9]+(\.[0-9]+){4}", text):
        return what, "remove the numbers after the fourth"
    return what, 'write numbers joined by dots, e.g. "1.2.3"'


def _range(text: str, _: dict[str, Any]) -> tuple[str, str]:
    bare = text.strip().lstrip("vV")
    if re.fullmatch(r"[0-9.]+", bare) and os_grammar.version(bare):
        what = f"`{shown(text)}` is a version, not a range"
        return what, f'write "={shown(bare)}" for only this version, or ">={shown(bare)}" or "^{shown(bare)}"'
    what = f"`{shown(text)}` isn't a valid version range"
    closed = re.sub(r"([<>=!~^])\s+", r"\1", text[:LONGEST_SHOWN]).strip()
    if closed != text and os_grammar.version_range(closed):
        return what, f'write "{shown(closed)}", without a space after the operator'
    return what, 'write "*" or operators with versions, e.g. ">=1.2.0 <2.0.0"'


_UNIT_IN_WORDS = r"\s*([0-9]+)\s*(d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)\s*"


def _duration(text: str, _: dict[str, Any]) -> tuple[str, str]:
    what = f"`{shown(text)}` isn't a valid duration: use one number and one unit"
    if re.fullmatch(r"[0-9]+", text):
        return what, f"add the unit, e.g. {shown(text)}s for seconds"
    if match := re.fullmatch(_UNIT_IN_WORDS, text[:LONGEST_SHOWN].lower()):
        return what, f"write {match[1]}{match[2][0]}"
    return what, "write one number with d, h, m or s, e.g. 30s"


def _port(text: str, _: dict[str, Any]) -> tuple[str, str]:
    return f"`{shown(text)}` isn't a valid port", "write a number up to 65535"


def _url(text: str, _: dict[str, Any]) -> tuple[str, str]:
    if not text.strip():
        return "empty text isn't a URL", "write a URL, or remove the key if it's optional"
    what, better = f"`{shown(text)}` isn't an absolute URL", f"https://{text.strip().lstrip('/')}"
    if ":" not in text and "." in text and len(text) <= LONGEST_SHOWN and os_grammar.url(better):
        return what, f"write {better}"
    return what, "write a URL with a scheme and a host, e.g. https://example.com/page"


def _regular(text: str, _: dict[str, Any]) -> tuple[str, str]:
    said = os_grammar.regex_fault(text)
    foreign = "look-around" in said or "backreferences" in said
    todo = "write it without look-around and backreferences" if foreign else "fix the expression"
    return f"`{shown(text)}` isn't a valid regular expression in Rust: {said}", todo


def _form(text: str, part: dict[str, Any]) -> tuple[str, str]:
    what, todo = {
        "startos-number-range": ("range of numbers", "write brackets at both ends, e.g. [1,100] or (*,5)"),
        "startos-whole-range": ("range of whole numbers", "write brackets at both ends, e.g. [1,5] or [0,*)"),
        "startos-charset": ("charset", "separate characters and ascending ranges with commas, e.g. a-z,0-9"),
        "startos-jsonpath": ("JSONPath", "begin with $ and name the keys, e.g. $.rpc.username or $['rpc']"),
    }[part["format"]]
    return f"`{shown(text)}` isn't a valid {what}", todo


_MESSAGES: dict[str, Callable[[str, dict[str, Any]], tuple[str, str]]] = {
    "E112": _id, "E113": _version, "E114": _range, "E115": _duration, "E116": _port, "E117": _url, "E120": _regular,
    "E121": _form,
}  # fmt: skip


def wrong_text(breach: Breach, text: str) -> tuple[str, str]:
    """Return what is wrong with a text and what to do, according to the breach's rule."""
    return _MESSAGES[breach.rule](text, breach.part)
