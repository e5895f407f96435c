"""Update from an older version that runs. S/install/mod.rs:1021-1146"""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.files.manifest.os_grammar import in_range, version_numbers
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.manifest.wording import shown
from startos_wrapper.rehearse.calling import call_for
from startos_wrapper.rehearse.configuring import configure
from startos_wrapper.rehearse.image_loading import NotLoadedError, load
from startos_wrapper.rehearse.installing import create_volumes, put_assets, use
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Installed, Rehearsal
from startos_wrapper.rehearse.result_shapes import wrong_migration_result
from startos_wrapper.rehearse.volumes import Kind, Volume, Volumes
from startos_wrapper.rehearse.waiting import live_after, wait_until_healthy


def run(rehearsal: Rehearsal) -> None:
    """Install the older version, let it write data, and update it while it runs."""
    older, newer = rehearsal.settings.older, rehearsal.installed
    if older is None:
        raise SkippedError("no older version; --from v1.0.0 or --from OLD.s9pk names one")
    if older.id != newer.package.id:
        raise SkippedError(f"the older package is {older.id}, another service")
    if version_numbers(older.version) == version_numbers(newer.package.version):
        raise SkippedError(f"the older package has the same version {older.version}")
    if not rehearsal.was_healthy:
        raise SkippedError(f"the service isn't healthy without an update from {older.version} either")
    _start_older(rehearsal, older)
    before = _list_data(rehearsal, "older")
    rehearsal.progress(f"migrating from {older.version}, which still runs")
    is_configured = _migrate(rehearsal, newer)
    _switch(rehearsal, newer, is_configured)
    _compare_data(rehearsal, older, before)


def _start_older(rehearsal: Rehearsal, older: Package) -> None:
    """Install the older version from nothing, configure it, and wait until it's healthy."""
    rehearsal.progress(f"installing {older.version}")
    rehearsal.service.kill()
    volumes = Volumes.of(rehearsal.docker, older)
    create_volumes(rehearsal.docker, volumes)
    rehearsal.helper.mount({**rehearsal.installed.volumes.named, **volumes.named})
    for volume in {each.name: each for each in _data(rehearsal) + volumes.of_kind(Kind.DATA)}.values():
        rehearsal.helper.ask("wipe", volume=volume.name)
    try:
        images = load(rehearsal.docker, older, rehearsal.processor)
    except NotLoadedError as error:
        raise StepFailedError(f"{older.version}: {error}", todo="Pass another package with --from.") from error
    put_assets(rehearsal, older, volumes)
    use(rehearsal, older, volumes, images)
    rehearsal.is_configured, rehearsal.config = older.manifest.get("config") is None, None
    try:
        if not rehearsal.is_configured:
            configure(rehearsal, rehearsal.settings.config, "--config")
        rehearsal.progress(f"starting {older.version}")
        rehearsal.service.start()
        wait_until_healthy(rehearsal)
    except StepFailedError as error:
        error.args = (f"the older version {older.version}: {error}",)
        rehearsal.service.kill()
        raise


def migration_of(older: Package, newer: Package) -> tuple[Procedure, bool] | None:
    """Return the migration that StartOS runs, and whether it's the newer version's, or None.

    An upgrade prefers the newer version's `from`, and a downgrade the older one's `to`. S/install/mod.rs:1049-1053
    """
    found = (
        (_matching(newer, "from", older.version), True),
        (_matching(older, "to", newer.version), False),
    )
    is_downgrade = (version_numbers(older.version) or ()) > (version_numbers(newer.version) or ())
    ordered = reversed(found) if is_downgrade else found
    return next(((procedure, is_newer) for procedure, is_newer in ordered if procedure), None)


def _matching(package: Package, name: str, version: str) -> Procedure | None:
    """Return the first migration whose range contains a version, in the order of the file."""
    listed = (each for each in package.wrapper.procedures if each.path[:2] == ("migrations", name))
    return next((each for each in listed if in_range(each.path[2], version)), None)


def _migrate(rehearsal: Rehearsal, newer: Installed) -> bool:
    """Run the migration beside the older version. Return whether the service stays configured."""
    older = rehearsal.installed
    migration = migration_of(older.package, newer.package)
    has_config = newer.package.manifest.get("config") is not None
    if migration is None:
        if has_config:
            what = (
                f"no migration is for {older.package.version}, so StartOS sets the service to Needs Config, and "
                "doesn't start it"
            )
            rehearsal.warn(what, newer.package.place("migrations", "from"))
        return not has_config
    procedure, is_newer = migration
    owner, other = (newer, older) if is_newer else (older, newer)
    try:
        found = call_for(rehearsal, procedure, wrong_migration_result, given=other.package.version, installed=owner)
    except StepFailedError as error:
        changed = _changed(rehearsal)
        more = f"; it had already changed {changed}" if changed else ""
        error.args = (f"{error}{more}; StartOS goes on with {older.package.version} on this data",)
        rehearsal.service.kill()
        raise
    return bool(found.value["configured"]) and rehearsal.is_configured


def _changed(rehearsal: Rehearsal) -> str:
    """Return what changed in the data since it was listed."""
    _list_data(rehearsal, "migrated")
    found = [_compared(rehearsal, each, "migrated") for each in _data(rehearsal)]
    count = sum(each["count"] for each in found)
    first = next((each["differences"][0]["path"] for each in found if each["differences"]), "")
    return f"{shown(first)}{f' and {count - 1} more' if count > 1 else ''}" if count else ""


def _switch(rehearsal: Rehearsal, newer: Installed, is_configured: bool) -> None:
    """Stop the older version, and bring up the newer one as StartOS does, or as the user must."""
    older = rehearsal.package
    rehearsal.progress(f"stopping {older.version}")
    rehearsal.service.stop()
    use(rehearsal, newer.package, newer.volumes, newer.images)
    rehearsal.is_configured = is_configured
    if newer.package.manifest.get("config") is not None:
        rehearsal.progress("configuring")
        try:
            configure(rehearsal)
        except StepFailedError as error:
            how = "is left stopped and not configured" if is_configured else "can't be configured"
            error.args = (f"{error}; after the update from {older.version}, the service {how}",)
            raise
    rehearsal.progress(f"starting {newer.package.version}")
    live_after(rehearsal, f"after the update from {older.version}: ")


# --- The data --------------------------------------------------------------------------------------------------------


def _data(rehearsal: Rehearsal) -> list[Volume]:
    return rehearsal.installed.volumes.of_kind(Kind.DATA)


def _list_data(rehearsal: Rehearsal, when: str) -> dict[str, Mapping[str, Any]]:
    """List the files of each data volume."""
    return {
        each.id: rehearsal.helper.ask("checksums", volume=each.name, name=f"{when}-{each.name}")
        for each in _data(rehearsal)
    }


def _compared(rehearsal: Rehearsal, volume: Volume, when: str) -> dict[str, Any]:
    found: dict[str, Any] = rehearsal.helper.ask(
        "compare", before=f"older-{volume.name}", after=f"{when}-{volume.name}", ignore=[], kinds=["socket"]
    )
    return found


def _compare_data(rehearsal: Rehearsal, older: Package, before: dict[str, Mapping[str, Any]]) -> None:
    """Look for what the older version wrote. Raises: StepFailedError if a volume's data is gone."""
    after = _list_data(rehearsal, "newer")
    for id, counted in before.items():
        files = counted["kinds"].get("file", 0)
        if not files:
            continue
        place = rehearsal.place("volumes", id)
        if id not in after:
            what = f"the volume {id} of {older.version} isn't in the new manifest, which loses {files} {_noun(files)}"
            raise StepFailedError(what, todo=f"Keep the id {id}: a migration can't read it.", place=place)
        if not after[id]["kinds"].get("file"):
            what = (
                f"the volume {id} had {files} {_noun(files)} before the update from {older.version}, and has none now"
            )
            raise StepFailedError(what, todo="Let the migration keep the data.", place=place)
        volume = rehearsal.installed.volumes.by_id[id]
        gone = [each for each in _compared(rehearsal, volume, "newer")["differences"] if not each["after"]]
        if gone:
            more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
            rehearsal.warn(f"gone since {older.version}: {shown(gone[0]['path'])}{more} in the volume {id}", place)


def _noun(count: int) -> str:
    return "file" if count == 1 else "files"
