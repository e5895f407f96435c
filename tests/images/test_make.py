"""When something is missing or fails, startos.mk says what, and leaves nothing unfinished behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.images.wrappers import Wrapper, Wrappers, http
from tests.support.limits import HUNG, until


@pytest.fixture(scope="module")
def ready(wrappers: Wrappers) -> Wrapper:
    """A wrapper with its image, for this machine's architecture only, and each kind of volume."""
    pointer = {"package": "lnd", "volume": "main", "path": "/public", "mount": "/mnt/lnd"}
    wrapper = wrappers.new({
        "arches": ["x86_64"], "assets": {"web": "/mnt/web"}, "pointers": {"lnd": pointer},
        "certificates": {"cert": {"interface": "main", "mount": "/mnt/cert"}},
    })  # fmt: skip
    wrapper.make("images")
    return wrapper


@pytest.fixture
def fresh(wrappers: Wrappers) -> Wrapper:
    return wrappers.new({"arches": ["aarch64", "x86_64"]})


def complaint(wrapper: Wrapper, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Return the only line of our own that a failing `make` prints. Nothing unfinished may be left behind."""
    before = set((wrapper.folder / "docker-images").glob("*"))
    result = wrapper.make(*arguments, check=False, env=env)
    assert result.returncode != 0
    assert set((wrapper.folder / "docker-images").glob("*")) == before
    # The mark that tells of new images may be from an earlier build.
    assert {path.name for path in (wrapper.folder / ".build").glob("*")} <= {"new"}
    lines = [line for line in result.stderr.splitlines() if not line.startswith(("make", "#", " ", "ERROR", "---"))]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.fixture
def without_docker(tmp_path: Path) -> str:
    """A PATH with every program of this machine except docker."""
    for program in Path("/usr/bin").iterdir():
        if not program.name.startswith("docker"):
            (tmp_path / program.name).symlink_to(program)
    return str(tmp_path)


def test_docker_is_missing(fresh: Wrapper, without_docker: str) -> None:
    assert complaint(fresh, "images", env={"PATH": without_docker}) == (
        "docker is missing: install Docker Engine with the buildx plugin"
    )


def test_buildx_is_missing(fresh: Wrapper, tmp_path: Path) -> None:
    said = complaint(fresh, "images", env={"DOCKER_CONFIG": str(tmp_path)})
    assert said == "docker has no buildx: install the docker-buildx plugin"


def test_docker_does_not_run(fresh: Wrapper, tmp_path: Path) -> None:
    config = tmp_path / "config"
    (config / "cli-plugins").mkdir(parents=True)
    plugin = Path(fresh.engine.env["DOCKER_CONFIG"], "cli-plugins", "docker-buildx").resolve()
    (config / "cli-plugins" / "docker-buildx").symlink_to(plugin)
    said = complaint(
        fresh, "images", env={"DOCKER_CONFIG": str(config), "DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"}
    )
    assert "doesn't start: is Docker running" in said


def test_a_builder_that_nobody_made(fresh: Wrapper) -> None:
    assert "is BUILDER right?" in complaint(fresh, "images", "BUILDER=nobodys")


@pytest.fixture
def no_emulation() -> Iterator[None]:
    for name in ("qemu-aarch64", "qemu-arm"):
        subprocess.run(["update-binfmts", "--disable", name], check=True)
    yield
    for name in ("qemu-aarch64", "qemu-arm"):
        subprocess.run(["update-binfmts", "--enable", name], check=True)


@pytest.mark.usefixtures("no_emulation")
def test_the_builder_has_no_emulation(fresh: Wrapper) -> None:
    docker = fresh.engine.docker
    docker("buildx", "create", "--name", "narrow", "--driver", "docker-container")
    try:
        said = complaint(fresh, "aarch64", "BUILDER=narrow")
    finally:
        docker("buildx", "rm", "narrow")
    assert "the builder narrow can't run linux/arm64: install qemu-user-static" in said


def test_start_sdk_is_missing(ready: Wrapper) -> None:
    assert complaint(ready, "pack") == "start-sdk is missing: build it from the sources of StartOS 0.3.5"


def test_there_is_no_commit(ready: Wrapper) -> None:
    (ready.folder / ".git").rename(ready.folder / "git")
    try:
        assert "there is no git commit yet" in complaint(ready, "pack")
    finally:
        (ready.folder / "git").rename(ready.folder / ".git")


def test_a_port_is_in_use(ready: Wrapper) -> None:
    with socket.create_server(("0.0.0.0", 8080)):
        said = complaint(ready, "run")
    assert "a port is in use" in said
    assert "PUBLISH='--publish 8080:8080'" in said or "PUBLISH=' --publish 8080:8080'" in said


def test_the_disk_is_full(fresh: Wrapper) -> None:
    folder = fresh.folder / ".build"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        result = fresh.make("x86_64", check=False)
        assert result.returncode != 0
        assert "no space left" in result.stderr
        assert "docker-images/x86_64.tar was not built" in result.stderr
        assert not fresh.tar("x86_64").exists()
        assert not list(folder.iterdir())
    finally:
        subprocess.run(["umount", folder], check=True)
    fresh.make("x86_64")
    assert fresh.archive("x86_64")


def test_ctrl_c_leaves_nothing_that_looks_done(fresh: Wrapper) -> None:
    with (fresh.folder / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("RUN sleep 600\n")
    with subprocess.Popen(
        ["make", "x86_64"], cwd=fresh.folder, env=fresh.engine.env, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as build:  # fmt: skip
        assert build.stdout
        for line in build.stdout:
            if "RUN sleep 600" in line:
                break
        os.killpg(build.pid, signal.SIGINT)
        build.stdout.read()
    assert build.returncode != 0
    assert not fresh.tar("x86_64").exists()
    assert not list((fresh.folder / ".build").iterdir())


def test_an_image_is_not_built_again_for_nothing(ready: Wrapper) -> None:
    before = ready.tar("x86_64").stat().st_mtime_ns
    assert "Nothing to be done" in ready.make("images").stdout
    assert ready.tar("x86_64").stat().st_mtime_ns == before


def test_one_processor_has_its_own_target(fresh: Wrapper) -> None:
    fresh.make("aarch64")
    assert fresh.tar("aarch64").exists()
    assert not fresh.tar("x86_64").exists()


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_run_and_shell(wrappers: Wrappers, arch: str) -> None:
    """In a terminal: the service answers, a shell sees its files and rights, Ctrl-C ends it, and its data stays."""
    wrapper = wrappers("golang")

    def spawn(*arguments: str) -> "pexpect.spawn[str]":
        return pexpect.spawn(
            "make", list(arguments), cwd=str(wrapper.folder), env=wrapper.engine.env, timeout=HUNG, encoding="utf-8"
        )

    run = spawn("run", f"ARCH={arch}")
    run.logfile_read = sys.stdout
    page = until(lambda: http(8080))
    assert "Visits" in page
    shell = spawn("shell")
    shell.expect("#")
    shell.sendline("cat /root/.hello-world/visits; uname -m")
    shell.expect(r"\d+\r\n")
    shell.expect({"x86_64": "x86_64", "aarch64": "aarch64"}[arch])
    # As podman on StartOS.
    shell.sendline("grep CapEff /proc/1/status; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; hostname; env")
    for seen in ("800405fb\r\n", "1024\r\n", "hello-world.embassy\r\n", "container=podman\r\n"):
        shell.expect_exact(seen)
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    run.sendintr()
    run.expect(pexpect.EOF)
    run.close()
    assert run.exitstatus == 0
    assert int((wrapper.folder / ".data" / "main" / "visits").read_text()) > 0
    assert not wrapper.engine.docker("ps", "--quiet", "--filter", "name=hello-world").stdout


# What StartOS gives to a service, as seen from inside. A user of the image must be able to read the certificate.
SEEN = """
grep -q '[[:space:]]embassy$' /etc/hosts && grep -q 'hello-world\\.embassy' /etc/hosts || exit 1
test "$container $TERM" = "podman xterm" || exit 2
test "$(cat /proc/sys/net/ipv4/ping_group_range | tr -s '[:space:]' ' ')" = "0 0 " || exit 3
ls /mnt/lnd/mine >/dev/null || exit 4
for folder in web lnd cert; do ! touch "/mnt/$folder/x" 2>/dev/null || exit 5; done
ls -l /mnt/cert/main.key.pem | grep -q '^-rw-r--r--' || exit 6
grep -q 'BEGIN PRIVATE KEY' /mnt/cert/main.key.pem && grep -q 'BEGIN CERTIFICATE' /mnt/cert/main.cert.pem || exit 7
"""


def test_run_has_what_startos_gives(ready: Wrapper) -> None:
    (ready.folder / ".data" / "lnd").mkdir(parents=True)
    (ready.folder / ".data" / "lnd" / "mine").touch()
    env = {**ready.engine.env, "PUBLISH": "--publish 127.0.0.1:8086:8080"}
    with subprocess.Popen(["make", "run"], cwd=ready.folder, env=env, stdin=subprocess.DEVNULL) as run:
        until(lambda: http(8086) or run.poll() is not None)
        try:
            seen = ready.engine.docker("exec", "hello-world", "sh", "-c", SEEN, check=False)
        finally:
            ready.engine.docker("stop", "hello-world")
    assert (seen.returncode, seen.stderr) == (0, "")
    made = ready.folder / ".data" / "cert" / "main.cert.pem"
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", made], text=True, capture_output=True, check=True
    ).stdout
    assert "CN = hello-world.embassy" in text and "DNS:hello-world.embassy, DNS:localhost" in text and "P-256" in text
