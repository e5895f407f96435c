"""The container of a service, as StartOS 0.4 makes one with LXC: Node.js runs in it, and all of its subcontainers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker, Done
from startos_wrapper.rehearse.own_image import own_image
from startos_wrapper.rehearse.startos04.runtime import SHELL, Runtime

TOP = "/media/startos"
_REPOSITORY = "startos-wrapper/service-0.4"
_INSIDE = "startos_wrapper.rehearse.startos04.in_container"
# What compares volumes before and after a backup.
_SHARED = "startos_wrapper.rehearse.inside"
_LIB = "/usr/local/lib/startos"
_PACKAGE = "/usr/lib/startos/package"
_BACKUP = f"{TOP}/.backup"
_SECONDS = 600
_CAPABILITIES = ("SYS_ADMIN", "SYS_PTRACE")
_UNCONFINED = ("apparmor", "seccomp", "systempaths")


def container_image(docker: Docker, say: Callable[[str], None]) -> str:
    """Return the tag of the container's image, which is built once. Raises: CannotError."""
    what = "building the container of services from Debian's packages, once: a minute or two"
    try:
        return own_image(docker, _REPOSITORY, _members(), lambda: say(what))
    except CannotError as error:
        raise CannotError(
            "can't build the image that takes the place of StartOS's container. The first rehearsal needs a network for"
            f" the image debian:trixie-slim and its packages. {error}",
            *error.more,
        ) from error


def _members() -> Iterator[tuple[str, bytes]]:
    folder = files(_INSIDE)
    for name in ("Dockerfile", "effects.js", "runtime.js", "start_container.py"):
        yield name, folder.joinpath(name).read_bytes()
    shared = files(_SHARED)
    for name in ("__init__.py", "checksums.py"):
        yield f"{_SHARED.replace('.', '/')}/{name}", shared.joinpath(name).read_bytes()


class ServiceContainer:
    """The running container. Its volumes are folders in a Docker volume, at the paths of StartOS."""

    def __init__(self, docker: Docker, image: str) -> None:
        """Create the network, the volume and the container. Raises: CannotError."""
        self.docker, self.name, self.volume = docker, docker.name("startos04"), docker.name("startos04-data")
        docker.output("volume", "create", *docker.labels, self.volume)
        network = docker.name("startos04-network")
        docker.output("network", "create", *docker.labels, network)
        options = ["--detach", "--init", "--name", self.name, *docker.labels, "--network", network, "--no-healthcheck"]
        options += [word for each in _CAPABILITIES for word in ("--cap-add", each)]
        options += [word for each in _UNCONFINED for word in ("--security-opt", f"{each}=unconfined")]
        options += ["--sysctl", "net.ipv4.ip_unprivileged_port_start=1024", "--tmpfs", "/run/rehearsal:exec,mode=755"]
        options += ["--mount", f"type=volume,src={self.volume},dst={TOP}"]
        docker.output("run", *options, "--entrypoint", "sleep", image, "infinity")
        self.run("ln", "-s", f"{TOP}/volumes", "/volumes")

    def try_(self, *words: str, data: bytes = b"", timeout: float | None = _SECONDS) -> Done:
        """Run a command in the container, as root, whatever its exit code."""
        interactive = ("--interactive",) if data else ()
        return self.docker.try_("exec", *interactive, self.name, *words, data=data, timeout=timeout)

    def run(self, *words: str, data: bytes = b"") -> str:
        """Run a command in the container, and return what it prints. Raises: CannotError."""
        done = self.try_(*words, data=data)
        if done.code != 0:
            raise CannotError(f"{words[0]} failed in the container of the service: {done.reason}")
        return done.output.decode("utf-8", "replace")

    def ask(self, function: str, **arguments: Any) -> Any:
        """Return what a function of `inside/checksums.py` returns. Raises: CannotError."""
        program = f"import json, sys; from {_SHARED} import checksums as c; "
        program += f"print(json.dumps(c.{function}(**json.loads(sys.argv[1]))))"
        return json.loads(self.run("python3", "-c", program, json.dumps(arguments)))

    def put(self, source: Path, target: str) -> None:
        """Copy a folder's content into a new folder of the container. Raises: CannotError."""
        self.run("sh", "-c", 'rm -rf "$1" && mkdir -p "$1"', "sh", target)
        self.docker.output("cp", f"{source}/.", f"{self.name}:{target}", timeout=_SECONDS)

    def put_package(self, root: Path, bundle: Path) -> None:
        """Replace the package's JavaScript and assets. Raises: CannotError."""
        self.put(bundle.parent, _PACKAGE)
        self.run("rm", "-rf", f"{TOP}/assets")
        if (root / "assets").is_dir():
            self.put(root / "assets", f"{TOP}/assets")

    def make_volumes(self, volumes: list[str]) -> None:
        """Create the volumes that don't exist. Each is a mount, so that files can't be moved between them.

        S/persistent_container.rs. Raises: CannotError.
        """
        for each in volumes:
            folder = f"{TOP}/volumes/{each}"
            script = 'mkdir -p "$1" && { mountpoint -q "$1" || mount --bind "$1" "$1"; }'
            self.run("sh", "-c", script, "sh", folder)

    def wipe(self, volumes: list[str]) -> None:
        """Empty the volumes. Raises: CannotError."""
        for each in volumes:
            self.ask("wipe", volume=each)

    @contextmanager
    def backup_drive(self, *, is_readonly: bool) -> Iterator[None]:
        """Mount the backup drive while a backup is made or restored. Raises: CannotError."""
        self.run("mkdir", "-p", _BACKUP, f"{TOP}/backup")
        self.run("mount", "--bind", _BACKUP, f"{TOP}/backup")
        if is_readonly:
            self.run("mount", "-o", "remount,bind,ro", f"{TOP}/backup")
        try:
            yield
        finally:
            self.run("umount", f"{TOP}/backup")

    def runtime(self) -> Runtime:
        """Start Node.js for the package. Its bundle is `index.js` in the working folder."""
        words = ("node", "--max-old-space-size=512", f"{_LIB}/runtime.js")
        options = ("--interactive", "--workdir", _PACKAGE)
        return Runtime(self.docker.command("exec", *options, self.name, "sh", "-c", SHELL, "sh", *words))

    def clean(self) -> None:
        """Remove the subcontainers that a package left when its process ended. Raises: CannotError."""
        script = f"""
            for pid in $(ls /proc | grep -x '[0-9]*'); do
                [ "$(readlink /proc/$pid/ns/pid)" = "$(readlink /proc/1/ns/pid)" ] || kill -9 $pid 2>/dev/null
            done
            for root in {TOP}/subcontainers/*; do [ -e "$root" ] && umount --recursive --lazy "$root"; done
            rm -rf {TOP}/subcontainers {TOP}/overlays /run/rehearsal/*
            true
        """
        self.run("sh", "-c", script)
