"""Images and the package: details that the examples in `images.yaml` don't cover."""

import io
import json
import os
import struct
import tarfile
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check import image_tars
from startos_wrapper.check.engine import check
from startos_wrapper.check.rules import docker_images
from startos_wrapper.files.source import TooLargeError
from startos_wrapper.files.tar import NotFoundError, member
from startos_wrapper.files.wrapper import Wrapper
from tests.check import example_wrapper
from tests.support.limits import little_cpu

MANIFEST = 'id: hello-sky\nversion: "1.2.3"\n'
TAG = "start9/hello-sky/main:1.2.3"


def tar(members: dict[str, bytes], form: int = tarfile.USTAR_FORMAT, **header: Any) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as written:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for key, value in header.items():
                setattr(member, key, value)
            written.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def image(*tags: str) -> bytes:
    manifest = json.dumps([{"Config": "blobs/sha256/a", "RepoTags": tags, "Layers": []}]).encode()
    return tar({"blobs/sha256/a": b"layer" * 1000, "manifest.json": manifest, "oci-layout": b"{}"})


def wrapper(root: Path, manifest: str = MANIFEST, /, **tars: bytes) -> Wrapper:
    """Write a manifest, and a `docker-images/<name>.tar` for each name."""
    (root / "docker-images").mkdir(exist_ok=True)
    (root / "manifest.yaml").write_text(manifest)
    for name, data in tars.items():
        (root / f"docker-images/{name}.tar").write_bytes(data)
    return Wrapper(root)


def found(subject: Wrapper) -> list[tuple[str, str]]:
    """Return the codes of the findings about tags with the names of the tars."""
    return [(finding.code, finding.place.file.rpartition("/")[2]) for finding in docker_images.image_tags(subject)]


def missing(path: Path) -> str:
    with pytest.raises(NotFoundError) as caught:
        member(path, "manifest.json")
    return str(caught.value)


# --- Tars --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_member_is_found_in_every_format(form: int, tmp_path: Path) -> None:
    members = {
        "a/manifest.json": b"no",
        "p" * 95 + "/manifest.json": b"no",
        "l" * 90 + "/" + "n" * 90: b"no",
        "ä": b"no",
        "manifest.json": b"yes",
        "z": b"no",
    }
    (tmp_path / "a.tar").write_bytes(tar(members, form, mtime=1.5 if form == tarfile.PAX_FORMAT else 1))
    assert member(tmp_path / "a.tar", "manifest.json") == b"yes"


def test_the_first_of_two_members_counts(tmp_path: Path) -> None:
    first, second = tar({"manifest.json": b"1"}), tar({"manifest.json": b"2"})
    (tmp_path / "a.tar").write_bytes(first[:1024] + second)
    assert member(tmp_path / "a.tar", "manifest.json") == b"1"


def test_a_large_layer_is_passed_over(tmp_path: Path) -> None:
    """A sparse file of a terabyte, which would take minutes to read."""
    size = 1000**4
    layer = tarfile.TarInfo("layer")
    layer.size = size
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(layer.tobuf(tarfile.GNU_FORMAT))
        file.seek(512 + -(-size // 512) * 512)
        file.write(tar({"manifest.json": b"yes"}))
    with little_cpu():
        assert member(tmp_path / "a.tar", "manifest.json") == b"yes"


WHOLE = image(TAG)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"x", "isn't a tar"),
        (b"x" * 5000, "isn't a tar"),
        (b"\x1f\x8b\x08" + bytes(2000), "is compressed with gzip"),
        (b"\x28\xb5\x2f\xfd" + bytes(2000), "is compressed with zstd"),
        (bytes(10240), "contains no manifest.json"),
        (tar({}), "contains no manifest.json"),
        (tar({"a": b""})[:512], "contains no manifest.json"),
        (tar({"a/manifest.json": b"", "./manifest.json": b""}), "contains no manifest.json"),
        (tar({"oci-layout": b"{}", "index.json": b"{}"}), "contains an image in the OCI layout, without manifest.json"),
        (WHOLE[:700], "is damaged or truncated"),
        (WHOLE[:6000], "is damaged or truncated"),
        (WHOLE[:5700], "is damaged or truncated"),
        (WHOLE[:5632] + b"x" + WHOLE[5633:], "is damaged or truncated"),
        (WHOLE[:5632] + b"\xff" * 512, "is damaged or truncated"),
    ],
)
def test_what_is_found_instead_of_a_member_is_said(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    assert missing(tmp_path / "a.tar") == said


def test_a_length_beyond_all_bounds_is_a_cut_off_tar(tmp_path: Path) -> None:
    member = tarfile.TarInfo("layer")
    member.size = 2**87
    (tmp_path / "a.tar").write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    assert missing(tmp_path / "a.tar") == "is damaged or truncated"


def test_a_pipe_and_a_folder_are_no_tar(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tar")
    for path in (tmp_path / "pipe.tar", tmp_path, tmp_path / "none.tar", Path("/dev/zero")):
        assert missing(path) == "isn't a regular file"


def test_the_search_is_given_up_among_too_many_members(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tarfile.TarInfo("a").tobuf() * 20_000)
    with pytest.raises(TooLargeError):
        member(tmp_path / "a.tar", "manifest.json")


def test_a_manifest_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, aarch64=tar({"manifest.json": b" " * 2_000_000}))
    assert found(subject) == []
    assert image_tars.image_ids(subject) is None


# --- The package -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needs", "changed", "anew"),
    [
        ("manifest.yaml", "manifest.yaml", True),
        ("manifest.yaml", "Dockerfile", False),
        ("$(wildcard *.sh) Dockerfile", "Dockerfile", True),
        ("$$(call changed,$$@)", "service/main.go", True),
        ("$$(call changed,$$@)", "service", True),
        ("$$(call changed,$$@)", "docs/notes.md", False),
        ("$$(call changed,$$@)", ".build/new", False),
    ],
)
def test_an_image_that_make_will_build_again_is_not_read(needs: str, changed: str, anew: bool, tmp_path: Path) -> None:
    """Else its errors would stop make before it builds the next one."""
    folders = {"service/main.go": "x", "docs/notes.md": "x", ".build/new": ""}
    files = {"Makefile": f"docker-images/%.tar: {needs}\n\tbuild\n", ".dockerignore": "docs\n.build\n", **folders}
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": files})
    (wrapper / "docker-images").mkdir()
    tar = wrapper / "docker-images/aarch64.tar"
    tar.write_bytes(b"")
    for path in (*wrapper.rglob("*"), tar):
        os.utime(path, (1, 1) if path != tar else (2, 2))
    os.utime(wrapper / changed, (3, 3))
    assert (image_tars.loaded_tars(Wrapper(wrapper)) == []) == anew


SECTIONS = ("manifest", "license", "instructions", "icon", "docker_images", "assets", "scripts")


def package(sections: dict[str, tuple[int, int]], rest: int) -> bytes:
    table = b"".join(bytes([len(name)]) + name.encode() + struct.pack(">QQ", *span) for name, span in sections.items())
    return b";;\x01" + bytes(96) + struct.pack(">I", len(table)) + table + bytes(rest)


FULL = {name: (279 + 10 * number, 10) for number, name in enumerate(SECTIONS)}
GOOD = package(FULL, 70)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (GOOD, None),
        (GOOD + b"more", None),
        (package({**FULL, "scripts": (0, 0)}, 60), None),
        (package({name: span for name, span in FULL.items() if name != "scripts"}, 85), None),
        (b"", "is empty"),
        (b";", "is truncated in its header"),
        (b";;", "is truncated in its header"),
        (GOOD[:50], "is truncated in its header"),
        (GOOD[:278], "is truncated in its header"),
        (b";;\x02" + GOOD[3:], "isn't a version 1 package"),
        (b"PK" + GOOD[2:], "isn't a version 1 package"),
        (GOOD[:99] + b"\xff\xff\xff\xff" + GOOD[103:], "is truncated in its header"),
        (GOOD[:103] + b"\xff" + GOOD[104:], "is truncated in its header"),
        (GOOD[:104] + b"M" + GOOD[105:], "no manifest section"),
        (package(dict.fromkeys(SECTIONS, (0, 0)), 1000), "packing didn't finish"),
        (GOOD[:-1], "should have 349 bytes but has 348"),
        (package({**FULL, "icon": (2**64 - 1, 2**64 - 1)}, 70), "is truncated"),
        (package(dict.fromkeys(map(str, range(3000)), (0, 0)), 0), "no manifest section"),
    ],
)
def test_a_package_is_read_as_far_as_its_table(data: bytes, said: str | None, tmp_path: Path) -> None:
    subject = wrapper(tmp_path)
    (tmp_path / "hello-sky.s9pk").write_bytes(data)
    whats = [finding.what for finding in docker_images.package(subject)]
    assert len(whats) == (0 if said is None else 1)
    assert said is None or said in whats[0]


@pytest.mark.parametrize("identifier", ["../hello-sky", "Hello", ""])
def test_no_package_is_looked_for_under_a_name_that_is_no_id(identifier: str, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    subject = wrapper(tmp_path / "root", f"id: '{identifier}'\n")
    for name in ("hello-sky.s9pk", "root/Hello.s9pk", "root/.s9pk"):
        (tmp_path / name).touch()
    assert list(docker_images.package(subject)) == []


# --- Tags --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        "hello:1.2.3",
        "start9/hello-sky:1.2.3",
        "start9/hello-sky/main",
        "start9//main:1.2.3",
        "start9/hello-sky/:1.2.3",
        "start9/hello-sky/main:",
        "start9/hello-sky/main:latest",
        "start9/hello-sky/main:v1.2.3",
        "Start9/hello-sky/main:1",
        "start9/hello-sky/a/b:1.2.3",
        "start9/hello-sky/main2:1.2.3",
        "start9/hello_sky/main:1.2.3",
        " " + TAG,
        "",
        "localhost/" + TAG,
        "start9/hello-sky/main:1.2.3.4.5",
        "start9/hello-sky/main\n:1.2.3",
    ],
)
def test_a_tag_of_another_form_is_refused(tag: str, tmp_path: Path) -> None:
    subject = wrapper(tmp_path, aarch64=image(TAG, tag))
    assert found(subject) == [("E304", "aarch64.tar")]
    assert all(finding.what.isprintable() for finding in docker_images.image_tags(subject))
    assert image_tars.image_ids(subject) is None


def test_several_images_of_the_package_pass(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, aarch64=image(TAG, "start9/hello-sky/data-base:1.2.3"))
    assert found(subject) == []
    assert image_tars.image_ids(subject) == {"main", "data-base"}


def test_each_kind_of_fault_is_told_once_for_a_tar_and_counts_the_rest(tmp_path: Path) -> None:
    tags = [f"hello:{number}" for number in range(500)] + ["start9/other/main:1.2.3", "start9/hello-sky/main:1.2.2"]
    subject = wrapper(tmp_path, aarch64=image(*tags, "start9/hello-sky/main:1.2.3-1"))
    assert found(subject) == [(code, "aarch64.tar") for code in ("E304", "E305", "E306", "W501")]
    assert "hello:0 (and 499 more like it)" in next(docker_images.image_tags(subject)).what


@pytest.mark.parametrize(
    ("version", "tag", "codes"),
    [
        ("1.2.3", "1.2.3", []),
        ("1.2", "1.2.0", ["W501"]),
        ("1.2", "1.2.0.1", ["E306"]),
        ("1.2.3-beta", "1.2.3-beta", []),
        ("1.2.3-beta", "1.2.3", ["W501"]),
        ("1.02", "1.2", ["W501"]),
        ("1.", "1.0.0.0", ["W501"]),
        ("x", "1.2.3", []),
    ],
)
def test_the_version_is_compared_as_numbers_and_as_text(
    version: str, tag: str, codes: list[str], tmp_path: Path
) -> None:
    subject = wrapper(tmp_path, f"id: hello-sky\nversion: '{version}'\n", aarch64=image(f"start9/hello-sky/main:{tag}"))
    assert [code for code, _ in found(subject)] == codes


@pytest.mark.parametrize(
    "manifest", ["", "title: a\n", "id: [a]\nversion: 1.2\n", "assets: a\n", "assets: {docker-images: 1}\n"]
)
def test_a_manifest_without_id_and_version_is_left_to_its_own_rules(manifest: str, tmp_path: Path) -> None:
    assert found(wrapper(tmp_path, manifest, aarch64=image("start9/a/main:1"))) == []


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b"[1]",
        b"[null]",
        b"[{}]",
        b'[{"RepoTags": null}]',
        b'[{"RepoTags": "a"}]',
        b'[{"RepoTags": [1]}]',
        b"[" * 100_000,
        b"\xef\xbb\xbf[]",
        "[]".encode("utf-16"),
        b"\xff",
        b'[{"RepoTags": []}, {"RepoTags": null}]',
        b"[1" + b"0" * 5000 + b"]",
    ],
    ids=lambda manifest: manifest[:20],
)
def test_a_manifest_json_that_cannot_be_taken_is_one_fault(manifest: bytes, tmp_path: Path) -> None:
    subject = wrapper(tmp_path, aarch64=tar({"manifest.json": manifest}))
    assert found(subject) == [("E303", "aarch64.tar")]
    assert image_tars.image_ids(subject) is None


@pytest.mark.parametrize("manifest", [b"[]", b'[{"RepoTags": []}]'])
def test_an_image_without_tags_holds_no_ids(manifest: bytes, tmp_path: Path) -> None:
    subject = wrapper(tmp_path, aarch64=tar({"manifest.json": manifest}))
    assert found(subject) == []
    assert image_tars.image_ids(subject) == set()


# --- Which tars count --------------------------------------------------------------------------------------------------

STALE = image("start9/hello-sky/main:1.0")


@pytest.mark.parametrize(
    ("names", "judged"),
    [
        (["aarch64"], ["aarch64"]),
        (["aarch64", "x86_64"], ["aarch64", "x86_64"]),
        (["aarch64", "arm64", "old"], ["aarch64"]),
        (["amd64", "arm64"], ["amd64"]),
        # A device without a tar for its architecture loads the first one.
        (["old", "x86_64", "zzz"], ["old", "x86_64"]),
        (["x86_64", "zzz"], ["x86_64"]),
        (["a-b", "a"], ["a"]),
    ],
)
def test_a_tar_is_judged_if_a_device_would_load_it(names: list[str], judged: list[str], tmp_path: Path) -> None:
    subject = wrapper(tmp_path, **dict.fromkeys(names, STALE))
    assert found(subject) == [("E306", f"{name}.tar") for name in judged]


def test_an_image_counts_only_if_every_device_gets_it(tmp_path: Path) -> None:
    more = image(TAG, "start9/hello-sky/more:1.2.3")
    assert image_tars.image_ids(wrapper(tmp_path, aarch64=image(TAG), x86_64=more)) == {"main"}
    assert image_tars.image_ids(wrapper(tmp_path, aarch64=more)) == {"main", "more"}
    assert image_tars.image_ids(wrapper(tmp_path, aarch64=b"")) is None


def test_without_a_tar_no_image_is_known(tmp_path: Path) -> None:
    assert image_tars.image_ids(wrapper(tmp_path)) is None
    (tmp_path / "docker-images").rmdir()
    assert image_tars.image_ids(Wrapper(tmp_path)) is None


def test_a_folder_in_place_of_a_tar_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "docker-images/aarch64.tar").mkdir(parents=True)
    assert found(wrapper(tmp_path)) == [("E303", "aarch64.tar")]


def test_a_pipe_in_place_of_a_tar_is_the_packer_s_fault(tmp_path: Path) -> None:
    (tmp_path / "docker-images").mkdir()
    os.mkfifo(tmp_path / "docker-images/aarch64.tar")
    assert found(wrapper(tmp_path)) == []


def test_a_single_image_is_read_under_its_name(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, MANIFEST + "assets: {docker-images: ./image.tar}\n")
    (tmp_path / "image.tar").write_bytes(STALE)
    assert found(subject) == [("E306", "image.tar")]
    assert image_tars.image_ids(subject) == {"main"}
    assert list(docker_images.no_images(subject)) == [] and list(docker_images.beside_images(subject)) == []


def test_an_empty_folder_of_images_holds_none(tmp_path: Path) -> None:
    assert [finding.place.file for finding in docker_images.no_images(wrapper(tmp_path))] == ["docker-images"]
    assert list(docker_images.no_images(wrapper(tmp_path, aarch64=b""))) == []


# --- Around the images -------------------------------------------------------------------------------------------------


def test_an_icon_that_is_no_file_has_no_size(tmp_path: Path) -> None:
    subject = wrapper(tmp_path)
    assert list(docker_images.icon_size(subject)) == []
    (tmp_path / "icon.png").symlink_to("/dev/zero")
    assert list(docker_images.icon_size(subject)) == []


ARCHES = MANIFEST + "hardware-requirements:\n  arch: [x86_64, aarch64, aarch64, arm64, 1]\n"


@pytest.mark.parametrize(
    ("makefile", "lines"),
    [
        ("docker-images/aarch64.tar:\n", ["x86_64"]),
        ("docker-images/x86_64.tar:\n", ["aarch64"]),
        ("docker-images/%.tar:\n", []),
        ("ARCH ?= x86_64\ndocker-images/$(ARCH).tar:\n", []),
        ("docker-images/x86_64.tar docker-images/aarch64.tar:\n", []),
        ("x86:\n\tdocker build -o type=docker,dest=docker-images/x86_64.tar .\n", ["aarch64"]),
        ("all:\n", []),
    ],
)
def test_a_listed_processor_has_an_image_if_another_has(makefile: str, lines: list[str], tmp_path: Path) -> None:
    subject = wrapper(tmp_path, ARCHES)
    (tmp_path / "Makefile").write_text(makefile)
    assert [finding.what.split()[3].rstrip(",") for finding in docker_images.lacking_image(subject)] == lines


@pytest.mark.parametrize(
    "assets", ["assets: {docker-images: image.tar}\n", "assets: {docker-images: 1}\n", "assets: a\n"]
)
def test_a_single_image_or_none_says_nothing_of_processors(assets: str, tmp_path: Path) -> None:
    subject = wrapper(tmp_path, ARCHES + assets, aarch64=WHOLE)
    (tmp_path / "image.tar").write_bytes(WHOLE)
    assert list(docker_images.lacking_image(subject)) == []


def test_an_image_that_is_there_counts_as_one_that_is_made(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("docker-images/aarch64.tar:\n")
    assert len(list(docker_images.lacking_image(wrapper(tmp_path, ARCHES)))) == 1
    assert list(docker_images.lacking_image(wrapper(tmp_path, ARCHES, x86_64=WHOLE))) == []


def test_what_no_device_loads_is_named_with_what_to_do(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, aarch64=WHOLE, x86_64=WHOLE, amd64=WHOLE, old=WHOLE)
    for name in ("blobs", "notes.txt", ".gitignore", "tar"):
        (tmp_path / "docker-images" / name).mkdir()
    todos = {finding.place.file.rpartition("/")[2]: finding.todo for finding in docker_images.beside_images(subject)}
    assert list(todos) == ["amd64.tar", "blobs", "notes.txt", "old.tar", "tar"]
    assert todos["amd64.tar"] == "rename it to x86_64.tar" and todos["blobs"] == todos["tar"] == "move it elsewhere"


def test_a_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    subject = wrapper(tmp_path)
    (tmp_path / "docker-images" / os.fsdecode(b"\xff.tar")).write_bytes(STALE)
    findings = [*docker_images.image_tags(subject), *docker_images.beside_images(subject)]
    assert [finding.code for finding in findings] == ["E306", "W521"]
    assert all((finding.what + finding.place.file).isprintable() for finding in findings)


STARTOS_MK = """\
IMAGES := docker-images/aarch64.tar docker-images/x86_64.tar
ARCH ?= $(shell uname -m | sed 's/armv7l/armv7/')
$(IMAGES): docker-images/%.tar: Dockerfile
\tdocker buildx build --tag start9/hello-sky/main:1.2.3 --output type=docker,dest=$@ .
run: docker-images/$(ARCH).tar
"""


@pytest.mark.parametrize(
    ("makefile", "arches", "lacking"),
    [
        (STARTOS_MK, "aarch64, x86_64", []),
        (STARTOS_MK, "aarch64, armv7, riscv64, arm64", ["armv7", "riscv64"]),
        (STARTOS_MK.replace("x86_64.tar", "armv7.tar", 1), "armv7", []),
        # Here, a variable that nobody knows decides.
        (STARTOS_MK.replace("IMAGES := docker-images/aarch64.tar", "IMAGES := $(shell ./list)"), "riscv64", []),
        (STARTOS_MK.replace("IMAGES", "TARS"), "riscv64", []),
        ("docker-images/x86_64.tar:\n\tdocker build .\n", "x86_64, riscv64", ["riscv64"]),
        ("docker-images/%.tar:\n\tdocker build .\n", "x86_64, riscv64", []),
    ],
)
def test_each_processor_of_the_manifest_needs_a_rule(
    makefile: str, arches: str, lacking: list[str], tmp_path: Path
) -> None:
    manifest = f"hardware-requirements:\n  arch: [{arches}]\n"
    root = example_wrapper.write(tmp_path / "wrapper", {"manifest": manifest, "files": {"Makefile": makefile}})
    findings = check(root, lambda code: code == "W516").findings
    assert [finding.what.split(",")[0].split()[-1] for finding in findings] == lacking
