"""The program of the entrypoint is found in every tar, however large its image is, and compared with the tar's name."""

import gzip
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from startos_wrapper.check.built_image import built_images
from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_tar import read_images
from startos_wrapper.files.images.layer import Budget
from startos_wrapper.files.images.program_chain import needed_for
from startos_wrapper.rehearse.calling import failure
from startos_wrapper.rehearse.image_programs import compare_programs
from startos_wrapper.rehearse.outcome import Outcome, StepFailedError
from startos_wrapper.rehearse.rehearsal import Rehearsal, Settings
from startos_wrapper.rehearse.service import End
from startos_wrapper.rehearse.why_ended import failure_of
from tests.rehearse.conftest import MakePackage
from tests.support.image_tars import Content, Link, Plain, buildkit, config, elf, tar

TAG = "start9/hello/main:1.0.0"
MAIN = {"type": "docker", "image": "main", "entrypoint": "run.sh", "args": [], "mounts": {"data": "/data"}}
MB = 1024**2
FILES: dict[str, Content] = {"/bin": Link("usr/bin"), "/usr/local/bin/run.sh": "#!/usr/bin/env sh\n"}
SHELL: dict[str, Content] = {"/usr/bin/sh": Link("busybox")}


def compared(make_package: MakePackage, *layers: bytes, entrypoint: str = "run.sh", arch: str = "aarch64") -> list[str]:
    """Compare the programs of an image with layers that are compressed, and return the warnings."""
    package = make_package(main={**MAIN, "entrypoint": entrypoint}, volumes={"data": {"type": "data"}})
    path = package.path / "docker-images" / f"{arch}.tar"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(buildkit(config(arch), list(layers), TAG, zipped=False))
    warnings: list[str] = []
    rehearsal = cast(Rehearsal, SimpleNamespace(progress=lambda _: None, warn=warnings.append))
    (image,) = read_images(path)
    compare_programs(rehearsal, package, f"docker-images/{arch}.tar", arch, image)
    return warnings


def zipped(files: dict[str, Content]) -> bytes:
    return gzip.compress(tar(files), 1)


def with_large_file(files: dict[str, Content], megabytes: int) -> bytes:
    """Return a layer whose first file has so many megabytes, without ever having them in memory."""
    large = tarfile.TarInfo("srv/model.bin")
    large.size, large.mode = megabytes * MB, 0o644
    parts = [gzip.compress(large.tobuf()), gzip.compress(bytes(MB)) * megabytes, gzip.compress(tar(files))]
    return b"".join(parts)


def test_a_program_for_another_processor_is_named_in_a_large_image(make_package: MakePackage) -> None:
    def layer(processor: str) -> bytes:
        return with_large_file({**FILES, **SHELL, "/usr/bin/busybox": elf(processor)}, 600)

    with pytest.raises(StepFailedError) as raised:
        compared(make_package, layer("x86_64"))
    error = raised.value
    assert str(error) == ("docker-images/aarch64.tar: /usr/bin/sh is a program for x86_64, but aarch64 servers load it")
    assert error.todo == "Build it with `--platform linux/arm64`, from a base that exists for it."
    assert error.place and error.place.line > 1
    assert compared(make_package, layer("aarch64")) == []
    # It's too large for `check`, which says nothing then.
    (image,) = built_images(make_package(main=MAIN).wrapper)
    assert image.tree is None


MISSING: dict[str, tuple[dict[str, Content], str, str]] = {
    "no entrypoint": ({}, "run.sh", "main: run.sh isn't in the image's PATH, /usr/local/sbin:"),
    "no run bit": ({"/run.sh": Plain(b"#!/bin/sh\n")}, "/run.sh", "main: /run.sh isn't executable in the image"),
    "no interpreter": (FILES, "run.sh", "main: /usr/local/bin/run.sh needs the interpreter sh, which isn't"),
    "no loader": ({"/x": elf("aarch64", "/lib/ld.so")}, "/x", "main: /x needs the loader /lib/ld.so, which isn't"),
}


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_is_named(make_package: MakePackage, name: str) -> None:
    files, entrypoint, message = MISSING[name]
    with pytest.raises(StepFailedError) as raised:
        compared(make_package, zipped(files), entrypoint=entrypoint)
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith("(docker-images/aarch64.tar)")


NOT_FOUND = 'exec: "run.sh": executable file not found in $PATH: unknown'


def test_a_program_that_isnt_executable_is_not_called_missing(make_package: MakePackage) -> None:
    """Docker says of such a program in PATH that it isn't found."""
    with pytest.raises(StepFailedError):
        compared(make_package, zipped({"/usr/local/bin/run.sh": Plain(b"#!/bin/sh\n")}))
    package = make_package(main=MAIN, properties=MAIN, volumes={"data": {"type": "data"}})
    service = SimpleNamespace(main=package.procedure("main"), image="x", outcome=lambda _: None, is_running=False)
    installed, place = SimpleNamespace(package=package), package.place
    rehearsal = SimpleNamespace(
        package=package, installed=installed, service=service, processor="aarch64", place=place, settings=Settings()
    )
    found = failure_of(cast(Rehearsal, rehearsal), [End(127, 0.0, "", NOT_FOUND)])
    assert str(found) == "main: /usr/local/bin/run.sh isn't executable in the image, so it can't be started"
    assert found.todo == "Run `chmod +x` on it, or copy it with `COPY --chmod=0755`."
    procedure = package.procedure("properties")
    assert procedure
    failed = failure(cast(Rehearsal, rehearsal), procedure, Outcome("", 127, errors=NOT_FOUND))
    assert str(failed) == "properties: /usr/local/bin/run.sh isn't executable in the image, so it can't be started"


def test_a_program_in_a_volume_isnt_missing(make_package: MakePackage) -> None:
    assert compared(make_package, zipped({}), entrypoint="/data/run.sh") == []


def test_a_layer_that_cant_be_read_is_a_warning(make_package: MakePackage) -> None:
    assert compared(make_package, b"\x28\xb5\x2f\xfd\0") == [
        "docker-images/aarch64.tar: the programs weren't compared, because a layer is compressed with zstd"
    ]


def test_other_files_arent_kept(tmp_path: Path) -> None:
    """Those of a large image would take up hundreds of megabytes."""
    lower: dict[str, Content] = {f"/srv/{number}.txt": Plain() for number in range(100)}
    lower |= {"/srv/run.sh": Plain(), "/usr/bin/old": "#!/bin/sh\n", "/srv/tool": "#!/bin/sh\n", "/l": Link("srv")}
    path = tmp_path / "image.tar"
    path.write_bytes(buildkit(config("aarch64"), [tar(lower), tar({"/usr/bin/.wh.old": Plain()})], TAG))
    (image,) = read_images(path)
    tree = image.files(Budget(MB, 1000), needed_for(["run.sh"]))
    assert _names(tree, "/srv") == {"run.sh", "tool"}
    assert tree.find("/l/tool") and not tree.find("/usr/bin/old")


def _names(tree: FileTree, folder: str) -> set[str]:
    found = tree.find(folder)
    assert found
    return set(found[1].children)
