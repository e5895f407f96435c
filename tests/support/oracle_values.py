"""Read the texts of a manifest as StartOS 0.3.5.1 does: the file format, and the small languages in its values.

The packer reads YAML with serde_yaml 0.9.27, which is built on libyaml. So is this module, which decides what a scalar
means.
"""

import ipaddress
import json
import math
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote

import yaml
from yaml._yaml import CParser
from yaml.composer import Composer

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES = ("manifest.toml", "manifest.yaml", "manifest.json")

CORE = "tag:yaml.org,2002:"
PLAIN = "plain"
NULLS = {"", "null", "Null", "NULL", "~"}
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|0|[1-9][0-9]*)")
FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
ENDLESS = re.compile(r"[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
LEADING_ZERO = re.compile(r"[+-]?0[0-9]+")


class _Nodes(Composer, CParser):
    """Build nodes tagged PLAIN if their type depends on their text. Quoted text and block scalars are always text."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse an explicit tag on a value. On a key, it is ignored."""
        tag = getattr(self.peek_event(), "tag", None)
        if tag and tag.startswith("!") and not (isinstance(parent, yaml.MappingNode) and index is None):
            raise ValueError(f"the tag {tag} is refused")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def descend_resolver(self, *_: Any) -> None:
        """Do nothing: tags don't depend on the path."""

    def ascend_resolver(self) -> None:
        """Do nothing."""

    def resolve(self, kind: type[yaml.Node], _value: Any, implicit: Any) -> str:
        return PLAIN if kind is yaml.ScalarNode and implicit[0] else CORE + "str"


def _null(text: str) -> None:
    if text not in NULLS - {""}:
        raise ValueError(f"{text!r} is not null")


def _boolean(text: str) -> bool:
    if text not in BOOLEANS:
        raise ValueError(f"{text!r} is not a boolean")
    return BOOLEANS[text]


def _integer(text: str) -> int:
    """Read an integer. Refuse it if it has more than 64 bits."""
    value = _whole(text)
    if value is None:
        raise ValueError(f"{text!r} is not an integer")
    if not -(2**63) <= value < 2**64:
        raise ValueError(f"{text} is too large a number")
    return value


def _whole(text: str) -> int | None:
    """Read an integer. With more than 128 bits, it isn't an integer but a float."""
    if not INTEGER.fullmatch(text):
        return None
    value = int(text, 0)
    return value if -(2**127) <= value < 2**128 else None


def _float(text: str) -> float | None:
    """Read a float. JSON can't hold infinity or NaN, so they become null."""
    if ENDLESS.fullmatch(text):
        return None
    if not FLOAT.fullmatch(text) or math.isinf(float(text)):
        raise ValueError(f"{text!r} is not a float")
    return float(text)


def _plain(text: str) -> Any:
    """Read an unquoted, untagged scalar."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if _whole(text) is not None:
        return _integer(text)
    try:
        return text if LEADING_ZERO.fullmatch(text) else _float(text)
    except ValueError:
        return text


SCALARS: dict[str, Callable[[str], Any]] = {
    PLAIN: _plain, CORE + "null": _null, CORE + "bool": _boolean, CORE + "int": _integer, CORE + "float": _float,
}  # fmt: skip


def _key(node: yaml.Node) -> str:
    """Read a key: always its text as written."""
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError("a key is not text")
    return str(node.value)


def _value(node: yaml.Node) -> Any:
    """Read a node. The last of several equal keys wins, and `<<` is an ordinary key."""
    if isinstance(node, yaml.MappingNode):
        return {_key(key): _value(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return SCALARS.get(node.tag, str)(node.value)


def _yaml(text: str) -> Any:
    try:
        node = _Nodes(text).get_single_node()
        return None if node is None else _value(node)
    except yaml.YAMLError as fault:
        raise ValueError(str(fault)) from fault
    except RecursionError as fault:
        raise ValueError("the document is too deep") from fault


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant)


FORMATS: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".yaml": _yaml, ".json": _json}


def find_manifest(tree: Path) -> Path:
    """Return the manifest that the packer reads in a wrapper's folder: TOML, else YAML, else JSON."""
    for name in NAMES:
        if (tree / name).exists():
            return tree / name
    raise ValueError(f"none of {', '.join(NAMES)} is there")


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the values in a manifest file as the packer reads them.

    Raises: ValueError if the packer can't read it.
    """
    manifest = FORMATS[path.suffix](path.read_text(encoding="utf-8"))
    if not isinstance(manifest, dict):
        raise ValueError("the manifest is not a mapping")
    return manifest


# --- Grammars: each returns the text as the OS writes it back, or raises ValueError ----------------------------------

Grammar = Callable[[str], str]
U64 = 2**64 - 1


def matching(pattern: str, what: str) -> Grammar:
    def grammar(text: str) -> str:
        if not re.fullmatch(pattern, text, re.DOTALL):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return grammar


def _range_of(number: str) -> Grammar:
    """Return the grammar of a range such as `[1,100]` or `(*,5)`. Text after a second comma is ignored."""
    low, high = rf"\(\*[^,]*|[(\[]\s*{number}\s*", rf"[^,]*\*\)|\s*{number}\s*[)\]]"
    return matching(rf"({low})(,({high})(,.*)?)?", "a range such as [1,100] or (*,5)")


identifier = matching(r"[a-z]+(-[a-z]+)*", "an id: lower-case letters in groups joined by single hyphens")
volume_id = matching(r"BACKUP|[a-z]+(-[a-z]+)*", "an id of a volume, nor BACKUP")
duration = matching(
    r"(\+?[0-9]+|\+?([0-9]+\.[0-9]*|\.[0-9]+))(d|h|m|s|ms|us|µs|ns)", "a duration: one number and one unit, such as 30s"
)
whole_range = _range_of(r"\+?[0-9]+")
float_range = _range_of(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))")


def free(text: str) -> str:
    return text


def port(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9]+", text) or int(text) > 65535:
        raise ValueError(f"{text!r} is not a port")
    return str(int(text))


def charset(text: str) -> str:
    """Check comma-separated characters and ranges of characters."""
    item = r"(.)(?:-(.)(?:,|\Z)|,|-?\Z)"
    if not re.fullmatch(f"(?:{item})*", text, re.DOTALL):
        raise ValueError(f"{text!r} is not a charset such as a-z,0-9")
    if not all(last == "" or first < last < "\x80" for first, last in re.findall(item, text, re.DOTALL)):
        raise ValueError(f"{text!r} has a range that runs backwards or out of ASCII")
    return text


RUST_TO_PYTHON = {
    r"\\\\": r"\\x5c", r"\\[pP](\{[^}]*\}|[A-Z])": r"\\w", r"\[:\^?[a-z]+:\]": "a-z", r"\(\?<(?![=!])": "(?P<",
    r"\\x\{[0-9a-fA-F]+\}": "x", r"\\z": "$",
}  # fmt: skip


def regex(text: str) -> str:
    """Check a Rust regular expression, roughly: it must compile and not use Python-only syntax."""
    translated = text
    for rust, python in RUST_TO_PYTHON.items():
        translated = re.sub(rust, python, translated)
    if re.search(r"\(\?(<?[=!]|[>(#]|P[=>])|\\[0-9Z]", translated):
        raise ValueError(f"{text!r} has look-around or a back reference, which Rust's regular expressions lack")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            re.compile(translated)
        except re.error as fault:
            raise ValueError(f"{text!r} is not a regular expression: {fault}") from fault
    return text


# --- URLs, as the WHATWG standard reads them without a base ----------------------------------------------------------

SPECIAL_SCHEMES = {"http", "https", "ws", "wss", "ftp", "file"}
# Characters that UTS 46 removes from a name first.
IGNORED_IN_NAME = re.compile("[\u00ad\u034f\u180b-\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]")
ENDS, BAD_IN_OPAQUE, BAD_IN_NAME = r"[/\\?#]", r"[\x00 #/:<>?@\[\\\]^|]", r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]"


def url(text: str) -> str:
    """Check an absolute URL: it has a scheme. After `//`, and in http and similar schemes, it also has a host."""
    cleaned = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(33)))))
    scheme, colon, rest = cleaned.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise ValueError(f"{text!r} is not an absolute URL")
    special, local = scheme.lower() in SPECIAL_SCHEMES, scheme.lower() == "file"
    if special and not local:
        authority = re.split(ENDS, rest.lstrip("/\\"))[0]
    elif re.match(r"[/\\]{2}" if local else "//", rest):
        authority = re.split(ENDS if local else "[/?#]", rest[2:])[0]
    else:
        return text
    userinfo, _, server = ("", "", authority) if local else authority.rpartition("@")
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:[0-9]*)?", server, re.DOTALL)
    if not found or (local and found[2]) or int((found[2] or "")[1:] or 0) > 65535:
        raise ValueError(f"{text!r} has no port that is a number up to 65535")
    host, host_needed = found[1], (special and not local) or userinfo or found[2]
    if not (_host(host, special) if host else not host_needed):
        raise ValueError(f"{text!r} has no host or a malformed one")
    return text


def _host(host: str, special: bool) -> bool:
    """Return whether a host is an IPv6 address in brackets, an IPv4 address or a name. Punycode isn't checked."""
    if host.startswith("["):
        try:
            return host.endswith("]") and "%" not in host and bool(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            return False
    if not special:
        return not re.search(BAD_IN_OPAQUE, host)
    whole = IGNORED_IN_NAME.sub("", unquote(host))
    name = whole.removesuffix(".")
    if not whole or re.search(BAD_IN_NAME, name):
        return False
    return not re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", name.rpartition(".")[2]) or _ipv4(name)


def _ipv4(name: str) -> bool:
    """Return whether up to four numbers, each decimal, octal or hexadecimal, form an IPv4 address."""
    labels = name.split(".")
    if len(labels) > 4 or not all(re.fullmatch(r"0[0-7]*|[1-9][0-9]*|0[xX][0-9a-fA-F]*", label) for label in labels):
        return False
    numbers = [int(re.sub("^0(?=[0-7])", "0o", label.rstrip("xX")), 0) for label in labels]
    return all(number < 256 for number in numbers[:-1]) and numbers[-1] < 256 ** (5 - len(numbers))


# --- Versions and version ranges (emver): text after a complete one is ignored ---------------------------------------

Numbers = list[int]
NUMBER = re.compile("[0-9]+")
OPERATOR = re.compile(r">=|<=|!=|=|>|<|\^|~|")
DASH, SPACES, OR = re.compile(r"[ \t]*-[ \t]*"), re.compile(r"[ \t]+"), re.compile(r"[ \t]*\|\|[ \t]*")
OPEN, CLOSE = re.compile(r"\([ \t]*"), re.compile(r"[ \t]*\)")


class _Range(NamedTuple):
    """A part of a range: its canonical text, whether it is an alternative (`||`), and where it ends."""

    text: str
    either: bool
    end: int


def version(text: str) -> str:
    if not _numbers(text, 0):
        raise ValueError(f"{text!r} is not a version: one to four numbers joined by dots")
    return text


def version_range(text: str) -> str:
    found = _any_range(text, 0)
    if not found:
        raise ValueError(f"{text!r} is not a range of versions such as >=1.0.0 or *")
    return found.text


def _numbers(text: str, at: int) -> tuple[Numbers, int] | None:
    """Read one to four numbers. Stop before the dot of a number that is too large for the OS."""
    numbers, end = [], at
    while (found := NUMBER.match(text, at)) and int(found[0]) <= U64:
        numbers.append(int(found[0]))
        end, at = found.end(), found.end() + 1
        if text[end:at] != ".":
            break
    return (numbers, end) if 1 <= len(numbers) <= 4 else None


def _shown(numbers: Numbers) -> str:
    padded = [*numbers, 0, 0, 0][:4] if len(numbers) < 4 else numbers
    return ".".join(map(str, padded if padded[3:] not in ([], [0]) else padded[:3]))


def _below(low: Numbers, high: Numbers, end: int) -> _Range:
    return _Range(f">={_shown(low)} <{_shown(high)}", False, end)


def _next(numbers: Numbers, place: int) -> Numbers:
    return [*numbers[:place], numbers[place] + 1]


def _atom(text: str, at: int) -> _Range | None:
    """Read an operator and a version, a wildcard such as `1.x`, or two versions joined by a hyphen."""
    operator = OPERATOR.match(text, at)
    assert operator
    read = _numbers(text, operator.end())
    if not read:
        return None
    low, end = read
    if operator[0] == "~":
        return _below(low, _next(low, {1: 0, 2: 1, 3: 1, 4: 2}[len(low)]), end)
    if operator[0] == "^":
        place = next((place for place, number in enumerate(low[:3]) if number), None)
        return _Range(f"={_shown(low)}", False, end) if place is None else _below(low, _next(low, place), end)
    if operator[0]:
        return _Range(operator[0] + _shown(low), False, end)
    if text[end : end + 2] == ".x" and len(low) < 4:
        return _below(low, _next(low, len(low) - 1), end + 2)
    dash = DASH.match(text, end)
    high = _numbers(text, dash.end()) if dash else None
    return _Range(f">={_shown(low)} <={_shown(high[0])}", False, high[1]) if high else None


def _joined(text: str, at: int, item: Callable[[str, int], _Range | None], separator: re.Pattern[str]) -> list[_Range]:
    items: list[_Range] = []
    while found := item(text, at):
        items.append(found)
        if not (gap := separator.match(text, found.end)):
            break
        at = gap.end()
    return items


def _in_brackets(text: str, at: int) -> _Range | None:
    opened = OPEN.match(text, at)
    inner = _any_range(text, opened.end()) if opened else None
    closed = CLOSE.match(text, inner.end) if inner else None
    return inner._replace(end=closed.end()) if inner and closed else None


def _all_of(text: str, at: int) -> _Range | None:
    items = _joined(text, at, lambda text, at: _atom(text, at) or _in_brackets(text, at), SPACES)
    if not items:
        return None
    narrow = [item for item in items if item.text != "*"]
    if len(narrow) < 2:
        return (narrow or items)[0]._replace(end=items[-1].end)
    return _Range(" ".join(f"({text})" if either else text for text, either, _ in narrow), False, items[-1].end)


def _any_range(text: str, at: int) -> _Range | None:
    items = _joined(text, at, _all_of, OR)
    if not items:
        return _Range("*", False, at + 1) if text[at : at + 1] == "*" else None
    if len(items) == 1 or any(item.text == "*" for item in items):
        return _Range("*" if len(items) > 1 else items[0].text, items[0].either and len(items) == 1, items[-1].end)
    return _Range(" || ".join(item.text for item in items), True, items[-1].end)
