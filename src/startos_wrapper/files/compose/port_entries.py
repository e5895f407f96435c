"""Entries of `ports` and `expose`, short and long (go-connections, nat/nat.go)."""

import re

from startos_wrapper.files.compose.compose_model import Node, Port, Text
from startos_wrapper.files.compose.reading import Reading

_NUMBER = re.compile(r"0*([0-9]{1,5})")
_LARGEST = 65535
_PROTOCOLS = ("tcp", "udp", "sctp")

Span = tuple[int | None, int | None]


def read_ports(reading: Reading, node: Node, what: str) -> list[Port]:
    """Return the ports of a list. Raises: ComposeError."""
    return [
        _long(reading, item, f"each item of {what}") if item.kind == "map" else _short(reading, item, what)
        for item in reading.items(node, what)
    ]


def _short(reading: Reading, node: Node, what: str) -> Port:
    text = reading.text(node, f"each item of {what}")
    *before, container = reading.parts(text)
    published = before.pop() if before else Text("", "", text.line)
    host = ":".join(part.best for part in before).removeprefix("[").removesuffix("]")
    number, _, protocol = container.best.partition("/")
    target, last = _span(reading, number, container, what)
    if target is None and not container.used:
        raise reading.error(text.line, f"{what}: an entry has no port of the container")
    _check_published(reading, published, (target, last), what)
    return Port(
        target, last, _protocol(reading, protocol, text.line, what), published.best, host, text, text.line,
        from_sample=container.hint is not None,
    )  # fmt: skip


def _long(reading: Reading, node: Node, what: str) -> Port:
    texts = {name: reading.text(key.node, f"{name} of {what}") for name, key in node.fields.items() if key.node.text}
    target = texts.get("target")
    if target is None:
        raise reading.error(node.line, f"{what} needs a target")
    empty = Text("", "", target.line)
    published = texts.get("published", empty)
    span = _span(reading, target.best, target, what)
    _check_published(reading, published, span, what)
    return Port(
        *span, _protocol(reading, texts.get("protocol", empty).best, target.line, what), published.best,
        texts.get("host_ip", empty).best, target, node.line, from_sample=target.hint is not None,
    )  # fmt: skip


def _span(reading: Reading, number: str, text: Text, what: str) -> Span:
    """Return the first and the last port of a range, both None if a variable isn't set. A port has no last one."""
    if (text.unset and text.hint is None) or not number:
        return None, None
    first, _, last = number.partition("-")
    span = _port(first), _port(last or first)
    if span[0] is None or span[1] is None or span[0] > span[1]:
        raise reading.error(text.line, f"{what}: {_shown(text)} isn't a port or a range of ports (1-{_LARGEST})")
    return span[0], span[1] if span[1] != span[0] else None


def _port(number: str) -> int | None:
    match = _NUMBER.fullmatch(number)
    return int(match[1]) if match and int(match[1]) <= _LARGEST else None


def _shown(text: Text) -> str:
    """Return what can be shown of a wrong port. Values of variables can be anything."""
    return text.raw if len(text.raw) <= 40 and "$" not in text.raw else "this"


def _check_published(reading: Reading, published: Text, target: Span, what: str) -> None:
    """Raise ComposeError if the published ports aren't as many as those of the container."""
    first, last = _span(reading, published.best, published, what)
    if first is None or target[0] is None or target[1] is None:
        return
    if (last or first) - first != target[1] - target[0]:
        raise reading.error(published.line, f"{what}: the two ranges of an entry don't have the same length")


def _protocol(reading: Reading, protocol: str, line: int, what: str) -> str:
    """Return the protocol in small letters, by default tcp."""
    known = (protocol or "tcp").lower()
    if known not in _PROTOCOLS:
        raise reading.error(line, f"{what}: unknown protocol; use {', '.join(_PROTOCOLS)}")
    return known
