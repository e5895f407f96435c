"""Build wrappers with their own Makefile, each only once, and start them as StartOS does."""

import gzip
import json
import shutil
import signal
import subprocess
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.images import bases, debian
from tests.images import engine as engines
from tests.images.engine import Engine
from tests.support.limits import until
from tests.support.oracle import read_manifest
from tests.support.tools import absent

PLATFORMS = {"aarch64": "linux/arm64", "x86_64": "linux/amd64", "armv7": "linux/arm/v7"}
DOCKER_ARCH = {"aarch64": "arm64", "x86_64": "amd64", "armv7": "arm"}
ALL, USUAL = ["aarch64", "x86_64", "armv7"], ["aarch64", "x86_64"]
Render = Callable[[dict[str, Any]], Path]
GREETING = "A greeting from the assets."
# Seconds that a service has to answer, and that a container has after SIGTERM before Docker kills it.
PATIENCE = 60
# The answers for each base.
BASES: dict[str, dict[str, Any]] = {
    "golang": {"arches": ALL},
    "rust": {"base": "rust", "arches": USUAL},
    "node": {"base": "node", "arches": USUAL},
    "python": {"base": "python", "arches": USUAL},
    "alpine": {"base": "alpine", "arches": ALL},
    "image": {
        "base": "image", "upstream_image": bases.UPSTREAM, "run": "visits", "arches": USUAL,
        "environment": {"DATA_DIR": "/root/.hello-world", "ASSETS_DIR": "/mnt/web"},
    },
}  # fmt: skip
PAIRS = [(base, arch) for base, answers in BASES.items() for arch in answers["arches"]]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Docker engine with all base images. Without root or Docker, the tests are skipped, or fail in CI."""
    if reason := engines.missing():
        absent(reason)
    with engines.engine(tmp_path_factory.mktemp("engine")) as found:
        bases.publish(found)
        debian.publish(found)
        yield found


def http(port: int) -> str:
    """Return the page at / on a local port, or "" if nothing answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
            text: str = answer.read().decode()
            return text
    except (urllib.error.URLError, OSError):
        return ""


@dataclass
class Wrapper:
    """A rendered, unmodified wrapper as a git repository."""

    folder: Path
    engine: Engine
    manifest: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.manifest = read_manifest(self.folder / "manifest.yaml")
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "new"]):
            subprocess.run(["git", *command], cwd=self.folder, check=True)

    @property
    def tag(self) -> str:
        return f"start9/{self.manifest['id']}/main:{self.manifest['version']}"

    def make(
        self, *arguments: str, check: bool = True, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the wrapper's Makefile."""
        result = subprocess.run(
            ["make", *arguments], cwd=self.folder, env={**self.engine.env, **(env or {})}, text=True,
            capture_output=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def tar(self, arch: str) -> Path:
        return self.folder / "docker-images" / f"{arch}.tar"

    def archive(self, arch: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the manifest entry of the only image in a tar, and the image's config."""
        with tarfile.open(self.tar(arch)) as tar:
            (entry,) = json.load(_member(tar, "manifest.json"))
            return entry, json.load(_member(tar, entry["Config"]))

    def layer(self, arch: str, name: str) -> bytes:
        """Return an uncompressed layer of an image."""
        with tarfile.open(self.tar(arch)) as tar:
            content: bytes = _member(tar, name).read()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content

    def read(self, arch: str, path: str) -> bytes:
        """Return a file of an image from the topmost layer that has it."""
        entry, _ = self.archive(arch)
        with tarfile.open(self.tar(arch)) as tar:
            for name in reversed(entry["Layers"]):
                with tarfile.open(fileobj=_member(tar, name)) as layer:
                    if path.lstrip("/") in layer.getnames():
                        content: bytes = _member(layer, path.lstrip("/")).read()
                        return content
        raise AssertionError(f"there is no {path} in the image")

    def start(self, arch: str, data: Path, *options: str, wait: bool = True) -> "Container":
        """Start the image like StartOS: with the manifest's entrypoint, arguments and mounts, without Docker's init."""
        self.engine.docker("load", "--quiet", "--input", str(self.tar(arch)))
        main, volumes = self.manifest["main"], self.manifest["volumes"]
        mounts: list[str] = []
        for id, path in main.get("mounts", {}).items():
            asset = volumes[id]["type"] == "assets"
            source = self.folder / "assets" / id if asset else data / id
            source.mkdir(parents=True, exist_ok=True)
            mounts += ["--mount", f"type=bind,src={source},dst={path}{',readonly' if asset else ''}"]
        published = ["--publish", "127.0.0.1::8080"]
        id = self.engine.docker(
            "run", "--detach", "--no-healthcheck", "--platform", PLATFORMS[arch], *mounts, *published,
            "--entrypoint", main["entrypoint"], *options, self.tag, *main.get("args", []),
        ).stdout.strip()  # fmt: skip
        container = Container(self, id)
        if wait:
            until(lambda: container.page() or not container.running())
            assert container.running(), container.log()
        return container


def _member(tar: tarfile.TarFile, name: str) -> Any:
    found = tar.extractfile(name)
    assert found, name
    return found


@dataclass
class Container:
    """A container of a wrapper's image."""

    wrapper: Wrapper
    id: str

    def docker(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.wrapper.engine.docker(*arguments, check=check)

    def inspect(self, what: str) -> str:
        return self.docker("inspect", "--format", f"{{{{{what}}}}}", self.id).stdout.strip()

    def running(self) -> bool:
        return self.inspect(".State.Running") == "true"

    def log(self) -> str:
        result = self.docker("logs", self.id)
        return result.stdout + result.stderr

    def page(self) -> str:
        """Return the page of the service, as seen from outside the container."""
        mapped = self.docker("port", self.id, "8080", check=False).stdout
        return http(int(mapped.splitlines()[0].rpartition(":")[2])) if mapped else ""

    def execute(self, *command: str, input: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the container."""
        return subprocess.run(
            ["/usr/bin/docker", "exec", "--interactive", self.id, *command], env=self.wrapper.engine.env, input=input,
            text=True, capture_output=True, check=False,
        )  # fmt: skip

    def health(self, age: int) -> int:
        """Run the manifest's health check like StartOS, `age` milliseconds after the start. Return its exit code."""
        check = self.wrapper.manifest["health-checks"]["main"]
        assert check["inject"] is True
        return self.execute(check["entrypoint"], *check["args"], input=f"{age}\n").returncode

    def processes(self) -> dict[int, str]:
        """Return the command lines of the container's processes by their PID on this machine."""
        lines = self.docker("top", self.id, "-eo", "pid,args").stdout.splitlines()[1:]
        return {int(line.split()[0]): line.split(maxsplit=1)[1] for line in lines}

    def init(self) -> int:
        return int(self.inspect(".State.Pid"))

    def services(self) -> dict[int, str]:
        """Return all processes except the first one, which is tini."""
        first = self.init()
        return {number: command for number, command in self.processes().items() if number != first}

    def stop(self) -> int:
        """Send SIGTERM and return the exit code. The container must end by itself and leave no process behind."""
        before = self.processes()
        self.docker("stop", "--time", str(PATIENCE), self.id)
        left = {number: name for number, name in before.items() if Path(f"/proc/{number}").exists()}
        assert not left, left
        code = self.code()
        assert code != 128 + signal.SIGKILL, "Docker had to kill it"
        return code

    def code(self) -> int:
        return int(self.inspect(".State.ExitCode"))

    def ended(self) -> int:
        """Wait until the container has ended and return its exit code."""
        until(lambda: not self.running())
        return self.code()

    def remove(self) -> None:
        self.docker("rm", "--force", self.id)


class Wrappers:
    """Wrappers by name, each rendered and built only once."""

    def __init__(self, engine: Engine, render: Render) -> None:
        self.engine = engine
        self.render = render
        self.built: dict[str, Wrapper] = {}

    def new(self, answers: dict[str, Any]) -> Wrapper:
        return Wrapper(self.render(answers), self.engine)

    def newer(self, base: str, arch: str) -> Wrapper:
        """Return the wrapper of a base in a newer version, built for one architecture."""
        if f"{base} newer" not in self.built:
            old = self(base).folder
            folder = old.with_name(f"{old.name}-newer")
            shutil.copytree(old, folder, ignore=shutil.ignore_patterns(".git", "docker-images"))
            manifest = folder / "manifest.yaml"
            manifest.write_text(
                manifest.read_text().replace('"0.1.0"', '"0.2.0"').replace("version: 0.1.0", "version: 0.2.0")
            )
            wrapper = Wrapper(folder, self.engine)
            wrapper.make(arch)
            self.built[f"{base} newer"] = wrapper
        return self.built[f"{base} newer"]

    def __call__(self, base: str) -> Wrapper:
        """Return the wrapper of a base with all its images and a greeting in its assets volume."""
        if base not in self.built:
            wrapper = self.new({**BASES[base], "assets": {"web": "/mnt/web"}})
            (wrapper.folder / "assets" / "web" / "greeting.txt").write_text(GREETING)
            wrapper.make("images")
            self.built[base] = wrapper
        return self.built[base]


@pytest.fixture(scope="session")
def wrappers(engine: Engine, render: Render) -> Wrappers:
    return Wrappers(engine, render)
