"""Wrappers on stand-ins for the images that others publish: each starts, is healthy, and stops with its ledger closed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.template.containers import Base, BuildError, Wrapper, tools

Build = Callable[..., Wrapper]
# A service with a ledger: it's open until the service has had time to close it.
SERVICE = """#!/bin/sh
name=$(basename "$0")
trap 'sleep 0.3; echo closed >"/root/$name"; exit 0' TERM
echo "${GREETING:-}" >/root/greeting
echo open >"/root/$name"
while :; do sleep 0.1; done
"""
# As s6-overlay's: it refuses to be anything but process 1, hands its environment on, and stops its services.
FIRST = """#!/bin/sh
[ "$$" -eq 1 ] || { echo "init: fatal: can only run as pid 1" >&2; exit 100; }
"""
INIT = f"""{FIRST}/opt/one &
trap 'kill -TERM "$!"; wait "$!"; exit 0' TERM
wait
"""
# The same with Debian's s6: s6-svscan takes the place of process 1, and starts and stops each service of a folder.
S6_INIT = f"{FIRST}exec s6-svscan /etc/s6\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tools(tmp_path_factory.mktemp("tools"))


@pytest.fixture
def build(tmp_path: Path, stage: Path) -> Build:
    """Return a function that builds a wrapper on a base with the services /opt/one and /opt/two."""

    def build(run: Any = None, *, base: dict[str, Any] | None = None, **answers: Any) -> Wrapper:
        image = Base(tmp_path / "root", **(base or {}))
        image.script("opt/one", SERVICE)
        image.script("opt/two", SERVICE)
        image.script("init", INIT)
        return Wrapper(image, stage, health_check="process", **answers, **({"run": run} if run else {}))

    return build


def closes(wrapper: Wrapper, *services: str) -> None:
    with wrapper.started() as container:
        container.until(*(f"root/{name}" for name in services))
        assert container.health() == 0
        assert container.stop() in {0, 143}
        assert [container.read(f"root/{name}") for name in services] == ["closed\n"] * len(services)


each_shell = pytest.mark.parametrize("shell", ["busybox", "dash"])
COMMANDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "one": ("/opt/one", ("one",)),
    "two": (["/opt/one", "/opt/two"], ("one", "two")),
    "and": ("sh -c 'true && /opt/one'", ("one",)),
    "sequence": ("sh -c '/opt/one; echo done'", ("one",)),
    "pipeline": ("sh -c '/opt/one | /opt/two'", ("one", "two")),
    "background": ("sh -c '/opt/one & exec /opt/two'", ("one", "two")),
    "exec": ("sh -c 'mkdir -p /root/x && exec /opt/one'", ("one",)),
    "several": (["/opt/one", "sh -c 'true; /opt/two | cat'"], ("one", "two")),
}


@each_shell
@pytest.mark.parametrize("command", COMMANDS)
def test_every_service_closes_its_ledger(build: Build, command: str, shell: str) -> None:
    run, services = COMMANDS[command]
    closes(build(run, base={"shell": shell}), *services)


@pytest.mark.parametrize("stopsignal", ["SIGQUIT", "SIGWINCH"])
@pytest.mark.parametrize("command", ["two", "pipeline"])
def test_a_stopsignal_of_the_base_is_replaced_where_the_entrypoint_passes_it_on(
    build: Build, command: str, stopsignal: str
) -> None:
    run, services = COMMANDS[command]
    closes(build(run, base={"stopsignal": stopsignal}), *services)


def test_a_single_command_keeps_the_stopsignal_of_its_image(build: Build) -> None:
    wrapper = build("/opt/one", base={"stopsignal": "SIGQUIT"})
    wrapper.base.script("opt/one", SERVICE.replace("TERM", "QUIT"))
    closes(wrapper, "one")


@each_shell
def test_an_init_is_process_1_and_hands_the_environment_on(build: Build, shell: str) -> None:
    wrapper = build("/init", base={"shell": shell}, environment={"GREETING": "it's $me"}, directories=["/srv/logs"])
    closes(wrapper, "one")
    assert (wrapper.base.root / "root" / "greeting").read_text() == "it's $me\n"
    assert (wrapper.base.root / "srv" / "logs").is_dir()


@pytest.mark.parametrize(("run", "comm"), [("/init", "s6-svscan"), ("s6-svscan /etc/s6", "tini"), (None, "s6-svscan")])
def test_s6_stops_its_services(build: Build, run: Any, comm: str) -> None:
    """As the init that it has to be, as a service below tini, and as the entrypoint of the image."""
    answers = {} if run else {"container": {"entrypoint": "/init"}}
    wrapper = build(run, **answers, environment={"GREETING": "a"})
    wrapper.base.script("init", S6_INIT)
    for name in ("s6-svscan", "s6-supervise"):
        wrapper.base.program(name, f"usr/bin/{name}")
    for name in ("one", "two"):
        wrapper.base.script(f"etc/s6/{name}/run", f"#!/bin/sh\nexec /opt/{name}\n")
    with wrapper.started() as container:
        container.until("root/one", "root/two")
        assert Path(f"/proc/{container.init}/comm").read_text() == f"{comm}\n"
        assert container.health() == 0
        assert container.stop() in {0, 143}
        assert [container.read(f"root/{name}") for name in ("one", "two")] == ["closed\n"] * 2
        assert container.read("root/greeting") == "a\n"


def test_container_init_false_is_for_an_init_with_another_name(build: Build) -> None:
    wrapper = build("/opt/boot", container={"init": False})
    wrapper.base.script("opt/boot", INIT)
    closes(wrapper, "one")


def test_the_environment_reaches_an_entrypoint_of_the_images_own(build: Build) -> None:
    wrapper = build(container={"entrypoint": "/init"}, environment={"GREETING": "a"})
    assert not (wrapper.base.root / "usr" / "local" / "bin" / "docker_entrypoint.sh").exists()
    closes(wrapper, "one")
    assert (wrapper.base.root / "root" / "greeting").read_text() == "a\n"


def test_an_image_with_another_path_starts(build: Build) -> None:
    """The entrypoint, tini, the shell and the commands in it are found in addition to what the image finds."""
    closes(build("one", base={"path": "/opt:/sbin"}), "one")


def test_an_image_without_a_shell_gets_one(build: Build, stage: Path) -> None:
    wrapper = build("/opt/busybox sh /opt/one", base={"shell": "", "path": "/opt"}, directories=["/srv/logs"])
    shutil.copy(stage / "bin" / "busybox.static", wrapper.base.root / "opt" / "busybox")
    closes(wrapper, "one")
    assert (wrapper.base.root / "srv" / "logs").is_dir()


def test_an_image_of_another_processor_stops_the_build(tmp_path: Path, stage: Path) -> None:
    image = Base(tmp_path / "root")
    program = image.root / "bin" / "busybox"
    header = bytearray(program.read_bytes())
    header[18:20] = (243).to_bytes(2, "little")  # RISC-V
    program.write_bytes(header)
    with pytest.raises(BuildError, match=r"^/bin/sh of the base image is not for linux/here: choose an image that is$"):
        Wrapper(image, stage, run="one")


def test_a_program_of_another_processor_stops_the_build_of_an_image_without_a_shell(
    tmp_path: Path, stage: Path
) -> None:
    image = Base(tmp_path / "root", shell="")
    image.script("a/notes", "not a program")
    image.script("opt/app", "")
    header = bytearray((stage / "bin" / "busybox.static").read_bytes())
    header[18:20] = (243).to_bytes(2, "little")
    (image.root / "opt" / "app").write_bytes(header)
    with pytest.raises(BuildError, match=r"^/opt/app of the base image"):
        Wrapper(image, stage, run="/opt/app")
