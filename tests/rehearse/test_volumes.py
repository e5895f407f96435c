"""Each volume of a manifest is a named volume, which a procedure may or may not write."""

import csv

import pytest

from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.volumes import Access, Mount, Volumes
from tests.rehearse.conftest import MakePackage

VOLUMES = {
    "main": {"type": "data"}, "web": {"type": "assets"}, "cert": {"type": "certificate", "interface-id": "ui"},
    "other": {"type": "pointer", "package-id": "bitcoind", "volume-id": "main", "path": "/", "readonly": False},
    "seen": {"type": "pointer", "package-id": "bitcoind", "volume-id": "main", "path": "/", "readonly": True},
}  # fmt: skip
READONLY = {
    Access.USUAL: {"web", "cert", "seen"},
    Access.BACKUP: {"web", "cert", "seen", "main", "other"},
    Access.RESTORE: {"web", "cert", "seen", "BACKUP"},
    Access.NOTHING: {"web", "cert", "seen", "main", "other"},
}


@pytest.mark.parametrize("access", Access)
def test_a_procedure_writes_only_what_startos_lets_it_write(make_package: MakePackage, access: Access) -> None:
    mounts = {id: f"/mnt/{id}" for id in (*VOLUMES, "BACKUP", "unknown")}
    package = make_package(volumes=VOLUMES, main={"mounts": mounts})
    volumes = Volumes.of(Docker("run"), package)
    found = {
        mount.target.removeprefix("/mnt/"): mount
        for mount in volumes.mounts(package.manifest.get("main", "mounts"), access)
    }
    has_backup = access in (Access.BACKUP, Access.RESTORE)
    assert set(found) == {*VOLUMES, *(["BACKUP"] if has_backup else [])}
    assert {id for id, mount in found.items() if mount.is_readonly} == READONLY[access]
    assert {id for id, each in volumes.for_script(access).items() if each.is_readonly} == READONLY[access]


def test_versions_share_data_but_not_assets(make_package: MakePackage) -> None:
    package = make_package(volumes=VOLUMES)
    one, other = (
        set(Volumes.of(Docker("run"), type(package)(package.wrapper, package.path, number)).named) for number in (0, 1)
    )
    assert one ^ other == {"assets-0-web", "assets-1-web"}


def test_the_certificates_interface_is_known(make_package: MakePackage) -> None:
    assert Volumes.of(Docker("run"), make_package(volumes=VOLUMES)).by_id["cert"].interface == "ui"


@pytest.mark.parametrize("id", ["a,b", "a/b", "A", "..", ""])
def test_a_volume_that_startos_could_not_read_is_left_out(make_package: MakePackage, id: str) -> None:
    assert set(Volumes.of(Docker("run"), make_package(volumes={id: {"type": "data"}})).by_id) == {"BACKUP"}


@pytest.mark.parametrize("target", ["/data", "/a,b", '/with "quotes"', "/x,readonly=false,src=/", "/é\n"])
def test_any_path_stays_a_single_field_of_the_option(target: str) -> None:
    (fields,) = (
        csv.reader([Mount("vol", target, True).option], strict=True) if "\n" not in target else ([f"dst={target}"],)
    )
    assert f"dst={target}" in fields


def test_a_path_with_a_null_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="null byte"):
        _ = Mount("vol", "/a\0b", False).option
