"""Tests of the starter. Replace them with your own service's: python3 -m unittest"""

import contextlib
import os
import socket
import tempfile
import threading
import time
import unittest
from http.client import HTTPConnection
from pathlib import Path
from unittest import mock

import service


class Running:
    """The service, until `stop` is called."""

    def __init__(self, data: str = "", assets: str = "") -> None:
        self.server = service.Server(0, service.Counter(data), assets)
        self.port = self.server.server_address[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.server.serve_until, args=[self._stop])
        self._thread.start()

    def visit(self, method: str, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, request: str) -> str:
        with self.connect() as client:
            client.sendall(request.encode())
            return rest(client)

    def stop(self) -> float:
        """Stop the service and return how many seconds that takes."""
        asked = time.monotonic()
        self._stop.set()
        self._thread.join()
        return time.monotonic() - asked


def rest(client: socket.socket) -> str:
    answer = b""
    with contextlib.suppress(ConnectionError):
        while chunk := client.recv(4096):
            answer += chunk
    return answer.decode()


class ServiceTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        patch = mock.patch.dict(os.environ)
        patch.start()
        self.addCleanup(patch.stop)
        for name in ("PORT", "DATA_DIR", "ASSETS_DIR", "SETTING_GREETING"):
            os.environ.pop(name, None)

    def start(self, data: object = "", assets: object = "") -> Running:
        running = Running(str(data), str(assets))
        self.addCleanup(running.stop)
        return running

    def test_visits_are_counted_and_survive_a_restart(self) -> None:
        first = self.start(self.folder)
        first.visit("GET", "/")
        for method, path in [("GET", "/health"), ("GET", "/x"), ("HEAD", "/"), ("POST", "/")]:
            first.visit(method, path)
        self.assertIn("Visits: 2", first.visit("GET", "/")[1])
        self.assertIn("Visits: 3", self.start(self.folder).visit("GET", "/")[1])
        self.assertEqual([path.name for path in self.folder.iterdir()], ["visits"])

    def test_a_damaged_file_is_refused_and_kept(self) -> None:
        path = self.folder / "visits"
        for damaged in ["", "many", "-1", "1 2", "99999999999999999999"]:
            path.write_text(damaged)
            with self.assertRaisesRegex(service.Refusal, "visits does not hold a number"):
                service.Counter(str(self.folder))
            self.assertEqual(path.read_text(), damaged)

    def test_a_missing_folder_is_refused(self) -> None:
        missing = str(self.folder / "none")
        with self.assertRaisesRegex(service.Refusal, missing):
            service.Counter(missing)

    def test_a_visit_that_cannot_be_stored_is_not_counted(self) -> None:
        data = self.folder / "data"
        data.mkdir()
        running = self.start(data)
        (data / "visits").unlink()
        data.rmdir()
        with mock.patch.object(service, "log"):
            self.assertEqual(running.visit("GET", "/")[0], 500)
        data.mkdir()
        self.assertIn("Visits: 1", running.visit("GET", "/")[1])

    def test_without_a_folder_visits_are_counted_in_memory(self) -> None:
        running = self.start()
        running.visit("GET", "/")
        self.assertIn("Visits: 2", running.visit("GET", "/")[1])

    def test_the_asset_is_shown_escaped(self) -> None:
        running = self.start(assets=self.folder)
        self.assertIn(service.DEFAULT_GREETING, running.visit("GET", "/")[1])
        (self.folder / "greeting.txt").write_text('<b>Hi & "bye"</b>\n')
        self.assertIn("<h1>&lt;b&gt;Hi &amp; &quot;bye&quot;&lt;/b&gt;</h1>", running.visit("GET", "/")[1])

    def test_the_setting_is_shown_escaped_and_beats_the_asset(self) -> None:
        (self.folder / "greeting.txt").write_text("asset")
        os.environ["SETTING_GREETING"] = "<i>$(id)</i>"
        self.assertIn("<h1>&lt;i&gt;$(id)&lt;/i&gt;</h1>", self.start(assets=self.folder).visit("GET", "/")[1])

    def test_other_paths_and_methods_are_refused(self) -> None:
        running = self.start()
        for request, status in {
            "GET /": 200, "GET /?a=b": 200, "HEAD /": 200, "GET /health": 200, "HEAD /health": 200, "GET /x": 404,
            "HEAD /x": 404, "GET /health/": 404, "GET /visits": 404, "POST /": 405, "DELETE /health": 405,
        }.items():  # fmt: skip
            with self.subTest(request):
                self.assertEqual(running.visit(*request.split())[0], status)

    def test_it_stops_when_asked(self) -> None:
        running = self.start()
        self.assertEqual(running.visit("GET", "/health"), (200, "ok\n"))
        self.assertLess(running.stop(), 2)
        with self.assertRaises(ConnectionError):
            running.visit("GET", "/health")

    def test_a_request_in_flight_is_finished(self) -> None:
        running = self.start()
        with running.connect() as client:
            client.sendall(b"GET /health HT")
            # This has started for sure, because connections are accepted in order.
            running.visit("GET", "/health")
            threading.Timer(0.3, client.sendall, [b"TP/1.1\r\n\r\n"]).start()
            self.assertGreater(running.stop(), 0.2)
            self.assertTrue(rest(client).endswith("\r\n\r\nok\n"))

    def test_a_bad_request_harms_nobody(self) -> None:
        running = self.start()
        with running.connect() as slow:
            slow.sendall(b"GET / HT")
            for request in ("nonsense nonsense\r\n\r\n", f"GET / HTTP/1.1\r\nX: {'x' * 100_000}\r\n\r\n"):
                self.assertRegex(running.ask(request), r"\b4\d\d\b|^$")
            self.assertIn("Visits: 1", running.visit("GET", "/")[1])

    def test_too_many_connections_are_turned_away(self) -> None:
        running = self.start()
        many = [running.connect() for _ in range(service.MOST_CONNECTIONS)]
        self.assertEqual(running.ask("GET /health HTTP/1.1\r\n\r\n"), "")
        for client in many:
            client.close()
        begun = time.monotonic()
        while not running.ask("GET /health HTTP/1.1\r\n\r\n"):
            self.assertLess(time.monotonic() - begun, service.PATIENCE)

    def test_a_bad_port_is_refused(self) -> None:
        for port in ("http", "-1", "65536", "80 80"):
            os.environ["PORT"] = port
            with self.subTest(port), self.assertRaisesRegex(service.Refusal, port):
                service.run(threading.Event())

    def test_a_port_in_use_is_named(self) -> None:
        os.environ["PORT"] = str(self.start().port)
        with self.assertRaisesRegex(service.Refusal, f"port {os.environ['PORT']}"):
            service.run(threading.Event())

    def test_port_zero_stops_when_asked_too(self) -> None:
        os.environ.update(PORT="0", DATA_DIR=str(self.folder))
        stop = threading.Event()
        stop.set()
        with mock.patch.object(service, "log"):
            service.run(stop)


if __name__ == "__main__":
    unittest.main()
