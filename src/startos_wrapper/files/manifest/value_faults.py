"""Explain values in a manifest that have a wrong type, are unknown, or exceed a limit."""

import re
from collections.abc import Iterator

from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.manifest.grammar_faults import wrong_text
from startos_wrapper.files.manifest.key_faults import example
from startos_wrapper.files.manifest.schema import FORMATS, Breach, needed
from startos_wrapper.files.manifest.wording import listed, shown

_KINDS = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
_WANTED = {
    "string": "text", "boolean": "a boolean", "integer": "a whole number", "number": "a number", "array": "a list",
    "object": "a mapping",
}  # fmt: skip
# The TOML parser returns a date as a mapping with this key. toml_datetime/src/datetime.rs: FIELD
_DATE = "$__toml_private_datetime"
# Words that other YAML parsers read as booleans.
_BOOLEANS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


def wrong_type(breach: Breach) -> Fault:
    """Return the fault for a value of the wrong type."""
    types = breach.part["type"] if isinstance(breach.part["type"], list) else [breach.part["type"]]
    types = [name for name in types if name != "null"]
    wanted = " or ".join(_WANTED[name] for name in types)
    value = breach.node.value
    if value is None:
        return breach.fault(
            "E111", f"{breach.name} is empty (null), but must be {wanted}", _null_todo(breach, wanted), None
        )
    if isinstance(value, (list, dict)):
        kind = "a date" if _DATE in value else _KINDS[type(value)]
        return breach.fault("E111", f"{breach.name} is {kind}, but must be {wanted}", f"write {wanted}", breach.node)
    kind = "a number with a fraction" if isinstance(value, float) and "integer" in types else _KINDS[type(value)]
    todo, right = _mended(breach, types[0], wanted)
    fixes = breach.edit(breach.node, right) if right else ()
    what = f"{breach.name}: `{shown(breach.source(breach.node))}` is {kind}, but must be {wanted}"
    return breach.fault("E111", what, todo, breach.node, *fixes)


def _null_todo(breach: Breach, wanted: str) -> str:
    if breach.key is None:
        return f"write {wanted}, or remove the item"
    name = breach.path[-1]
    if name not in needed():
        return f"remove {shown(name)}, or write {wanted}"
    written = example(name, breach.part)
    return f"write {wanted if written == name else written}"


def _mended(breach: Breach, wanted: str, words: str) -> tuple[str, str]:
    """Return what to do with a scalar of the wrong type, and its replacement if there is only one."""
    value, written = breach.node.value, breach.source(breach.node)
    bare = written[1:-1] if written[:1] in ("'", '"') and written[:1] == written[-1:] else written
    # Exclude aliases, blocks and anything else whose source isn't the value itself.
    plainly = re.fullmatch(r"[\w.+:-]+", bare) is not None
    if wanted == "string" and plainly:
        return _quoted(breach, bare) or (f'add quotes: "{bare}"', f'"{bare}"')
    if wanted == "boolean" and isinstance(value, str):
        right = _BOOLEANS.get(value.lower(), "")
        return f"write {right or 'true or false'}", right if bare == value else ""
    if wanted == "integer" and isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,19}", value):
        allowed = int(value) <= breach.part.get("maximum", int(value))
        return f"write {value} without quotes", value if allowed and bare == value else ""
    if wanted == "integer" and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}", ""
    if wanted == "array":
        return f"write a list: [{shown(written)}]", ""
    if wanted == "object" and breach.part.get("required"):
        return f"write a mapping with {listed(breach.part['required'])}", ""
    return f"write {'true or false' if wanted == 'boolean' else words}", ""


def _quoted(breach: Breach, text: str) -> tuple[str, str] | None:
    """Return what to do if the text would still be invalid with quotes, or None if quotes are enough."""
    if words := [word for word in breach.part.get("enum", ()) if word is not None]:
        return f"write {listed(words, 'or')}", ""
    pattern, form = breach.part.get("pattern"), FORMATS.get(breach.part.get("format", ""))
    if (pattern is None or re.search(pattern, text)) and (form is None or form(text)):
        return None
    return wrong_text(breach, text)[1], ""


def wrong_word(breach: Breach) -> Iterator[Fault]:
    """Yield a fault for a text that isn't one of the allowed values."""
    text = breach.node.text
    if text is None:
        return  # Already reported as a wrong type.
    words = [word for word in breach.part["enum"] if word is not None]
    guess = breach.guess(text, words)
    what = f"{breach.name}: unknown value `{shown(text)}`"
    yield breach.fault("E118", what, f"write {guess or listed(words, 'or')}", breach.node)


def out_of_range(breach: Breach) -> Iterator[Fault]:
    """Yield a fault for a whole number that is too small or too large."""
    if isinstance(breach.node.value, int):
        low, high = breach.part["minimum"], breach.part["maximum"]
        limits = f"from {low} to {high}" if high < 2**32 else f"of at least {low}"
        what = f"{breach.name}: {breach.node.value} isn't a number {limits}"
        yield breach.fault("E119", what, f"write a whole number {limits}", breach.node)


def too_much(breach: Breach) -> Fault:
    """Return the fault for a text or a list that is too long."""
    limit, count = breach.part[breach.keyword], len(breach.node.value)
    noun, verb = ("characters", "shorten it by") if breach.keyword == "maxLength" else ("entries", "remove")
    what = f"{breach.name} has {count} {noun}, but StartOS allows at most {limit}"
    return breach.fault(breach.rule, what, f"{verb} {count - limit}", None)
