"""Images are loaded under tags of the rehearsal only, whatever tags their tar has."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.image_loading import NotLoadedError, load
from tests.rehearse.conftest import MakePackage
from tests.rehearse.fake_docker import FakeDocker

TAG, OURS = "start9/hello/main:1.0.0", "startos-wrapper/rehearsal:run-0-x86_64-main"


def write(package_folder: Path, **members: object) -> None:
    """Write docker-images/x86_64.tar with a layer whose name is long, and some JSON files."""
    folder = package_folder / "docker-images"
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "x86_64.tar", "w") as tar:
        files = {
            f"{'a' * 200}/layer.tar": b"layer",
            **{name: json.dumps(each).encode() for name, each in members.items()},
        }
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def entry(*tags: str) -> dict[str, object]:
    return {"Config": "config.json", "Layers": ["layer.tar"], "RepoTags": list(tags)}


def test_only_the_list_of_images_is_replaced(make_package: MakePackage, fake: FakeDocker) -> None:
    package = make_package()
    given = {
        "manifest.json": [entry(TAG, "alpine:3")],
        "index.json": {},
        "oci-layout": {},
        "repositories": {"a": {}},
        "config.json": {},
    }
    write(package.wrapper.root, **given)
    assert load(Docker("run"), package, "x86_64") == {"main": OURS}
    assert fake.calls == [["load", "--quiet"]]
    with tarfile.open(fileobj=io.BytesIO(fake.last_input)) as tar:
        assert tar.getnames() == [f"{'a' * 200}/layer.tar", "config.json", "manifest.json"]
        (found,) = json.load(tar.extractfile("manifest.json") or io.BytesIO())
        layer = tar.extractfile(tar.getmembers()[0])
        assert layer and layer.read() == b"layer"
    assert found == entry(OURS)


@pytest.mark.parametrize("tag", ["start9/hello/main:1.0", "start9/other/main:1.0.0", "start9/main:1.0.0", "hello"])
def test_an_image_with_another_tag_is_not_loaded(make_package: MakePackage, fake: FakeDocker, tag: str) -> None:
    package = make_package()
    write(package.wrapper.root, **{"manifest.json": [entry(tag)]})
    assert load(Docker("run"), package, "x86_64") == {}
    assert fake.calls == []


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({}, r"x86_64\.tar contains no manifest\.json"),
        ({"manifest.json": {}}, r"isn't a list of images"),
        ({"oci-layout": {}, "index.json": {}}, r"x86_64\.tar contains an image in the OCI layout"),
    ],
)
def test_what_startos_cannot_load_is_refused(
    make_package: MakePackage, fake: FakeDocker, members: dict[str, object], why: str
) -> None:
    package = make_package()
    write(package.wrapper.root, **members)
    with pytest.raises(NotLoadedError, match=why):
        load(Docker("run"), package, "x86_64")
    assert fake.calls == []


@pytest.mark.parametrize(
    ("makefile", "todo"),
    [
        (None, "build docker-images/x86_64.tar"),
        ("all:\n\tdocker build .\n", "build docker-images/x86_64.tar"),
        ("images:\n\tdocker build .\n", "run `make images`"),
        ("include startos.mk\n", "run `make images`"),
    ],
)
def test_a_package_without_images_for_this_processor_cannot_be_rehearsed(
    make_package: MakePackage, makefile: str | None, todo: str
) -> None:
    package = make_package()
    if makefile:
        (package.path / "Makefile").write_text(makefile)
        (package.path / "startos.mk").write_text("$(call default,images): docker-images/x86_64.tar\n\ttrue\n")
    with pytest.raises(CannotError, match=f"it has no images, but Docker runs on x86_64; {todo} first"):
        load(Docker("run"), package, "x86_64")
