"""Let a wrapper for 0.3.5 live, so that its data can be taken over."""

from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.playing import Watcher, played, rehearsal_of
from startos_wrapper.rehearse.rehearsal import Settings
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.volumes import Kind

_STEPS = ("install", "configure", "start", "healthy")
_COPY = 'cp -a "/from/." "/to/volumes/$1/"'


def live_on_035(life: Life, wrapper: Package) -> None:
    """Install, configure and start the wrapper as StartOS 0.3.5 does, and copy its volumes.

    Raises: StepFailedError if a step fails, CannotError.
    """
    settings = Settings(wait=life.settings.wait, pace=life.settings.pace)
    with rehearsal_of(life.docker, wrapper, settings, Watcher()) as former:
        for step in _STEPS:
            life.progress(f"{wrapper.version} on StartOS 0.3.5: {step}")
            result = played(former, step, Watcher())
            if result.failure:
                raise StepFailedError(
                    f"{wrapper.version} on StartOS 0.3.5: {step}: {result.failure}",
                    todo="Rehearse it by itself, or name another version.",
                    outcome=result.failure.outcome,
                    log=result.failure.log,
                )
        former.service.stop()
        for volume in former.installed.volumes.of_kind(Kind.DATA):
            if volume.id not in life.package.volumes:
                life.warn(f"the volume {volume.id} of {wrapper.version} isn't among the package's volumes")
                continue
            name = former.installed.volumes.docker_name(volume)
            mounts = (
                "--mount",
                f"type=volume,src={name},dst=/from,readonly",
                "--mount",
                f"type=volume,src={life.container.volume},dst=/to",
            )
            options = ("--rm", *life.docker.labels, "--network", "none", *mounts, "--entrypoint", "sh")
            life.docker.output("run", *options, former.compat, "-c", _COPY, "sh", volume.id)
