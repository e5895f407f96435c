"""Play the steps in order, from an empty engine to an empty engine."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.compat_image import compat_image
from startos_wrapper.rehearse.container import Network
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.image_loading import engines_processor
from startos_wrapper.rehearse.installing import create_volumes, new_service
from startos_wrapper.rehearse.outcome import SkippedError, Status, StepFailedError, StepResult, Subject
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Installed, Rehearsal, Settings
from startos_wrapper.rehearse.running_rehearsals import new_run
from startos_wrapper.rehearse.volume_helper import VolumeHelperError, opened
from startos_wrapper.rehearse.volumes import Volumes

# The module of each step, in the order of a service's life.
STEPS = {
    "install": "install",
    "configure": "configure",
    "start": "start",
    "healthy": "healthy",
    "properties": "properties",
    "actions": "actions",
    "stop": "stop",
    "backup": "backup",
    "restore": "restore_backup",
    "outside": "outside",
    "update": "update_version",
    "uninstall": "uninstall",
}
# The steps that must come before, so that a step has something to do.
_NEEDS = {
    "configure": ("install",),
    "start": ("configure",),
    "healthy": ("start",),
    "properties": ("healthy",),
    "actions": ("healthy",),
    "stop": ("start",),
    "backup": ("healthy",),
    "restore": ("backup",),
    "outside": ("healthy", "stop"),
    "update": ("healthy",),
    "uninstall": ("install",),
}


def with_needed(steps: tuple[str, ...]) -> list[str]:
    """Return these steps and those that they need, in order. No steps are all steps."""
    return needed(steps, list(STEPS), _NEEDS)


def needed(steps: Sequence[str], known: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return some of the known steps, or all if there are none, and those that they need, in order."""
    wanted, left = set[str](), list(steps or known)
    while left:
        step = left.pop()
        left += [each for each in needs.get(step, ()) if each not in wanted]
        wanted.add(step)
    return [step for step in known if step in wanted]


class Watcher:
    """Is told how the rehearsal goes. By default, it does nothing."""

    def begins(self, package: Subject, processor: str) -> None:
        """Note that the rehearsal begins."""

    def does(self, step: str, what: str) -> None:
        """Note what a step is doing."""

    def ended(self, result: StepResult) -> None:
        """Note how a step ended."""


def play(
    package: Package, settings: Settings, watcher: Watcher, keep: Callable[[Rehearsal], None] | None = None
) -> list[StepResult]:
    """Rehearse a package, and return how each step ended.

    With `keep`, stop at the first failure, don't uninstall the service, and call `keep` at the end.

    Raises: CannotError if the engine fails.
    """
    with new_run() as docker, rehearsal_of(docker, package, settings, watcher) as rehearsal:
        results = play_steps(
            with_needed(settings.steps), lambda step: played(rehearsal, step, watcher), watcher, keeps=keep is not None
        )
        if keep:
            keep(rehearsal)
    return results


def play_steps(
    steps: Iterable[str], played: Callable[[str], StepResult], watcher: Watcher, *, keeps: bool
) -> list[StepResult]:
    """Play steps in order, and return how each ended.

    If the rehearsal `keeps` the service, stop at the first failure, and don't uninstall it.
    """
    results: list[StepResult] = []
    for step in steps:
        if step == "uninstall" and keeps:
            continue
        result = played(step)
        results.append(result)
        watcher.ended(result)
        if keeps and result.failure:
            break
    return results


@contextmanager
def rehearsal_of(docker: Docker, package: Package, settings: Settings, watcher: Watcher) -> Iterator[Rehearsal]:
    """Prepare what the steps share. Raises: CannotError."""
    processor = engines_processor(docker)
    watcher.begins(package, processor)
    compat = compat_image(docker, lambda what: watcher.does("prepare", what))
    network, volumes = Network.create(docker), Volumes.of(docker, package)
    create_volumes(docker, volumes)
    installed = Installed(package, volumes, {})
    with opened(docker, compat, network.name, volumes.named) as helper:
        service = new_service(docker, network, compat, helper, installed, settings.pace.crash)
        rehearsal = Rehearsal(
            settings,
            docker,
            processor,
            network,
            helper,
            compat,
            installed,
            service,
            progress=lambda what: watcher.does(rehearsal.result.step, what),
        )
        try:
            yield rehearsal
        finally:
            watcher.does("cleaning up", "")
            rehearsal.service.kill()


def played(rehearsal: Rehearsal, step: str, watcher: Watcher) -> StepResult:
    """Play a step, and return how it ended. Raises: CannotError."""
    result = rehearsal.result = StepResult(step)
    watcher.does(step, "")

    def run() -> None:
        if step != "install" and not rehearsal.is_installed:
            raise SkippedError("the package isn't installed")
        import_module(f"startos_wrapper.rehearse.steps.{STEPS[step]}").run(rehearsal)

    try:
        play_step(result, run)
    except VolumeHelperError as error:
        raise CannotError(f"{step}: the helper container can't do its work: {error}") from error
    return result


def play_step(result: StepResult, run: Callable[[], None]) -> None:
    """Run a step, and note in its result how it ended and how long it took."""
    before = time.monotonic()
    try:
        run()
    except SkippedError as error:
        result.status, result.message = Status.SKIPPED, str(error)
    except StepFailedError as error:
        result.status, result.message, result.failure = Status.FAILED, str(error), error
    result.seconds = time.monotonic() - before
