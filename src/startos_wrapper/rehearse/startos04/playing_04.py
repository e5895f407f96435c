"""Play the steps in order, as `rehearse.playing` does for 0.3.5."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.image_loading import engines_processor
from startos_wrapper.rehearse.outcome import SkippedError, StepResult
from startos_wrapper.rehearse.playing import Watcher, needed, play_step, play_steps
from startos_wrapper.rehearse.running_rehearsals import new_run
from startos_wrapper.rehearse.startos04.bundled_package import Package04
from startos_wrapper.rehearse.startos04.from_older import opened_older_04
from startos_wrapper.rehearse.startos04.js_bundle import bundle_of
from startos_wrapper.rehearse.startos04.life import Life, Settings04
from startos_wrapper.rehearse.startos04.runtime import FailedError
from startos_wrapper.rehearse.startos04.service_container import ServiceContainer, container_image

# The module of each step, in the order of a service's life.
STEPS = {
    "install": "install_package",
    "tasks": "do_tasks",
    "start": "start_daemons",
    "healthy": "see_health",
    "actions": "run_actions",
    "stop": "stop_daemons",
    "outside": "see_written",
    "backup": "create_backup",
    "restore": "restore_init",
    "update": "migrate_data",
    "uninstall": "uninit",
}
# The steps that must come before, so that a step has something to do.
_NEEDS = {
    "tasks": ("install",),
    "start": ("tasks",),
    "healthy": ("start",),
    "actions": ("healthy",),
    "stop": ("healthy",),
    "outside": ("stop",),
    "backup": ("healthy",),
    "restore": ("backup",),
    "update": ("install",),
    "uninstall": ("install",),
}
_ALWAYS = (
    "addresses, gateways and TLS: only that the ports of interfaces are open",
    "packing and signing: start-cli isn't run",
    "the drive that holds backups: a folder takes its place",
    "user namespaces, and what idmaps do in them",
)


def play_04(
    path: Path, settings: Settings04, watcher: Watcher, keep: Callable[[Life], None] | None = None
) -> tuple[Package04, list[StepResult], list[str]]:
    """Rehearse a package. Return it, how each step ended, and what a rehearsal can't show of it.

    With `keep`, stop at the first failure, don't uninstall the service, and call `keep` at the end.

    Raises: UsageError, CannotError.
    """

    def say(what: str) -> None:
        watcher.does("prepare", what)

    with (
        new_run() as docker,
        opened_older_04(settings.older, path, engines_processor(docker), say) as older,
        life_of(docker, path, settings, watcher, say) as life,
    ):
        life.older = older
        steps = needed(settings.steps, list(STEPS), _NEEDS)
        results = play_steps(steps, lambda step: _played(life, step, watcher), watcher, keeps=keep is not None)
        if keep:
            keep(life)
        return life.package, results, not_shown(life)


@contextmanager
def life_of(
    docker: Docker, path: Path, settings: Settings04, watcher: Watcher, say: Callable[[str], None]
) -> Iterator[Life]:
    """Build the bundle, and prepare the container. Raises: CannotError."""
    bundle = bundle_of(path, say)
    processor = engines_processor(docker)
    image = container_image(docker, say)
    container = ServiceContainer(docker, image)
    container.put_package(path, bundle)
    package = Package04(path, path)
    runtime = container.runtime()
    life = Life(
        settings,
        docker,
        processor,
        container,
        package,
        bundle,
        runtime,
        progress=lambda what: watcher.does(life.result.step, what),
    )
    try:
        try:
            loaded = runtime.call("load", bundle="index.js", kept={})
        except FailedError as error:
            raise CannotError(f"{bundle}: Node.js can't load it: {error}", *error.stack.splitlines()) from error
        life.package = Package04(path, path, loaded["manifest"])
        watcher.begins(life.package, processor)
        yield life
    finally:
        watcher.does("cleaning up", "")
        life.runtime.close()


def _played(life: Life, step: str, watcher: Watcher) -> StepResult:
    result = life.result = StepResult(step)
    watcher.does(step, "")

    def run() -> None:
        if step != "install" and not life.is_installed:
            raise SkippedError("the package isn't installed")
        import_module(f"startos_wrapper.rehearse.startos04.life_steps.{STEPS[step]}").run(life)

    play_step(result, run)
    return result


def not_shown(life: Life) -> list[str]:
    """Return what a server shows of this package, and a rehearsal doesn't."""
    found: Sequence[str] = (*_ALWAYS, f"other processors than {life.processor}")
    if dependencies := life.package.manifest.get("dependencies"):
        found = (*found, f"dependencies: {', '.join(dependencies)} isn't installed, and its volumes are empty folders")
    return [*found, *sorted(life.unshown)]
