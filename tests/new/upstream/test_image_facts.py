"""What Docker or a registry says about an image, and that nobody is asked without need."""

from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.errors import CommandError
from startos_wrapper.new.upstream.facts import ImageFacts, PortFact
from startos_wrapper.new.upstream.image_facts import read_image, read_image_tar
from tests.support.docker_says import fake_docker, inspected, several
from tests.support.image_tars import buildkit, config, tar

DESK: dict[str, Any] = {
    "Entrypoint": ["/sbin/tini", "--"],
    "Cmd": ["desk", "--all pens"],
    "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
    "Volumes": {"/data": {}},
    "User": "1000",
    "Healthcheck": {"Test": ["CMD", "curl", "-f", "http://localhost:8080/up and"]},
    "Env": ["A=b=c"],
    "Labels": {"org.opencontainers.image.title": "Desk", "odd": 5},
}


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return fake_docker(tmp_path, monkeypatch)


def said(found: ImageFacts) -> dict[str, Any]:
    return {fact.name: fact.value for fact in found.facts}


def test_docker_s_own_image_is_read_without_the_network(docker: Any) -> None:
    log = docker(inspected(**DESK))
    found = read_image("desk/desk:1.2", network=False)
    assert log.read_text() == "image inspect desk/desk:1.2\n" and found.problem == ""
    assert said(found) == {
        "run": "desk '--all pens'", "volumes": {"main": "/data"}, "ui_port": 8080, "upstream_image": "desk/desk:1.2",
        "entrypoint": ("/sbin/tini", "--"), "cmd": ("desk", "--all pens"), "user": "1000", "volume": "/data",
        "health": "curl -f 'http://localhost:8080/up and'",
        "port": PortFact(53, "udp"), "environment": ("A", "b=c"), "label": ("org.opencontainers.image.title", "Desk"), "title": "Desk",
    }  # fmt: skip
    assert {fact.place for fact in found.facts} == {"image desk/desk:1.2"}
    assert any("runs as 1000" in note for note in found.notes)


def test_the_registry_knows_the_processors(docker: Any) -> None:
    log = docker(several(amd64=DESK, arm64=DESK))
    assert said(read_image("desk:latest", network=True))["arches"] == ["aarch64", "x86_64"]
    assert log.read_text().startswith("buildx imagetools inspect")


def test_without_an_answer_of_the_registry_docker_is_asked(docker: Any) -> None:
    log = docker("", "ERROR: no route to host\n", 1)
    found = read_image("desk:1", network=True)
    assert found.facts == [] and found.problem == "desk:1: can't ask the registry: no route to host"
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["buildx", "image"]


@pytest.mark.parametrize(
    ("errors", "problem"),
    [
        ("Error: No such image: desk:1\n", "desk:1: Docker doesn't have this image; run `docker pull desk:1`, or pass --network to ask its registry"),
        ("Cannot connect to the Docker daemon\n", "desk:1: docker failed: Cannot connect to the Docker daemon"),
    ],
)  # fmt: skip
def test_what_docker_cannot_tell_is_one_line(errors: str, problem: str, docker: Any) -> None:
    docker("", errors, 1)
    assert read_image("desk:1", network=False).problem == problem


def test_without_docker_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for network in (False, True):
        found = read_image("desk:1", network=network)
        assert found.facts == [] and "Docker isn't installed here" in found.problem and "\n" not in found.problem


@pytest.mark.parametrize("name", ["", "-rf", "a b", "$X", "a:${TAG}", "x;y"])
def test_what_is_no_name_reaches_nobody(name: str, docker: Any) -> None:
    log = docker([])
    assert read_image(name, network=True).problem == "this isn't the name of an image" and not log.exists()


def test_an_image_for_another_system_gives_no_facts(docker: Any) -> None:
    docker([{"Os": "windows", "Architecture": "amd64", "Config": DESK}])
    found = read_image("desk:1", network=False)
    assert found.facts == [] and found.problem.startswith(
        "desk:1: this image is for windows/amd64, and StartOS only runs"
    )


def test_a_tar_is_read_with_its_files(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(
        buildkit(config("x86_64", **{**DESK, "Labels": None}), [tar({"/bin/sh": "#!/x"})], "desk/desk:1.2")
    )
    assert said(read_image_tar(path))["upstream_image"] == "desk/desk:1.2"
    with pytest.raises(CommandError):
        read_image_tar(tmp_path)
