"""What each key of the manifest may say: `manifest-0.3.schema.json`, told in a packager's words.

The validator says which keyword of the schema fails at which value. The rest is read from the schema and the manifest.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft7Validator

from startos_wrapper.check import os_grammar
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.documents.value import Key, Node
from startos_wrapper.files.source import Edit, Place
from startos_wrapper.files.wrapper import NOTHING, Wrapper

# The largest of 114 real manifests has some 600 values. What is beyond this many is not looked at.
_MOST_VALUES = 5_000
# Nor would anybody read more than this.
_MOST_FINDINGS = 1_000
# No reader of manifests goes deeper.
_DEEPEST = 130
# A hostile one takes 20 ms to compile.
_MOST_REGEXES = 50
# Comparing a wrong word with all right ones takes time too.
_MOST_GUESSES = 100
_LONGEST_WORD = 40
_LONGEST_SHOWN = 60

_KINDS = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a map"}
_WANTED = {
    "string": "text", "boolean": "a boolean", "integer": "a whole number", "number": "a number", "array": "a list",
    "object": "a map",
}  # fmt: skip
# How the reader of TOML hands a date on. toml_datetime/src/datetime.rs: FIELD
_DATE = "$__toml_private_datetime"
# Words that are booleans to other readers of YAML.
_BOOLEANS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}

# --- Keys that StartOS 0.3 does not know, of its own past and of its documentation -----------------------------------

_Path = tuple[str, ...]
_RENAMED: dict[_Path, str] = {
    ("min-os-version",): "eos-version",
    ("alerts", "install-alert"): "install",
    ("alerts", "uninstall-alert"): "uninstall",
    ("alerts", "restore-alert"): "restore",
    ("alerts", "start-alert"): "start",
    ("alerts", "stop-alert"): "stop",
    ("interfaces", "*", "lan-config", "*", "mapping"): "internal",
}
_GONE: dict[_Path, str] = {
    ("health-checks", "*", "description"): "remove it, or say it in success-message",
    ("health-checks", "*", "critical"): "remove it: StartOS treats all health checks alike",
    ("dependencies", "*", "critical"): "remove it: requirement says how much the package is needed",
    ("volumes", "*", "readonly"): "remove it: only a volume of type pointer can be read-only",
    ("environment",): "remove it: the entrypoint exports variables",
    ("main", "environment"): "remove it: the entrypoint exports variables",
    # The format of StartOS 0.2, appmgr/src/manifest.rs at v0.2.17.
    ("compat",): "remove it: it belongs to manifests of StartOS 0.2",
    ("install-alert",): "write it under alerts, as install",
    ("uninstall-alert",): "write it under alerts, as uninstall",
    ("restore-alert",): "write it under alerts, as restore",
    ("start-alert",): "write it under alerts, as start",
    ("has-instructions",): "remove it: assets.instructions names the file",
    ("os-version-required",): "write eos-version instead",
    ("os-version-recommended",): "write eos-version instead",
    ("ports",): "describe the ports under interfaces",
    ("image",): "write `image: main` under main",
    ("mount",): "write it under main.mounts",
    ("public",): "remove it: others reach a volume through one of type pointer",
    ("shared",): "remove it: others reach a volume through one of type pointer",
    ("shm-size-mb",): "write it under main",
    ("hidden-service-version",): "remove it: every Tor address is of version 3",
}


# --- The schema and its validator ------------------------------------------------------------------------------------

_regexes: dict[str, bool] = {}


def _regex(text: str) -> bool:
    """Say whether a text is a regular expression; one beyond the first `_MOST_REGEXES` of a manifest counts as one."""
    if text not in _regexes and len(_regexes) < _MOST_REGEXES:
        _regexes[text] = os_grammar.regex(text)
    return _regexes.get(text, True)


FORMATS: dict[str, Callable[[str], bool]] = {
    "startos-version": os_grammar.version,
    "startos-range": os_grammar.version_range,
    "startos-duration": os_grammar.duration,
    "startos-url": os_grammar.url,
    "startos-regex": _regex,
    "startos-number-range": os_grammar.number_range,
    "startos-whole-range": os_grammar.whole_range,
    "startos-charset": os_grammar.charset,
}


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the manifest."""
    path = Path(__file__).parents[1] / "manifest-0.3.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@cache
def _validator() -> Any:
    return Draft7Validator(schema(), formats=FORMATS, validate_formats=True)


@cache
def _words() -> frozenset[str]:
    """Return all keys that the schema names."""
    return frozenset(name for part in _parts(schema()) for name in part.get("properties", {}))


@cache
def _needed() -> frozenset[str]:
    """Return all keys that must be there somewhere."""
    return frozenset(name for part in _parts(schema()) for name in part.get("required", ()))


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    """Yield a subschema and all subschemas in it."""
    if not isinstance(part, dict):
        return
    yield part
    for keyword, inner in part.items():
        if keyword in ("properties", "definitions"):
            yield from (each for value in inner.values() for each in _parts(value))
        elif keyword == "allOf":
            yield from (each for value in inner for each in _parts(value))
        elif keyword in ("if", "then", "else", "not", "items", "additionalProperties", "propertyNames"):
            yield from _parts(inner)


def _flat(part: Any) -> dict[str, Any]:
    """Return a subschema together with what it refers to."""
    if not isinstance(part, dict):
        return {}
    refers = [part, *part.get("allOf", ())]
    names = [each["$ref"].removeprefix("#/definitions/").split("/") for each in refers if "$ref" in each]
    referred: dict[str, Any] = {}
    for name in names:
        target: Any = schema()["definitions"]
        for step in name:
            target = target[step]
        referred |= _flat(target)
    return {**referred, **part}


# --- What the validator is given, and what it says -------------------------------------------------------------------


@dataclass
class _Copy:
    """Makes plain values of nodes, as many as are worth a look. Keys that the schema names are never left out."""

    left: int = _MOST_VALUES

    def of(self, node: Node, depth: int = 0) -> Any:
        """Return the plain value of a node."""
        self.left -= 1
        if isinstance(node.value, dict) and depth < _DEEPEST:
            names = (name for name in node.value if self.left > 0 or name in _words())
            return {name: self.of(node.value[name], depth + 1) for name in names}
        if isinstance(node.value, list) and depth < _DEEPEST:
            return [self.of(item, depth + 1) for item in node.value[: max(0, self.left)]]
        # To JSON Schema 1.0 is an integer, to the OS (serde) it is not.
        return 0.5 if isinstance(node.value, float) else None if isinstance(node.value, (dict, list)) else node.value


@dataclass(frozen=True)
class _Fault:
    """A keyword of a part of the schema that a value breaks: the value, its key, if it has one, and its path."""

    wrapper: Wrapper
    part: dict[str, Any]
    keyword: str
    node: Node
    key: Key | None
    path: _Path
    # The words that were compared with others.
    guesses: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The path as it may be shown."""
        return ".".join(map(_shown, self.path)) or "The manifest"

    @property
    def rule(self) -> str:
        """The rule of the grammar or limit that is broken."""
        return str(self.part["x-rule"])

    def at(self, node: Node | Key | None) -> Place:
        """Return the place of a node or key, or of the key that leads here."""
        return self.wrapper.at(node or self.key or (self.node if self.path else None))

    def finding(self, code: str, what: str, todo: str, node: Node | Key | None, *fixes: Edit) -> Finding:
        """Return a finding at a node or key, or at the key that leads here."""
        return Finding(code, self.at(node), what, todo, fixes)

    def source(self, span: Node | Key) -> str:
        """Return how a node or key is written."""
        source = self.wrapper.manifest_source
        return source.text[span.start : span.end] if source else ""

    def edit(self, span: Node | Key, text: str) -> tuple[Edit, ...]:
        """Return the edit that writes something else for a node or key."""
        source = self.wrapper.manifest_source
        return (source.edit(span.start, span.end, text),) if source else ()


@checks(
    "E110", "E111", "E112", "E113", "E114", "E115", "E116", "E117", "E118", "E119", "E120", "E121", "E307", "E315",
    "W515",
)  # fmt: skip
def breaches(wrapper: Wrapper) -> Iterator[Finding]:
    """Yield every breach of the schema. A manifest that is none is other rules' matter."""
    if wrapper.manifest is not NOTHING:
        # One fault can break a rough pattern, for editors, and an exact format. An alias brings it to several paths.
        found = {(each.code, each.place, each.todo): each for each in islice(_all(wrapper), _MOST_FINDINGS)}
        yield from found.values()


def _all(wrapper: Wrapper) -> Iterator[Finding]:
    _regexes.clear()
    units = _validator().evaluate(_Copy().of(wrapper.manifest)).errors()
    breaks = dict.fromkeys((unit["schemaLocation"], unit["instanceLocation"]) for unit in units)
    guesses: list[str] = []
    # Errors come before warnings, so that no number of these hides one of those.
    for location, pointer in sorted(breaks, key=lambda each: each[0].endswith("/additionalProperties")):
        (part, keyword), (node, key, path) = _broken(location), _located(wrapper.manifest, pointer)
        yield from _findings(_Fault(wrapper, part, keyword, node, key, path, guesses))


@cache
def _broken(location: str) -> tuple[dict[str, Any], str]:
    """Return the part of the schema and its keyword at which a JSON pointer points."""
    part: dict[str, Any] = {}
    keyword, here = "", schema()
    for step in _steps(location):
        inner: Any = here[int(step)] if isinstance(here, list) else here.get(step)
        # Behind `dependencies` the validator counts.
        if inner is None:
            break
        if isinstance(here, dict):
            part, keyword = here, step
        here = inner
    return part, keyword


def _located(node: Node, pointer: str) -> tuple[Node, Key | None, _Path]:
    """Return the value at which a JSON pointer points, its key and its path."""
    key: Key | None = None
    path = tuple(_steps(pointer))
    for step in path:
        if isinstance(node.value, list):
            node, key = node.value[int(step)], None
        else:
            node, key = node.value[step], node.keys[step]
    return node, key, path


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _findings(fault: _Fault) -> Iterator[Finding]:
    match fault.keyword:
        case "required":
            yield from _missing(fault)
        case "additionalProperties":
            # Before jsonschema-rs 0.61 a missing key may be reported here.
            yield from _missing(fault)
            yield from _unknown(fault)
        case "type":
            yield _wrong_type(fault)
        case "enum":
            yield from _wrong_word(fault)
        case "minimum" | "maximum":
            yield from _out_of_range(fault)
        case "maxLength" | "maxItems":
            yield _too_much(fault)
        case "dependencies":
            yield _half_a_pattern(fault)
        case "not":
            yield fault.finding(fault.rule, f"{fault.name} has both any and all", "keep one of them", None)
        case _:
            yield from _wrong_grammar(fault)


# --- Keys ------------------------------------------------------------------------------------------------------------


def _missing(fault: _Fault) -> Iterator[Finding]:
    for name in fault.part.get("required", ()):
        if name not in fault.node.fields:
            todo = f"add {_example(name, fault.part.get('properties', {}).get(name))}"
            if "<<" in fault.node.fields:
                todo = f"write {name} here, as StartOS does not merge what stands under <<"
            yield fault.finding("E110", f"{fault.name} has no {name}", todo, None)


def _example(name: str, part: Any) -> str:
    """Return how a key may be written: an example, its words, or what belongs under it."""
    flat = _flat(part)
    if "examples" in flat:
        return f"`{name}: {_written(flat['examples'][0])}`"
    if "enum" in flat:
        return " or ".join(f"`{name}: {word}`" for word in flat["enum"] if word)
    if flat.get("type") == "boolean":
        return f"`{name}: true` or `{name}: false`"
    if flat.get("required"):
        return f"{name}, with {_listed(flat['required'])}"
    return f"{name}, which may be {{}}" if "additionalProperties" in flat else name


def _written(value: Any) -> str:
    """Return a value as YAML takes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z/][\w ,./:'-]*", value) and ": " not in value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _unknown(fault: _Fault) -> Iterator[Finding]:
    """Yield the keys that the OS passes over.

    It also calls unknown what it would write otherwise: a range or port in another form, and a null that it leaves out.
    These are read as they are meant, so they are not worth a word.
    """
    known, here = fault.part["properties"], f"{fault.name}." if fault.path else ""
    choice = next((index for index, name in enumerate(fault.node.fields) if name in ("any", "all")), -1)
    for index, name in enumerate(fault.node.fields):
        if name in known:
            continue
        key, path = fault.node.keys[name], here + _shown(name)
        if {"any", "all"} == set(known) and index > choice >= 0:
            # S/config/util.rs: the reader returns at `any` or `all`, and JSON's reader stops at what is left.
            what = f"{path} follows any or all, where StartOS expects nothing more"
            yield fault.finding("E121", what, "remove it", key)
            continue
        what, todo, new = _advice(fault, name, path, known)
        fixes = _rename(fault, name, new) if new and new not in fault.node.fields else ()
        yield fault.finding("W515", what, todo, key, *fixes)


def _advice(fault: _Fault, name: str, path: str, known: dict[str, Any]) -> tuple[str, str, str]:
    """Return what is wrong with an unknown key, what to do, and its new name if that is certain."""
    what, kebab = f"StartOS does not know {path} and passes over it", _kebab(name)
    if name == "<<":
        return f"{path}: {_MERGE}", _MERGE_TODO, ""
    if todo := _of_old(_GONE, (*fault.path, name)):
        return what, todo, ""
    new = _of_old(_RENAMED, (*fault.path, name)) or (kebab if kebab in known else "")
    if new and name == "mapping":
        what = f"{path} is the old name of {new}, which StartOS still takes"
    if new:
        return what, f"remove it: {new} is there" if new in fault.node.fields else f"rename it to {new}", new
    guess = _guess(fault, name, known)
    return what, f"rename it to {guess}, if that is meant, or remove it" if guess else "remove it", ""


_MERGE = "StartOS does not merge, so what stands under << has no effect"
_MERGE_TODO = "write the keys out, or use an alias (*name) for the whole map"


def _of_old(table: dict[_Path, str], path: _Path) -> str:
    """Return what a table says of a path. The keys that authors choose, its stars, are on every second level."""
    starred = tuple("*" if level % 2 and level < len(path) - 1 else step for level, step in enumerate(path))
    return table.get(path) or table.get(starred, "")


def _kebab(name: str) -> str:
    """Return a key in the manifest's way of writing: sigtermTimeout and sigterm_timeout are sigterm-timeout."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_ ]", "-", name[:_LONGEST_WORD]).lower()


def _guess(fault: _Fault, word: str, words: Iterable[str]) -> str:
    """Return which of the words that are not there yet is meant, as far as the letters tell."""
    if len(word) > _LONGEST_WORD or len(fault.guesses) >= _MOST_GUESSES:
        return ""
    fault.guesses.append(word)
    free = [other for other in words if other not in fault.node.fields]
    return next(iter(difflib.get_close_matches(word.lower(), free, 1, 0.7)), "")


def _rename(fault: _Fault, name: str, new: str) -> tuple[Edit, ...]:
    """Return the edit of a key, with the quotes that it has. A table of TOML may have headers all over the file."""
    key, written = fault.node.keys[name], fault.source(fault.node.keys[name])
    is_table = (fault.wrapper.manifest_file or "").endswith(".toml") and isinstance(
        fault.node.value[name].value, (dict, list)
    )
    quote = written[:1] if written[:1] in ("'", '"') else ""
    return fault.edit(key, f"{quote}{new}{quote}") if written == f"{quote}{name}{quote}" and not is_table else ()


# --- Types -----------------------------------------------------------------------------------------------------------


def _wrong_type(fault: _Fault) -> Finding:
    types = fault.part["type"] if isinstance(fault.part["type"], list) else [fault.part["type"]]
    types = [name for name in types if name != "null"]
    wanted = " or ".join(_WANTED[name] for name in types)
    value = fault.node.value
    if value is None:
        return fault.finding("E111", f"{fault.name} is empty (null), not {wanted}", _null_todo(fault, wanted), None)
    if isinstance(value, (list, dict)):
        kind = "a date" if _DATE in value else _KINDS[type(value)]
        return fault.finding("E111", f"{fault.name} is {kind}, not {wanted}", f"write {wanted}", fault.node)
    kind = "a number with a fraction" if isinstance(value, float) and "integer" in types else _KINDS[type(value)]
    todo, right = _mended(fault, types[0], wanted)
    fixes = fault.edit(fault.node, right) if right else ()
    what = f"{fault.name}: `{_shown(fault.source(fault.node))}` is {kind} here, not {wanted}"
    return fault.finding("E111", what, todo, fault.node, *fixes)


def _null_todo(fault: _Fault, wanted: str) -> str:
    if fault.key is None:
        return f"write {wanted}, or remove the item"
    name = fault.path[-1]
    if name not in _needed():
        return f"remove {_shown(name)}, or write {wanted}"
    example = _example(name, fault.part)
    return f"write {wanted if example == name else example}"


def _mended(fault: _Fault, wanted: str, words: str) -> tuple[str, str]:
    """Return what to do with a scalar of the wrong type, and what to write if that is certain."""
    value, written = fault.node.value, fault.source(fault.node)
    bare = written[1:-1] if written[:1] in ("'", '"') and written[:1] == written[-1:] else written
    # Not an alias, a block or anything else that is not written where it stands.
    plainly = re.fullmatch(r"[\w.+:-]+", bare) is not None
    if wanted == "string" and plainly:
        return _quoted(fault, bare) or (f'write "{bare}" with quotes', f'"{bare}"')
    if wanted == "boolean" and isinstance(value, str):
        right = _BOOLEANS.get(value.lower(), "")
        return f"write {right or 'true or false'}", right if bare == value else ""
    if wanted == "integer" and isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,19}", value):
        allowed = int(value) <= fault.part.get("maximum", int(value))
        return f"write {value} without quotes", value if allowed and bare == value else ""
    if wanted == "integer" and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}", ""
    if wanted == "array":
        return f"write a list: [{_shown(written)}]", ""
    if wanted == "object" and fault.part.get("required"):
        return f"write a map with {_listed(fault.part['required'])}", ""
    return f"write {'true or false' if wanted == 'boolean' else words}", ""


def _quoted(fault: _Fault, text: str) -> tuple[str, str] | None:
    """Return what to do where quotes alone do not help, as the text would break the grammar."""
    if words := [word for word in fault.part.get("enum", ()) if word is not None]:
        return f"write {_listed(words, 'or')}", ""
    pattern, form = fault.part.get("pattern"), FORMATS.get(fault.part.get("format", ""))
    if (pattern is None or re.search(pattern, text)) and (form is None or form(text)):
        return None
    return _MESSAGES[fault.rule](text, fault.part)[1], ""


# --- Words and numbers -----------------------------------------------------------------------------------------------


def _wrong_word(fault: _Fault) -> Iterator[Finding]:
    text = fault.node.text
    if text is None:
        return  # Its type is wrong already.
    words = [word for word in fault.part["enum"] if word is not None]
    guess = _guess(fault, text, words)
    what = f"{fault.name}: StartOS does not know `{_shown(text)}` here"
    yield fault.finding("E118", what, f"write {guess or _listed(words, 'or')}", fault.node)


def _out_of_range(fault: _Fault) -> Iterator[Finding]:
    if isinstance(fault.node.value, int):
        low, high = fault.part["minimum"], fault.part["maximum"]
        limits = f"from {low} to {high}" if high < 2**32 else f"from {low} on"
        what = f"{fault.name}: {fault.node.value} is not a number {limits}"
        yield fault.finding("E119", what, f"write a whole number {limits}", fault.node)


def _too_much(fault: _Fault) -> Finding:
    limit, count = fault.part[fault.keyword], len(fault.node.value)
    noun, verb = ("characters", "shorten it by") if fault.keyword == "maxLength" else ("entries", "remove")
    what = f"{fault.name} has {count} {noun}, and StartOS takes no more than {limit}"
    return fault.finding(fault.rule, what, f"{verb} {count - limit}", None)


def _half_a_pattern(fault: _Fault) -> Finding:
    there, missing = sorted(("pattern", "pattern-description"), key=lambda name: name not in fault.node.fields)
    what = f"{fault.name} has {there} without {missing}"
    return fault.finding(fault.rule, what, f"add {missing}, or remove {there}", fault.node.keys[there])


# --- Grammars of texts -----------------------------------------------------------------------------------------------


def _wrong_grammar(fault: _Fault) -> Iterator[Finding]:
    """Yield a text that breaks a pattern or format, or the names of a map that do."""
    if fault.node.text is not None:
        what, todo = _MESSAGES[fault.rule](fault.node.text, fault.part)
        yield fault.finding(fault.rule, f"{fault.name}: {what}", todo, fault.node)
        return
    # To Python `$` is also where a last line break begins.
    pattern = re.compile(fault.part.get("pattern", "").replace("$", r"\Z"))
    accepts = FORMATS.get(fault.part.get("format", ""))
    for name in fault.node.fields:
        if pattern.search(name) and (accepts is None or accepts(name)):
            continue
        what, todo = (_MERGE, _MERGE_TODO) if name == "<<" else _MESSAGES[fault.rule](name, fault.part)
        yield fault.finding(fault.rule, f"{fault.name}: {what}", todo, fault.node.keys[name])


def _id(text: str, _: dict[str, Any]) -> tuple[str, str]:
    what = f"`{_shown(text)}` is not an id: lower-case letters in groups joined by single hyphens"
    digits = ", without digits" if re.search("[0-9]", text) else ""
    better = re.sub(r"[^a-z]+", "-", _kebab(text)).strip("-")
    if digits or not better or len(text) > _LONGEST_WORD:
        return what + digits, "choose a name of letters a to z and single hyphens"
    return what, f"write {better}"


def _version(text: str, _: dict[str, Any]) -> tuple[str, str]:
    what, bare = f"`{_shown(text)}` is not a version: one to four numbers joined by dots", text.strip().lstrip("vV")
    if os_grammar.version(bare):
        return what, f'write "{_shown(bare)}"'
    if re.match(r"[0-9]+(\.[0-9]+){4}", text):
        return what, "leave out the numbers after the fourth"
    return what, 'write numbers joined by dots, such as "1.2.3"'


def _range(text: str, _: dict[str, Any]) -> tuple[str, str]:
    bare = text.strip().lstrip("vV")
    if re.fullmatch(r"[0-9.]+", bare) and os_grammar.version(bare):
        what = f"`{_shown(text)}` is a version, not a range"
        return what, f'write "={_shown(bare)}" for this one alone, or ">={_shown(bare)}" or "^{_shown(bare)}"'
    what = f"`{_shown(text)}` is not a range of versions"
    closed = re.sub(r"([<>=!~^])\s+", r"\1", text[:_LONGEST_SHOWN]).strip()
    if closed != text and os_grammar.version_range(closed):
        return what, f'write "{_shown(closed)}", without a space there'
    return what, 'write "*" or operators with versions, such as ">=1.2.0 <2.0.0"'


_UNIT_IN_WORDS = re.compile(r"\s*([0-9]+)\s*(d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)\s*")


def _duration(text: str, _: dict[str, Any]) -> tuple[str, str]:
    what = f"`{_shown(text)}` is not a duration: one number and one unit"
    if re.fullmatch(r"[0-9]+", text):
        return what, f"add the unit: {_shown(text)}s for seconds"
    if match := _UNIT_IN_WORDS.fullmatch(text[:_LONGEST_SHOWN].lower()):
        return what, f"write {match[1]}{match[2][0]}"
    return what, "write one number with d, h, m or s, such as 30s"


def _port(text: str, _: dict[str, Any]) -> tuple[str, str]:
    return f"`{_shown(text)}` is not a port", "write a number up to 65535"


def _url(text: str, _: dict[str, Any]) -> tuple[str, str]:
    if not text.strip():
        return "an empty text is not a URL", "write a URL, or remove the key if it is optional"
    what, better = f"`{_shown(text)}` is not an absolute URL", f"https://{text.strip().lstrip('/')}"
    if ":" not in text and "." in text and len(text) <= _LONGEST_SHOWN and os_grammar.url(better):
        return what, f"write {better}"
    return what, "write a URL with its scheme and host, such as https://example.com/page"


def _regular(text: str, _: dict[str, Any]) -> tuple[str, str]:
    said = os_grammar.regex_fault(text)
    foreign = "look-around" in said or "backreferences" in said
    todo = "write it without look-around and back references" if foreign else "mend the expression"
    return f"`{_shown(text)}` is not a regular expression of Rust: {said}", todo


def _form(text: str, part: dict[str, Any]) -> tuple[str, str]:
    what, todo = {
        "startos-number-range": ("a range of numbers", "write both ends in brackets, such as [1,100] or (*,5)"),
        "startos-whole-range": ("a range of whole numbers", "write both ends in brackets, such as [1,5] or [0,*)"),
        "startos-charset": ("a set of characters", "join characters and ascending ranges by commas, such as a-z,0-9"),
    }[part["format"]]
    return f"`{_shown(text)}` is not {what}", todo


_MESSAGES: dict[str, Callable[[str, dict[str, Any]], tuple[str, str]]] = {
    "E112": _id, "E113": _version, "E114": _range, "E115": _duration, "E116": _port, "E117": _url, "E120": _regular,
    "E121": _form,
}  # fmt: skip


def _shown(text: str) -> str:
    """Return a text in one line, cut where it is long."""
    text = " ".join(text[: 4 * _LONGEST_SHOWN].split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _listed(words: list[str], joined: str = "and") -> str:
    return " ".join([", ".join(words[:-1]), joined, words[-1]]) if len(words) > 1 else words[0]
