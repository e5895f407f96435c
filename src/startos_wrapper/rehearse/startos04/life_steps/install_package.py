"""Install the package: its images, volumes and assets, and init of the kind install. S/mod.rs:install"""

from collections.abc import Mapping
from typing import Any

from startos_wrapper.rehearse.findings import fail_on
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.startos04.service_images import unpack_images

# What StartOS calls in a bundle.
_EXPORTS = ("manifest", "init", "uninit", "main", "actions", "createBackup")


def run(life: Life) -> None:
    """Check it, install it, and see that StartOS gets to know its data version, interfaces and actions.

    With errors of `check` it's installed nevertheless, as for StartOS 0.3.5, so that later steps are played.

    Raises: StepFailedError, CannotError.
    """
    life.progress("checking the package")
    findings = life.settings.check(life.package)
    install(life)
    life.result.message = summary(life.state()["kept"])
    fail_on(findings)


def install(life: Life) -> None:
    """Unpack the images, create the volumes, and run init. Raises: StepFailedError, CannotError."""
    loaded = life.call("load", "javascript/index.js", bundle="index.js", kept={})
    missing = [name for name in _EXPORTS if name not in loaded["exports"]]
    if missing:
        what = f"startos/index.ts doesn't export {', '.join(missing)}, which StartOS calls"
        raise life.failure(what, "export", todo=f"Export {missing[0]}.", log="")
    package = life.package
    unpack_images(life.container, package, life.processor, life.progress, life.warn)
    life.container.make_volumes(package.volumes)
    life.progress("init")
    life.call("init", "init of the kind install", "setupInit", kind="install")
    life.is_installed = True
    see_data_version(life)


def see_data_version(life: Life) -> None:
    """Raises: StepFailedError if init left another data version than the package's."""
    found = life.state()["kept"]["dataVersion"]
    if found != life.package.version:
        what = f"init leaves the data version {found}, but the package is {life.package.version}"
        todo = "Pass the version graph to setupInit, right after restoreInit."
        raise life.failure(what, "setupInit", todo=todo)


def summary(kept: Mapping[str, Any]) -> str:
    """Return what StartOS got to know, in a line."""
    ports: dict[str, list[str]] = {each["id"]: [] for each in kept["bindings"].values()}
    for each in kept["bindings"].values():
        ports[each["id"]].append(str(each["internalPort"]))
    hosts = [f"{host} at port {', '.join(found)}" for host, found in ports.items()]
    parts = [("host", hosts), ("interface", list(kept["interfaces"])), ("action", list(kept["actions"]))]
    return "; ".join(f"{name}{'' if len(found) == 1 else 's'} {', '.join(found)}" for name, found in parts if found)
