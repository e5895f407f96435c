#!/usr/bin/env python3
"""A starter that counts its visitors. Replace it with your own service."""

import contextlib
import html
import os
import re
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn

DEFAULT_GREETING = "Hello from your server!"
MOST_CONNECTIONS = 64
PATIENCE = 5.0
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<body style="font-family: sans-serif; text-align: center; margin: 20vh 1em">
<h1>{greeting}</h1>
<p>Visits: {visits}</p>
"""


class Refusal(Exception):
    """Why the service can't start."""


def log(message: object) -> None:
    print(message, file=sys.stderr, flush=True)


class Counter:
    """Counts visits, and stores the number in a file if there's a folder for it."""

    def __init__(self, folder: str) -> None:
        """Read the number from an earlier run. A damaged file is an error, because we mustn't overwrite it."""
        self._lock = threading.Lock()
        self._visits = 0
        self._path = Path(folder, "visits") if folder else None
        if not self._path:
            return
        try:
            text = self._path.read_text(encoding="ascii", errors="replace") if self._path.exists() else "0"
            if not re.fullmatch(r"[0-9]{1,18}\n?", text):
                raise Refusal(f"{self._path} does not hold a number: repair it or move it away")
            self._visits = int(text)
            # Check now, not on the first visit, that the folder is writable.
            self._save(self._visits)
        except OSError as error:
            raise Refusal(f"DATA_DIR={folder}: {error.strerror}") from error

    def add(self) -> int:
        with self._lock:
            self._save(self._visits + 1)
            self._visits += 1
            return self._visits

    def _save(self, visits: int) -> None:
        """Replace the file in one step, so that a crash leaves the old number or the new one."""
        if not self._path:
            return
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="ascii") as file:
            file.write(f"{visits}\n")
            file.flush()
            # Before the rename, or a power cut could leave an empty file.
            os.fsync(file.fileno())
        new.replace(self._path)


def greeting(assets: str) -> str:
    """Return the setting, or else the text of an asset, if there is one."""
    if text := os.environ.get("SETTING_GREETING"):
        return text
    if not assets:
        return DEFAULT_GREETING
    try:
        return Path(assets, "greeting.txt").read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return DEFAULT_GREETING
    except OSError as error:
        log(error)
        return DEFAULT_GREETING


def hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class Server(ThreadingMixIn, TCPServer):
    """Answers each connection in its own thread."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, counter: Counter, assets: str) -> None:
        self.counter = counter
        self.assets = assets
        self._connections = 0
        self._changed = threading.Condition()
        try:
            self.address_family = socket.AF_INET6
            super().__init__(("::", port), Handler)
        except OSError as error:
            # Without IPv6 in the kernel, there's only IPv4.
            if isinstance(error, PermissionError) or "in use" in str(error):
                raise
            self.address_family = socket.AF_INET
            super().__init__(("0.0.0.0", port), Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            # Listen on IPv4, too.
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: socket.socket, client_address: object) -> None:
        with self._changed:
            if self._connections >= MOST_CONNECTIONS:
                self.shutdown_request(request)
                return
            self._connections += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:
        # Without a limit for the whole connection, a client that sends a byte now and then would stay forever.
        limit = threading.Timer(2 * PATIENCE, hang_up, [request])
        limit.daemon = True
        limit.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            limit.cancel()
            with self._changed:
                self._connections -= 1
                self._changed.notify_all()

    def handle_error(self, request: socket.socket, client_address: object) -> None:
        """Say nothing: a client that hangs up isn't our error."""

    def serve_until(self, stop: threading.Event) -> None:
        """Answer until `stop` is set, then let requests in flight finish."""
        accepting = threading.Thread(target=self.serve_forever, args=[0.05], daemon=True)
        accepting.start()
        stop.wait()
        self.shutdown()
        self.server_close()
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, PATIENCE)


class Handler(BaseHTTPRequestHandler):
    """Answers a request, and closes the connection."""

    server: Server
    timeout = PATIENCE

    def do_GET(self) -> None:
        path, reads = self.path.partition("?")[0], self.command in ("GET", "HEAD")
        if path not in ("/", "/health"):
            self._answer(404, "not found\n")
        elif not reads:
            self._answer(405, "method not allowed\n", allow="GET, HEAD")
        elif path == "/health":
            self._answer(200, "ok\n")
        elif self.command == "HEAD":
            self._answer(200, "", "text/html")
        else:
            self._visit()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def _visit(self) -> None:
        try:
            visits = self.server.counter.add()
        except OSError as error:
            log(error)
            self._answer(500, "the visit could not be stored\n")
            return
        text = html.escape(greeting(self.server.assets))
        self._answer(200, PAGE.format(greeting=text, visits=visits), "text/html")

    def _answer(self, status: int, body: str, kind: str = "text/plain", allow: str = "") -> None:
        content = body.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if allow:
            self.send_header("Allow", allow)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Don't log requests."""


def run(stop: threading.Event) -> None:
    text = os.environ.get("PORT") or "8080"
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise Refusal(f"PORT={text!r} is not a port")
    folder = os.environ.get("DATA_DIR", "")
    counter = Counter(folder)
    place = folder or "memory"
    if int(text) == 0:
        log(f"started without a web page, visits in {place}")
        stop.wait()
        return
    try:
        server = Server(int(text), counter, os.environ.get("ASSETS_DIR", ""))
    except OSError as error:
        raise Refusal(f"port {text}: {error.strerror}") from error
    log(f"listening on port {text}, visits in {place}")
    server.serve_until(stop)


def main() -> int:
    stop = threading.Event()
    signals = {signal.SIGTERM, signal.SIGINT}
    # For all threads. A handler could interrupt the main thread while it holds the event's lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    threading.Thread(target=lambda: signal.sigwait(signals) and stop.set(), daemon=True).start()
    try:
        run(stop)
    except Refusal as error:
        log(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
