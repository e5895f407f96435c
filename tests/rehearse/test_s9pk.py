"""Packages unpack into a wrapper's folder, and broken or hostile ones are refused in one line."""

import tarfile
import tempfile
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from startos_wrapper.errors import CannotError
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.rehearse.s9pk import unpacked
from tests.support.s9pk_files import images, packed, s9pk, tar

MANIFEST: dict[str, Any] = {
    "id": "hello", "version": "1.0.0", "volumes": {"main": {"type": "data"}, "compat": {"type": "assets"}},
    "assets": {"license": "../LICENSE", "icon": "art/x.SVG", "docker-images": None}, "config": None,
}  # fmt: skip
SECTIONS = {
    "manifest": cbor2.dumps(MANIFEST), "license": b"the license", "instructions": b"read this", "icon": b"<svg/>",
    "docker_images": images({"x86_64": b"one", "aarch64": b"two" * 400}), "scripts": b"export const x = 1;",
    "assets": tar({"compat/": b"", "compat/config_spec.yaml": b"{}", f"compat/{'long/' * 30}file": b"deep"}),
}  # fmt: skip


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _link(kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo("compat/link")
    member.type, member.linkname = kind, target
    return member


def _of_size(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    return member


def test_a_package_unpacks_into_a_wrappers_folder(tmp_path: Path) -> None:
    with unpacked(_write(tmp_path / "hello.s9pk", s9pk(SECTIONS))) as folder:
        wrapper = Wrapper(folder)
        assert (wrapper.id, wrapper.version, wrapper.manifest_file) == ("hello", "1.0.0", "manifest.json")
        content = {name: (folder / wrapper.asset(name)).read_bytes() for name in ("license", "instructions", "icon")}
        assert content == {"license": b"the license", "instructions": b"read this", "icon": b"<svg/>"}
        assert wrapper.asset("icon") == "icon.SVG"
        assert wrapper.listed(wrapper.asset("docker-images")) == ["aarch64.tar", "x86_64.tar"]
        assert (folder / "docker-images/aarch64.tar").read_bytes() == b"two" * 400
        assert (folder / "assets/compat/config_spec.yaml").read_bytes() == b"{}"
        assert (folder / "assets/compat" / ("long/" * 30) / "file").read_bytes() == b"deep"
        assert (folder / "scripts/embassy.js").read_bytes() == b"export const x = 1;"
        assert wrapper.at_key("volumes", "compat").line > 1
    assert not folder.exists()


def test_a_wrapper_that_was_packed_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "hello"
    (folder / "assets/compat").mkdir(parents=True)
    (folder / "docker-images").mkdir()
    (folder / "docker-images/x86_64.tar").write_bytes(b"image")
    (folder / "assets/compat/run.sh").write_text("#!/bin/sh\n")
    (folder / "assets/compat/run.sh").chmod(0o755)
    for name in ("LICENSE.md", "INSTRUCTIONS.md", "icon.png"):
        (folder / name).write_text(name)
    (folder / "manifest.yaml").write_text("id: hello\nversion: 1.0.0\nvolumes: {compat: {type: assets}}\n")
    with unpacked(_write(tmp_path / "hello.s9pk", packed(folder))) as found:
        assert (found / "docker-images/x86_64.tar").read_bytes() == b"image"
        assert (found / "assets/compat/run.sh").stat().st_mode & 0o777 == 0o755
        assert not (found / "scripts").exists()


def test_a_tar_without_a_list_of_processors_is_for_all_of_them(tmp_path: Path) -> None:
    single = tar({"manifest.json": b"[]", "layer.tar": b"x"})
    with unpacked(_write(tmp_path / "a.s9pk", s9pk({**SECTIONS, "docker_images": single}))) as folder:
        assert (folder / Wrapper(folder).asset("docker-images")).read_bytes() == single


def test_only_listed_tars_count(tmp_path: Path) -> None:
    section = tar({"multiarch.cbor": cbor2.dumps({"default": "x86_64", "available": ["x86_64"]}), "x86_64.tar": b"a",
                   "aarch64.tar": b"b", "../x86_64.tar": b"c", "x86_64.tar ": b"d"})  # fmt: skip
    with unpacked(_write(tmp_path / "a.s9pk", s9pk({**SECTIONS, "docker_images": section}))) as folder:
        assert [path.name for path in (folder / "docker-images").iterdir()] == ["x86_64.tar"]
        assert (folder / "docker-images/x86_64.tar").read_bytes() == b"a"


GOOD = s9pk(SECTIONS)
BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "isn't a .s9pk: it doesn't begin like one"),
    "zip": (b"PK\x03\x04", "isn't a .s9pk: it doesn't begin like one"),
    "of StartOS 0.4": (s9pk(SECTIONS, version=2), "is a .s9pk of version 2, but StartOS 0.3 only reads version 1"),
    "only magic": (b";;\1", "is truncated: its table of contents is incomplete"),
    "cut in the table": (GOOD[:200], "is truncated: its table of contents is incomplete"),
    "endless table": (GOOD[:99] + b"\xff\xff\xff\xff" + GOOD[103:], "is truncated: its table of contents is incomplete"),
    "label beyond the table": (GOOD[:99] + (3).to_bytes(4, "big") + b"\x08ab", "has a damaged table of contents"),
    "cut in the images": (GOOD[:1500], "is truncated: the section docker_images ends at byte"),
    "no icon": (s9pk({name: each for name, each in SECTIONS.items() if name != "icon"}), "has no section icon"),
    "long assets": (s9pk(SECTIONS, shift={"assets": 2**62}), "is truncated: the section assets ends at byte"),
    "large manifest": (s9pk({**SECTIONS, "manifest": bytes(2**21)}), "has a manifest that is larger than 1024 KiB"),
    "text as manifest": (s9pk({**SECTIONS, "manifest": b"id: hello"}), "has a manifest that isn't valid CBOR"),
    "deep manifest": (s9pk({**SECTIONS, "manifest": b"\x81" * 100_000}), "has a manifest that isn't valid CBOR"),
    "cut manifest": (s9pk({**SECTIONS, "manifest": SECTIONS["manifest"][:-1]}), "has a manifest that isn't valid CBOR"),
    "list as manifest": (s9pk({**SECTIONS, "manifest": b"\x80"}), "has a manifest that isn't a mapping"),
    "bytes in the manifest": (s9pk({**SECTIONS, "manifest": cbor2.dumps({"id": b"x"})}), "has a manifest with values that JSON doesn't have"),
    "bad list of processors": (s9pk({**SECTIONS, "docker_images": tar({"multiarch.cbor": b"\xff"})}), "has a multiarch.cbor that isn't valid CBOR"),
    "no list of processors": (s9pk({**SECTIONS, "docker_images": tar({"multiarch.cbor": b"\x80"})}), "has a multiarch.cbor without a list of processors"),
    "path to the parent": (s9pk({**SECTIONS, "assets": tar({"compat/../../x": b"x"})}), 'has assets with the path "compat/../../x", which leads out of their folder'),
    "absolute path": (s9pk({**SECTIONS, "assets": tar({"/tmp/x": b"x"})}), 'has assets with the path "/tmp/x", which leads out of their folder'),
    "symbolic link": (s9pk({**SECTIONS, "assets": tar({"a": _link(tarfile.SYMTYPE, "/etc"), "compat/link/x": b"x"})}), 'has assets with "compat/link", which is neither a file nor a folder'),
    "hard link": (s9pk({**SECTIONS, "assets": tar({"a": _link(tarfile.LNKTYPE, "/etc/passwd")})}), 'has assets with "compat/link", which is neither a file nor a folder'),
    "device": (s9pk({**SECTIONS, "assets": tar({"a": _link(tarfile.CHRTYPE, "")})}), 'has assets with "compat/link", which is neither a file nor a folder'),
    "file as a folder": (s9pk({**SECTIONS, "assets": tar({"a": b"x", "a/b": b"x"})}), 'has assets with "a/b", which can\'t be written: '),
    "folder as a file": (s9pk({**SECTIONS, "assets": tar({"a/": b"", "a": b"x"})}), 'has assets with "a", which can\'t be written: '),
    "the folder itself as a file": (s9pk({**SECTIONS, "assets": tar({".": b"x"})}), 'has assets with ".", which can\'t be written: '),
    "not a tar": (s9pk({**SECTIONS, "assets": b"x" * 1024}), "has assets in a tar that is damaged or truncated"),
    "long name": (s9pk({**SECTIONS, "assets": tar({"a" * 100_000: b"x"})}), "has assets in a tar that has a file whose name is too long"),
    "lying length": (s9pk({**SECTIONS, "assets": tar({"a": _of_size("a", 2**40)})[:512] + bytes(1024)}), 'is truncated: its assets end within "a"'),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_is_refused_in_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, message = BROKEN[name]
    file = _write(tmp_path / "a.s9pk", data)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(CannotError) as raised, unpacked(file):
        pass
    assert str(raised.value).startswith(f"{file}: {message}")
    assert "\n" not in str(raised.value)
    assert not list((tmp_path / "temporary").iterdir())


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_package_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(99, 1500) | st.integers(0, len(GOOD) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        file = _write(
            Path(folder, "a.s9pk"), bytes(damaged[: data.draw(st.integers(0, len(GOOD)) | st.just(len(GOOD)))])
        )
        try:
            with unpacked(file) as found:
                assert _outside(found) == []
        except CannotError as error:
            assert str(error).startswith(f"{file}: ")


def _outside(folder: Path) -> list[Path]:
    """Return the files in a folder that aren't really in it."""
    return [path for path in folder.rglob("*") if not path.resolve().is_relative_to(folder.resolve())]


def test_a_folder_or_a_missing_file_isnt_a_package(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.s9pk"):
        with pytest.raises(CannotError, match="isn't a regular file"), unpacked(path):
            pass
