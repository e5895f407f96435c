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


def _answer(line: str) -> None:
    request = json.loads(line)
    id = request["id"]
    try:
        answer = {"id": id, "result": _ACTIONS[request["action"]](**request["arguments"])}
    except OSError as error:
        answer = {"id": id, "error": os_error(error)}
    except Exception as error:
        answer = {"id": id, "error": str(error) or type(error).__name__}
    with _LOCK:
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def os_error(error: OSError) -> str:
    """Return an error in the words of Rust's standard library, which scripts get to see."""
    return f"{error.strerror} (os error {error.errno})" if error.errno and error.strerror else str(error)


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        threading.Thread(target=_answer, args=(line,), daemon=True).start()


if __name__ == "__main__":
    main()
