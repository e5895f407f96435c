"""Entries of `volumes` in a service, short and long (compose-go 2.16.1, format/volume.go)."""

import posixpath
import re

from startos_wrapper.files.compose.compose_model import Mount, Node, Text
from startos_wrapper.files.compose.reading import Reading

_DRIVE = re.compile(r"[A-Za-z]")
_TRUE = {"true", "yes", "on", "y"}
# SOURCE:TARGET:OPTIONS
_MOST_PARTS = 3


def read_mounts(reading: Reading, node: Node, what: str) -> list[Mount]:
    """Return the mounts of a list. Raises: ComposeError."""
    return [
        _long(reading, item, f"each item of {what}") if item.kind == "map" else _short(reading, item, what)
        for item in reading.items(node, what)
    ]


def _short(reading: Reading, node: Node, what: str) -> Mount:
    text = reading.text(node, f"each item of {what}")
    parts = _with_drives(reading.parts(text))
    if len(parts) > _MOST_PARTS:
        raise reading.error(text.line, f"{what}: an entry has too many colons; write SOURCE:TARGET:OPTIONS")
    if any(not part.value and not part.used for part in parts):
        raise reading.error(text.line, f"{what}: an entry has nothing before, between or after its colons")
    source = parts[0] if len(parts) > 1 else None
    target = parts[min(len(parts), 2) - 1]
    options = parts[2].best.split(",") if len(parts) == _MOST_PARTS else []
    return Mount(
        _kind(source) if source else "anonymous",
        source.best if source else "",
        cleaned(target.best),
        "ro" in options,
        tuple(sorted({*options} - {"ro", "rw", ""})),
        "",
        text,
        text.line,
        source.raw if source else "",
        from_sample=target.hint is not None,
    )


def _with_drives(parts: list[Text]) -> list[Text]:
    """Put the letter of a Windows drive and its path together again."""
    for at in range(len(parts) - 1):
        if _DRIVE.fullmatch(parts[at].raw) and parts[at + 1].value.startswith(("\\", "/")) and at + 2 < len(parts):
            drive = f"{parts[at].raw}:"
            path = Text(drive + parts[at + 1].raw, drive + parts[at + 1].value, parts[at].line)
            return [*parts[:at], path, *parts[at + 2 :]]
    return parts


def _kind(source: Text) -> str:
    """Return whether a source is a path or a volume's name. Without a value, it's most likely a path."""
    best = source.best
    is_path = best.startswith((".", "/", "~", "\\\\")) or (best[1:2] == ":" and bool(_DRIVE.match(best)))
    return "bind" if is_path or not best else "volume"


def cleaned(path: str) -> str:
    """Return a path in the container without trailing slashes, `.` and `..`."""
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else path


def _long(reading: Reading, node: Node, what: str) -> Mount:
    def text(*names: str) -> Text:
        found = node.get(*names)
        return Text("", "", node.line) if found is None else reading.text(found, f"{names[-1]} of {what}")

    source, target, kind = text("source"), text("target"), text("type").value
    if not target.raw:
        raise reading.error(node.line, f"{what} needs a target")
    kind = kind or (_kind(source) if source.raw else "volume")
    options = [
        text("bind", "propagation").value,
        text("bind", "selinux").value,
        text("consistency").value,
        "nocopy" if text("volume", "nocopy").value.lower() in _TRUE else "",
    ]
    return Mount(
        "anonymous" if kind == "volume" and not source.raw else kind,
        source.best,
        cleaned(target.best),
        text("read_only").value.lower() in _TRUE,
        tuple(sorted({*options} - {""})),
        text(kind, "subpath").value,
        source if source.raw else target,
        node.line,
        source.raw,
        from_sample=target.hint is not None,
    )
