"""Answer requests on standard input: a line of JSON each. The container that has all volumes runs this.

A request is `{"id": 1, "action": NAME, "arguments": {...}}`, its answer `{"id": 1, "result": ...}` or
`{"id": 1, "error": TEXT}`.
Requests run in parallel, so answers come in any order.
"""

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from startos_wrapper.rehearse.inside import certificate_files, checksums, effects, reach

_ACTIONS: dict[str, Callable[..., Any]] = {
    "certificates": certificate_files.write,
    "checksums": checksums.keep,
    "compare": checksums.compare,
    "connect": reach.connect,
    "effect": effects.perform,
    "end": effects.end,
    "fetch": reach.fetch,
    "read": checksums.read,
    "wipe": checksums.wipe,
    "write": checksums.write,
}
_LOCK = threading.Lock()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request."""
    id = request["id"]
    try:
        return {"id": id, "result": _ACTIONS[request["action"]](**request["arguments"])}
    except OSError as error:
        return {"id": id, "error": os_error(error)}
    except Exception as error:
        return {"id": id, "error": str(error) or type(error).__name__}


def _serve(line: str) -> None:
    text = json.dumps(answer(json.loads(line)))
    with _LOCK:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def os_error(error: OSError) -> str:
    """Return an error in the words of Rust's standard library, which scripts get to see."""
    return f"{error.strerror} (os error {error.errno})" if error.errno and error.strerror else str(error)


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        threading.Thread(target=_serve, args=(line,), daemon=True).start()


if __name__ == "__main__":
    main()
