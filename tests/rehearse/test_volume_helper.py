"""What happens inside volumes: lists that compare a backup with its restore, and the container with its programs."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse import compat_image
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.inside import checksums, reach
from startos_wrapper.rehearse.volume_helper import VolumeHelper, VolumeHelperError, opened
from tests.images.engine import Engine
from tests.rehearse.local_helper import LocalHelper, volumes


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    volumes(tmp_path / "volumes", "one", "two")
    monkeypatch.setattr(checksums, "VOLUMES", tmp_path / "volumes")
    monkeypatch.setattr(checksums, "LISTS", tmp_path / "lists")
    return tmp_path / "volumes"


def fill(volume: Path) -> None:
    """Write an entry of each kind."""
    for name in ("a/x", "a.b", "a-b", "plain"):
        (volume / name).parent.mkdir(exist_ok=True)
        (volume / name).write_text(name)
    (volume / "link").symlink_to("plain")
    (volume / "dangling").symlink_to("/nowhere")
    (volume / os.fsdecode(b"not-\xff-utf8")).write_text("")
    os.mkfifo(volume / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(volume)
        try:
            listener.bind("socket")
        finally:
            os.chdir(before)


def differences(top: Path) -> set[str]:
    helper = LocalHelper()
    for name in ("one", "two"):
        helper.ask("checksums", volume=name, name=name)
    found = helper.ask("compare", before="one", after="two", kinds=["socket"])
    assert found["count"] == len(found["differences"]) <= 20, top
    return {each["path"] for each in found["differences"]}


def test_equal_volumes_have_no_differences(top: Path) -> None:
    for name in ("one", "two"):
        fill(top / name)
    assert differences(top) == set()
    kept = LocalHelper().ask("checksums", volume="one", name="one")
    assert kept == {
        "kinds": {"folder": 2, "file": 5, "link": 2, "pipe": 1, "socket": 1}, "bytes": 14, "longest": "not-\udcff-utf8",
    }  # fmt: skip
    # Those that StartOS leaves out don't count.
    (top / "two" / "socket").unlink()
    assert differences(top) == set()


def test_every_difference_is_found(top: Path) -> None:
    for name in ("one", "two"):
        fill(top / name)
    two = top / "two"
    (two / "a" / "x").write_text("y")
    (two / "a.b").chmod(0o600)
    (two / "a-b").unlink()
    (two / "new").mkdir()
    (two / "link").unlink()
    (two / "link").symlink_to("a.b")
    (two / "pipe").unlink()
    (two / "pipe").write_text("")
    changed = {"a/x", "a.b", "a-b", "new", "link", "pipe"}
    if os.geteuid() == 0:
        os.chown(two / "plain", 7, 8)
        os.chown(two, 7, 0)
        changed |= {"plain", "."}
    assert differences(top) == changed


def test_only_the_first_of_many_differences_are_named(top: Path) -> None:
    for number in range(500):
        (top / "two" / f"{number}").touch()
    helper = LocalHelper()
    for name in ("one", "two"):
        helper.ask("checksums", volume=name, name=name)
    found = helper.ask("compare", before="one", after="two")
    assert (found["count"], len(found["differences"])) == (500, 20)


def test_wiping_leaves_a_new_volume_and_follows_no_link(top: Path, tmp_path: Path) -> None:
    fill(top / "one")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    (top / "one" / "out").symlink_to(tmp_path / "outside")
    (top / "one").chmod(0o700)
    LocalHelper().ask("wipe", volume="one")
    assert list((top / "one").iterdir()) == []
    assert (top / "one").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "outside" / "kept").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../lists", "none", "/etc"])
def test_only_volumes_can_be_named(top: Path, name: str) -> None:
    assert top
    with pytest.raises(VolumeHelperError, match="there is no volume"):
        LocalHelper().ask("wipe", volume=name)


def test_a_port_that_nobody_listens_on_has_a_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert reach.connect("127.0.0.1", port, 1) is None
    assert reach.connect("127.0.0.1", port, 1) == "Connection refused"


# --- On an engine -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def docker(engine: Engine) -> Iterator[Docker]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in engine.env.items():
            patch.setenv(name, value)
        docker = Docker("0badcafe")
        docker.remove_all()
        docker.output("network", "create", *docker.labels, docker.name("net"))
        for name in ("data", "backup"):
            docker.output("volume", "create", *docker.labels, docker.name(name))
        yield docker
        assert docker.remove_all() == []


@pytest.fixture(scope="module")
def image(docker: Docker) -> str:
    said: list[str] = []
    tag = compat_image.compat_image(docker, said.append)
    # The second time, nothing is built.
    assert compat_image.compat_image(docker, lambda _: pytest.fail("it was built again")) == tag
    return tag


@pytest.fixture(scope="module")
def helper(docker: Docker, image: str) -> Iterator[VolumeHelper]:
    named = {"data-main": docker.name("data"), "backup": docker.name("backup")}
    with opened(docker, image, docker.name("net"), named) as helper:
        yield helper


def compat(docker: Docker, image: str, *words: str, data: str = "ro", backup: str = "rw") -> int | None:
    mounts = [
        word
        for name, mode in (("data", data), ("backup", backup))
        for word in ("--volume", f"{docker.name(name)}:/{name}:{mode}")
    ]
    done = docker.try_(
        "run", "--rm", *docker.labels, "--network", "none", *mounts, "--entrypoint", "compat", image, *words
    )
    return done.code


def test_a_backup_comes_back_as_it_was(docker: Docker, image: str, helper: VolumeHelper) -> None:
    make = (
        "cd /volumes/data-main; mkdir -p a/b; echo 1 >a/b/c; echo 2 >.backupignore; mkfifo p; ln -s a l; chmod 640 a/b/c;"
        " chown -R 70:71 a; chmod 2750 .; chown 7:8 ."
    )
    docker.output("exec", helper.container, "sh", "-c", make)
    helper.ask("checksums", volume="data-main", name="before")
    assert compat(docker, image, "duplicity", "create", "/data", "/backup") == 1
    assert compat(docker, image, "duplicity", "create", "/backup", "/data") == 0
    helper.ask("wipe", volume="data-main")
    helper.ask("checksums", volume="data-main", name="wiped")
    assert helper.ask("compare", before="before", after="wiped")["count"] == 7
    assert compat(docker, image, "duplicity", "restore", "/backup", "/data", data="rw", backup="ro") == 0
    helper.ask("checksums", volume="data-main", name="after")
    assert helper.ask("compare", before="before", after="after")["count"] == 0


def test_certificates_are_signed_by_a_chain(docker: Docker, helper: VolumeHelper) -> None:
    helper.ask("certificates", volume="data-main", interface="main", names=["10.1.2.3", "app.embassy"])
    key, chain = (helper.ask("read", volume="data-main", path=f"main.{each}.pem") for each in ("key", "cert"))
    assert key.startswith("-----BEGIN PRIVATE KEY-----")
    assert chain.count("BEGIN CERTIFICATE") == 3
    show = ("openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", "/volumes/data-main/main.cert.pem")
    assert "IP Address:10.1.2.3, DNS:app.embassy" in docker.output("exec", helper.container, *show)
    with pytest.raises(VolumeHelperError, match="not a name"):
        helper.ask("certificates", volume="data-main", interface="main", names=["x\nkeyUsage=digitalSignature"])


def test_requests_run_in_parallel(docker: Docker, helper: VolumeHelper) -> None:
    """A request that takes long doesn't keep others waiting, even after its time is up."""
    docker.output("exec", helper.container, "truncate", "--size", "1G", "/volumes/data-main/large")
    with pytest.raises(VolumeHelperError, match="took longer"):
        helper.ask("checksums", timeout=0.1, volume="data-main", name="late")
    helper.ask("write", volume="data-main", path="x", text="y")
    assert helper.ask("read", volume="data-main", path="x") == "y"


def test_more_volumes_are_mounted_later(docker: Docker, helper: VolumeHelper) -> None:
    helper.ask("checksums", volume="backup", name="kept")
    helper.mount({"data-main": docker.name("data")})
    with pytest.raises(VolumeHelperError, match="there is no volume backup"):
        helper.ask("checksums", volume="backup", name="again")
    assert helper.ask("compare", before="kept", after="kept")["count"] == 0
    docker.output("kill", helper.container)
    with pytest.raises(CannotError, match="has stopped"):
        helper.ask("read", volume="data-main", path="x", timeout=10)


def test_an_image_that_cannot_be_built_is_an_error(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat_image, "_members", lambda: [("Dockerfile", b"FROM debian:none-of-these\n")])
    with pytest.raises(CannotError, match="first rehearsal needs a network") as error:
        compat_image.compat_image(docker)
    assert "none-of-these" in "".join(error.value.more)
