"""Write the input of a procedure and read its output in its io-format, as StartOS does. S/util/serde.rs:260-420"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.wording import shown
from startos_wrapper.files.source import Source, TooLargeError

# StartOS takes a longer output for a text. S/procedure/docker.rs:951
_LONGEST_OUTPUT = 10_000_000
_LANGUAGES = {"json": "JSON", "json-pretty": "JSON", "yaml": "YAML", "toml": "TOML", "toml-pretty": "TOML"}
_LINE_BREAK = re.compile("[\x85\u2028\u2029\ufeff]")


class NotWritableError(Exception):
    """A value has no form in a format. The message says why."""


@dataclass(frozen=True)
class Printed:
    """What StartOS makes of a procedure's output.

    It takes what it can't parse for a text. `reason` then says why, in a sentence that begins with "the output".
    `document` has the positions in `source`, which CBOR doesn't have.
    """

    value: Any
    reason: str = ""
    source: Source | None = None
    document: Node | None = None


def encoded(form: str, value: Any) -> bytes:
    """Return a value in a format. Raises: NotWritableError."""
    return _WRITERS[form](value)


def printed(form: str | None, output: bytes) -> Printed:
    """Return what StartOS reads in an output. S/procedure/docker.rs:279-321

    It reads lines of UTF-8. An output that isn't UTF-8 counts as null.
    """
    try:
        text = output.decode("utf-8").replace("\r\n", "\n").removesuffix("\n")
    except UnicodeDecodeError:
        what = "CBOR, but StartOS only reads lines of text" if form == "cbor" else "not UTF-8"
        return Printed(None, f"the output is {what}")
    if form is None:
        return Printed(text or None)
    if len(output) > _LONGEST_OUTPUT:
        return Printed(text, f"the output is larger than {_LONGEST_OUTPUT // 1_000_000} MB")
    if not text.strip():
        return Printed(text, "the output is empty")
    return _from_cbor(text) if form == "cbor" else _parsed(_LANGUAGES.get(form, "JSON"), text)


def _parsed(language: str, text: str) -> Printed:
    source = Source(f"output.{language.lower()}", text.encode())
    try:
        node = read_document(source)
    except (NotADocumentError, TooLargeError, RecursionError):
        return Printed(text, f"the output isn't {language}: {shown(text)}", source)
    return Printed(node.plain_value(), "", source, node)


def _from_cbor(text: str) -> Printed:
    import cbor2  # Nearly no wrapper needs it.

    try:
        return Printed(cbor2.loads(text.encode()))
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        return Printed(text, f"the output isn't CBOR: {shown(text)}")


# --- Writers ---------------------------------------------------------------------------------------------------------


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _pretty_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


def _yaml(value: Any) -> bytes:
    import yaml

    # PyYAML writes a line break of Unicode as it is, but reads it as a space.
    is_plain = _LINE_BREAK.search(json.dumps(value, ensure_ascii=False)) is None
    text: str = yaml.safe_dump(value, allow_unicode=is_plain, sort_keys=False, width=1_000_000)
    # PyYAML ends a document that is only a plain scalar with dots.
    return text.removesuffix("...\n").encode()


def _cbor(value: Any) -> bytes:
    import cbor2

    data: bytes = cbor2.dumps(value)
    return data


def _toml(value: Any) -> bytes:
    if not isinstance(value, dict):
        raise NotWritableError("TOML can't hold a single value")
    return "".join(f"{_quoted(name)} = {_toml_value(each)}\n" for name, each in value.items()).encode()


def _toml_value(value: Any) -> str:
    if value is None:
        raise NotWritableError("TOML can't hold null")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(name)} = {_toml_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    # TOML's escapes are JSON's, but a DEL needs one.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "json": _json, "json-pretty": _pretty_json, "yaml": _yaml, "cbor": _cbor, "toml": _toml, "toml-pretty": _toml,
}  # fmt: skip
