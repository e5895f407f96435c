"""Why a leaf of the manifest is not as the template writes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from startos_wrapper.adopt.compare import Difference
from startos_wrapper.adopt.propose.proposal import Left

Kind = Literal["corrected", "harmless", "differs", "missing"]


@dataclass(frozen=True)
class Reason:
    """Why a leaf of the manifest is not as the template writes it.

    `kind` is `corrected` where the wrapper's own value does not work, `harmless` where the template says more that
    changes nothing, `differs` where it says something else, and `missing` where no answer says it.
    """

    kind: Kind
    text: str


def reason_for(difference: Difference, manifest: Mapping[str, Any], left: Iterable[Left]) -> Reason:
    """Return why a leaf of a manifest differs; `left` is what the answers leave out."""
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
    """Say whether the original has arguments of duplicity that compat does not take."""
    step = difference.path[1] if len(difference.path) == 4 else ""
    if difference.path[:1] != ("backup",) or difference.path[2:3] != ("args",) or step not in ("create", "restore"):
        return False
    procedure = manifest["backup"][step]
    if not procedure.get("image") == procedure.get("entrypoint") == "compat":
        return False
    works = ["duplicity", step, (procedure.get("mounts") or {}).get("BACKUP")]
    return difference.rendered is not None and (procedure.get("args") or [])[:3] != works


def _mends_direction(difference: Difference, manifest: Mapping[str, Any]) -> bool:
    """Say whether the original tells the script of a migration another direction than it has, or none."""
    if difference.path[:1] != ("migrations",) or difference.path[3:] != ("args", "0"):
        return False
    direction, versions = difference.path[1:3]
    procedure = ((manifest.get("migrations") or {}).get(direction) or {}).get(versions)
    return procedure is not None and procedure["type"] == "script" and difference.rendered == direction


_CORRECTIONS: tuple[tuple[Callable[[Difference, Mapping[str, Any]], bool], str], ...] = (
    (_mends_duplicity, "compat expects the step, the drive, then the data; in any other order, it can't restore"),
    (_mends_direction, "with the wrong direction or none, the SDK considers all migrations done"),
)


def _is_harmless(difference: Difference) -> bool:
    """Say whether a procedure on the OS's image compat sees one volume more, that of assets."""
    return difference.original is None and difference.path[-2:] == ("mounts", "compat")
