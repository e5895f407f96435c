"""Explain why the template writes a value of the manifest differently."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from startos_wrapper.adopt.propose.proposal import Left
from startos_wrapper.files.manifest.compare import Difference
from startos_wrapper.files.manifest.compat_home import hides_home

Kind = Literal["corrected", "harmless", "differs", "missing"]


@dataclass(frozen=True)
class Reason:
    """The reason why the template writes a value of the manifest differently.

    `kind` is `corrected` if the wrapper's value doesn't work, `harmless` if the template adds something without effect,
    `differs` if the template writes another value, and `missing` if no answer can express the value.
    """

    kind: Kind
    text: str


def reason_for(difference: Difference, manifest: Mapping[str, Any], left: Iterable[Left]) -> Reason:
    """Return why a value of a manifest differs. `left` is what the answers leave out."""
    for corrects, text in _CORRECTIONS:
        if corrects(difference, manifest):
            return Reason("corrected", text)
    if _is_harmless(difference):
        return Reason("harmless", "compat gets one more mount, which it doesn't use")
    kind: Kind = "differs" if difference.contradicts else "missing"
    for each in left:
        if each.concerns(difference.path):
            return Reason(kind, each.reason)
    return Reason(kind, "the template writes it differently" if difference.contradicts else "no answer can express it")


def _mends_duplicity(difference: Difference, manifest: Mapping[str, Any]) -> bool:
    """Return whether the original has duplicity arguments in an order that compat doesn't expect."""
    step = difference.path[1] if len(difference.path) == 4 else ""
    if difference.path[:1] != ("backup",) or difference.path[2:3] != ("args",) or step not in ("create", "restore"):
        return False
    procedure = manifest["backup"][step]
    if not procedure.get("image") == procedure.get("entrypoint") == "compat":
        return False
    works = ["duplicity", step, (procedure.get("mounts") or {}).get("BACKUP")]
    return difference.rendered is not None and (procedure.get("args") or [])[:3] != works


def _mends_home(difference: Difference, manifest: Mapping[str, Any]) -> bool:
    """Return whether the original mounts data where it hides compat's home, which the template never does."""
    path = difference.path
    if path[:1] != ("backup",) or path[2:3] not in (("args",), ("mounts",)) or not isinstance(difference.original, str):
        return False
    return manifest["backup"][path[1]].get("image") == "compat" and hides_home(difference.original)


def _mends_direction(difference: Difference, manifest: Mapping[str, Any]) -> bool:
    """Return whether the original passes the wrong direction to a migration script, or none."""
    if difference.path[:1] != ("migrations",) or difference.path[3:] != ("args", "0"):
        return False
    direction, versions = difference.path[1:3]
    procedure = ((manifest.get("migrations") or {}).get(direction) or {}).get(versions)
    return procedure is not None and procedure["type"] == "script" and difference.rendered == direction


def _mends_status(difference: Difference, manifest: Mapping[str, Any]) -> bool:
    """Return whether the original allows an action in the service's container while there's no such container."""
    path = difference.path
    if path[:1] != ("actions",) or path[2:] != ("allowed-statuses", "stopped") or difference.rendered is not None:
        return False
    action = manifest["actions"][path[1]]
    return bool(action["implementation"].get("inject")) and "running" in action["allowed-statuses"]


_CORRECTIONS: tuple[tuple[Callable[[Difference, Mapping[str, Any]], bool], str], ...] = (
    (_mends_duplicity, "compat expects the step, the drive, then the data; in any other order, it can't restore"),
    (_mends_home, "a volume there hides compat's home, so duplicity can't run"),
    (_mends_direction, "with the wrong direction or none, the SDK considers all migrations done"),
    (_mends_status, "it runs in the service's container, which doesn't exist while the service is stopped"),
)


def _is_harmless(difference: Difference) -> bool:
    """Return whether the only difference is an additional mount of the assets volume for compat."""
    return difference.original is None and difference.path[-2:] == ("mounts", "compat")
