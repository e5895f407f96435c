"""Restore the backup: install the package anew, with init of the kind restore. S/mod.rs:new"""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.files.manifest.wording import shown
from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.startos04.life_steps.do_tasks import do_tasks
from startos_wrapper.rehearse.startos04.life_steps.install_package import see_data_version
from startos_wrapper.rehearse.startos04.readiness import live_after

_VOLUMES = "/media/startos/volumes/"


def run(life: Life) -> None:
    """Empty the volumes, restore, compare them, and bring the service up again as the user does."""
    if not life.has_backup:
        raise SkippedError("there is no complete backup")
    if life.is_running:
        life.stop()
    copied = _whole_volumes(life.state()["copies"])
    volumes = life.package.volumes
    for each in volumes:
        life.container.ask("keep", volume=each, name=f"before-{each}")
    life.container.wipe(volumes)
    life.progress("restoring")
    life.use(life.package, life.bundle, {})
    with life.container.backup_drive(is_readonly=True):
        life.call("init", "init of the kind restore", "restoreInit", "setupInit", kind="restore")
    see_data_version(life)
    life.progress("comparing")
    for each in volumes:
        life.container.ask("keep", volume=each, name=f"after-{each}")
        _compare(life, each, is_whole=each in copied)
    do_tasks(life)
    if life.was_healthy:
        life.progress("starting again")
        live_after(life, "after the restore, ")


def _whole_volumes(copies: list[Mapping[str, Any]]) -> list[str]:
    """Return the volumes that the backup copies whole, by what rsync was told."""
    sources = [str(each["from"]) for each in copies if not each["excludes"]]
    return [each.removeprefix(_VOLUMES).rstrip("/") for each in sources if each.startswith(_VOLUMES)]


def _compare(life: Life, volume: str, *, is_whole: bool) -> None:
    """Raises: StepFailedError if something of a volume that the backup copies whole doesn't come back."""
    found = life.container.ask("compare", before=f"before-{volume}", after=f"after-{volume}", kinds=["socket"])
    lost = [each["path"] for each in found["differences"] if not each["after"]]
    changed = [each["path"] for each in found["differences"] if each["after"] and each["path"] != "."]
    if lost and is_whole:
        what = f"restore: {shown(lost[0])} of the volume {volume} doesn't come back"
        raise life.failure(what, "setupBackups", todo="Let the restore bring back every file.")
    if lost:
        what = f"restore: {shown(lost[0])} of the volume {volume} isn't in the backup"
        life.warn(f"{what}; that's right if it's excluded or dumped", life.package.place("setupBackups", "Backups"))
    if changed and is_whole:
        life.warn(f"restore: {shown(changed[0])} of the volume {volume} is another than before the backup")
