"""Run Docker, two BuildKits and a registry for the tests, as long as a session needs them."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from startos_wrapper.interrupts import ended_like_ctrl_c
from tests.images import packages
from tests.support.limits import HUNG

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "startos-wrapper"
# The output of .ci/engine.
CURRENT = CACHE / "current"
# The registry's data, kept between runs.
STORAGE = CACHE / "registry"
BRIDGE = "startos-wrap0"
GATEWAY = "172.31.235.1"
REGISTRY = f"{GATEWAY}:5000"
# Where builds find packages of npm and Python.
PACKAGES = f"{GATEWAY}:4873"
# Lets a BuildKit find the base images under their public names.
MIRROR = f'[registry."docker.io"]\nmirrors = ["{REGISTRY}"]\n[registry."{REGISTRY}"]\nhttp = true\n'
DOCKER = "/usr/bin/docker"
# A privileged container, such as the one that buildx creates, gets every capability. It can't start on a machine that
# lacks one of them, so this script around runc removes that one.
RUNTIME = """#!/bin/sh
for argument; do
  case "${previous:-}" in
    --bundle) sed -i 's/"CAP_SYS_RESOURCE",//g' "$argument/config.json" ;;
    --process) sed -i 's/"CAP_SYS_RESOURCE",//g' "$argument" ;;
  esac
  previous=$argument
done
exec runc "$@"
"""
CAP_SYS_RESOURCE = 24
PROGRAMS = [
    DOCKER, "dockerd", "containerd", "docker-registry", "runc", "iptables", "ip", "mount", "umount", "setpriv",
    "update-binfmts", "qemu-aarch64-static", "qemu-arm-static", "dpkg-deb", "go",
]  # fmt: skip


@dataclass(frozen=True)
class Engine:
    """The running services and how to reach them."""

    env: dict[str, str]
    """The environment for a wrapper's `make` and for `docker`."""
    builder: str
    """The address of a standalone BuildKit, for `make BUILDER=...`."""
    gateway: str
    """This machine's address for containers and for the RUN steps of a build."""
    registry: str
    """The registry, as host:port. `bases.publish` puts the base images there."""
    folder: Path
    """Where the services keep data and logs. Its folder `packages` has more packages of npm and Python."""

    def docker(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run docker and return its output.

        Raises: RuntimeError if it fails and `check` is true.
        """
        result = subprocess.run([DOCKER, *arguments], env=self.env, text=True, capture_output=True, check=False)
        if check and result.returncode != 0:
            raise RuntimeError(f"docker {' '.join(arguments)}: {result.stderr}")
        return result


def missing() -> str:
    """Return a line that names what this machine lacks to run `engine`, or an empty string."""
    if os.geteuid() != 0:
        return "tests of images need root, to start Docker"
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    absent += [name for name in ("bin", "debian", "musl", "packages", "slim") if not (CURRENT / name).is_dir()]
    return f"tests of images lack {', '.join(absent)}: .ci/engine makes them ready" if absent else ""


def _free_address() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def _connects(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


@contextmanager
def _service(folder: Path, command: list[str], ready: Callable[[], bool], env: dict[str, str]) -> Iterator[None]:
    """Run a service until the context or this process ends. Write its log to `folder`."""
    name = Path(command[0]).name
    path = folder / f"{name}.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env
        )
    try:
        deadline = time.monotonic() + HUNG
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{path.read_text()[-3000:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(HUNG)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _emulate() -> None:
    """Let the kernel run arm64 and armv7 programs, in containers too. This lasts until the next reboot."""
    kernel = Path("/proc/sys/fs/binfmt_misc")
    if not (kernel / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", kernel], check=True)
    for name in ("qemu-aarch64", "qemu-arm"):
        if not (kernel / name).exists():
            subprocess.run(["update-binfmts", "--enable", name], check=True)
        # F: the kernel keeps the emulator open, so containers don't need it.
        if "F" not in (kernel / name).read_text().split("flags:")[1].split("\n")[0]:
            raise RuntimeError(f"{name} would not be found inside containers")


@contextmanager
def _bridge() -> Iterator[None]:
    """Create the containers' network for the duration of the context. This machine's address in it is GATEWAY."""
    remove = ["ip", "link", "delete", BRIDGE]
    # A killed run may have left one.
    subprocess.run(remove, capture_output=True, check=False)
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", f"{GATEWAY}/24", "dev", BRIDGE], check=True)
        subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)
        yield
    finally:
        subprocess.run(remove, check=True)


def _remove(folder: Path) -> None:
    """Remove a folder after unmounting what a service left mounted in it."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in reversed(mounts):
        if mount.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", mount], check=True)
    # Images have so many files that this takes up to a minute, for which nobody needs to wait.
    away = Path(tempfile.mkdtemp(dir=folder.parent))
    folder.rename(away / folder.name)
    subprocess.run(["sh", "-c", 'rm -rf "$0" >/dev/null 2>&1 &', away], check=True, stdin=subprocess.DEVNULL)


def _runtime(folder: Path) -> list[str]:
    """Return options that let dockerd start privileged containers with the available capabilities."""
    held = int(re.findall(r"CapBnd:\s*(\w+)", Path("/proc/self/status").read_text())[0], 16)
    if held >> CAP_SYS_RESOURCE & 1:
        return []
    program = folder / "runtime"
    program.write_text(RUNTIME)
    program.chmod(0o755)
    return ["--add-runtime", f"without={program}", "--default-runtime", "without"]


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Start everything under `folder`, which need not exist. Stop and remove it at the end.

    Only one process per machine can do this at a time, and others wait. Until the end, logs are in `folder`. If
    TEST_ENGINE names the file of an engine that `python -m tests.images.engine` keeps, use that one instead.
    """
    if kept := os.environ.get("TEST_ENGINE"):
        described = json.loads(Path(kept).read_text())
        yield Engine(**described | {"env": dict(os.environ) | described["env"], "folder": Path(described["folder"])})
        return
    reason = missing()
    if reason:
        raise RuntimeError(reason)
    folder = folder.resolve()
    # Socket paths are limited in length, and a test's folder may exceed the limit, so sockets get their own folder.
    data, run = folder / "engine", Path("/run/startos-wrapper")
    with ExitStack() as stack:
        lock = stack.enter_context((CACHE / "lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path in (data, run):
            if path.exists():
                _remove(path)
            path.mkdir(parents=True)
            stack.callback(_remove, path)
        _emulate()
        stack.enter_context(_bridge())

        (data / "registry.yml").write_text(
            f"version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: '{REGISTRY}'}}\n"
            f"storage: {{filesystem: {{rootdirectory: '{STORAGE}'}}}}\n"
        )
        environ = dict(os.environ)
        command = ["docker-registry", "serve", str(data / "registry.yml")]
        stack.enter_context(_service(data, command, lambda: _connects(REGISTRY), environ))

        stack.enter_context(packages.serve(PACKAGES, data / "packages", CURRENT / "packages"))

        (data / "buildkitd.toml").write_text(MIRROR)
        address = _free_address()
        builder = f"tcp://{address}"
        command = [
            str(CURRENT / "bin" / "buildkitd"), "--addr", builder, "--config", str(data / "buildkitd.toml"),
            "--root", str(data / "buildkit"), "--otel-socket-path", str(run / "otel.sock"),
            "--oci-worker=true", "--containerd-worker=false",
        ]  # fmt: skip
        stack.enter_context(_service(data, command, lambda: _connects(address), environ))

        (data / "config" / "cli-plugins").mkdir(parents=True)
        (data / "config" / "cli-plugins" / "docker-buildx").symlink_to(CURRENT / "bin" / "buildx")
        (data / "bin").mkdir()
        (data / "bin" / "docker").symlink_to(DOCKER)
        env = environ | {
            "DOCKER_HOST": f"unix://{run}/docker.sock",
            "DOCKER_CONFIG": str(data / "config"),
            "PATH": f"{data / 'bin'}:{environ['PATH']}",
        }
        for name in ("DOCKER_CONTEXT", "BUILDX_BUILDER", "BUILDX_CONFIG", "BUILDKIT_HOST"):
            env.pop(name, None)
        command = [
            "dockerd", "--host", env["DOCKER_HOST"], "--data-root", str(data / "docker"), "--exec-root", str(run / "docker"),
            "--pidfile", str(run / "docker.pid"), "--bridge", BRIDGE, "--registry-mirror", f"http://{REGISTRY}",
            "--insecure-registry", REGISTRY, *_runtime(data),
        ]  # fmt: skip

        found = Engine(env, builder, GATEWAY, REGISTRY, data)

        def remove_containers() -> None:
            if containers := found.docker("ps", "--all", "--quiet").stdout.split():
                found.docker("rm", "--force", "--volumes", *containers)

        stack.enter_context(_service(data, command, lambda: found.docker("info", check=False).returncode == 0, env))
        stack.callback(remove_containers)
        yield found


def keep(file: Path) -> None:
    """Run an engine until Ctrl-C or SIGTERM, for several test sessions in a row. Describe it in `file`."""
    with ended_like_ctrl_c(), tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as running:
        names = ("DOCKER_HOST", "DOCKER_CONFIG", "PATH")
        described = asdict(running) | {
            "env": {name: running.env[name] for name in names},
            "folder": str(running.folder),
        }
        file.write_text(json.dumps(described))
        print(f"TEST_ENGINE={file} uses this engine. Ctrl-C ends it.", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
    file.unlink()


if __name__ == "__main__":
    keep(Path(sys.argv[1]).resolve())
