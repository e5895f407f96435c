"""Run procedures in scripts/embassy.js, as StartOS does: without access to anything but the effects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from startos_wrapper.rehearse.hands import Hands
from startos_wrapper.rehearse.outcome import Outcome


@dataclass(frozen=True)
class ScriptVolume:
    """A volume as a script sees it: the name that it has in hands, and whether it's read-only."""

    name: str
    is_readonly: bool


def run_script(
    source: bytes,
    export: str,
    hands: Hands,
    volumes: Mapping[str, ScriptVolume],
    *,
    input: Any = None,
    args: tuple[Any, ...] = (),
    is_sandboxed: bool = False,
    timeout: float | None = None,
) -> Outcome:
    """Call an export of embassy.js, such as `/health/web`, and return its result.

    `Outcome.output` is the JSON of `result`; `code` 0, or StartOS's code for an error (2, 4, 6, or that of an
    `error-code`), with the message in `errors`. JS/lib.rs, S/procedure/js_scripts.rs:84-139
    """
    raise NotImplementedError
