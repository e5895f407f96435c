"""Images in tars: the config, the files of all layers, and tars that are damaged or hostile."""

import gzip
import io
import json
import random
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.files.images.elf import Elf, read_elf
from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageConfig, ImageError, processor_of
from startos_wrapper.files.images.image_tar import StoredImage, read_images
from startos_wrapper.files.images.layer import Budget, UnknownCompressionError
from startos_wrapper.files.source import TooLargeError, UnreadableError
from tests.support.image_tars import (
    FOLDER,
    WRITERS,
    Content,
    Link,
    Plain,
    buildkit,
    config,
    docker_save,
    elf,
    oci_index,
    old_docker_save,
    tar,
)  # fmt: skip
from tests.support.limits import little_cpu

MEGABYTE = 1024 * 1024
SETTINGS = config(
    "aarch64",
    Entrypoint=["/entry", "--flag"],
    Cmd=["serve"],
    User="1000",
    WorkingDir="/srv",
    Env=["PATH=/opt/bin:/bin", "A=b=c"],
    Volumes={"/data": {}},
    ExposedPorts={"80/tcp": {}},
    StopSignal="SIGQUIT",
)


def budget(compressed: int = 100 * MEGABYTE, members: int = 100_000) -> Budget:
    return Budget(compressed, members)


def stored(folder: Path, data: bytes) -> StoredImage:
    (folder / "image.tar").write_bytes(data)
    (image,) = read_images(folder / "image.tar")
    return image


def tree(folder: Path, *layers: dict[str, Content], zipped: bool = True) -> FileTree:
    data = buildkit(config("x86_64"), [tar(layer) for layer in layers], zipped=zipped)
    return stored(folder, data).files(budget())


def fault(folder: Path, data: bytes) -> str:
    """Return what is wrong with an image, wherever it's found."""
    with pytest.raises(ImageError) as caught:
        stored(folder, data).files(budget())
    return str(caught.value)


# --- The config ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", WRITERS)
def test_an_image_is_the_same_whatever_wrote_its_tar(writer: str, tmp_path: Path) -> None:
    base = tar({"/bin/busybox": elf("aarch64"), "/bin/sh": Link("/bin/busybox")})
    image = stored(tmp_path, WRITERS[writer](SETTINGS, [base, tar({"/entry": "#!/bin/sh\n"}), base], "a/b:1"))
    found = image.config
    assert (found.platform, found.processor, found.user, found.workdir) == ("linux/arm64", "aarch64", "1000", "/srv")
    assert (found.entrypoint, found.cmd) == (("/entry", "--flag"), ("serve",))
    assert (found.path, found.volumes, found.exposed, found.signal) == (
        ("/opt/bin", "/bin"), ("/data",), ("80/tcp",), "QUIT",
    )  # fmt: skip
    assert image.tags == ("a/b:1",)
    files = image.files(budget())
    assert files.find("/bin/sh") is not None and files.find("/entry") is not None


def several(folder: Path, data: bytes) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return the platform, the tags and all platforms of each image in a tar."""
    (folder / "image.tar").write_bytes(data)
    return [(each.config.platform, each.tags, each.platforms) for each in read_images(folder / "image.tar")]


TWO = [(config("x86_64"), [tar({"/a": "1"})]), (config("aarch64"), [tar({"/a": "2"})])]
BOTH = ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("annotation", ["io.containerd.image.name", "org.opencontainers.image.ref.name"])
def test_an_image_for_several_platforms_has_all_of_them(nested: bool, annotation: str, tmp_path: Path) -> None:
    data = oci_index(TWO, "a/b:1", "a/b:1.2", nested=nested, annotation=annotation)
    names = ("a/b:1", "a/b:1.2")
    assert several(tmp_path, data) == [(BOTH[0], names, BOTH), (BOTH[1], names, BOTH)]
    for image in read_images(tmp_path / "image.tar"):
        assert image.files(budget()).find("/a")


def test_a_platform_that_was_not_saved_is_still_one_of_the_image(tmp_path: Path) -> None:
    assert several(tmp_path, oci_index(TWO, "a/b:1", without=["arm64"])) == [(BOTH[0], ("a/b:1",), BOTH)]
    assert fault(tmp_path, oci_index(TWO, without=["arm64", "amd64"])).startswith(
        "is incomplete: it contains no blobs/"
    )


def test_the_index_beside_manifest_json_tells_the_platforms(tmp_path: Path) -> None:
    """`docker save` with containerd's images lists what can be loaded without them in manifest.json."""
    with tarfile.open(fileobj=io.BytesIO(buildkit(*TWO[0], "a/b:1"))) as alone:
        listed = alone.extractfile("manifest.json")
        assert listed
        data = oci_index(TWO, "a/b:1", without=["arm64"], more={"manifest.json": Plain(listed.read())})
    assert several(tmp_path, data) == [(BOTH[0], ("a/b:1",), BOTH)]


def test_images_with_different_names_are_different_images(tmp_path: Path) -> None:
    one, other = (oci_index([image], name) for image, name in zip(TWO, ("a:1", "b:1"), strict=True))
    members: dict[str, Content] = {}
    listed = []
    for data in (one, other):
        with tarfile.open(fileobj=io.BytesIO(data)) as read:
            found = {name: file.read() for name in read.getnames() if (file := read.extractfile(name))}
        listed += json.loads(found.pop("index.json"))["manifests"]
        members |= {name: Plain(content) for name, content in found.items()}
    members["index.json"] = Plain(json.dumps({"manifests": listed}).encode())
    assert several(tmp_path, tar(members)) == [(BOTH[0], ("a:1",), ()), (BOTH[1], ("b:1",), ())]


def test_the_layers_of_an_image_for_windows_need_not_be_there(tmp_path: Path) -> None:
    listed = json.dumps([{"Config": "c", "Layers": ["elsewhere"]}])
    windows = {"os": "windows", "architecture": "amd64", "config": {}}
    assert several(tmp_path, tar({"manifest.json": listed, "c": json.dumps(windows)})) == [("windows/amd64", (), ())]


def test_an_index_that_contains_itself_ends(tmp_path: Path) -> None:
    digest = f"sha256:{'1' * 64}"
    index = json.dumps({"manifests": [{"digest": digest}] * 3})
    said = f"is damaged: blobs/sha256/{'1' * 64} has another digest"
    assert fault(tmp_path, tar({"index.json": index, f"blobs/sha256/{'1' * 64}": index})) == said


def test_a_tar_of_a_folder_is_read_as_well(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(oci_index(TWO, "a:1"))) as read:
        members = {f"./{name}": Plain(file.read()) for name in read.getnames() if (file := read.extractfile(name))}
    assert [platform for platform, _, _ in several(tmp_path, tar(members))] == list(BOTH)


def test_a_mount_point_is_the_same_however_it_is_written() -> None:
    found = ImageConfig.of({"config": {"Volumes": dict.fromkeys(["/data/", "/data", "//data/.", "/srv/../data", "x"])}})
    assert found.volumes == ("/data", "x")


def test_an_inspected_image_is_read_as_well() -> None:
    inspected = {"Os": "linux", "Architecture": "arm", "Variant": "v7", "Config": {"Entrypoint": None, "Cmd": ["a"]}}
    found = ImageConfig.of(inspected)
    assert (found.platform, found.processor, found.entrypoint, found.cmd) == ("linux/arm/v7", "armv7", (), ("a",))
    assert found.path[-1] == "/bin" and found.signal == "TERM"


@pytest.mark.parametrize(
    ("platform", "processor"),
    [
        ("linux/amd64", "x86_64"), ("linux/arm64/v8", "aarch64"), ("linux/arm64", "aarch64"), ("linux/arm", "armv7"),
        ("linux/arm/v6", None), ("linux/riscv64", None), ("windows/amd64", None), ("", None),
    ],
)  # fmt: skip
def test_a_platform_has_startos_s_name_of_the_processor(platform: str, processor: str | None) -> None:
    assert processor_of(platform) == processor


@pytest.mark.parametrize(
    "data",
    [
        [], "a", None, {"config": [1]}, {"config": {"Cmd": "sh"}}, {"config": {"Cmd": [1]}}, {"config": {"User": 1}},
        {"config": {"Volumes": ["/a"]}}, {"architecture": 1}, {"config": {"Env": {"A": "b"}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_config_of_another_type_is_refused_with_a_sentence(data: Any) -> None:
    with pytest.raises(ImageError, match="has a config "):
        ImageConfig.of(data)


# --- The files -----------------------------------------------------------------------------------------------------------


def test_a_layer_hides_and_replaces_files_of_the_layers_below(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {"/a/one": "1", "/a/two": "2", "/b/deep/old": "3", "/c": "4", "/d/e": "5"},
        {"/a/.wh.one": Plain(), "/b/.wh..wh..opq": Plain(), "/b/new": "6", "/c/inside": "7", "/d": FOLDER},
    )
    there = {path for path in ("/a/one", "/a/two", "/b/deep", "/b/new", "/c/inside", "/d/e") if files.find(path)}
    assert there == {"/a/two", "/b/new", "/d/e"}


def test_a_whiteout_leaves_the_files_of_its_own_layer(tmp_path: Path) -> None:
    files = tree(
        tmp_path, {"/a/old": "1"}, {"/a": FOLDER, "/a/new": "2", "/a/.wh..wh..opq": Plain(), "/a/.wh.new": Plain()}
    )
    assert files.find("/a/new") and not files.find("/a/old")


def test_links_are_followed_inside_the_image(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {
            "/bin": Link("usr/bin"), "/usr/bin/dash": elf("x86_64"), "/usr/bin/sh": Link("dash"),
            "/loop": Link("/loop"), "/up": Link("../../../usr/bin/dash"), "/usr/bin/[": "#!/x", "/gone": Link("/nowhere"),
        },
        {"/bin/added": Link("../bin/sh"), "/usr/bin/test": Link("usr/bin/[", hard=True)},
    )  # fmt: skip
    found = {
        path: files.find(path)
        for path in ("/bin/sh", "/up", "/bin/added", "/bin/test", "/loop", "/gone", "/bin/../bin/sh")
    }
    paths = {path: each[0] for path, each in found.items() if each}
    dash = "/usr/bin/dash"
    assert paths == {
        "/bin/sh": dash,
        "/up": dash,
        "/bin/added": dash,
        "/bin/test": "/usr/bin/test",
        "/bin/../bin/sh": dash,
    }
    assert found["/bin/test"] and found["/bin/test"][1].head == b"#!/x"


def test_a_folder_takes_the_place_of_a_link(tmp_path: Path) -> None:
    files = tree(tmp_path, {"/bin": Link("usr/bin"), "/usr/bin/sh": "1"}, {"/bin": FOLDER, "/bin/own": "2"})
    assert files.find("/bin/own") and not files.find("/bin/sh") and not files.find("/usr/bin/own")


def test_a_program_is_the_first_in_path_that_can_be_run(tmp_path: Path) -> None:
    files = tree(tmp_path, {"/a/app": Plain(b"#!"), "/a/dir/x": "1", "/b/app": "#!/bin/sh\n", "/srv/run": "1"})
    found = files.program("app", ["/nowhere", "/a", "/b"])
    assert found and found[0] == "/b/app"
    assert files.program("dir", ["/a"]) is None
    assert files.program("app", ["/a"]) == ("/a/app", files.find("/a/app")[1])  # type: ignore[index]
    relative = files.program("./run", [], "/srv")
    assert relative and relative[0] == "/srv/run"
    assert [path for path, _ in files.programs(["/a", "/b", "/b", "/nowhere"])] == ["/b/app"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_links_are_read(form: int, tmp_path: Path) -> None:
    deep = "/".join(["d" * 60] * 3)
    names = [f"/{deep[:120]}/file"] + ([f"/{deep}/ä{'f' * 90}"] if form != tarfile.USTAR_FORMAT else [])
    target = names[-1] if form != tarfile.USTAR_FORMAT else "/" + "d" * 60
    layer = tar({**dict.fromkeys(names, "#!/bin/sh\n"), "/link": Link(target), "/after": "1"}, form)
    files = stored(tmp_path, buildkit(config("x86_64"), [layer])).files(budget())
    assert all(files.find(path) for path in (*names, "/link", "/after"))


def test_a_name_that_is_no_text_or_leads_outside_harms_nothing(tmp_path: Path) -> None:
    files = tree(tmp_path, {"../../a": "1", "./b/../c": "2", "\udcff": "3", "": "4", "/": "5", "d//e": "6"})
    assert all(files.find(path) for path in ("/a", "/c", "/d/e"))


# --- Programs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processor", ["x86_64", "aarch64", "armv7", "i386"])
def test_a_program_says_its_processor_and_its_loader(processor: str) -> None:
    assert read_elf(elf(processor)) == Elf(processor, None)
    assert read_elf(elf(processor, "/lib/ld.so.1")) == Elf(processor, "/lib/ld.so.1")


def test_the_interpreter_of_these_tests_is_a_program() -> None:
    found = read_elf(Path("/proc/self/exe").read_bytes()[:1024])
    assert (
        found and found.machine == __import__("platform").machine() and found.loader and found.loader.startswith("/lib")
    )


def test_no_beginning_of_a_program_is_too_hostile() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        data = bytearray(elf(chance.choice(["x86_64", "armv7"]), "/lib/ld.so")[: chance.randrange(140)])
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.choice([0, 1, 2, 127, 255])
        found = read_elf(bytes(data))
        assert found is None or found.machine


def test_a_server_runs_32_bit_programs_of_its_own_kind() -> None:
    runs = {(machine, on) for machine in ("x86_64", "aarch64", "armv7", "i386") for on in ("x86_64", "aarch64", "armv7")
            if Elf(machine, None).runs_on(on)}  # fmt: skip
    assert runs == {
        ("x86_64", "x86_64"), ("aarch64", "aarch64"), ("armv7", "armv7"), ("i386", "x86_64"), ("armv7", "aarch64"),
    }  # fmt: skip


# --- Damaged and hostile tars --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"x" * 2000, "isn't a tar"),
        (gzip.compress(tar({"manifest.json": "[]"})), "is compressed with gzip"),
        (tar({"a": "b"}), "contains no image: it has neither manifest.json nor index.json"),
        (tar({"etc/passwd": ""}), "contains the files of a container and no image, as `docker export` writes them"),
        (tar({"manifest.json": "{"}), "has a manifest.json that isn't valid JSON"),
        (tar({"manifest.json": "[" * 100_000}), "has a manifest.json that isn't valid JSON"),
        (tar({"manifest.json": "{}"}), "has a manifest.json that isn't a list of images"),
        (tar({"manifest.json": "[1]"}), "has a manifest.json with an image that has no config or layers"),
        (tar({"manifest.json": '[{"Config": "c"}]'}), "is incomplete: it contains no c"),
        (tar({"manifest.json": '[{"Config": "\\ud800"}]'}), "is incomplete: it contains no \ud800"),
        (tar({"manifest.json": '[{"Config": "c", "Layers": ["l"]}]', "c": "{}"}), "is incomplete: it contains no l"),
        (tar({"manifest.json": '[{"Config": "c"}]', "c": Link("c")}), "is incomplete: it contains no c"),
        (tar({"index.json": "[]"}), "has an index.json that isn't a list of images"),
        (tar({"index.json": '{"manifests": [1]}'}), "has an index.json with an image that has no digest"),
        (tar({"index.json": '{"manifests": [{"digest": "sha256:../../etc"}]}'}), "has an index.json with an image that has no digest"),
        (buildkit(config("x86_64"), [b"x" * 600], zipped=False), "has a layer that is damaged or truncated"),
        (buildkit(config("x86_64"), [b"x" * 600]), "has a layer that is damaged or truncated"),
        (buildkit(config("x86_64"), [gzip.compress(tar({"a": "b" * 9999}))[:-40] + bytes(4)], zipped=False), "has a layer that is damaged or truncated"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_damaged_tar_is_named_in_a_sentence(data: bytes, said: str, tmp_path: Path) -> None:
    assert fault(tmp_path, data) == said


@pytest.mark.parametrize(("method", "begin"), [("zstd", b"\x28\xb5\x2f\xfd"), ("xz", b"\xfd7zXZ"), ("bzip2", b"BZh")])
def test_a_layer_that_we_cannot_decompress_is_not_called_damaged(method: str, begin: bytes, tmp_path: Path) -> None:
    image = stored(tmp_path, buildkit(config("x86_64"), [begin + b"x" * 100], zipped=False))
    with pytest.raises(UnknownCompressionError, match=method):
        image.files(budget())


@pytest.mark.parametrize("writer", WRITERS)
def test_text_that_utf_8_cannot_encode_is_replaced_as_go_does(writer: str, tmp_path: Path) -> None:
    image = stored(tmp_path, WRITERS[writer](config("x86_64", Cmd=["\udcff"], User="\ud800"), [], "a/\udcff:1"))
    assert (image.config.cmd, image.config.user, image.tags) == (("\ufffd",), "\ufffd", ("a/\ufffd:1",))


def test_wherever_a_tar_is_cut_there_is_a_sentence(tmp_path: Path) -> None:
    whole = old_docker_save(SETTINGS, [tar({"/entry": "#!/bin/sh\n" * 400})], "a/b:1")
    chance = random.Random(2)
    for end in sorted(chance.sample(range(len(whole.rstrip(b"\0"))), 300)):
        assert fault(tmp_path, whole[:end])


def test_whatever_byte_is_wrong_there_is_no_other_exception(tmp_path: Path) -> None:
    wholes = [WRITERS[writer](SETTINGS, [tar({"/entry": "#!/bin/sh\n"})], "a/b:1") for writer in WRITERS]
    chance = random.Random(3)
    for _ in range(400):
        data = bytearray(chance.choice(wholes))
        for _ in range(chance.randrange(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (tmp_path / "image.tar").write_bytes(data)
        try:
            for image in read_images(tmp_path / "image.tar"):
                image.files(budget(MEGABYTE))
        except (ImageError, TooLargeError, UnknownCompressionError):
            pass


def test_what_is_no_file_is_no_image(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", Path("/dev/zero")):
        with pytest.raises(ImageError, match="isn't a regular file"):
            read_images(path)
    with pytest.raises(UnreadableError):
        read_images(Path("a\0b"))


def bomb() -> bytes:
    """Return a layer of a gigabyte of zeros in a file."""
    header = tarfile.TarInfo("a")
    header.size = 1024 * MEGABYTE
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(header.tobuf())
        for _ in range(16):
            file.write(bytes(MEGABYTE))
    return packed.getvalue()


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(bomb, id="much of nothing"),
        pytest.param(lambda: tar({f"{number}": FOLDER for number in range(3000)}), id="many members"),
        pytest.param(lambda: tar({"/".join(["a"] * 20_000): "1"}, tarfile.GNU_FORMAT), id="deep"),
    ],
)
def test_a_hostile_layer_costs_little(layer: Any, tmp_path: Path) -> None:
    image = stored(tmp_path, buildkit(config("x86_64"), [layer()] * 3, zipped=False))
    tracemalloc.start()
    with little_cpu(10):
        try:
            image.files(Budget(8 * MEGABYTE, 5000))
        except TooLargeError as error:
            assert str(error) == "the image is too large to look at its files"
    assert tracemalloc.get_traced_memory()[1] < 40 * MEGABYTE
    tracemalloc.stop()


def test_what_says_that_it_is_too_large_is_not_read_at_all(tmp_path: Path) -> None:
    layer = bytearray(gzip.compress(tar({"/a": "1"})))
    assert stored(tmp_path, buildkit(config("x86_64"), [bytes(layer)], zipped=False)).files(budget()).find("/a")
    layer[-4:] = (2**31).to_bytes(4, "little")
    (tmp_path / "image.tar").write_bytes(buildkit(config("x86_64"), [bytes(layer)], zipped=False))
    (image,) = read_images(tmp_path / "image.tar")
    with pytest.raises(TooLargeError):
        image.files(Budget(2**31 - 1, 100))


def test_only_what_is_needed_is_read_of_a_large_layer(tmp_path: Path) -> None:
    """A sparse layer of a terabyte: its content is skipped, and not read."""
    inner = tarfile.TarInfo("/big")
    inner.size = 2**40
    layer = tarfile.TarInfo("layer.tar")
    layer.size = 512 + inner.size
    listed = json.dumps([{"Config": "c", "Layers": ["layer.tar"]}]).encode()
    begin = tar({"manifest.json": Plain(listed), "c": Plain(json.dumps(config("x86_64")).encode())})[:2048]
    with (tmp_path / "image.tar").open("wb") as file:
        file.write(begin + layer.tobuf(tarfile.GNU_FORMAT) + inner.tobuf(tarfile.GNU_FORMAT))
        file.truncate(len(begin) + 512 + layer.size)
    (image,) = read_images(tmp_path / "image.tar")
    assert image.files(budget()).find("/big")


def test_a_link_to_a_layer_is_followed_once(tmp_path: Path) -> None:
    data = docker_save(SETTINGS, [])
    assert stored(tmp_path, data).layers == ()
