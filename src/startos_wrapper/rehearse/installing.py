"""Install a version of the package: its images, assets and volumes. S/install/mod.rs:785-980"""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from startos_wrapper.errors import CannotError
from startos_wrapper.files.documents.value import NOTHING
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.rehearse.container import Network
from startos_wrapper.rehearse.docker import Docker, bounded
from startos_wrapper.rehearse.hands import Hands, HandsError
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Installed, Rehearsal
from startos_wrapper.rehearse.service import Service, certificates_of
from startos_wrapper.rehearse.volumes import Kind, Volumes

_SECONDS = 600
_MODE = 0o777


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
            data = _packed(folder)
            command = rehearsal.docker.command("cp", "-", f"{rehearsal.hands.container}:/volumes/{volume.name}")
            done = bounded(command, data, _SECONDS)
            if done.code != 0:
                raise CannotError(f"{folder}: can't copy it into a volume: {done.reason}")


def _packed(folder: Path) -> bytes:
    """Return a folder as a tar, whose files belong to root as on a server."""

    def changed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mode &= _MODE
        return member if member.isfile() or member.isdir() or member.issym() else None

    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name, filter=changed)
    return data.getvalue()


def new_service(
    docker: Docker, network: Network, compat: str, hands: Hands, installed: Installed, crash_pause: float
) -> Service:
    """Return the service of a version, which isn't started."""
    package = installed.package
    main = package.wrapper.main or Procedure(("main",), NOTHING)
    image = main.node.get("image")

    def write_certificates(address: str) -> None:
        for name, interface in certificates_of(installed.volumes):
            names = [address, f"{package.id}.embassy", f"{interface}.local"]
            try:
                hands.ask("certificates", volume=name, interface=interface, names=names, timeout=60)
            except HandsError as error:
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
        rehearsal.hands,
        rehearsal.installed,
        rehearsal.settings.pace.crash,
    )
