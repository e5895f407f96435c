"""The volumes of a service as named volumes of Docker.

They hold what StartOS keeps in folders (S/volume.rs:93-117): data, which versions share, assets of a version, what
pointers lead to, certificates and the backup.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.os_grammar import package_id
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.scripts import ScriptVolume

BACKUP = "BACKUP"


class Kind(str, Enum):
    """What a volume holds, as the manifest calls it."""

    DATA = "data"
    ASSETS = "assets"
    POINTER = "pointer"
    CERTIFICATE = "certificate"
    BACKUP = "backup"


class Access(Enum):
    """What a procedure may write.

    A backup reads data and writes BACKUP (S/backup/mod.rs:98-189), a restore the reverse (S/backup/mod.rs:191-229), and
    a sandboxed container writes nothing (S/procedure/docker.rs:547).
    """

    USUAL = "usual"
    BACKUP = "backup"
    RESTORE = "restore"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Mount:
    """A named volume in a container."""

    volume: str
    target: str
    is_readonly: bool

    @property
    def option(self) -> str:
        """Return the value of `docker run --mount`. Raises: ValueError for a path that the option can't express."""
        if "\0" in self.target:
            raise ValueError("a path with a null byte")
        line = io.StringIO()
        fields = ["type=volume", f"src={self.volume}", f"dst={self.target}", "volume-nocopy"]
        csv.writer(line, lineterminator="").writerow([*fields, *(["readonly"] if self.is_readonly else [])])
        return line.getvalue()


@dataclass(frozen=True)
class Volume:
    """A volume of the manifest. In helper, it's at `/volumes/NAME`. `interface` is that of a certificate."""

    id: str
    kind: Kind
    name: str
    is_readonly: bool = False
    interface: str = ""

    def is_readonly_for(self, access: Access) -> bool:
        """Return whether a procedure can't write into it."""
        if access is Access.BACKUP:
            return self.kind is not Kind.BACKUP
        if access is Access.RESTORE and self.kind is Kind.BACKUP:
            return True
        return self.is_readonly or access is Access.NOTHING


@dataclass(frozen=True)
class Volumes:
    """The volumes of a version of the package, by their id in the manifest. BACKUP is one of them."""

    docker: Docker
    by_id: Mapping[str, Volume]

    @classmethod
    def of(cls, docker: Docker, package: Package) -> "Volumes":
        """Read the volumes of a manifest."""
        node = package.manifest.get("volumes")
        listed = (_volume(id, each, package) for id, each in (node.fields if node else {}).items())
        found = {volume.id: volume for volume in listed if volume}
        return cls(docker, {**found, BACKUP: Volume(BACKUP, Kind.BACKUP, "backup")})

    def of_kind(self, kind: Kind) -> list[Volume]:
        """Return the volumes of a kind."""
        return [volume for volume in self.by_id.values() if volume.kind is kind]

    @property
    def named(self) -> dict[str, str]:
        """Return the names of Docker's volumes by the names in the helper."""
        return {volume.name: self.docker_name(volume) for volume in self.by_id.values()}

    def docker_name(self, volume: Volume) -> str:
        """Return the name of Docker's volume."""
        return self.docker.name(f"volume-{volume.name}")

    def mounts(self, mounts: Node | None, access: Access = Access.USUAL) -> list[Mount]:
        """Return the mounts of a procedure. Like StartOS, skip unknown volumes. S/procedure/docker.rs:684-688"""
        targets = ((id, node.text) for id, node in (mounts.fields if mounts else {}).items())
        return [
            Mount(self.docker_name(volume), target, volume.is_readonly_for(access))
            for id, target in targets
            if target is not None and (volume := self._volume(id, access))
        ]

    def for_script(self, access: Access = Access.USUAL) -> dict[str, ScriptVolume]:
        """Return all volumes as a script sees them. S/procedure/js_scripts.rs:123-131"""
        found = ((id, self._volume(id, access)) for id in self.by_id)
        return {id: ScriptVolume(each.name, each.is_readonly_for(access)) for id, each in found if each}

    def _volume(self, id: str, access: Access) -> Volume | None:
        volume = self.by_id.get(id)
        has_backup = access in (Access.BACKUP, Access.RESTORE)
        return volume if volume and (volume.kind is not Kind.BACKUP or has_backup) else None


def _volume(id: str, node: Node, package: Package) -> Volume | None:
    """Return a volume, or None if the manifest is wrong. Only data is shared with other versions. S/volume.rs:93-117"""
    kind = node.get("type")
    if not package_id(id) or kind is None:
        return None
    if kind.text == Kind.DATA.value:
        return Volume(id, Kind.DATA, f"data-{id}")
    if kind.text == Kind.ASSETS.value:
        return Volume(id, Kind.ASSETS, f"assets-{package.number}-{id}", is_readonly=True)
    if kind.text == Kind.POINTER.value:
        return Volume(id, Kind.POINTER, f"pointer-{id}", is_readonly=node.is_true("readonly"))
    if kind.text == Kind.CERTIFICATE.value:
        interface = node.get("interface-id")
        return Volume(id, Kind.CERTIFICATE, f"certificate-{id}", True, (interface and interface.text) or "")
    return None
