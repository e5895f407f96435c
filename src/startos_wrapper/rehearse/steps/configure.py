"""Configure the service with --config or with the defaults."""

from startos_wrapper.rehearse.configuring import configure
from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.rehearsal import Rehearsal


def run(rehearsal: Rehearsal) -> None:
    """Save a config as the UI does. Without config, StartOS takes a service for configured. S/install/mod.rs:980"""
    if rehearsal.package.manifest.get("config") is None:
        if rehearsal.settings.config is not None:
            rehearsal.warn("--config has no effect: the manifest has no config", rehearsal.place("config"))
        raise SkippedError("the manifest has no config")
    configure(rehearsal, rehearsal.settings.config, "--config")
