"""Every base on every architecture: built, started, used, updated, stopped and broken."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.images.wrappers import BASES, DOCKER_ARCH, GREETING, PAIRS, Container, Wrapper, Wrappers
from tests.support.limits import until

MEGABYTE = 1_000_000
# Bases whose image also runs the service. Those that stand in for them are no smaller than the others' compilers.
RUNNING = {"node", "python"}
each_image = pytest.mark.parametrize(("base", "arch"), PAIRS, ids=["-".join(pair) for pair in PAIRS])


@pytest.fixture
def container(wrappers: Wrappers, base: str, arch: str, tmp_path: Path) -> Iterator[Container]:
    container = wrappers(base).start(arch, tmp_path)
    yield container
    container.remove()


def visits(container: Container) -> int:
    """Visit the service and return its count of visits."""
    page = container.page()
    found = re.search(r"Visits: (\d+)", page)
    assert found, page
    return int(found[1])


def stored(tmp_path: Path) -> int:
    return int((tmp_path / "main" / "visits").read_text())


@each_image
def test_the_tar_is_a_docker_archive_with_one_tag_of_the_right_processor(
    wrappers: Wrappers, base: str, arch: str
) -> None:
    entry, config = wrappers(base).archive(arch)
    assert entry["RepoTags"] == ["start9/hello-world/main:0.1.0"]
    assert (config["os"], config["architecture"]) == ("linux", DOCKER_ARCH[arch])
    assert config.get("variant", "") in {"aarch64": ("", "v8"), "x86_64": ("",), "armv7": ("v7",)}[arch]
    # `make` checks new images before it packs them.
    assert [path.name for path in (wrappers(base).folder / ".build").iterdir()] == ["new"]


@each_image
def test_a_life(container: Container, tmp_path: Path) -> None:
    """The service answers, is healthy, sees its volume and asset, is reported when it hangs, and stops when asked."""
    first = visits(container)
    assert visits(container) == first + 1
    assert stored(tmp_path) == first + 1
    assert container.health(1000) == 0

    assert GREETING in container.page()
    assert container.execute("cat", "/mnt/web/greeting.txt").stdout == GREETING
    refused = container.execute("sh", "-c", "echo x >/mnt/web/mine")
    assert refused.returncode != 0
    assert "Read-only" in refused.stderr

    services = container.services()
    assert services
    for process in services:
        os.kill(process, signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        # Both wait for an answer as long as a health check does. After a second, the service may still be starting.
        assert list(pool.map(container.health, (1000, 120_000))) == [60, 1]
    for process in services:
        os.kill(process, signal.SIGCONT)
    until(lambda: container.health(120_000) == 0)

    assert container.stop() in {0, 143}
    assert stored(tmp_path) >= first + 1


@each_image
def test_a_crash_ends_the_container_with_its_code(container: Container) -> None:
    (service,) = container.services()
    os.kill(service, signal.SIGKILL)
    assert container.ended() == 128 + signal.SIGKILL


# Data doesn't depend on the processor, and an emulated service takes long to start.
@pytest.mark.parametrize(("base", "arch"), [(base, "x86_64") for base in BASES])
def test_data_survives_a_restart_and_another_version_of_the_image(
    wrappers: Wrappers, base: str, arch: str, tmp_path: Path
) -> None:
    wrapper = wrappers(base)
    one = wrapper.start(arch, tmp_path)
    before = visits(one)
    one.stop()
    one.docker("start", one.id)
    until(lambda: one.page())
    assert visits(one) > before
    one.stop()
    before = stored(tmp_path)
    one.remove()

    newer = wrappers.newer(base, arch)
    assert newer.tag == "start9/hello-world/main:0.2.0"
    two = newer.start(arch, tmp_path)
    assert visits(two) > before
    two.remove()


def size(wrapper: Wrapper, arch: str) -> float:
    """Return the size of an image in MB, as printed by `make size`."""
    found = re.search(rf"docker-images/{arch}\.tar ([0-9.]+) MB", wrapper.make("size").stdout)
    assert found
    return float(found[1])


@each_image
def test_the_image_is_its_base_and_the_service(wrappers: Wrappers, base: str, arch: str) -> None:
    wrapper = wrappers(base)
    entry, _ = wrapper.archive(arch)
    layers = entry["Layers"]
    # The stand-in for Alpine has one layer. A base that also runs the service adds another.
    of_base = 2 if base in RUNNING else 1
    added = sum(len(wrapper.layer(arch, name)) for name in layers[of_base:])
    program = 0 if base in {"alpine", "image"} else len(wrapper.read(arch, "/usr/local/bin/hello-world"))
    assert added <= program + MEGABYTE
    assert base in RUNNING or size(wrapper, arch) < 20
    shown = sum(len(wrapper.layer(arch, name)) for name in layers) / MEGABYTE
    assert abs(size(wrapper, arch) - shown) < 0.2


def test_make_size_fails_above_its_limit(wrappers: Wrappers) -> None:
    result = wrappers("golang").make("size", "MAX_SIZE=1", check=False)
    assert result.returncode != 0
    assert "is larger than 1 MB (MAX_SIZE=" in result.stderr


@pytest.mark.parametrize("base", ["golang", "rust", "node", "python"])
def test_another_buildkit_at_an_address_builds_the_same_program(wrappers: Wrappers, base: str) -> None:
    """BUILDER= accepts an address, and a second machine with separate caches builds the same bytes."""
    one = wrappers(base)
    two = wrappers.new(BASES[base])
    two.make("aarch64", "x86_64", f"BUILDER={two.engine.builder}")
    installed = {"node": ["/app/main.js"], "python": ["/app/.venv/pyvenv.cfg", "/app/service.py"]}.get(base, [])
    for arch in ("aarch64", "x86_64"):
        for program in ("/usr/local/bin/hello-world", *installed):
            assert one.read(arch, program) == two.read(arch, program)
        assert two.archive(arch)[0]["RepoTags"] == [two.tag]


def emulated(build: subprocess.Popen[str]) -> set[str]:
    """Watch this machine until a process ends, and return the command lines that QEMU has run."""
    seen: set[str] = set()
    while build.poll() is None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if "qemu-" in str((folder / "exe").readlink()):
                    seen.add(" ".join(words))
                elif re.search(r"(^|/)(compile|rustc|uv)$|^npm ci", words[0]):
                    seen.add(f"native {words[0]}")
            except OSError:
                continue  # It ended in the meantime.
        time.sleep(0.02)
    return seen


@pytest.mark.parametrize(
    ("base", "source", "packages"),
    [
        ("golang", "service/main.go", ["tini-static"]),
        ("rust", "service/src/main.rs", ["tini-static", "busybox-extras"]),
        ("node", "service/main.js", ["tini-static"]),
        ("python", "service/service.py", ["tini-static"]),
    ],
)
def test_the_compiler_is_not_emulated(wrappers: Wrappers, base: str, source: str, packages: list[str]) -> None:
    """Installing packages in the final stage is emulated, which shows that the test sees what QEMU runs."""
    wrapper = wrappers.new({**BASES[base], "packages": packages})
    with (wrapper.folder / source).open("a") as text:
        text.write(f"{'#' if base == 'python' else '//'} {time.time_ns()}\n")
    with subprocess.Popen(
        ["make", "aarch64"], cwd=wrapper.folder, env=wrapper.engine.env, text=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as build:  # fmt: skip
        seen = emulated(build)
    assert build.returncode == 0
    assert any("apk add" in command for command in seen), seen
    assert any(command.startswith("native") for command in seen), seen
    assert not [
        command for command in seen if re.search(r"qemu.*(compile|rustc|cargo|go build|node|npm|python|uv )", command)
    ]


# ---- Several processes --------------------------------------------------------------------------------------------

LISTENER = "httpd -f -p 8080 -h /data"
# Records that it was asked to stop, which takes a moment.
WORKER = """sh -c 'trap "echo stopped >/data/worker; exit 0" TERM; while :; do sleep 1 & wait "$!"; done'"""


@pytest.fixture(scope="module")
def several(wrappers: Wrappers) -> Wrapper:
    wrapper = wrappers.new({
        "base": "alpine", "packages": ["busybox-extras"], "run": [LISTENER, WORKER], "volumes": {"main": "/data"},
        "arches": ["aarch64", "x86_64"], "health_check": "tcp",
    })  # fmt: skip
    wrapper.make("images")
    return wrapper


@pytest.mark.parametrize("arch", ["aarch64", "x86_64"])
def test_sigterm_reaches_all_processes(several: Wrapper, arch: str, tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "index.html").write_text("here")
    container = several.start(arch, tmp_path)
    assert container.page() == "here"
    assert container.health(1000) == 0
    until(lambda: any("sleep" in command for command in container.services().values()))
    assert container.stop() in {0, 143}
    assert (tmp_path / "main" / "worker").read_text() == "stopped\n"
    container.remove()


@pytest.mark.parametrize("arch", ["aarch64", "x86_64"])
def test_the_end_of_one_process_ends_the_other_and_gives_its_code(several: Wrapper, arch: str, tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "index.html").write_text("here")
    container = several.start(arch, tmp_path)
    until(lambda: any("sleep" in command for command in container.services().values()))
    (listener,) = [n for n, command in container.services().items() if re.search(r"httpd -f", command)]
    os.kill(listener, signal.SIGKILL)
    assert container.ended() == 128 + signal.SIGKILL
    assert (tmp_path / "main" / "worker").read_text() == "stopped\n"
    container.remove()


# ---- Volumes that misbehave -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", list(BASES))
@pytest.mark.parametrize("trouble", ["read-only", "full"])
def test_a_volume_that_cannot_be_written_to_is_named_and_nothing_in_it_is_lost(
    wrappers: Wrappers, base: str, trouble: str, tmp_path: Path
) -> None:
    """The folder is a small file system that contains a number and, when full, has no room for another."""
    folder = tmp_path / "main"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder], check=True)
    try:
        (folder / "visits").write_text("41\n")
        if trouble == "full":
            with pytest.raises(OSError), (folder / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(b"x" * 4096)
        else:
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        container = wrappers(base).start("x86_64", tmp_path, wait=False)
        assert container.ended() == 1
        assert "/root/.hello-world" in container.log()
        assert (folder / "visits").read_text() == "41\n"
        container.remove()
    finally:
        subprocess.run(["umount", folder], check=True)


def test_folders_are_made_once_and_a_hostile_environment_stays_text(wrappers: Wrappers, tmp_path: Path) -> None:
    hostile = "$(touch /data/PWNED) `touch /data/PWNED` \"'; touch /data/PWNED #\n%s"
    wrapper = wrappers.new({
        "base": "alpine", "packages": ["busybox-extras"], "run": LISTENER, "volumes": {"main": "/data"},
        "arches": ["x86_64"], "directories": ["/data/logs/old"], "environment": {"HOSTILE": hostile},
    })  # fmt: skip
    wrapper.make("images")
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "index.html").write_text("here")
    # One variable is from the answers, the other is set when starting the container.
    container = wrapper.start("x86_64", tmp_path, "--env", f"GIVEN={hostile}")
    assert (tmp_path / "main" / "logs" / "old").is_dir()
    (tmp_path / "main" / "logs" / "mine").write_text("kept")
    container.stop()
    container.docker("start", container.id)
    until(lambda: container.page())
    assert (tmp_path / "main" / "logs" / "mine").read_text() == "kept"
    (service,) = container.services()
    environment = Path(f"/proc/{service}/environ").read_bytes().decode().split("\0")
    assert f"HOSTILE={hostile}" in environment
    assert f"GIVEN={hostile}" in environment
    assert not (tmp_path / "main" / "PWNED").exists()
    container.remove()
