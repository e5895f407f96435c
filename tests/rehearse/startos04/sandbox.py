"""The container of a service without Docker: namespaces of this machine, and BusyBox as the image of the service."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from startos_wrapper.rehearse.docker import Docker, Done, bounded
from startos_wrapper.rehearse.startos04 import service_container
from startos_wrapper.rehearse.startos04.bundled_package import Package04
from startos_wrapper.rehearse.startos04.life import Life, Settings04
from startos_wrapper.rehearse.startos04.runtime import SHELL, Runtime
from startos_wrapper.rehearse.startos04.service_container import ServiceContainer
from tests.support.limits import until
from tests.support.tools import absent, require

_INSIDE = Path(service_container.__file__).parent / "in_container"
_SOURCES = Path(service_container.__file__).parents[3]
# Copies like rsync -a --delete does.
_RSYNC = '#!/bin/sh\nfor last; do from=${to-}; to=$last; done\nrm -rf "$to"; mkdir -p "$to"; cp -a "$from." "$to"\n'
_SETUP = """
set -e
ip link set lo up
mount -t tmpfs tmpfs /media
mount -t tmpfs tmpfs /run
mkdir -p /media/startos /run/rehearsal /run/upper /run/work /run/lists
mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=/run/upper,workdir=/run/work /usr/bin
printf '#!/bin/sh\\nexec %s -I %s/start_container.py "$@"\\n' "$PYTHON" "$INSIDE" >/usr/bin/start-container
printf '%s' "$RSYNC" >/usr/bin/rsync
chmod 755 /usr/bin/start-container /usr/bin/rsync
mkdir /run/startos-lists
echo ready
# The shell also reaps what killed programs leave, as tini does in the container.
sleep infinity &
wait
"""
_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001::/home/web:/bin/sh\n",
    "etc/group": "root:x:0:\nweb:x:1001:\nextra:x:1002:web\n",
}


class SandboxDocker(Docker):
    """Has nothing to remove."""

    def remove_all(self) -> list[str]:
        """Remove nothing."""
        return []


class Sandbox(ServiceContainer):
    """Runs commands in namespaces that a process holds."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        """Use the namespaces of the child of `unshare`."""
        self.docker, self.name, self.folder = SandboxDocker("sandbox"), "sandbox", folder
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: bool(children.read_text().split()))
        self.process = children.read_text().split()[0]

    def _enter(self, *words: str) -> list[str]:
        return ["nsenter", "--target", self.process, "--mount", "--pid", "--net", "--", *words]

    def try_(self, *words: str, data: bytes = b"", timeout: float | None = 60) -> Done:
        """Run a command in the namespaces."""
        return bounded(self._enter(*words), data, timeout)

    def ask(self, function: str, **arguments: object) -> object:
        """Ask `checksums.py`, which has other paths here."""
        paths = "from pathlib import Path; import startos_wrapper.rehearse.inside.checksums as c;"
        paths += "c.VOLUMES, c.LISTS = Path('/media/startos/volumes'), Path('/run/startos-lists')"
        program = f"import json, sys; sys.path.insert(0, {str(_SOURCES)!r}); {paths}; "
        program += f"print(json.dumps(c.{function}(**json.loads(sys.argv[1]))))"
        return json.loads(self.run(sys.executable, "-c", program, json.dumps(arguments)))

    def put(self, source: Path, target: str) -> None:
        """Copy a folder's content."""
        self.run("sh", "-c", 'rm -rf "$1" && mkdir -p "$1" && cp -a "$2/." "$1"', "sh", target, str(source.resolve()))

    def put_package(self, root: Path, bundle: Path) -> None:
        """Keep the bundle where it is."""
        self.bundle = bundle.resolve()
        if (root / "assets").is_dir():
            self.put(root / "assets", f"{service_container.TOP}/assets")

    def runtime(self) -> Runtime:
        """Start this machine's Node.js."""
        words = ["sh", "-c", SHELL, "sh", "sh", "-c", 'cd "$1" && exec node "$2"', "sh"]
        return Runtime(self._enter(*words, str(self.bundle.parent), str(_INSIDE / "runtime.js")))

    def put_image(self, entrypoint: Path) -> None:
        """Make the image `main` of BusyBox."""
        root = self.folder / "image"
        if not root.is_dir():
            (root / "bin").mkdir(parents=True)
            shutil.copy(require("busybox"), root / "bin" / "busybox")
            listed = subprocess.run([root / "bin" / "busybox", "--list"], check=True, capture_output=True, text=True)
            for applet in set(listed.stdout.split()) - {"busybox"}:
                (root / "bin" / applet).symlink_to("busybox")
            for name in ("etc", "dev", "proc", "sys", "tmp", "root"):
                (root / name).mkdir()
            for name, text in _ACCOUNTS.items():
                (root / name).write_text(text)
            shutil.copy(entrypoint, root / "bin")
            (root / "bin" / entrypoint.name).chmod(0o755)
        images = f"{service_container.TOP}/images"
        self.put(root, f"{images}/main")
        said = '{"entrypoint":["docker_entrypoint.sh"],"cmd":["-v"],"workdir":"/","user":"root"}'
        env = "PATH=/bin\nPORT=8080\nWHERE=/data/www\n"
        for name, text in (("main.json", said), ("main.env", env)):
            self.run("sh", "-c", 'cat >"$1"', "sh", f"{images}/{name}", data=text.encode())


@contextmanager
def sandbox(folder: Path) -> Iterator[Sandbox]:
    """Hold namespaces. Skips the test without root."""
    if os.geteuid() != 0:
        absent("namespaces need root")
    for name in ("node", "busybox", "openssl", "unshare", "nsenter", "ip"):
        require(name)
    env = {**os.environ, "PYTHON": sys.executable, "INSIDE": str(_INSIDE), "RSYNC": _RSYNC}
    words = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _SETUP]
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        if process.stdout.readline() != "ready\n":
            absent("this machine doesn't allow namespaces")
        yield Sandbox(process, folder)
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


@contextmanager
def life_in(container: Sandbox, root: Path, settings: Settings04) -> Iterator[Life]:
    """Provide a life of the package in a folder, in the sandbox."""
    bundle = root / "javascript" / "index.js"
    container.put_package(root, bundle)
    runtime = container.runtime()
    said: list[str] = []
    life = Life(
        settings, container.docker, "x86_64", container, Package04(root, root), bundle, runtime, progress=said.append
    )
    try:
        loaded = runtime.call("load", bundle="index.js", kept={})
        life.package = Package04(root, root, loaded["manifest"])
        yield life
    finally:
        life.runtime.close()
