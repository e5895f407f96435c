"""Play the steps in order, from an empty engine to an empty engine."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.compat_image import compat_image
from startos_wrapper.rehearse.container import Network
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.hands import HandsError, opened
from startos_wrapper.rehearse.image_loading import engines_processor
from startos_wrapper.rehearse.installing import create_volumes, new_service
from startos_wrapper.rehearse.outcome import SkippedError, Status, StepFailedError, StepResult
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Installed, Rehearsal, Settings
from startos_wrapper.rehearse.runs import new_run
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
    wanted, left = set[str](), list(steps or STEPS)
    while left:
        step = left.pop()
        left += [each for each in _NEEDS.get(step, ()) if each not in wanted]
        wanted.add(step)
    return [step for step in STEPS if step in wanted]


class Watcher:
    """Gets to know how the rehearsal goes. By default, it does nothing."""

    def begins(self, package: Package, processor: str) -> None:
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
    results: list[StepResult] = []
    with new_run() as docker, rehearsal_of(docker, package, settings, watcher) as rehearsal:
        for step in with_needed(settings.steps):
            if step == "uninstall" and keep:
                continue
            result = _played(rehearsal, step, watcher)
            results.append(result)
            watcher.ended(result)
            if keep and result.failure:
                break
        if keep:
            keep(rehearsal)
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
    with opened(docker, compat, network.name, volumes.named) as hands:
        service = new_service(docker, network, compat, hands, installed, settings.pace.crash)
        rehearsal = Rehearsal(
            settings,
            docker,
            processor,
            network,
            hands,
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


def _played(rehearsal: Rehearsal, step: str, watcher: Watcher) -> StepResult:
    result = rehearsal.result = StepResult(step)
    watcher.does(step, "")
    before = time.monotonic()
    try:
        if step != "install" and not rehearsal.is_installed:
            raise SkippedError("the package isn't installed")
        import_module(f"startos_wrapper.rehearse.steps.{STEPS[step]}").run(rehearsal)
    except SkippedError as error:
        result.status, result.message = Status.SKIPPED, str(error)
    except StepFailedError as error:
        result.status, result.message, result.failure = Status.FAILED, str(error), error
    except HandsError as error:
        raise CannotError(f"{step}: the helper container can't do its work: {error}") from error
    result.seconds = time.monotonic() - before
    return result
