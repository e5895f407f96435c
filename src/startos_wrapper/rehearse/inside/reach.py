"""Reach the service from inside its network, as StartOS and other services do."""

import http.client
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

# The methods that StartOS supports. JS/lib.rs:421-429
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH")
_MOST_BODY = 16 * 1024**2


def connect(host: str, port: int, within: float = 4.0) -> str | None:
    """Return None if a TCP port accepts a connection within some seconds, else the reason."""
    try:
        socket.create_connection((host, port), within).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def fetch(url: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Send an HTTP request as `effects.fetch` does: any answer is a result, also a 500. JS/lib.rs:397-456

    Raises: ValueError if there is no answer.
    """
    options = options or {}
    method = str(options.get("method") or "GET").upper()
    if method not in METHODS:
        raise ValueError(f"Unsupported method: {method}")
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"builder error for url ({url}): URL scheme is not allowed")
    body = options.get("body")
    headers = {"Accept": "*/*", **{str(name): str(value) for name, value in (options.get("headers") or {}).items()}}
    request = urllib.request.Request(
        url, data=None if body is None else str(body).encode(), headers=headers, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        try:
            answer = opener.open(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read(_MOST_BODY + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ValueError(f"error sending request for url ({url}): {reason}") from None
    if len(content) > _MOST_BODY:
        raise ValueError(f"{url} answered with more than {_MOST_BODY // 1024**2} MiB, which rehearse doesn't read")
    return {
        "method": method,
        "ok": 200 <= answer.status < 300,
        "status": answer.status,
        "headers": {name.lower(): value for name, value in sorted(answer.headers.items())},
        "body": content.decode("utf-8", "replace"),
    }
