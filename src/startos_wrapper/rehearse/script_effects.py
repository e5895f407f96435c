"""Which effects a script may ask for, with which arguments, and what StartOS refuses. JS/lib.rs:265-1176"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class RefusedEffectError(Exception):
    """StartOS refuses the effect with this message."""


@dataclass(frozen=True)
class ScriptVolume:
    """A volume as a script sees it: the name that it has in the helper, and whether it's read-only."""

    name: str
    is_readonly: bool


@dataclass(frozen=True)
class _Effect:
    """An effect: its arguments by their names in the helper, the volume it writes to, and whether sandboxes have it."""

    arguments: tuple[str, ...]
    writes: str = ""
    is_sandboxed: bool = True


_EFFECTS = {
    "read_file": _Effect(("volume", "path")),
    "metadata": _Effect(("volume", "path")),
    "read_dir": _Effect(("volume", "path")),
    "write_file": _Effect(("volume", "path", "text"), writes="volume"),
    "remove_file": _Effect(("volume", "path"), writes="volume"),
    "remove_dir": _Effect(("volume", "path"), writes="volume"),
    "create_dir": _Effect(("volume", "path"), writes="volume"),
    "rename": _Effect(("volume", "path", "to_volume", "to_path"), writes="to_volume"),
    "chown": _Effect(("volume", "path", "uid"), writes="volume", is_sandboxed=False),
    "chmod": _Effect(("volume", "path", "mode"), writes="volume", is_sandboxed=False),
    "disk_usage": _Effect(("volume", "path")),
    "rsync": _Effect(("volume", "path", "to_volume", "to_path", "options"), writes="to_volume"),
    "rsync_wait": _Effect(("copy",)),
    "rsync_progress": _Effect(("copy",)),
    "fetch": _Effect(("url", "options"), is_sandboxed=False),
}
_LEVELS = ("trace", "debug", "info", "warn", "error")
_VOLUMES = ("volume", "to_volume")
_NUMBERS = ("uid", "mode", "copy")
_SWITCHES = ("delete", "force", "ignoreExisting", "noPermissions", "noOwner")


@dataclass(frozen=True)
class Request:
    """What to ask of the helper."""

    effect: str
    arguments: dict[str, Any]

    def action(self, session: str) -> dict[str, Any]:
        """Return the arguments of `VolumeHelper.ask`."""
        if self.effect == "fetch":
            return {"action": "fetch", **self.arguments}
        return {"action": "effect", "name": self.effect, "session": session, **self.arguments}


def request(name: str, values: object, volumes: Mapping[str, ScriptVolume], is_sandboxed: bool) -> Request | None:
    """Return what to ask of the helper for an effect, or None if there is nothing to do. Trust nothing of it.

    Raises: RefusedEffectError with StartOS's message.
    """
    given = values if isinstance(values, list) else []
    if name.startswith("log_") and name.removeprefix("log_") in _LEVELS:
        _checked("text", given[0] if given else None)
        return None
    effect = _EFFECTS.get(name)
    if not effect:
        raise RefusedEffectError(f"Deno.core.ops.{name} is not a function")
    padded = [*given, *[None] * len(effect.arguments)]
    named = dict(zip(effect.arguments, padded, strict=False))
    if name == "disk_usage" and (named["volume"] is None or named["path"] is None):
        return Request(name, {})
    checked = {key: _checked(key, value) for key, value in named.items()}
    if name == "fetch":
        checked["options"] = _fetch_options(named["options"])
    if is_sandboxed and not effect.is_sandboxed:
        raise RefusedEffectError(f"Will not run {name} in sandboxed mode")
    for key in _VOLUMES:
        if key in checked and checked[key] not in volumes:
            raise RefusedEffectError(f"There is no {checked[key]} in volumes")
    if effect.writes and volumes[checked[effect.writes]].is_readonly:
        raise RefusedEffectError(f"Volume {checked[effect.writes]} is readonly")
    return Request(name, {key: volumes[value].name if key in _VOLUMES else value for key, value in checked.items()})


def _checked(key: str, value: object) -> Any:
    """Return an argument if it has the type that StartOS takes. Raises: RefusedEffectError."""
    if key == "options":
        return _rsync_options(value)
    if key in _NUMBERS:
        # A fraction is cut off, as serde_v8 does it.
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**32:
            return int(value)
        raise _wrong_type("a number", value)
    if not isinstance(value, str):
        raise _wrong_type("string", value)
    if "\0" in value:
        raise RefusedEffectError("file name contained an unexpected NUL byte")
    return value


def _rsync_options(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong_type("a map", value)
    options: dict[str, Any] = {key: value[key] for key in _SWITCHES if key in value}
    if not all(isinstance(each, bool) for each in options.values()):
        raise _wrong_type("a boolean", options)
    exclude = value.get("exclude", [])
    if not isinstance(exclude, list) or not all(isinstance(each, str) and "\0" not in each for each in exclude):
        raise _wrong_type("a list of strings", exclude)
    return {**options, "exclude": exclude}


def _fetch_options(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong_type("a map", value)
    headers = value.get("headers")
    for text in (value.get("method"), value.get("body")):
        if not isinstance(text, str | None):
            raise _wrong_type("string", text)
    if headers is not None and not isinstance(headers, dict):
        raise _wrong_type("a map", headers)
    for text in (headers or {}).values():
        if not isinstance(text, str):
            raise _wrong_type("string", text)
    return {"method": value.get("method"), "headers": headers, "body": value.get("body")}


def _wrong_type(expected: str, value: object) -> RefusedEffectError:
    return RefusedEffectError(f"serde_v8 error: invalid type; expected: {expected}, got: {type(value).__name__}")
