"""Install a version of the package: its images, assets and volumes. S/install/mod.rs:785-980"""

import os
import stat
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from startos_wrapper.errors import CannotError
from startos_wrapper.files.documents.value import NOTHING
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.rehearse.container import Network
from startos_wrapper.rehearse.docker import Docker, end, started
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Installed, Rehearsal
from startos_wrapper.rehearse.service import Service, certificates_of
from startos_wrapper.rehearse.volume_helper import VolumeHelper, VolumeHelperError
from startos_wrapper.rehearse.volumes import Kind, Volumes

_MODE = 0o777
# Larger assets would fill the disk of the packager, rather than that of a server.
_MOST_ASSETS = 8 * 1024**3


def create_volumes(docker: Docker, volumes: Volumes) -> None:
    """Create the volumes, empty and owned by root, as StartOS creates folders. Raises: CannotError."""
    for name in volumes.named.values():
        docker.output("volume", "create", *docker.labels, name, timeout=60)


def put_assets(rehearsal: Rehearsal, package: Package, volumes: Volumes) -> None:
    """Unpack the assets of a version. S/install/mod.rs:1216-1222

    Raises: CannotError.
    """
    for volume in volumes.of_kind(Kind.ASSETS):
        folder = package.assets(volume.id)
        if folder.is_dir():
            _copy(rehearsal, folder, volume.name)


def _copy(rehearsal: Rehearsal, folder: Path, volume: str) -> None:
    """Copy a folder into a volume. Raises: CannotError."""
    members, size = _members(folder)
    if size > _MOST_ASSETS:
        raise CannotError(
            f"{folder}: has {size / 1024**3:.0f} GiB, but rehearse copies {_MOST_ASSETS // 1024**3} GiB at most"
        )
    process = started(
        rehearsal.docker.command("cp", "-", f"{rehearsal.helper.container}:/volumes/{volume}"), has_input=True
    )
    assert process.stdin and process.stdout and process.stderr
    try:
        # Docker may end before it has read everything. Its error says why.
        with suppress(BrokenPipeError), process.stdin, tarfile.open(fileobj=process.stdin, mode="w|") as tar:
            for path, name in members:
                _add(tar, path, name)
        errors = process.stderr.read().decode("utf-8", "replace").strip()
        code = process.wait()
    except OSError as error:
        raise CannotError(f"{error.filename or folder}: can't be read: {error.strerror}") from error
    finally:
        end(process)
    if code:
        raise CannotError(f"{folder}: can't copy it into a volume: {errors.splitlines()[-1] if errors else code}")


def _members(folder: Path) -> tuple[list[tuple[Path, str]], int]:
    """Return files, folders and symlinks with their names in the volume, and how many bytes they have."""
    found, size = [], 0
    for top, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            path = Path(top, name)
            status = path.lstat()
            if stat.S_IFMT(status.st_mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                size += status.st_size
                found.append((path, path.relative_to(folder).as_posix()))
    return found, size


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file, a folder or a symlink. It belongs to root, as on a server."""
    # Hard links become separate files.
    tar.inodes = {}  # type: ignore[attr-defined]
    member = tar.gettarinfo(path, name)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode &= _MODE
    if member.isfile():
        with path.open("rb") as content:
            tar.addfile(member, content)
    else:
        tar.addfile(member)


def new_service(
    docker: Docker, network: Network, compat: str, helper: VolumeHelper, installed: Installed, crash_pause: float
) -> Service:
    """Return the service of a version, which isn't started."""
    package = installed.package
    main = package.wrapper.main or Procedure(("main",), NOTHING)
    image = main.node.get("image")

    def write_certificates(address: str) -> None:
        for name, interface in certificates_of(installed.volumes):
            names = [address, f"{package.id}.embassy", f"{interface}.local"]
            try:
                helper.ask("certificates", volume=name, interface=interface, names=names, timeout=60)
            except VolumeHelperError as error:
                raise CannotError(f"can't write the certificates of {interface}: {error}") from error

    return Service(
        docker,
        network,
        compat,
        main,
        package.id,
        compat if main.node.is_true("system") else installed.images.get((image and image.text) or ""),
        installed.volumes,
        crash_pause,
        write_certificates,
    )


def use(rehearsal: Rehearsal, package: Package, volumes: Volumes, images: Mapping[str, str]) -> None:
    """Make a version the one that is installed."""
    rehearsal.installed = Installed(package, volumes, images)
    rehearsal.service = new_service(
        rehearsal.docker,
        rehearsal.network,
        rehearsal.compat,
        rehearsal.helper,
        rehearsal.installed,
        rehearsal.settings.pace.crash,
    )
