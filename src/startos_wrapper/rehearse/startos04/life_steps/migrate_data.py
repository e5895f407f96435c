"""Update from an older version: its uninit, and init of the kind update, which migrates. S/service_map.rs:install"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from startos_wrapper.files.manifest.wording import shown
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.startos04.former_life import live_on_035
from startos_wrapper.rehearse.startos04.from_older import Older, of_wrapper
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.startos04.life_steps.do_tasks import do_tasks
from startos_wrapper.rehearse.startos04.life_steps.install_package import install, see_data_version
from startos_wrapper.rehearse.startos04.readiness import live_after
from startos_wrapper.rehearse.startos04.service_images import unpack_images


def run(life: Life) -> None:
    """Bring up the older version's data, update, and see that the service lives on with it."""
    if life.older is None:
        raise SkippedError("--from names no older version, tag or .s9pk")
    if life.is_running:
        life.stop()
    package, bundle = life.package, life.bundle
    kept = _older_data(life, life.older)
    before = str(kept["dataVersion"])
    life.progress(f"updating from {before}")
    life.use(package, bundle, kept)
    if life.older.package:
        unpack_images(life.container, life.package, life.processor, life.progress, life.warn)
    life.container.make_volumes(life.package.volumes)
    counts = {each: life.container.ask("keep", volume=each, name=f"before-{each}") for each in life.package.volumes}
    _init(life)
    see_data_version(life)
    for each, counted in counts.items():
        after = life.container.ask("keep", volume=each, name=f"after-{each}")
        if counted["kinds"].get("file") and not after["kinds"].get("file"):
            raise life.failure(f"the update empties the volume {each}", "migrations", todo="Keep the data in `up`.")
    do_tasks(life)
    life.progress("starting again")
    live_after(life, "after the update, ")
    life.result.message = f"from {before}"


def _init(life: Life) -> None:
    try:
        life.call("init", "init of the kind update", "migrations", "setupInit", kind="update")
    except StepFailedError as error:
        for each in life.package.volumes:
            life.container.ask("keep", volume=each, name=f"after-{each}")
            found = life.container.ask("compare", before=f"before-{each}", after=f"after-{each}")
            if found["count"]:
                path = shown(found["differences"][0]["path"])
                # A server doesn't always roll this back.
                error.args = (f"{error}; before that, it has changed {path} in the volume {each}",)
                break
        raise


def _older_data(life: Life, older: Older) -> Mapping[str, Any]:
    """Bring the older version's data into the volumes, and return what StartOS keeps of it. Raises: StepFailedError."""
    if older.version:
        return {**life.state()["kept"], "dataVersion": older.version}
    life.container.wipe(life.package.volumes)
    if older.wrapper:
        version = of_wrapper(older.wrapper, life.package)
        live_on_035(life, older.wrapper)
        return {"dataVersion": version}
    assert older.package and older.bundle
    life.use(older.package, older.bundle, {})
    settings = life.settings
    try:
        life.settings = replace(settings, config=None)
        install(life)
        do_tasks(life)
        live_after(life, "")
        kept = life.call("uninit", "uninit", target=life.state()["kept"]["dataVersion"])["kept"]
    except StepFailedError as error:
        error.args = (f"the older version: {error}",)
        raise
    finally:
        life.settings = settings
    found: Mapping[str, Any] = kept
    return found
