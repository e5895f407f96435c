"""Run the command on hostile trees as a user would: no traceback, little memory and CPU time, nothing written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.check import example_wrapper
from tests.support.limits import HUNG, MOST_CPU

MEGABYTE = 1024 * 1024
MOST_MEMORY = 200 * MEGABYTE

Prepare = Callable[[Path], None]


def _file(name: str, data: bytes) -> Prepare:
    def prepare(wrapper: Path) -> None:
        (wrapper / name).write_bytes(data)

    return prepare


def _manifest(text: str | bytes) -> Prepare:
    return _file("manifest.yaml", text.encode() if isinstance(text, str) else text)


def _link_loop(wrapper: Path) -> None:
    (wrapper / "manifest.yaml").unlink()
    (wrapper / "manifest.yaml").symlink_to("manifest.yaml")
    (wrapper / "assets").mkdir()
    (wrapper / "assets/loop").symlink_to("..")


def _devices(wrapper: Path) -> None:
    for name in ("manifest.yaml", "Dockerfile", "docker_entrypoint.sh", ".dockerignore", "icon.png"):
        (wrapper / name).unlink()
    (wrapper / "manifest.yaml").symlink_to("/dev/zero")
    (wrapper / "Dockerfile").symlink_to("/dev/urandom")
    (wrapper / ".dockerignore").symlink_to("/dev/stdin")
    os.mkfifo(wrapper / "docker_entrypoint.sh")
    os.mkfifo(wrapper / "icon.png")
    (wrapper / "docker-images").mkdir()
    (wrapper / "docker-images/aarch64.tar").symlink_to("/dev/zero")
    (wrapper / "hello-sky.s9pk").symlink_to("/dev/zero")


def _folders_for_files(wrapper: Path) -> None:
    for path in wrapper.iterdir():
        if path.is_file():
            path.unlink()
            path.mkdir()


def _no_permission(wrapper: Path) -> None:
    for name in ("manifest.yaml", "Dockerfile", "Makefile"):
        (wrapper / name).chmod(0)


def _many_files(wrapper: Path) -> None:
    for folder in range(40):
        (wrapper / f"assets/{folder}").mkdir(parents=True)
        for file in range(500):
            (wrapper / f"assets/{folder}/{file}").touch()


def _deep_folders(wrapper: Path) -> None:
    folder = wrapper / "scripts"
    for _ in range(400):
        folder = folder / "deep"
    folder.mkdir(parents=True)


def _hostile_git(wrapper: Path) -> None:
    (wrapper / ".git/config").write_text(f"[core]\n\tfsmonitor = touch {wrapper.parent}/executed\n")
    (wrapper / ".git/HEAD").write_text("ref: " + "../" * 100 + "etc/passwd\n")


def _hostile_makefile(wrapper: Path) -> None:
    (wrapper / "Makefile").write_text(
        f"X := $(shell touch {wrapper.parent}/executed)\nA := $(A)$(B)\nB := $(A)$(A)$(B)$(B)\n"
        + "C0 := x\n" + "".join(f"C{n + 1} := $(C{n})$(C{n})$(C{n})$(C{n})$(C{n})$(C{n})\n" for n in range(60))
        + "$(C60): $(A)\n\ttrue\n"
    )  # fmt: skip


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(12)
)
# Exactly as many alias jumps as the OS follows, so the check has to measure the expanded size.
WIDE = "base: &b [" + "x, " * 3000 + "x]\nall: [" + "*b, " * 3000 + "*b]\n"

TREES: dict[str, Prepare] = {
    "loops of links": _link_loop,
    "devices and pipes": _devices,
    "folders instead of files": _folders_for_files,
    "no permission": _no_permission,
    "twenty thousand files": _many_files,
    "deep folders": _deep_folders,
    "hostile git": _hostile_git,
    "hostile Makefile": _hostile_makefile,
    "a manifest of 50 MB": _manifest(b"id: a\n" + b"# " + b"x" * (50 * MEGABYTE)),
    "a Dockerfile of 50 MB": _file("Dockerfile", b"RUN x\n" * (9 * MEGABYTE)),
    "a Makefile of one MB": _file("Makefile", b"a: b\n" * (200 * 1024)),
    "a Dockerfile of one MB": _file("Dockerfile", b"FROM alpine\n" + b"RUN curl http://a/b\n" * (50 * 1024)),
    "a Dockerfile of continued lines": _file("Dockerfile", b"FROM alpine\nRUN a" + b" \\\n && apt-get install x" * (30 * 1024)),
    "a Dockerfile of heredocs": _file("Dockerfile", b"FROM alpine\n" + b"RUN <<A <<B\nx\n" * (50 * 1024)),
    "an entrypoint of one MB": _file("docker_entrypoint.sh", b"#!/bin/sh\n" + b"exec a | b &\n" * (70 * 1024)),
    "an entrypoint of quotes": _file("docker_entrypoint.sh", b"#!/bin/sh\n" + b"'\"$(`" * (150 * 1024)),
    "an entrypoint of brackets": _file("docker_entrypoint.sh", b"#!/bin/sh\n" + b"$((${{[[" * (120 * 1024)),
    "bomb of aliases": _manifest(BOMB),
    "wide aliases": _manifest(WIDE),
    "anchor in itself": _manifest("a: &a {b: *a}\n"),
    "invalid UTF-8": _manifest(b"id: \xff\xfe\n"),
    "UTF-16": _manifest("\ufeffid: hello\n".encode("utf-16-le")),
    "CRLF": _manifest((example_wrapper.EXAMPLE / "manifest.yaml").read_bytes().replace(b"\n", b"\r\n")),
    "byte order mark": _manifest(b"\xef\xbb\xbf" + (example_wrapper.EXAMPLE / "manifest.yaml").read_bytes()),
    "deep lists": _manifest("a: " + "[" * 100_000),
    "deep maps": _manifest("".join(" " * n + "a:\n" for n in range(1200))),
    "deep JSON": _file("manifest.toml", b"a = " + b"[" * 100_000),
    "a hundred thousand keys": _manifest("".join(f"key-{n}: {n}\n" for n in range(60_000))),
    "a hundred thousand wrong mounts": _manifest("main:\n  type: docker\n  mounts:\n" + "".join(f"    v{n}: {n}\n" for n in range(60_000))),
    "a hundred thousand repeated keys": _manifest("id: a\n" * 100_000),
    "a number of a million digits": _manifest("id: " + "9" * 1_000_000),
    "a text of a million letters": _manifest("id: " + "ab-" * 300_000),
    "an URL of a million letters": _manifest("wrapper-repo: https://" + "a." * 400_000),
    "a range of brackets": _manifest("dependencies: {a: {version: '" + "(" * 100_000 + "'}}"),
    "a range of ors": _manifest("dependencies: {a: {version: '" + "=1 || " * 100_000 + "=1'}}"),
    "a regular expression": _manifest("hardware-requirements: {device: {display: '" + "(a*)*" * 20_000 + "'}}"),
    "control characters": _manifest("id: \"\\e[31m\\u202e\"\ntitle: \x1b[31m\n"),
    "the empty file": _manifest(b""),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("form", ["text", "sarif"])
def test_a_hostile_tree_costs_nothing(name: str, form: str, tmp_path: Path) -> None:
    wrapper = example_wrapper.write(tmp_path / "wrapper", {})
    TREES[name](wrapper)
    before = _state(wrapper)
    command = [sys.executable, "-m", "startos_wrapper", "check", "--format", form, str(wrapper)]
    output = tmp_path / "output"
    with output.open("wb") as file:
        launched = subprocess.run(
            [sys.executable, "-c", LAUNCH, *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            check=True,
            timeout=HUNG,
        )
    code, seconds, kilobytes = json.loads(launched.stderr)
    said = output.read_text(errors="replace")
    assert code in (0, 1, 2), said[-2000:]
    assert "Traceback" not in said and "failed on this wrapper" not in said, said[-2000:]
    assert seconds < MOST_CPU
    assert kilobytes * 1024 < MOST_MEMORY
    assert "\x1b" not in said and "\u202e" not in said
    assert _state(wrapper) == before
    assert not (tmp_path / "executed").exists()


# A child's peak memory starts at that of its parent, so a small process runs between pytest and the command.
LAUNCH = """
import ctypes, json, os, resource, subprocess, sys
# Root can read every file unless it drops CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
# Only stops hangs. The test checks the usage that is reported below.
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.STDOUT)
_, status, usage = os.wait4(process.pid, 0)
json.dump([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss], sys.stderr)
"""


def _state(wrapper: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for folder, _, files in os.walk(wrapper):
        for path in (folder, *(os.path.join(folder, file) for file in files)):  # noqa: PTH118
            status = os.lstat(path)
            found[path] = status.st_mode, status.st_size, status.st_mtime_ns
    return found
