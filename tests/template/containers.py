"""Run a rendered wrapper the way StartOS does, in its own PID namespace and root folder, without a Docker engine.

The instructions of the Dockerfile's final stage are carried out on a stand-in for the base image. tests/images builds and
starts real images.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.rendering import Template
from tests.support.limits import until
from tests.support.tools import absent, require

# Docker's PATH for an image that sets none.
USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How long a stop may take before the container is killed. StartOS waits 30 seconds for these wrappers.
PATIENCE = 20
FILES = ("manifest.yaml", "Dockerfile", "docker_entrypoint.sh")


class BuildError(Exception):
    """An instruction of the Dockerfile failed. The message is what it printed."""


class Base:
    """A stand-in for an upstream image: its root folder and what its config says."""

    def __init__(
        self, root: Path, *, shell: str = "busybox", path: str = USUAL_PATH, stopsignal: str = "SIGTERM"
    ) -> None:
        self.root, self.env, self.stopsignal = root, {"PATH": path}, stopsignal
        for name in ("bin", "dev", "etc", "proc", "root", "tmp", "usr/bin"):
            (root / name).mkdir(parents=True, exist_ok=True)
        if shell:
            shutil.copy(require("busybox"), root / "bin" / "busybox")
            done = subprocess.run([root / "bin" / "busybox", "--list"], check=True, capture_output=True, text=True)
            for applet in done.stdout.split():
                if applet != "busybox":
                    (root / "bin" / applet).symlink_to("busybox")
        if shell == "dash":
            (root / "bin" / "sh").unlink()
            self.program("dash", "bin/sh")

    def program(self, name: str, path: str) -> None:
        """Copy a program of this machine with its libraries."""
        program = require(name)
        listed = subprocess.run(["ldd", program], check=False, capture_output=True, text=True).stdout
        for library in re.findall(r"/\S+", listed):
            (self.root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, self.root / library[1:])
        shutil.copy(program, self.root / path)

    def script(self, path: str, text: str) -> None:
        """Write a program."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)
        (self.root / path).chmod(0o755)


class Wrapper:
    """A wrapper on a stand-in for an upstream image, built and ready to start."""

    def __init__(self, base: Base, tools: Path, **answers: Any) -> None:
        if os.geteuid() != 0:
            absent("containers need root")
        template = Template()
        given = {"service_id": "hello-world", "base": "image", "upstream_image": "x:1", "advanced": True, **answers}
        asked = template.ask(given)
        texts = {name: template.file(name, asked) for name in FILES}
        self.base, self.texts, self.env = base, texts, dict(base.env)
        self.stopsignal = base.stopsignal
        self.manifest = yaml.safe_load(texts["manifest.yaml"])
        dockerfile = Dockerfile(Source("Dockerfile", texts["Dockerfile"].encode()))
        assert dockerfile.final is not None
        for instruction in dockerfile.final.instructions:
            words = [word.text for word in instruction.words]
            match instruction.name:
                case "ENV":
                    for name, value in (word.split("=", 1) for word in words):
                        self.env[name] = value.replace("$PATH", base.env["PATH"])
                case "COPY" if "from" in instruction.flags:
                    self._copy(tools / words[0][1:], words[1])
                case "COPY":
                    self._copy_text(texts[words[0]], words[1] + words[0])
                case "STOPSIGNAL":
                    self.stopsignal = words[0]
                case "RUN":
                    self._run(words, tools)

    def _copy(self, source: Path, to: str) -> None:
        target = self.base.root / to[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)

    def _copy_text(self, text: str, to: str) -> None:
        self.base.script(to[1:], text)

    def _run(self, words: list[str], tools: Path) -> None:
        place = self.base.root / "tools"
        shutil.copytree(tools, place)
        try:
            done = subprocess.run(
                [require("chroot"), self.base.root, *words], env={**self.env, "TARGETPLATFORM": "linux/here"}, capture_output=True,
                text=True, check=False,
            )  # fmt: skip
        finally:
            shutil.rmtree(place)
        if done.returncode:
            raise BuildError(done.stderr)

    @contextmanager
    def started(self) -> Iterator["Container"]:
        """Start main, and kill it at the end."""
        main = self.manifest["main"]
        container = Container(self, [main["entrypoint"], *main["args"]])
        try:
            yield container
        finally:
            container.kill()


def tools(folder: Path) -> Path:
    """Return what the build stage `tools` has."""
    for name, path in {"busybox": "bin/busybox.static", "tini-static": "sbin/tini-static"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(require(name), folder / path)
    return folder


class Container:
    """A running main: process 1 of its namespace is what the manifest says."""

    def __init__(self, wrapper: Wrapper, command: list[str]) -> None:
        self.wrapper, self.root = wrapper, wrapper.base.root
        if not (self.root / "dev" / "null").exists():
            os.mknod(self.root / "dev" / "null", 0o666 | 0o020000, os.makedev(1, 3))
        # Looks up the program in the container's PATH, as runc does, and becomes it.
        start = [
            require("unshare"),
            "--pid",
            "--fork",
            "--mount",
            "--kill-child",
            f"--root={self.root}",
            "--mount-proc",
        ]
        self.log = self.root.with_name("log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*start, "--", *self._found(command)], env=wrapper.env, stdin=subprocess.DEVNULL, stderr=log
            )

    def _found(self, command: list[str]) -> list[str]:
        name, *arguments = command
        paths = [name] if "/" in name else [f"{folder}/{name}" for folder in self.wrapper.env["PATH"].split(":")]
        path = next((path for path in paths if os.path.lexists(self.root / path[1:])), None)
        assert path, f"{name}: executable file not found in $PATH"
        return [path, *arguments]

    @property
    def init(self) -> int:
        """Return the PID of the container's process 1 on this machine."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(until(lambda: children.read_text().split())[0])

    def until(self, *names: str) -> None:
        """Wait until the service has written all of these files."""
        until(lambda: all((self.root / name).exists() for name in names) or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def read(self, name: str) -> str:
        """Return the text of a file that the service wrote."""
        return (self.root / name).read_text()

    def stop(self) -> int:
        """Stop the container as StartOS does, and return its exit code."""
        os.kill(self.init, getattr(signal, self.wrapper.stopsignal))
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def ended(self) -> int:
        """Wait until the container ends by itself, and return its exit code."""
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End the container and everything in it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def health(self) -> int:
        """Run the health check in the container's folder, and return its exit code."""
        check = self.wrapper.manifest["health-checks"]["main"]
        return subprocess.run(
            [require("chroot"), self.root, *self._found([check["entrypoint"], *check["args"]])], env=self.wrapper.env, text=True,
            input="1000", check=False, capture_output=True,
        ).returncode  # fmt: skip
