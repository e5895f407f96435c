"""A registry for npm and an index for Python, with the packages in some folders. Builds of the tests' engine install from it.

The images that stand in for Node.js and Python have its address in their environment.
"""

import base64
import hashlib
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


def integrity(file: Path) -> str:
    """Return the hash of a file as npm and its lock files write it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _package_json(file: Path) -> dict[str, Any]:
    with tarfile.open(file) as tar:
        content = tar.extractfile("package/package.json")
        assert content, file
        read: dict[str, Any] = json.load(content)
        return read


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], folders: list[Path]) -> None:
        super().__init__(address, _Handler)
        self.folders = folders
        self.url = "http://{}:{}".format(*address)

    def files(self, *patterns: str) -> list[Path]:
        return [file for folder in self.folders for pattern in patterns for file in sorted(folder.glob(pattern))]

    def npm(self, path: str) -> bytes | None:
        """Return a tarball, or what the registry says about a package or about one version of it."""
        name, _, rest = path.partition("/") if not path.startswith("@") else _scoped(path)
        packages = {file: _package_json(file) for file in self.files("*.tgz")}
        packages = {file: package for file, package in packages.items() if package["name"] == name}
        versions = {}
        for file, package in packages.items():
            base = f"{name.rpartition('/')[2]}-{package['version']}.tgz"
            if rest == f"-/{base}":
                return file.read_bytes()
            shasum = hashlib.sha1(file.read_bytes()).hexdigest()
            dist = {"tarball": f"{self.url}/npm/{name}/-/{base}", "shasum": shasum, "integrity": integrity(file)}
            versions[package["version"]] = {**package, "dist": dist}
        if rest:
            return json.dumps(versions[rest]).encode() if rest in versions else None
        latest = {"latest": next(reversed(versions), None)}
        return json.dumps({"name": name, "dist-tags": latest, "versions": versions}).encode() if versions else None

    def simple(self, name: str) -> bytes:
        """Return the page of a project."""
        found = self.files("*.whl", "*.tar.gz")
        links = [
            f'<a href="{self.url}/files/{escape(file.name)}#sha256={sha256(file)}">{escape(file.name)}</a>'
            for file in found
            if _normalized(re.split(r"-(?=\d)", file.name)[0]) == _normalized(name)
        ]
        return f"<!doctype html><title>{escape(name)}</title>{' '.join(links)}".encode()


def _scoped(path: str) -> tuple[str, str, str]:
    scope, name, *rest = path.split("/", 2)
    return f"{scope}/{name}", "/", "".join(rest)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    # As registries do. Node.js may stop with an assertion if the connection ends right behind a large answer.
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kind, _, rest = unquote(self.path.partition("?")[0]).strip("/").partition("/")
        if kind == "npm":
            content = self.server.npm(rest)
        elif kind == "simple":
            content = self.server.simple(rest)
        else:
            content = next((file.read_bytes() for file in self.server.files("*") if file.name == rest), None)
        self.send_response(404 if content is None else 200)
        self.send_header(
            "Content-Type", {"npm": "application/json", "simple": "text/html"}.get(kind, "application/zip")
        )
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Don't log requests."""


@contextmanager
def serve(address: str, *folders: Path) -> Iterator[None]:
    """Serve the packages in folders, which other processes may add to, for the duration of the context."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    host, port = address.split(":")
    with _Server((host, int(port)), list(folders)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


# ---- Packages that tests make -----------------------------------------------------------------------------------------


def npm_package(folder: Path, files: dict[str, str], **package: Any) -> Path:
    """Write a package of npm into a folder, with `package` as its package.json."""
    name = package["name"].removeprefix("@").replace("/", "-")
    file = folder / f"{name}-{package['version']}.tgz"
    _tar(file, "package", {"package.json": json.dumps(package), **files})
    return file


def sdist(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Write the source of version 1.0.0 of a Python package into a folder."""
    file = folder / f"{name}-1.0.0.tar.gz"
    _tar(file, f"{name}-1.0.0", {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n", **files})
    return file


def wheel(folder: Path, name: str, tags: str, files: dict[str, str]) -> Path:
    """Write version 1.0.0 of a Python package into a folder, for some platforms."""
    file = folder / f"{name}-1.0.0-py3-none-{tags}.whl"
    info = f"{name}-1.0.0.dist-info"
    python, abi, platforms = f"py3-none-{tags}".split("-", 2)
    tag_lines = "".join(f"Tag: {python}-{abi}-{platform}\n" for platform in platforms.split("."))
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n{tag_lines}",
    }
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
        archive.writestr(
            zipfile.ZipInfo(f"{info}/RECORD"), "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
        )
    return file


def _tar(file: Path, root: str, files: dict[str, str]) -> None:
    with tarfile.open(file, "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{root}/{path}")
            member.size, member.mode = len(text.encode()), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
