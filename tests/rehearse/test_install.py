"""A tar that StartOS can't use is named, with what to do. Nothing of the manifest is blamed for it."""

from types import SimpleNamespace
from typing import cast

import pytest

from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.steps import install
from startos_wrapper.rehearse.volumes import Volumes
from tests.rehearse.conftest import MakePackage
from tests.support.image_tars import buildkit, config, tar

pytestmark = pytest.mark.usefixtures("fake")
MAKEFILE = "images: docker-images/aarch64.tar\n\ttrue\nrehearse:\n\ttrue\n"


def failure(package: Package, monkeypatch: pytest.MonkeyPatch) -> StepFailedError:
    """Install, and return the failure."""
    rehearsal = SimpleNamespace(
        package=package, docker=Docker("run"), processor="x86_64", place=package.place, progress=lambda _: None,
        installed=SimpleNamespace(volumes=Volumes.of(Docker("run"), package)),
        settings=SimpleNamespace(check=lambda _: []),
    )  # fmt: skip
    for name in ("put_assets", "use"):
        monkeypatch.setattr(install, name, lambda *_: None)
    with pytest.raises(StepFailedError) as raised:
        install.run(cast(Rehearsal, rehearsal))
    return raised.value


def written(package: Package, arch: str, tag: str) -> None:
    folder = package.path / "docker-images"
    folder.mkdir(exist_ok=True)
    (folder / f"{arch}.tar").write_bytes(buildkit(config(arch), [tar({})], tag))


@pytest.mark.parametrize(
    ("tag", "wanted", "age"),
    [
        ("start9/hello/main:0.1.0", "main", ": the image is older than the manifest's version"),
        ("start9/hello/db:0.1.0", "db", ": the image is older than the manifest's version"),
        ("start9/hello/main:2.0.0", "main", ""),
        ("start9/other/main:0.1.0", "main", ""),
        ("hello:latest", "web", ""),
    ],
)
def test_a_tar_with_another_tag_is_named(
    make_package: MakePackage, monkeypatch: pytest.MonkeyPatch, tag: str, wanted: str, age: str
) -> None:
    package = make_package(main={"type": "docker", "image": "web"})
    (package.path / "Makefile").write_text(MAKEFILE)
    written(package, "x86_64", "start9/hello/main:1.0.0")
    written(package, "aarch64", tag)
    error = failure(package, monkeypatch)
    expected = f"start9/hello/{wanted}:1.0.0"
    assert str(error) == f"docker-images/aarch64.tar has the tag {tag}, but StartOS looks for {expected}{age}"
    assert error.todo == "Run `make images`: `make rehearse` only builds the image for x86_64."


def test_without_such_targets_the_tar_itself_is_what_to_build(
    make_package: MakePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_package()
    written(package, "x86_64", "start9/hello/main:0.1.0")
    assert failure(package, monkeypatch).todo == "Build docker-images/x86_64.tar."


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_damaged_tar_is_not_the_fault_of_the_manifest(
    make_package: MakePackage, monkeypatch: pytest.MonkeyPatch, arch: str
) -> None:
    package = make_package()
    written(package, "x86_64", "start9/hello/main:1.0.0")
    written(package, arch, "")
    (package.path / "docker-images" / f"{arch}.tar").write_bytes(b"x" * 2000)
    error = failure(package, monkeypatch)
    assert f"{arch}.tar" in str(error)
    assert error.place is None
    assert error.todo == f"Build docker-images/{arch}.tar again."
    (package.path / "Makefile").write_text(MAKEFILE)
    package = Package(Wrapper(package.path), package.path)
    assert failure(package, monkeypatch).todo == f"Delete docker-images/{arch}.tar, and run `make images`."
